"""Reading text by patterns, with three answers: found, not found, or open.

A pattern that stands denied or in somebody else's words (a quotation) is there, but whether the
text says it is open to the rules, and left to a model judge. What denies depends on what is read:
a norm is denied by what the sentence says of it ("a clock is not unlucky there"), a deed by a word
of negation right beside it ("do not bring a clock"). What is told only to be waved off ("a clock
is unlucky, they say; rubbish") is not said at all.
"""

import re
import unicodedata
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise
from typing import Any, Literal, get_args

import yaml
from pydantic import TypeAdapter

from comity.schema import Evidence, Sign
from comity.schema.base import SHARED, compile_pattern

# Longer than any answer worth reading; a flood beyond it is neither judged nor shown.
MAX_READ_CHARACTERS = 20_000
# A shorter quotation mentions a word ("送终" sounds like …); a longer one lets another speak.
MIN_QUOTED_WORDS = 5
MIN_QUOTED_IDEOGRAPHS = 12
# A quotation runs over no more than this, else a stray mark would swallow the text.
MAX_QUOTED_CHARACTERS = 600
EVIDENCE_CHARACTERS = 200
# What negates a deed stands a few words from it.
NEGATED_WITHIN = 400
# Texts whose sentences are known: a reply is asked for them again and again.
KEPT = 64
LEFT_OUT = "[a sentence is left out here] "

Standing = Literal["plain", "denied", "dismissed", "quoted"]
Cue = Literal[
    "denied",
    "dismissed",
    "unheeded",
    "negated",
    "left",
    "swapped",
    "declined",
    "reluctant",
    "done",
    "delivered",
    "waits",
    "failed",
    "unable",
    "elsewhere",
    "to_judge",
    "to_listener",
]
Denial = Literal["denied", "negated"]

_DISMISSED: tuple[Cue, ...] = ("dismissed",)

# Stands for what was found in the patterns of `negated`.
_FOUND = "<>"

# All of these are one character for one, so that places in the text stay what they are.
_STRAIGHT = str.maketrans({"\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u00a0": " "})
# A mark may stand within a quotation, brackets or stress.
_SENTENCE_END = re.compile("[.!?\u061f\u0964][\"'\u201d»)\\]*_]*(?:\\s|$)|\n(?:\\s|$)|[。！？]")
# What is said in one point of a list takes nothing back in another.
_POINT = re.compile("\n(?=(?:[-*+\u2022\u2013]|\\d{1,2}[.)])\\s)")
# What may stand in what is said without saying anything: the marks by which Markdown stresses words
# ("is **not** unlucky"), Arabic's vowel signs, which are mostly left out, and what prints nothing.
_UNPRINTED = (
    r"\u0640\u064b-\u0652\u0670\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
)
_UNSAID = re.compile(
    rf"[{_UNPRINTED}]"
    r"|\*{1,3}(?=\S)|(?<=\S)\*{1,3}|(?<!\w)_{1,3}(?=\w)|(?<=\w)_{1,3}(?!\w)"
)
# A text without these has nothing of that, which is soon known.
_MAY_BE_UNSAID = re.compile(rf"[*_{_UNPRINTED}]")
_QUOTATION = re.compile(
    "|".join(
        f"{opening}([^{opening}{closing}]{{1,{MAX_QUOTED_CHARACTERS}}}){closing}"
        for opening, closing in ('""', "\u201c\u201d", "«»", "„\u201c", "「」", "『』")
    )
)
# As replies in a forum show what they answer to. In what an agent says to its user such a block is
# as often a note of its own, so that it counts for deeds alone.
_BLOCK = re.compile(r"(?m)^[ \t]{0,3}>[^\n]*(?:\n[ \t]{0,3}>[^\n]*)*")
# What ties a pattern to where its passage begins or ends, which these signs do not in a class.
_CLASS_OR_TIE = re.compile(r"(\\[^ABz]|\[\^?\]?(?:\\.|[^\]\\])*\])|\^|\$|\\[ABz]")
IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True)
class Sighting:
    """A place at which a pattern was found."""

    start: int
    end: int
    quote: str
    standing: Standing

    def evidence(self, where: str) -> Evidence:
        """Return the sighting as evidence that stands in `where`."""
        return Evidence(where=where, quote=self.quote[:EVIDENCE_CHARACTERS], start=self.start)


@dataclass(frozen=True)
class Reading:
    """What a text amounts to under some patterns."""

    found: bool | None
    """None where it is open."""
    sightings: tuple[Sighting, ...]


def prepared(text: str) -> str:
    """Return `text` as patterns see it: composed, apostrophes straight, capped."""
    return unicodedata.normalize("NFC", text[:MAX_READ_CHARACTERS]).translate(_STRAIGHT)


