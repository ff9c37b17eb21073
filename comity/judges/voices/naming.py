"""Finding the words that name perspectives: a gazetteer's terms, all in one pass.

Terms are found without regard to Arabic vowel signs and typographic variants. Their accents may be
left out in the text, but no others put in; their capitals may not, so that catholic tastes are no
church's. The longest of several
that overlap wins, and a phrase in which a term is none is as good as a longer term.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import ahocorasick

from comity.schema.voices import Gazetteer

# One sign for those that print alike or mean the same in the middle of a name.
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("\u02bb\u02bf\u02be\u02b9`\u2032", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013", "-"),
        **dict.fromkeys("\u2022\u2027\u30fb\u2219", "\u00b7"),
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ı": "i",
        "ى": "ي",
        "ة": "ه",
        "ٱ": "ا",
        "\u0640": "",
    }
)
# These scripts write no blank between words, so that a term has no edges there.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
# Arabic writes its `and` onto the word that it joins to another; it is no part of a name.
_AND = "و"
_SIDE_BY_SIDE = re.compile(r"[ -]|的")


@dataclass(frozen=True)
class Naming:
    """A place at which a perspective is named."""

    start: int
    end: int
    perspective: str
    is_common: bool = False
    """Gives way to another perspective that is named right beside it."""
    is_place: bool = False
    """Counts only where those are meant who live there."""

    @property
    def weight(self) -> int:
        """How it fares beside another naming: a place gives way to all, a common word to most."""
        return 0 if self.is_place else 1 if self.is_common else 2


@dataclass(frozen=True)
class _Entry:
    """What a term stands for; nothing, where it is a phrase in which a term is none."""

    perspective: str | None
    is_common: bool = False
    is_place: bool = False
    written: str = ""
    """As it stands in the gazetteer, a character for each letter that it is compared by."""

    def fits(self, found: str) -> bool:
        """Whether capitals and accents of the text allow the term there."""
        return all(
            (there.isupper() or not here.isupper()) and (not _accented(there) or _same(here, there))
            for here, there in zip(self.written, found, strict=True)
        )


@dataclass(frozen=True)
class _Span:
    """Where a word stands that is a term, and how many letters of it are the term's own."""

    start: int
    end: int
    term: int
    entry: _Entry


class Namer:
    """Finds where texts of one language name a perspective."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._before = _affixes(gazetteer.before)
        self._after = _affixes(gazetteer.after)
        self._head = gazetteer.head
        self._automaton = ahocorasick.Automaton()
        found: dict[str, list[_Entry]] = {}
        for term, entry in _entries(gazetteer):
            for spelling in (term, *_changed(term, gazetteer.ends)):
                composed = unicodedata.normalize("NFC", spelling)
                letters, places = fold(composed)
                written = "".join(composed[place] for place in places)
                found.setdefault(letters, []).append(replace(entry, written=written))
        for letters, entries in found.items():
            self._automaton.add_word(letters, (len(letters), entries))
        self._automaton.make_automaton()

    def namings(self, text: str) -> list[Naming]:
        """Return where the prepared `text` names a perspective, in the text's order."""
        letters, places = fold(text)
        if not letters or not len(self._automaton):
            return []
        spans: list[_Span] = []
        for last, (length, entries) in self._automaton.iter(letters):
            first = last + 1 - length
            word = self._word(letters, first, last + 1)
            if word is None:
                continue
            there = "".join(text[place] for place in places[first : last + 1])
            fitting = [entry for entry in entries if entry.fits(there)]
            if fitting:
                # Of two that differ by a capital (Shiva, shiva) it is the one that is so written.
                exact = (entry for entry in fitting if entry.written == there)
                spans.append(_Span(*word, length, next(exact, fitting[0])))
        return [
            Naming(
                places[span.start],
                places[span.end - 1] + 1,
                span.entry.perspective,
                span.entry.is_common,
                span.entry.is_place,
            )
            for span in _longest(spans, len(letters))
            if span.entry.perspective is not None
        ]

    def heads(self, text: str, namings: Iterable[Naming]) -> list[Naming]:
        """Return the namings without those that only say of which kind their neighbour is."""
        left = list(namings)
        dropped = set()
        for one, other in pairwise(left):
            if not _SIDE_BY_SIDE.fullmatch(text[one.end : other.start]):
                continue
            if one.weight != other.weight:
                dropped.add(one if one.weight < other.weight else other)
            else:
                dropped.add(one if self._head == "last" else other)
        return [naming for naming in left if naming not in dropped]

    def _word(self, letters: str, start: int, end: int) -> tuple[int, int] | None:
        """Return where the word begins and ends that a term is, with what is written onto it.

        None where the term is only a part of another word.
        """
        before = _onto(letters, start, -1, self._before)
        after = _onto(letters, end, 1, self._after)
        if before is None or after is None:
            return None
        return start - before, end + after


def fold(text: str) -> tuple[str, list[int]]:
    """Return the letters that a text is compared by, and the place in `text` of each."""
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for part in unicodedata.normalize("NFD", character):
            if unicodedata.combining(part):
                continue
            # A few capitals are two letters when small; they are left as they are.
            small = part.lower() if len(part.lower()) == 1 else part
            if kept := small.translate(_ALIKE):
                letters.append(kept)
                places.append(place)
    return "".join(letters), places


def _entries(gazetteer: Gazetteer) -> Iterator[tuple[str, _Entry]]:
    for terms, is_common, is_place in (
        (gazetteer.terms, False, False),
        (gazetteer.common, True, False),
        (gazetteer.places, False, True),
    ):
        for perspective, words in terms.items():
            yield from ((word, _Entry(perspective, is_common, is_place)) for word in words)
    yield from ((phrase, _Entry(None)) for phrase in gazetteer.unless)


def _changed(term: str, ends: dict[str, str]) -> Iterator[str]:
    """Yield a term with its end changed, where it has one that may (`maronito`, `maronita`)."""
    for end, other in ends.items():
        if term.endswith(end):
            yield term[: -len(end)] + other


def _affixes(written: Iterable[str]) -> tuple[frozenset[str], int]:
    folded = frozenset(fold(affix)[0] for affix in written)
    return folded, max(map(len, folded), default=0)


def _onto(letters: str, at: int, step: int, affixes: tuple[frozenset[str], int]) -> int | None:
    """Return how many letters are written onto a term at `at`; None where they may not be."""
    known, longest = affixes
    inner = letters[at if step < 0 else at - 1]
    if _UNSPACED.match(inner) or not inner.isalnum():
        return 0
    written = ""
    place = at - 1 if step < 0 else at
    while 0 <= place < len(letters) and len(written) <= longest:
        letter = letters[place]
        if not letter.isalnum() or _UNSPACED.match(letter):
            break
        written = letter + written if step < 0 else written + letter
        place += step
    if written and written not in known:
        return None
    return len(written) - (step < 0 and written.startswith(_AND))


def _longest(spans: list[_Span], length: int) -> list[_Span]:
    """Return the spans that overlap no longer one; of equal ones, the one with less written on."""
    taken = bytearray(length)
    kept = []
    for span in sorted(spans, key=lambda one: (one.start - one.end, -one.term, one.start)):
        # Longer ones were placed before, so that whatever overlaps covers an end of this one.
        if not taken[span.start] and not taken[span.end - 1]:
            taken[span.start : span.end] = b"\1" * (span.end - span.start)
            kept.append(span)
    return sorted(kept, key=lambda one: one.start)


def _accented(character: str) -> bool:
    return len(unicodedata.normalize("NFD", character)) > 1


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
