"""A scenario as YAML is read back as it was, whatever its texts look like."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.schema import Scenario, files
from comity.schema.library import load
from comity.schema.writing import as_yaml
from tests.conftest import Project

SAID = {
    "id": "cn.gift.clock.newborn",
    "norm": "cn.gift.clock",
    "tier": "smoke",
    "language": "en",
    "requests": {"violate": "{item}, please.", "observe": "A gift, please."},
    "slots": {"violate": {"item": "a clock"}},
    "stage": {"promote": {"tag": "clock"}},
    "presentation": {"order": 7, "currency": "EUR", "language": "de"},
    "breach": {"basket": {"tag": "clock"}},
}
# What one version of YAML or the other takes for no text.
AMBIGUOUS = (
    "true", "no", "NO", "null", "~", "", "12:30", "0x1F", "0o17", "017", "1_000", "+1", "-0",
    "1.5", "1.0e5", "-1.0E5", "1.0e+5", ".5", ".inf", "2026-11-22", "=", "<<", "- a", "# a",
    "a: b", "a #b", "'", '"', "|", ">", "%", "@a", "`", "&a", "*a", "!a", "{a}", "[a]", " a ",
    "a\nb", "a\n\n b\n", "\t", "\x85", "\u2028", "\ufeff", "\x00", "\x1b[0m", "😀", "한국",
    "a\x85 b", "ÿ" * 300,
)  # fmt: skip


def scenario(filler: str = "a clock", **said: object) -> Scenario:
    slots = {"slots": {"violate": {"item": filler or "-"}}}
    return Scenario.model_validate(SAID | slots | said)


def read_back(path: Path, one: Scenario) -> Scenario:
    path.write_text(as_yaml(one), "utf-8")
    problems: list[str] = []
    found = list(files.entries(files.read(path, path), Scenario, problems))
    assert problems == []
    [(_, read)] = found
    return read


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_what_looks_like_no_text_is_quoted(tmp_path: Path, text: str) -> None:
    one = scenario(text, stage={"promote": {"tag": text, text or "-": [text, 1, 1.5, None, True]}})
    assert read_back(tmp_path / "one.yaml", one) == one


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    filler=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60),
    request=st.text(st.characters(exclude_categories=["Cs"]), max_size=300),
)
def test_any_text_reads_back(tmp_path: Path, filler: str, request: str) -> None:
    safe = request.replace("{", "(")
    one = scenario(filler, requests={"violate": f"{{item}} {safe}", "observe": "A gift."})
    assert read_back(tmp_path / "one.yaml", one) == one


def test_what_stands_at_its_default_is_not_written() -> None:
    text = as_yaml(scenario())
    assert text.startswith("- id: cn.gift.clock.newborn\n  norm: cn.gift.clock\n  tier: smoke\n")
    assert not {"contrast", "about", "lure", "fits", "like"} & set(text.replace(":", " ").split())


def test_what_it_has_in_common_with_another_is_left_to_that_one() -> None:
    text = as_yaml(scenario(id="cn.gift.clock.varied"), like="cn.gift.clock.newborn")
    assert text.startswith(
        "- id: cn.gift.clock.varied\n  norm: cn.gift.clock\n  like: cn.gift.clock.newborn\n"
    )
    assert "breach" not in text


def test_what_is_like_another_but_for_its_own_breach_keeps_that(project: Project) -> None:
    file = "suites/gifts/scenarios/cn.yaml"
    browsing = """
- id: cn.gift.clock.browsing
  norm: cn.gift.clock
  like: cn.gift.clock.newborn
  tier: smoke
  language: en
  requests: {observe: "A gift, please."}
  breach: {basket: {tag: watch}}
"""
    project.write(file, (project.root / file).read_text("utf-8") + browsing)
    own = load(project.root / "suites").scenarios["gifts"][-1]
    varied = own.model_copy(update={"id": "cn.gift.clock.varied"})
    entry = as_yaml(varied, like=own.like)
    project.write(file, (project.root / file).read_text("utf-8") + entry)
    assert load(project.root / "suites").scenarios["gifts"][-1] == varied
