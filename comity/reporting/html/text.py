"""Untrusted text on the page: made visible, capped, and cut where a quote begins and ends."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from comity.judges.reading import prepared
from comity.schema import Evidence
from comity.schema.base import well_formed

# An answer or a post is read by the judges to here; what follows cannot have been found.
MAX_TEXT_CHARACTERS = 20_000
# A reason, a name or an address; what is longer is no line.
MAX_LINE_CHARACTERS = 2_000

# Controls, and what turns the direction of all text around. What scripts are written with (joiners,
# marks of direction) stays.
_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")

Span = tuple[int, int, int]
"""Where a quote begins and ends, and the number of whose it is."""
Segments = list[list[Any]]
"""A text in pieces, each with the numbers of those who quote it."""


def shown(text: str, limit: int = MAX_LINE_CHARACTERS) -> str:
    """Return `text` as it can be shown: at most `limit` long, what is hidden in it made visible."""
    cut = _visible(text[:limit])
    return cut if len(text) <= limit else f"{cut} … ({len(text) - limit:,} more characters)"


def _visible(text: str) -> str:
    well = well_formed(text.replace("\r\n", "\n"))
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", well)


def finalize(value: object) -> object:
    """Return what a template shows of a value: texts as `shown`, our own markup as it is."""
    return shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def quoted(text: str, spans: Iterable[Span]) -> Segments:
    """Return `text` in pieces, each with the numbers of the spans that it lies in."""
    whole = text[:MAX_TEXT_CHARACTERS]
    found = [(start, min(end, len(whole)), number) for start, end, number in spans]
    edges = {0, len(whole), *(edge for start, end, _ in found for edge in (start, end))}
    ordered = sorted(edge for edge in edges if edge <= len(whole))
    pieces: Segments = [
        [
            _visible(whole[start:end]),
            sorted({number for begin, stop, number in found if begin <= start and end <= stop}),
        ]
        for start, end in pairwise(ordered)
    ]
    if len(text) > len(whole):
        pieces.append([f" … ({len(text) - len(whole):,} more characters)", []])
    return pieces


def composed(text: str) -> str:
    """Return `text` in the form that judges count characters in."""
    return unicodedata.normalize("NFC", text)


def spans(text: str, evidence: Sequence[tuple[int, Evidence]]) -> Iterable[Span]:
    """Yield where in a composed text each quote stands, by its offset or else by its first sight.

    A quote that does not stand in it, as of a model that quotes freely, marks nothing.
    """
    read = prepared(text)
    for number, one in evidence:
        quote = prepared(one.quote)
        start = one.start
        if not quote.strip():
            continue
        if start is None or not read.startswith(quote, start):
            start = read.find(quote)
        if start >= 0:
            yield start, start + len(quote), number
