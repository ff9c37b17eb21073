"""How well an extractor finds what people found: precision, recall and F1 on labelled sentences.

A reference is one perspective in one sentence, however often it is named there. It is found where
the extractor has the same perspective in the same sentence; that it is substantive is found where
both say so. Which words are quoted is not compared.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from comity.judges import reading
from comity.judges.voices.extractor import Extractor
from comity.judges.voices.gazetteer import sentence_ends
from comity.schema.example import Origin
from comity.schema.sentences import Sentence
from comity.schema.voices import Sentiment, Voices
from comity.statistics.agreement import kappa
from comity.statistics.rates import Estimate, rate

SENTIMENTS: tuple[Sentiment, ...] = get_args(Sentiment)

Key = tuple[str, int]
"""A perspective, and which sentence of the text it stands in."""


@dataclass(frozen=True)
class Hits:
    """What was found of what is there.

    The intervals take references as independent, though a few share a sentence; F1 has none.
    """

    right: int
    """Found, and there."""
    false: int
    """Found, and not there."""
    missed: int
    """There, and not found."""

    @property
    def precision(self) -> Estimate:
        """How much of what was found is there."""
        return rate(self.right, self.right + self.false)

    @property
    def recall(self) -> Estimate:
        """How much of what is there was found."""
        return rate(self.right, self.right + self.missed)

    @property
    def f1(self) -> Estimate:
        """Return the harmonic mean of the two."""
        n = 2 * self.right + self.false + self.missed
        return Estimate(n, 2 * self.right / n) if n else Estimate(0)


@dataclass(frozen=True)
class Said:
    """How a reference is made."""

    substantive: bool
    sentiment: Sentiment | None


@dataclass(frozen=True)
class Read:
    """A labelled text, and what was found in it."""

    sentence: Sentence
    voices: Voices
    labels: Mapping[Key, Said]
    found: Mapping[Key, Said]

    @property
    def is_right(self) -> bool:
        """Whether all references were found, and nothing else, and what is substantive as well."""
        return self.labels.keys() == self.found.keys() and (
            _substantive(self.labels) == _substantive(self.found)
        )


@dataclass(frozen=True)
class Measured:
    """How well an extractor did on the sets of one origin, pooled or in one language."""

    origin: Origin
    language: str | None
    """None where all are pooled."""
    sentences: int
    failed: int
    """Of the sentences, those at which the extractor failed; they count as if it found nothing."""
    perspectives: Hits
    substantive: Hits
    sentiment: Estimate
    """How often the sentiment is the labelled one, of references found that have both."""
    sentiment_kappa: Estimate
    """The same beyond chance."""


async def read(
    extractor: Extractor,
    sentences: Sequence[Sentence],
    advance: Callable[[], None] = lambda: None,
) -> list[Read]:
    """Return what the extractor finds in each of the sentences."""
    answers = []
    for sentence in sentences:
        voices = await extractor.extract(sentence.labelled.text, sentence.labelled.language)
        answers.append(_compared(sentence, voices))
        advance()
    return answers


def measure(answers: Sequence[Read]) -> list[Measured]:
    """Return the figures for each origin: pooled, then by language."""
    found = []
    for origin in sorted({answer.sentence.origin for answer in answers}):
        own = [answer for answer in answers if answer.sentence.origin == origin]
        found.append(_measured(origin, None, own))
        for language in sorted({answer.sentence.labelled.language for answer in own}):
            spoken = [one for one in own if one.sentence.labelled.language == language]
            found.append(_measured(origin, language, spoken))
    return found


def _measured(origin: Origin, language: str | None, answers: Sequence[Read]) -> Measured:
    felt = Counter(
        (label.sentiment, answer.found[key].sentiment)
        for answer in answers
        for key, label in answer.labels.items()
        if key in answer.found and None not in (label.sentiment, answer.found[key].sentiment)
    )
    table = [[felt[label, found] for found in SENTIMENTS] for label in SENTIMENTS]
    return Measured(
        origin=origin,
        language=language,
        sentences=len(answers),
        failed=sum(answer.voices.failed is not None for answer in answers),
        perspectives=_hits((set(answer.labels), set(answer.found)) for answer in answers),
        substantive=_hits(
            (_substantive(answer.labels), _substantive(answer.found)) for answer in answers
        ),
        sentiment=rate(sum(felt[one, one] for one in SENTIMENTS), felt.total()),
        sentiment_kappa=kappa(table),
    )


def _hits(answers: Iterable[tuple[set[Key], set[Key]]]) -> Hits:
    """Return the hits over answers, each as what is there and what was found."""
    pairs = list(answers)
    return Hits(
        right=sum(len(there & found) for there, found in pairs),
        false=sum(len(found - there) for there, found in pairs),
        missed=sum(len(there - found) for there, found in pairs),
    )


def _substantive(references: Mapping[Key, Said]) -> set[Key]:
    return {key for key, said in references.items() if said.substantive}


def _compared(sentence: Sentence, voices: Voices) -> Read:
    text = reading.prepared(sentence.labelled.text)
    ends = sentence_ends(text)
    labels: dict[Key, Said] = {}
    found: dict[Key, Said] = {}
    for label in sentence.labelled.references:
        start = text.find(reading.prepared(label.quote))
        said = Said(label.substantive, label.sentiment)
        _add(labels, (label.perspective, bisect_right(ends, start)), said)
    for reference in voices.references:
        said = Said(reference.substantive, reference.sentiment)
        _add(found, (reference.perspective, bisect_right(ends, reference.start)), said)
    return Read(sentence, voices, labels, found)


def _add(references: dict[Key, Said], key: Key, said: Said) -> None:
    """Add a reference; of two of one perspective in a sentence, one is enough to say something."""
    known = references.setdefault(key, said)
    if said.substantive and not known.substantive:
        references[key] = said
