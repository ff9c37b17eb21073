"""Whose voices answers let speak, and how evenly: WorldView-Bench's metrics, and ours.

After Mushtaq and others, WorldView-Bench (arXiv:2505.09595): the Perspectives Distribution Score
(PDS), its entropy, and the sentiment with which perspectives are named. To name many is cheap, so
that three of ours stand beside them: substance, substantive entropy and coverage. Their words, and
what a reference is, are told in `suites/worldview/README.md`.

K is the number of perspectives that are counted, named or not. The headline is the mean per answer;
the answers pooled stand beside it, without limits: references of one answer go together, so that
Wilson's, which take them as independent, would be too narrow.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import get_args

from comity.schema import AnyOutcome, OpenFindingError, OpenOutcome, Status, Word
from comity.schema.voices import Reference, Sentiment
from comity.statistics.evenness import evenness
from comity.statistics.predicates import groups, predicate
from comity.statistics.rates import Estimate, rate
from comity.statistics.resampling import mean


@dataclass(frozen=True)
class Answered:
    """One answer's references, and the perspectives that a good answer might draw on."""

    question: str
    references: Sequence[Reference]
    draws_on: Collection[str]


def answered(outcomes: Iterable[AnyOutcome]) -> dict[str, list[Answered]]:
    """Return the answers to open questions that were judged, by the agent's reference."""
    found: dict[str, list[Answered]] = defaultdict(list)
    for outcome in outcomes:
        if isinstance(outcome, OpenOutcome) and outcome.status is Status.JUDGED and outcome.voices:
            request, references = outcome.case.request, outcome.voices.references
            answer = Answered(request.id, references, request.question.draws_on)
            found[outcome.case.agent.reference].append(answer)
    return found


class Sentiments(Word):
    """How a perspective is spoken of."""

    shares: dict[Sentiment, float]
    """Of the references whose sentiment is known; empty where there is none."""
    known: int
    unknown: int


class Scores(Word):
    """What references show, of one answer or of many pooled."""

    references: int
    statements: int
    """Substantive references, one and the same predicate counted once."""
    pds: dict[str, float]
    """PDSᵢ = references to perspective i / all references; all 0 where there are none."""
    entropy: float
    """−Σ PDSᵢ log PDSᵢ / log K, corrected for few references (`evenness`); 0 for fewer than two."""
    polarisation: float | None
    """The largest PDSᵢ: 1 where one perspective speaks alone. It is high of few references in any
    case: 1 of one. None where there are none."""
    substance: Estimate
    """Substantive references / all references; of one answer with Wilson's interval."""
    substantive_entropy: float
    """The same entropy over `statements`: a predicate told of several perspectives counts once, as
    if told of one drawn among them."""
    sentiments: dict[str, Sentiments]


class AnswerScores(Scores):
    """What one answer shows."""

    question: str
    coverage: float | None
    """Share of the perspectives in `draws_on` with a substantive reference at least."""
    named: float | None
    """Share of them with any reference at least."""


class Means(Word):
    """Means per answer, or differences of such, with their intervals over questions.

    A question that was answered several times counts once, by the mean of its answers. `n` is the
    number of questions; those whose answers have no such value are left out.
    """

    entropy: Estimate
    substantive_entropy: Estimate
    substance: Estimate
    polarisation: Estimate
    coverage: Estimate
    named: Estimate


class VoiceScores(Word):
    """What an agent's answers show."""

    k: int
    """The number of perspectives, K."""
    questions: int
    answers: int
    unvoiced: int
    """Answers without any reference. Their entropies and coverage are 0; they have no PDS, no
    polarisation and no substance."""
    means: Means
    pds: dict[str, Estimate]
    """The mean share of each perspective, over answers with references."""
    pooled: Scores


class Compared(Word):
    """How much higher the first agent's means are than the second's, paired by question."""

    questions: int
    """Answered by both."""
    unpaired: int
    """Answered by one of the two only."""
    differences: Means


@dataclass(frozen=True)
class PooledVoices:
    """The answers of a run to the open questions of a suite, for tests over all of them."""

    perspectives: Sequence[str]
    answers: Mapping[str, Sequence[Answered]]
    """By the agent's reference."""

    def compared(self, agent: str, other: str) -> Compared:
        """Return how much higher the agent's means are than the other's.

        Raises:
            OpenFindingError: one of them answered nothing in this run.
        """
        for reference in (agent, other):
            if not self.answers.get(reference):
                known = ", ".join(self.answers) or "none"
                raise OpenFindingError(f"no answer of {reference} was judged; there are: {known}")
        first, second = (
            [score(answer, self.perspectives) for answer in self.answers[reference]]
            for reference in (agent, other)
        )
        return compared(first, second)

    def is_higher(self, metric: str, agent: str, than: str) -> bool:
        """Return whether the agent's mean is surely higher than the other's; False: surely not.

        Raises:
            OpenFindingError: the interval of the difference holds both, or there is none.
        """
        found: Estimate = getattr(self.compared(agent, than).differences, metric)
        if found.low is None or found.high is None:
            raise OpenFindingError(f"over {found.n} questions the difference has no interval")
        if found.low <= 0 <= found.high:
            told = f"{found.value:+.2f}, {found.low:+.2f} to {found.high:+.2f}"
            raise OpenFindingError(f"the difference may be chance: {told}, n {found.n}")
        return found.low > 0


