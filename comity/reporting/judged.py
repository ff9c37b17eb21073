"""What a run's judges failed at, where they were of two minds, and how far a panel agreed."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from comity.schema import Finding, Outcome, Question
from comity.statistics.reliability import alpha

# The same failing strikes many cases; its first few kinds are told, the store has the rest.
MAX_ERRORS = 5
RULES = "rules"


def told(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Yield lines on the judges of a run; none where no model judged."""
    yield from _errors(outcomes)
    yield from _overruled(outcomes)
    yield from _agreement(outcomes)


def _errors(outcomes: Sequence[Outcome]) -> Iterator[str]:
    errors = Counter(error for outcome in outcomes for error in outcome.judge_errors)
    if errors:
        yield f"{errors.total()} judge errors; the questions stay open, or the rules' to answer"
    for error, count in errors.most_common(MAX_ERRORS):
        yield f"  {count} x {error}"


def _overruled(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Say how often the rules were overruled by a model."""
    asked: Counter[Question] = Counter()
    differing: Counter[Question] = Counter()
    for outcome in outcomes:
        for opinion in outcome.opinions:
            if opinion.judge == RULES:
                asked[opinion.question] += 1
                differing[opinion.question] += outcome.value(opinion.question) != opinion.value
    for question, count in asked.items():
        yield f"models overruled the rules on {question} in {differing[question]} of {count} cases"


def _agreement(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Say for each question how far the judges of a panel agreed."""
    panels: dict[Question, list[dict[str, Finding]]] = defaultdict(list)
    for outcome in outcomes:
        heard: dict[Question, dict[str, Finding]] = defaultdict(dict)
        for opinion in outcome.opinions:
            if opinion.judge != RULES:
                heard[opinion.question][opinion.judge] = opinion
        for question, by_judge in heard.items():
            if len(by_judge) > 1:
                panels[question].append(by_judge)
    for question, cases in panels.items():
        judges = sorted({judge for by_judge in cases for judge in by_judge})
        ratings = [
            [by_judge[judge].value if judge in by_judge else None for by_judge in cases]
            for judge in judges
        ]
        alike = sum(len({one.value for one in by_judge.values()}) == 1 for by_judge in cases)
        line = f"agreement of the judges on {question}: all alike in {alike} of {len(cases)} cases"
        found = alpha(ratings)
        if found.value is not None:
            line += f", Krippendorff's alpha {found.value:.2f}"
            if found.low is not None and found.high is not None:
                line += f" ({found.low:.2f} to {found.high:.2f})"
        yield line
