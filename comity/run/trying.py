"""What came of a plan: what relations an agent is charged with, and the smallest examples of it."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from hypothesis.errors import NoSuchExample

from comity.run.results import CONFIRMING, Result, Smallest
from comity.run.varying import BASE_TRIALS, Tried
from comity.schema import AnyOutcome, Status, VariedCase, VariedOutcome
from comity.schema.writing import as_yaml
from comity.statistics.sensitivity import Charge, Trial, charge
from comity.variation import shrinking
from comity.variation.drawing import TOGETHER, Example, Subject
from comity.variation.laws import Law, Seen, broken, mean, noise, seen
from comity.variation.relation import DoesNotApply, Edit
from comity.variation.relations import BY_ID

Ask = Callable[[Iterable[VariedCase]], None]
"""Have cases run; those that were asked for before are not run again."""
Wait = Callable[[str], AnyOutcome]
"""Wait for a case's outcome, by its id."""

OF_TOGETHER = "Several changes at once, none of which matters, do not matter either."

# So many examples that flip are taken apart; a plan may have hundreds of one cause.
_TAKEN_APART = 3
# Further cases to make an example simpler, one after the other.
_SIMPLER_CASES = 8


@dataclass(frozen=True)
class _Compared:
    """An example that was run, and judged."""

    example: Example
    trial: Trial

    @property
    def flips(self) -> bool:
        return self.trial.broken > self.trial.noise


class Trying:
    """Compares outcomes, charges relations, and looks for the smallest example of each charge.

    All relations of an agent that were selected are one family, and are decided together.
    """

    def __init__(self, selected: Iterable[Tried], ask: Ask) -> None:
        self._by_agent: dict[str, list[Tried]] = defaultdict(list)
        for tried in selected:
            self._by_agent[tried.agent.reference].append(tried)
        self._ask = ask
        self._wait: Wait | None = None
        self._lock = threading.Lock()  # under pytest-xdist, workers ask at the same time
        self._results: dict[str, dict[str, Result]] = {}

    def result(self, tried: Tried, wait: Wait) -> Result:
        """Return what came of a relation; wait for all that were selected with it.

        Raises:
            InfrastructureError: a case was cancelled, or its outcome cannot be kept.
        """
        agent = tried.agent.reference
        with self._lock:
            self._wait = wait
            if agent not in self._results:
                self._results[agent] = self._decided(self._by_agent[agent])
            return self._results[agent][tried.relation]

    def results(self) -> list[Result]:
        """Return all results that there are."""
        return [one for found in self._results.values() for one in found.values()]

    def _decided(self, family: Sequence[Tried]) -> dict[str, Result]:
        compared = {tried.relation: self._compared(tried) for tried in family}
        trials = {
            relation: _by_scenario(found for found in examples if found is not None)
            for relation, examples in compared.items()
        }
        charges = charge(trials)
        return {
            tried.relation: self._result(tried, compared[tried.relation], charges[tried.relation])
            for tried in family
        }

    def _compared(self, tried: Tried) -> list[_Compared | None]:
        """Return each example compared with its base; None where it cannot be."""
        found: list[_Compared | None] = []
        for example in tried.examples:
            trial = self._trial(tried, example.subject, self._outcome(tried.changed(example)))
            found.append(_Compared(example, trial) if trial else None)
        return found

    def _trial(self, tried: Tried, subject: Subject, changed: VariedOutcome) -> Trial | None:
        law = law_of(tried.relation)
        bases = [seen(self._outcome(case)) for case in tried.bases(subject)]
        return _trial(law, bases, seen(changed))

    def _outcome(self, case: VariedCase) -> VariedOutcome:
        assert self._wait is not None
        outcome = self._wait(case.id)
        assert isinstance(outcome, VariedOutcome)
        return outcome

    def _result(
        self, tried: Tried, compared: Sequence[_Compared | None], charged: Charge
    ) -> Result:
        judged = [found for found in compared if found is not None]
        flipping = sorted((one for one in judged if one.flips), key=_size)
        smallest = None
        if charged.charged:
            smallest = self._shrunk(tried, flipping)
        elif flipping:
            first = flipping[0].example
            smallest = _smallest(tried, first.subject, first.edits)
        relation = BY_ID.get(tried.relation)
        return Result(
            relation=tried.relation,
            statement=relation.statement if relation else OF_TOGETHER,
            law=law_of(tried.relation),
            agent=tried.agent,
            charge=charged,
            undecided=len(compared) - len(judged),
            undecided_since=next(self._unjudged(tried), ""),
            troubles=tuple(self._troubles(tried)),
            cultures=_by_culture(judged),
            smallest=smallest,
        )

    def _unjudged(self, tried: Tried) -> Iterator[str]:
        ended = (self._outcome(case) for case in tried.cases())
        return (f"{o.status}: {o.reason}" for o in ended if o.status is not Status.JUDGED)

    def _troubles(self, tried: Tried) -> list[str]:
        ended = (self._outcome(case) for case in tried.cases())
        ours = (Status.INFRASTRUCTURE_ERROR, Status.JUDGE_ERROR)
        return list(dict.fromkeys(one.reason for one in ended if one.status in ours))

    def _shrunk(self, tried: Tried, flipping: Sequence[_Compared]) -> Smallest | None:
        """Return the smallest edits that flip the verdict, confirmed on fresh trials."""
        candidates = [found.example for found in flipping[:_TAKEN_APART]]
        self._ask(
            case
            for example in candidates
            for edits in shrinking.parts(example.edits)
            if (case := _case(tried, example.subject, edits)) is not None
        )
        found: list[tuple[Subject, tuple[Edit, ...]]] = []
        for example in candidates:
            flips = _Flips(self, tried, example.subject)
            try:
                found.append((example.subject, shrinking.fewest([example.edits], flips)))
            except NoSuchExample:
                continue
        if not found:
            return None
        subject, edits = min(found, key=lambda one: len(one[1]))
        flips = _Flips(self, tried, subject, _SIMPLER_CASES)
        edits = shrinking.simplest(subject.draft, edits, flips)
        return _smallest(tried, subject, edits, self._confirmed(tried, subject, edits))

    def _confirmed(self, tried: Tried, subject: Subject, edits: Sequence[Edit]) -> int:
        request = subject.changed(edits)
        pairs = [
            (
                tried.case(subject, subject.base, BASE_TRIALS + fresh),
                tried.case(subject, request, 1 + fresh),
            )
            for fresh in range(1, CONFIRMING + 1)
        ]
        self._ask(case for pair in pairs for case in pair)
        law = law_of(tried.relation)
        return sum(
            bool(broken(law, seen(self._outcome(base)), seen(self._outcome(changed))))
            for base, changed in pairs
        )

    def flips(self, tried: Tried, subject: Subject, edits: Sequence[Edit]) -> bool:
        """Return whether edits flip the verdict, beyond what two trials of the base do."""
        case = _case(tried, subject, edits)
        if case is None:
            return False
        self._ask([case])
        trial = self._trial(tried, subject, self._outcome(case))
        return trial is not None and trial.broken > trial.noise


