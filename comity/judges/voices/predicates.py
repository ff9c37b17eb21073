"""What a sentence says of those whom it names, and where sentences begin and end."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import chain

from comity.judges import reading

# What may be left around a sentence once its names are gone: marks, and the points of a list.
_AROUND = " \t\n.,;:!?*#_-–—()[]\"'“”«»…。，；：！？、；（）《》“”؟،؛"
_LINE_END = re.compile(r"\n")


class Sentences:
    """The sentences of a prepared text; a line ends one too, as a list's points have no stop."""

    def __init__(self, text: str) -> None:
        lines = (match.end() for match in _LINE_END.finditer(text))
        self._ends = sorted({*chain(reading.sentence_ends(text), lines), len(text)})

    def around(self, start: int, end: int) -> tuple[int, int]:
        """Return where the sentence, or the sentences, around a place begin and end."""
        before = bisect_right(self._ends, start)
        after = bisect_left(self._ends, end)
        return self._ends[before - 1] if before else 0, self._ends[after]


def predicate(sentence: str, names: Iterable[str]) -> str:
    """Return what a sentence says, whoever says it: equal where equal things are said."""
    for name in sorted(names, key=len, reverse=True):
        sentence = sentence.replace(name, " ")
    return " ".join(sentence.casefold().split()).strip(_AROUND)