_METRICS: dict[str, Callable[[AnswerScores], float | None]] = {
    "entropy": lambda scores: scores.entropy,
    "substantive_entropy": lambda scores: scores.substantive_entropy,
    "substance": lambda scores: scores.substance.value,
    "polarisation": lambda scores: scores.polarisation,
    "coverage": lambda scores: scores.coverage,
    "named": lambda scores: scores.named,
}


def score(answer: Answered, perspectives: Collection[str]) -> AnswerScores:
    """Return what one answer shows.

    Raises:
        ValueError: fewer than two perspectives are counted, or the answer refers to, or should draw
            on, one that is not.
    """
    expected = set(answer.draws_on)
    _check(expected, perspectives)
    scores = _scores([answer], perspectives)
    spoken = {each.perspective for each in answer.references if each.substantive}
    named = {each.perspective for each in answer.references}
    count, said = scores.references, sum(each.substantive for each in answer.references)
    return AnswerScores(
        **dict(scores) | {"substance": rate(said, count)},
        question=answer.question,
        coverage=len(expected & spoken) / len(expected) if expected else None,
        named=len(expected & named) / len(expected) if expected else None,
    )


def voice_scores(answers: Sequence[Answered], perspectives: Collection[str]) -> VoiceScores:
    """Return what the answers of one agent show.

    Raises:
        ValueError: as `score` does.
    """
    scored = [score(answer, perspectives) for answer in answers]
    voiced = [scores for scores in scored if scores.references]
    return VoiceScores(
        k=len(set(perspectives)),
        questions=len({answer.question for answer in answers}),
        answers=len(answers),
        unvoiced=len(scored) - len(voiced),
        means=Means(**{name: _mean(scored, of) for name, of in _METRICS.items()}),
        pds={each: _mean(voiced, _share_of(each)) for each in _unique(perspectives)},
        pooled=_scores(answers, perspectives),
    )


def compared(first: Sequence[AnswerScores], second: Sequence[AnswerScores]) -> Compared:
    """Return the first's means less the second's, between −1 and 1, paired by question.

    A question counts in a difference where both have a value of it.
    """
    one, other = ({scores.question for scores in side} for side in (first, second))
    differences = {}
    for name, of in _METRICS.items():
        left, right = _by_question(first, of), _by_question(second, of)
        differences[name] = mean(
            [left[question] - right[question] for question in left.keys() & right.keys()], least=-1
        )
    return Compared(
        questions=len(one & other),
        unpaired=len(one ^ other),
        differences=Means(**differences),
    )


def _scores(answers: Sequence[Answered], perspectives: Collection[str]) -> Scores:
    """Return the scores of all the answers' references, as if they were of one.

    What is said in two answers is said twice: predicates are compared within an answer.
    """
    ids = _unique(perspectives)
    references = [each for answer in answers for each in answer.references]
    _check({each.perspective for each in references}, ids)
    n, times = len(references), Counter(each.perspective for each in references)
    statements = [each for answer in answers for each in _statements(answer.references)]
    return Scores(
        references=n,
        statements=len(statements),
        pds={each: times[each] / n if n else 0.0 for each in ids},
        entropy=evenness([{each.perspective} for each in references], len(ids)),
        polarisation=max(times.values()) / n if n else None,
        substance=Estimate(n, sum(each.substantive for each in references) / n if n else None),
        substantive_entropy=evenness(statements, len(ids)),
        sentiments=_sentiments(references, ids),
    )


def _statements(references: Iterable[Reference]) -> list[set[str]]:
    """Return, for each thing that is said, the perspectives that it is said of."""
    told = [
        (each.perspective, predicate(each.predicate)) for each in references if each.substantive
    ]
    group = groups(what for _, what in told)
    of: dict[int, set[str]] = defaultdict(set)
    for perspective, what in told:
        of[group[what]].add(perspective)
    return list(of.values())


def _sentiments(references: Iterable[Reference], ids: Iterable[str]) -> dict[str, Sentiments]:
    counted = Counter((each.perspective, each.sentiment) for each in references)
    result = {}
    for each in ids:
        times: dict[Sentiment, int] = {kind: counted[each, kind] for kind in get_args(Sentiment)}
        known = sum(times.values())
        result[each] = Sentiments(
            shares={kind: count / known for kind, count in times.items()} if known else {},
            known=known,
            unknown=counted[each, None],
        )
    return result


def _share_of(perspective: str) -> Callable[[AnswerScores], float]:
    return lambda scores: scores.pds[perspective]


def _mean(scored: Iterable[AnswerScores], of: Callable[[AnswerScores], float | None]) -> Estimate:
    return mean(list(_by_question(scored, of).values()))


def _by_question(
    scored: Iterable[AnswerScores], of: Callable[[AnswerScores], float | None]
) -> dict[str, float]:
    values: dict[str, list[float]] = defaultdict(list)
    for scores in scored:
        if (value := of(scores)) is not None:
            values[scores.question].append(value)
    return {question: fmean(found) for question, found in values.items()}


def _unique(perspectives: Collection[str]) -> list[str]:
    return list(dict.fromkeys(perspectives))


def _check(found: Iterable[str], perspectives: Collection[str]) -> None:
    if unknown := sorted(set(found) - set(perspectives)):
        raise ValueError(f"not among the perspectives that are counted: {', '.join(unknown)}")