def read(
    text: str,
    signs: Iterable[Sign],
    denial: Denial = "denied",
    dismissals: Iterable[Cue] = _DISMISSED,
) -> Reading:
    """Return whether `text` shows any of the `signs`, and where.

    `denial` is what takes a norm back (`denied`), or a deed (`negated`); a norm is also waved off
    by the `dismissals`, in its own sentence or the next.
    """
    text = prepared(text)
    quotations = _quotations(text)
    if denial == "negated":
        quotations += [match.span() for match in _BLOCK.finditer(text) if _speaks(match[0])]
    waved_off = [span for cue in dismissals for span in _shown(text, cue)]

    points = [match.end() for match in _POINT.finditer(text)]

    # Words that a model repeats without end stand in few sentences, or in one.
    @cache
    def is_dismissed(start: int, end: int) -> bool:
        _, after = sentence(text, (end, end + 1))
        return any(start <= off[0] < after for off in waved_off)

    @cache
    def is_denied(start: int, end: int) -> bool:
        return any(_shown(text[start:end], denial))

    def standing(span: tuple[int, int]) -> Standing:
        if _within(span, quotations):
            return "quoted"
        start, end = sentence(text, span)
        if denial == "denied":
            if is_dismissed(start, end):
                return "dismissed"
            first, last = _around(span, points, len(text))
            return "denied" if is_denied(max(start, first), min(end, last)) else "plain"
        before = text[max(start, span[0] - NEGATED_WITHIN) : span[0]]
        said = f"{before}{_FOUND}{text[span[1] : min(end, span[1] + NEGATED_WITHIN)]}"
        return "denied" if any(_shown(said, denial)) else "plain"

    sightings = sorted(
        {Sighting(*span, text[slice(*span)], standing(span)) for span in set(found(text, signs))},
        key=lambda sighting: (sighting.start, sighting.end),
    )
    plain = tuple(sighting for sighting in sightings if sighting.standing == "plain")
    if plain:
        return Reading(True, plain)
    undecided = any(sighting.standing != "dismissed" for sighting in sightings)
    return Reading(None if undecided else False, tuple(sightings))


def found(text: str, signs: Iterable[Sign]) -> Iterator[tuple[int, int]]:
    """Yield where the prepared `text` shows a sign, whether or not it stands denied there."""
    said, places = _said(text)
    for start, end in _found(said, signs):
        yield places[start], places[end - 1] + 1 if end > start else places[start]


@lru_cache(maxsize=KEPT)
def _said(text: str) -> tuple[str, Sequence[int]]:
    """Return what is said in `text`, without what says nothing, and the place of each character."""
    if _MAY_BE_UNSAID.search(text) is None:
        return text, range(len(text) + 1)
    kept: list[str] = []
    places = array("i")
    at = 0
    for match in _UNSAID.finditer(text):
        kept.append(text[at : match.start()])
        places.extend(range(at, match.start()))
        at = match.end()
    places.extend(range(at, len(text) + 1))
    return "".join((*kept, text[at:])), places


def _found(text: str, signs: Iterable[Sign]) -> Iterator[tuple[int, int]]:
    ends = sentence_ends(text)
    sentences = list(pairwise([0, *ends, *([len(text)] if len(text) not in ends else [])]))
    for sign in signs:
        if sign.is_simple:
            yield from _spans(sign.says[0], text)
            continue
        for passage in _passages(sentences, sign.sentences):
            if span := _together(text, passage, sign):
                yield span


def _passages(sentences: Sequence[tuple[int, int]], length: int) -> Iterator[tuple[int, int]]:
    """Yield where each `length` sentences in a row begin and end, or all where there are fewer."""
    for first in range(max(1, len(sentences) - length + 1)):
        passage = sentences[first : first + length]
        if passage:
            yield passage[0][0], passage[-1][1]


def _together(text: str, passage: tuple[int, int], sign: Sign) -> tuple[int, int] | None:
    """Return where all that a sign says stands in the passage; None where it does not."""
    start, end = passage
    part = text[start:end]
    spans = []
    for pattern in sign.says:
        match = _compiled(pattern).search(part)
        if match is None:
            return None
        spans.append(match.span())
    if any(_compiled(pattern).search(part) for pattern in sign.unless):
        return None
    return start + min(span[0] for span in spans), start + max(span[1] for span in spans)


def says(text: str, cue: Cue) -> Reading:
    """Return whether `text` has a cue in any language, in its own words and not in a quotation."""
    text = prepared(text)
    quotations = _quotations(text)
    sightings = tuple(
        Sighting(*span, text[slice(*span)], "plain")
        for span in _shown(text, cue)
        if not _within(span, quotations)
    )
    return Reading(bool(sightings), sightings)


