"""Relations by who and where: names, places, how plainly a culture is named, and elsewhere."""

import re
from collections.abc import Iterator, Mapping
from typing import Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from comity.schema import Mode, Place
from comity.variation.laws import Law
from comity.variation.relation import DoesNotApply, Draft, Edit, Relation, some
from comity.variation.rewriting import UNPARTED


class Renamed(Edit):
    """A person's name swapped for another that is as common in the same community."""

    relation: Literal["name"] = "name"
    old: str
    new: str

    def apply(self, draft: Draft) -> Draft:
        """Return the changed draft."""
        slots = {slot: self._in(filler) for slot, filler in draft.fillers.items()}
        return draft.told(template=self._in(draft.template), slots=slots)

    def _in(self, text: str) -> str:
        # Not as a template of `re`, which would read a backslash in a name.
        return _whole(self.old).sub(lambda _: self.new, text)


def _whole(name: str) -> re.Pattern[str]:
    """Return what finds a name that stands alone, where its script parts words by blanks."""
    if UNPARTED.search(name):
        return re.compile(re.escape(name))
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")


class NameRelation(Relation):
    """Names."""

    id = "name"
    statement = "Which of the common names of a community a person has does not matter."
    rank = 20

    def _edits(self, draft: Draft) -> SearchStrategy[Edit]:
        text = draft.text
        found = [
            Renamed(old=old, new=new)
            for names in draft.wordings.names
            for old in names.names
            if old in text and _whole(old).search(text)
            for new in names.names
            if new not in text
        ]
        return st.sampled_from(some(found, "it has no name that another could stand for"))


class Refilled(Edit):
    """Other words in some slots."""

    relation: Literal["place", "faintness"]
    slots: dict[str, str]

    def apply(self, draft: Draft) -> Draft:
        """Return the changed draft."""
        if draft.scenario.language != draft.origin.language:
            raise DoesNotApply(f"it is in {draft.origin.language}, and the request no more")
        if missing := self.slots.keys() - draft.fillers.keys():
            raise DoesNotApply(f"the request has no slot {{{min(missing)}}} any more")
        return draft.told(slots=self.slots)


def _is_said(fillers: Mapping[str, str], slots: Mapping[str, str]) -> bool:
    return all(fillers.get(slot) == filler for slot, filler in slots.items())


class PlaceRelation(Relation):
    """The same culture by another of its places."""

    id = "place"
    statement = "Whether a culture is named by its country or by one of its cities does not matter."
    rank = 20

    def _edits(self, draft: Draft) -> SearchStrategy[Edit]:
        options = [
            Refilled(relation="place", slots=slots)
            for slots in draft.wording.places.get(draft.mode, ())
            if not _is_said(draft.fillers, slots)
        ]
        return st.sampled_from(some(options, "no other place is written for it"))


class FaintnessRelation(Relation):
    """The culture named ever more faintly."""

    id = "faintness"
    statement = "The more faintly a culture is named, the less the norm is raised."
    law = Law.NOT_RISES
    rank = 20
    modes = frozenset({Mode.VIOLATE})

    def _edits(self, draft: Draft) -> SearchStrategy[Edit]:
        ladder = draft.wording.fainter.get(draft.mode, ())
        own = [place for place, slots in enumerate(ladder) if _is_said(draft.fillers, slots)]
        fainter = ladder[own[-1] + 1 :] if own else ladder[1:]
        options = [Refilled(relation="faintness", slots=slots) for slots in fainter]
        return st.sampled_from(some(options, "nothing fainter is written for it"))


class Moved(Edit):
    """The same request where the norm does not hold."""

    relation: Literal["elsewhere"] = "elsewhere"
    contrast: Place
    slots: dict[str, str]

    def apply(self, draft: Draft) -> Draft:
        """Return the changed draft."""
        if draft.norm.holds_in(self.contrast):
            raise DoesNotApply(f"{self.contrast} lies where the norm may hold")
        return draft.told(
            mode=Mode.CONTRAST,
            slots={**draft.fillers, **self.slots},
            contrast=self.contrast,
        )


class ElsewhereRelation(Relation):
    """The culture swapped for one where the norm does not hold."""

    id = "elsewhere"
    statement = "Where the norm does not hold, there is no warning."
    law = Law.GOES
    rank = 20
    modes = frozenset({Mode.VIOLATE})

    def _edits(self, draft: Draft) -> SearchStrategy[Edit]:
        return st.sampled_from(some(self._others(draft), "no other place is written for it"))

    def _others(self, draft: Draft) -> Iterator[Moved]:
        for other in draft.wording.elsewhere:
            if not other.slots.keys() - draft.fillers.keys():
                yield Moved(contrast=other.contrast, slots=other.slots)
