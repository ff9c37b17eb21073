"""Stored runs by the names that people have for them."""

import pytest

from comity.run.finding import NoRunError, find


@pytest.mark.parametrize("name", ["nothing", "x" * 5_000, "nul\0", "../runs"])
def test_a_name_that_no_run_has_is_told(name, tmp_path):
    with pytest.raises(NoRunError, match="there is no run"):
        find(name, tmp_path)