def without(text: str, cue: Cue) -> tuple[str, int]:
    """Return `text` without the sentences that show `cue`, and how many passages were taken out."""
    text = prepared(text)
    spans = sentences_with(text, cue)
    kept, at, count = "", 0, 0
    for start, end in spans:
        if end <= at:
            continue
        kept += text[at:start] + (LEFT_OUT if start >= at else "")
        at, count = end, count + 1
    return kept + text[at:], count


def sentences_with(text: str, cue: Cue) -> list[tuple[int, int]]:
    """Return where the sentences of the prepared `text` that show `cue` begin and end, in order."""
    return sorted({sentence(text, span) for span in _shown(text, cue)})


def names(text: str, words: Iterable[str]) -> Sighting | None:
    """Return where `text` names one of `words`, as whole words where the script has them."""
    text = prepared(text)
    for word in sorted(words):
        edge = "" if IDEOGRAPH.search(word) else r"\b"
        match = re.search(f"{edge}{re.escape(prepared(word))}{edge}", text, re.IGNORECASE)
        if match:
            return Sighting(*match.span(), match[0], "plain")
    return None


def prepare() -> None:
    """Read and compile all cues now: no case should wait until the first one has them."""
    for cue in get_args(Cue):
        for sign in cues(cue):
            for pattern in (*sign.says, *sign.unless):
                _compiled(pattern)
        _gate(cue)


def _shown(text: str, cue: Cue) -> Iterator[tuple[int, int]]:
    """Yield where the prepared `text` shows a cue. Most texts show none: so that is asked first."""
    gate = _gate(cue)
    if gate is None or gate.search(_said(text)[0]):
        yield from found(text, cues(cue))


@cache
def _gate(cue: Cue) -> Any:
    """Return a pattern that every text has which shows a cue; None where there is no such.

    RE2 looks for all signs at once, in the time of one or two. Not for those of `negated`: where
    a text is made of their words, its patterns are several times slower as one.
    """
    if cue == "negated":
        return None
    return compile_pattern("|".join(f"(?:{_somewhere(sign)})" for sign in cues(cue)))


def _somewhere(sign: Sign) -> str:
    """Return a pattern that every text has in a passage of which a cue's sign is found."""
    if sign.is_simple:
        return sign.says[0]
    return _CLASS_OR_TIE.sub(lambda part: part[1] or "(?:)", sign.says[0])


@cache
def cues(cue: Cue) -> tuple[Sign, ...]:
    """Return the signs of a cue, over all languages that the package knows it in."""
    return tuple(sign for signs in _language()[cue].values() for sign in signs)


@cache
def _language() -> dict[Cue, dict[str, tuple[Sign, ...]]]:
    content = yaml.safe_load(
        resources.files("comity.judges").joinpath("language.yaml").read_text("utf-8")
    )
    context = {SHARED: content.pop("words")}
    return TypeAdapter(dict[Cue, dict[str, tuple[Sign, ...]]]).validate_python(
        content, context=context
    )


_compiled = cache(compile_pattern)


def _spans(pattern: str, text: str) -> Iterable[tuple[int, int]]:
    return (match.span() for match in _compiled(pattern).finditer(text))


def _quotations(text: str) -> list[tuple[int, int]]:
    """Return where somebody else speaks in the prepared `text`."""
    return [match.span() for match in _QUOTATION.finditer(text) if _speaks(match[0])]


def _within(span: tuple[int, int], outer: Iterable[tuple[int, int]]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in outer)


def sentence(text: str, span: tuple[int, int]) -> tuple[int, int]:
    """Return where the sentence, or the sentences, around `span` begin and end in `text`."""
    return _around(span, sentence_ends(text), len(text))


def _around(span: tuple[int, int], ends: Sequence[int], length: int) -> tuple[int, int]:
    """Return the last of the `ends` before `span`, and the first after it."""
    before, after = bisect_right(ends, span[0]), bisect_left(ends, span[1])
    return ends[before - 1] if before else 0, ends[after] if after < len(ends) else length


@lru_cache(maxsize=KEPT)
def sentence_ends(text: str) -> tuple[int, ...]:
    """Return where the sentences of `text` end, in order; the last may lack a mark that ends it."""
    return tuple(match.end() for match in _SENTENCE_END.finditer(text))


def _speaks(quotation: str) -> bool:
    """Whether a quotation is long enough to say something, rather than to mention a word."""
    words = len(quotation.split())
    return words >= MIN_QUOTED_WORDS or len(IDEOGRAPH.findall(quotation)) >= MIN_QUOTED_IDEOGRAPHS
