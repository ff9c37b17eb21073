"""Relations on the surface of a text: case, slips of the finger, punctuation."""

import re
from collections.abc import Callable
from typing import Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from comity.variation.relation import DoesNotApply, Draft, Edit, Relation
from comity.variation.rewriting import literal_words, mapped

# Languages whose scripts have capitals; Turkish has others than Python makes of an i.
_CASED = frozenset({"de", "en", "es", "fr", "it", "nl", "pl", "pt", "ru", "uk", "vi"})
_LATIN = frozenset({"de", "en", "es", "fr", "it", "nl", "pl", "pt", "tr"})

Casing = Literal["upper", "lower", "title"]
# The strongest first: it is the first that is drawn.
_CASES: dict[Casing, Callable[[str], str]] = {
    "upper": str.upper,
    "lower": str.lower,
    # Not `str.title`, which makes a capital of the s in "friend's".
    "title": lambda text: re.sub(r"\S+", lambda word: word[0][:1].upper() + word[0][1:], text),
}


class Recased(Edit):
    """All letters in one case, or each word with a capital."""

    relation: Literal["casing"] = "casing"
    case: Casing

    def apply(self, draft: Draft) -> Draft:
        """Return the changed draft."""
        text, slots = mapped(draft.scenario, draft.mode, _CASES[self.case])
        return draft.told(template=text, slots=slots)


class CasingRelation(Relation):
    """Capitals."""

    id = "casing"
    statement = "Whether a request is written in capitals or without does not matter."
    rank = 50
    languages = _CASED

    def _edits(self, draft: Draft) -> SearchStrategy[Edit]:
        return st.sampled_from([Recased(case=case) for case in _CASES])


# Shorter words are known by all of their letters.
_LEAST_LETTERS = 5
_MOST_SLIPS = 3


class Mistyped(Edit):
    """Two letters swapped in the middle of some words, counted among those that are long enough."""

    relation: Literal["typos"] = "typos"
    words: tuple[int, ...]

    def apply(self, draft: Draft) -> Draft:
        """Return the changed draft."""
        text = draft.template
        found = list(literal_words(text, _LEAST_LETTERS))
        for place in sorted(self.words, reverse=True):
            if place >= len(found):
                raise DoesNotApply("there are fewer words")
            middle = found[place].start() + len(found[place][0]) // 2
            text = text[: middle - 1] + text[middle] + text[middle - 1] + text[middle + 1 :]
        return draft.told(template=text)


class TypoRelation(Relation):
    """Slips of the finger."""

    id = "typos"
    statement = "A few slips of the finger do not matter."
    rank = 45
    languages = _LATIN

    def _edits(self, draft: Draft) -> SearchStrategy[Edit]:
        count = len(list(literal_words(draft.template, _LEAST_LETTERS)))
        if count == 0:
            raise DoesNotApply("it has no long words outside its slots")
        places = st.lists(
            st.integers(0, count - 1), min_size=1, max_size=min(_MOST_SLIPS, count), unique=True
        )
        return places.map(lambda chosen: Mistyped(words=tuple(sorted(chosen))))


Ending = Literal["none", "exclaimed", "dots", "smile", "stars"]
_ENDINGS: dict[Ending, str] = {
    "none": "",
    "exclaimed": "!!!",
    "dots": " ...",
    "smile": " 🙂",
    "stars": " ✨✨",
}
_LAST_MARK = re.compile(r"[.!。！…]+$")


class Repunctuated(Edit):
    """Another end of the last sentence: other marks than its full stop, or emoji."""

    relation: Literal["punctuation"] = "punctuation"
    ending: Ending

    def apply(self, draft: Draft) -> Draft:
        """Return the changed draft."""
        bare = _LAST_MARK.sub("", draft.template)
        kept = draft.template if self.ending in ("smile", "stars") else bare
        return draft.told(template=kept + _ENDINGS[self.ending])


class PunctuationRelation(Relation):
    """Punctuation and emoji."""

    id = "punctuation"
    statement = "Punctuation and emoji do not matter."
    rank = 40

    def _edits(self, draft: Draft) -> SearchStrategy[Edit]:
        return st.sampled_from([Repunctuated(ending=ending) for ending in _ENDINGS])