class _Flips:
    """Whether edits flip the verdict, for a shrinker that may ask for so many further cases."""

    def __init__(
        self, trying: Trying, tried: Tried, subject: Subject, budget: int | None = None
    ) -> None:
        self._trying = trying
        self._tried = tried
        self._subject = subject
        self._left = budget
        self._known: dict[tuple[str, ...], bool] = {}

    def __call__(self, edits: tuple[Edit, ...]) -> bool:
        key = tuple(edit.model_dump_json() for edit in edits)
        if key not in self._known:
            if self._left == 0:
                return False
            if self._left is not None:
                self._left -= 1
            self._known[key] = self._trying.flips(self._tried, self._subject, edits)
        return self._known[key]


def law_of(relation: str) -> Law:
    """Return what must hold; edits together are all of relations whose verdict holds."""
    return Law.HOLDS if relation == TOGETHER else BY_ID[relation].law


def _trial(law: Law, bases: Sequence[Seen], changed: Seen) -> Trial | None:
    chance = noise(law, bases)
    beside = mean([broken(law, base, changed) for base in bases])
    return None if chance is None or beside is None else Trial(broken=beside, noise=chance)


def _case(tried: Tried, subject: Subject, edits: Sequence[Edit]) -> VariedCase | None:
    try:
        return tried.case(subject, subject.changed(edits), 1)
    except DoesNotApply:
        return None


def _by_scenario(compared: Iterable[_Compared]) -> Mapping[str, Sequence[Trial]]:
    found: dict[str, list[Trial]] = defaultdict(list)
    for one in compared:
        found[one.example.subject.draft.origin.id].append(one.trial)
    return found


def _by_culture(compared: Iterable[_Compared]) -> dict[str, tuple[float, int]]:
    found: dict[str, list[float]] = defaultdict(list)
    for one in compared:
        found[one.example.subject.draft.norm.culture].append(one.trial.broken)
    return {culture: (sum(told) / len(told), len(told)) for culture, told in sorted(found.items())}


def _size(compared: _Compared) -> tuple[int, int]:
    example = compared.example
    longer = abs(len(example.request.text) - len(example.base.text))
    return len(example.edits), longer


def _smallest(
    tried: Tried, subject: Subject, edits: Sequence[Edit], confirmed: int | None = None
) -> Smallest:
    request, origin = subject.changed(edits), subject.draft.origin
    return Smallest(
        scenario=origin.id,
        mode=subject.draft.mode,
        edits=request.variation.edits,
        relations=tuple(edit.relation for edit in edits),
        before=subject.base.text,
        after=request.text,
        yaml=as_yaml(request.scenario, like=origin.like or origin.id),
        cases=(
            *(case.id for case in tried.bases(subject)),
            tried.case(subject, request, 1).id,
        ),
        confirmed=confirmed,
    )
