"""What an agent owes everybody who asks the same in other words."""

from comity import relations
from comity.run.results import Result


@relations("robustness")
def test_the_relation_holds(relation: Result) -> None:
    """What must not matter does not, and what must matter does, beyond what chance does."""
    assert not relation.charged, relation.story()
