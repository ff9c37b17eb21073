"""Examples: scenarios with edits, drawn by Hypothesis before any of them is run."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import cycle, islice
from typing import Any

from hypothesis import HealthCheck, Phase, assume, event, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from hypothesis.internal.observability import with_observability_callback
from hypothesis.strategies import DrawFn, SearchStrategy

from comity.schema import Scenario, Variation, VariedRequest
from comity.variation.quiet import quiet
from comity.variation.relation import DoesNotApply, Draft, Edit
from comity.variation.relations import BY_ID, COMPOSABLE, RELATIONS

TOGETHER = "together"
"""The relation of examples with several edits, none of which must matter."""

# Of all examples; the others have one edit each, so that it is known what flipped the verdict.
TOGETHER_SHARE = 0.3
# More edits at once make a text that nobody writes.
MOST_EDITS = 4


# What is drawn is run afterwards, and not by Hypothesis: it neither knows nor keeps what failed.
QUIET = settings(
    phases=[Phase.generate],
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@dataclass(frozen=True)
class Subject:
    """A scenario in one mode, for agents that act on a site, or chat."""

    suite: str
    draft: Draft

    @cached_property
    def base(self) -> VariedRequest:
        """The request as it stands."""
        return self._request(self.draft, ())

    def changed(self, edits: Iterable[Edit]) -> VariedRequest:
        """Return the request with all `edits`, in the order of their relations' ranks.

        Raises:
            DoesNotApply: one of them does not.
        """
        draft, ordered = self.draft, in_order(edits)
        for edit in ordered:
            draft = edit.apply(draft)
        return self._request(draft, ordered)

    def _request(self, draft: Draft, edits: Sequence[Edit]) -> VariedRequest:
        base = draft.origin.id
        variation = Variation(base=base, edits=tuple(edit.record() for edit in edits))
        named = {"id": f"{base}.{_name(variation, draft)}"}
        return VariedRequest(
            suite=self.suite,
            scenario=Scenario.model_validate(
                draft.scenario.model_dump(exclude_defaults=True) | named
            ),
            norm=draft.norm,
            mode=draft.mode,
            variation=variation,
        )


@dataclass(frozen=True)
class Example:
    """A subject and edits of it: one thing to try."""

    relation: str
    subject: Subject
    edits: tuple[Edit, ...]
    request: VariedRequest
    """The request as it was changed."""

    @property
    def base(self) -> VariedRequest:
        """The request as it stands."""
        return self.subject.base

    @property
    def site(self) -> str | None:
        """Where the agent acts; None in chat."""
        return self.subject.draft.site


def _name(variation: Variation, changed: Draft) -> str:
    """Return the last part of the id: the same edits of the same text have the same."""
    if not variation.edits:
        return "as-it-stands"
    told = json.dumps([variation.edits, changed.scenario.model_dump(mode="json")], sort_keys=True)
    return f"varied-{hashlib.sha256(told.encode()).hexdigest()[:10]}"


def in_order(edits: Iterable[Edit]) -> list[Edit]:
    """Return edits in the order in which they are applied."""
    return sorted(edits, key=lambda edit: (BY_ID[edit.relation].rank, edit.relation))


@dataclass
class Coverage:
    """What was exercised, as Hypothesis observed it."""

    drawn: Counter[str] = field(default_factory=Counter)
    """By relation, how many examples there are."""
    languages: dict[str, Counter[str]] = field(default_factory=dict)
    cultures: dict[str, Counter[str]] = field(default_factory=dict)
    not_applied: dict[str, Counter[str]] = field(default_factory=dict)
    """By relation, why it did not apply, and how often."""

    def observe(self, observation: Any) -> None:
        """Take note of what Hypothesis tells of a test case."""
        told = observation.features if observation.type == "test_case" else {}
        relation = told.get("relation")
        if relation is None:
            return  # what Hypothesis began and did not draw to its end
        if observation.status == "gave_up":
            self.lack(relation, told.get("does not apply", "it was drawn before"))
            return
        self.drawn[relation] += 1
        self.languages.setdefault(relation, Counter())[told["language"]] += 1
        self.cultures.setdefault(relation, Counter())[told["culture"]] += 1

    def lack(self, relation: str, why: str) -> None:
        """Take note that a relation did not apply."""
        self.not_applied.setdefault(relation, Counter())[why] += 1


@dataclass(frozen=True)
class Profile:
    """How much is tried."""

    scenarios: int | None
    """How many are varied; None for all."""
    modes: tuple[str, ...]
    examples: int
    """Of each subject."""
    on_sites: bool
    """Whether agents that act on a site are put to it."""


PROFILES = {
    # A look in passing, in chat alone: a case on a site takes ten times as long.
    "smoke": Profile(scenarios=4, modes=("violate",), examples=6, on_sites=False),
    # Two suites' scenarios as they are asked most: unknowingly, and of a page that pushes.
    "standard": Profile(scenarios=None, modes=("violate", "observe"), examples=40, on_sites=True),
    "full": Profile(
        scenarios=None,
        modes=("violate", "adhere", "contrast", "observe"),
        examples=80,
        on_sites=True,
    ),
}


class Drawing:
    """Draws examples; the same ones every time, unless another seed is given."""

    def __init__(
        self, relations: Iterable[str], coverage: Coverage, *, chosen_seed: int = 0
    ) -> None:
        """Take the ids of the relations that are wanted, and where to note what came of it."""
        self._wanted = frozenset(relations)
        self._seed = chosen_seed
        self.coverage = coverage

    def examples(self, subjects: Sequence[Subject], each: int) -> Iterator[Example]:
        """Yield `each` examples of every subject, or fewer where there are no more.

        Relations take turns, and every subject goes on where the one before it ended, so that as
        many come up as there are examples. What is left over goes to edits together.
        """
        last = ""
        for subject in subjects:
            able = self._able(subject)
            composable = {r: edits for r, edits in able.items() if BY_ID[r] in COMPOSABLE}
            together = TOGETHER in self._wanted and len(composable) > 1
            singly = each - (round(each * TOGETHER_SHARE) if together else 0)
            single = [relation for relation in able if relation in self._wanted]
            found = 0
            turns = list(islice(_turns(single, last), singly))
            last = turns[-1] if turns else last
            for relation, count in Counter(turns).items():
                for example in self._drawn(subject, relation, able[relation].map(_alone), count):
                    found += 1
                    yield example
            if together:
                yield from self._drawn(subject, TOGETHER, _several(composable), each - found)

    def _able(self, subject: Subject) -> dict[str, SearchStrategy[Edit]]:
        """Return the edits of each relation that applies to a subject."""
        found = {}
        for relation in RELATIONS:
            if relation.id in self._wanted or (TOGETHER in self._wanted and relation in COMPOSABLE):
                try:
                    found[relation.id] = relation.edits(subject.draft)
                except DoesNotApply as why:
                    self.coverage.lack(relation.id, str(why))
        return found

    def _drawn(
        self, subject: Subject, relation: str, strategy: SearchStrategy[Sequence[Edit]], count: int
    ) -> Iterator[Example]:
        """Yield up to `count` different examples of a relation."""
        found: dict[str, Example] = {}

        def take(edits: Sequence[Edit]) -> None:
            event("relation", relation)
            event("language", subject.draft.scenario.language)
            event("culture", subject.draft.norm.culture)
            try:
                request = subject.changed(edits)
            except DoesNotApply as why:
                event("does not apply", str(why))
            else:
                if request.id not in found:
                    found[request.id] = Example(relation, subject, tuple(edits), request)
                    return
            assume(False)

        if count:
            draw = settings(QUIET, max_examples=count)(given(strategy)(take))
            # Each subject has a seed of its own, or all would be given the very same edits.
            of_subject = f"{self._seed} {relation} {subject.base.id}"
            observed = with_observability_callback(self.coverage.observe)
            with quiet(), observed, suppress(Unsatisfiable):
                seed(of_subject)(draw)()  # where no edit applies, the coverage says why
        yield from found.values()


def _turns(names: Sequence[str], last: str) -> Iterator[str]:
    """Yield the names in turn without an end, from the first that stands after `last` on."""
    order = list(BY_ID)
    first = order.index(last) + 1 if last else 0
    return cycle(sorted(names, key=lambda name: (order.index(name) - first) % len(order)))


def _alone(edit: Edit) -> tuple[Edit, ...]:
    return (edit,)


@st.composite
def _several(draw: DrawFn, able: dict[str, SearchStrategy[Edit]]) -> tuple[Edit, ...]:
    """Draw edits of several relations, one of each."""
    chosen = draw(
        st.lists(
            st.sampled_from(sorted(able)),
            min_size=2,
            max_size=min(MOST_EDITS, len(able)),
            unique=True,
        )
    )
    return tuple(draw(able[relation]) for relation in chosen)
