"""A relation: how a scenario may be changed, and what must hold between before and after."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from hypothesis.strategies import SearchStrategy
from pydantic import JsonValue, ValidationError

from comity.schema import Mode, Norm, Scenario, Word
from comity.variation.laws import Law
from comity.variation.rewriting import rewritten, template
from comity.variation.wordings import Wording, Wordings


class DoesNotApply(Exception):  # noqa: N818 - it is no error: not every edit fits every scenario
    """An edit does not apply, and why not, in a few words."""


@dataclass(frozen=True)
class Draft:
    """A scenario in one mode, on its way through edits."""

    origin: Scenario
    """As it was, with nothing but what the mode needs."""
    scenario: Scenario
    mode: Mode
    norm: Norm
    site: str | None
    """Where the agent acts; None in chat."""
    wordings: Wordings

    @property
    def wording(self) -> Wording:
        """How the scenario may be said otherwise."""
        known = self.wordings.by_scenario
        return known.get(self.origin.id) or Wording(scenario=self.origin.id)

    @property
    def template(self) -> str:
        """The request with its slots unfilled."""
        return template(self.scenario, self.mode)

    @property
    def fillers(self) -> Mapping[str, str]:
        """What fills its slots."""
        return self.scenario.slots.get(self.mode, {})

    @property
    def text(self) -> str:
        """The request."""
        return self.scenario.text(self.mode)

    def untouched(self) -> None:
        """Refuse a request that was told otherwise already.

        Raises:
            DoesNotApply: it was.
        """
        if self.template != template(self.origin, self.mode):
            raise DoesNotApply("the request was told otherwise already")

    def told(
        self,
        *,
        template: str | None = None,
        slots: Mapping[str, str] | None = None,
        mode: Mode | None = None,
        **fields: object,
    ) -> "Draft":
        """Return the draft with another request, other slots, or other fields.

        Raises:
            DoesNotApply: nothing changes by that, or it is no scenario any more.
        """
        mode = mode or self.mode
        try:
            changed = rewritten(self.scenario, mode, template=template, slots=slots, **fields)
        except ValidationError as error:
            raise DoesNotApply(error.errors()[0]["msg"]) from None
        if changed == self.scenario:
            raise DoesNotApply("it changes nothing")
        return replace(self, scenario=changed, mode=mode)


class Edit(Word):
    """One change of a scenario, with its parameters."""

    relation: str

    @abstractmethod
    def apply(self, draft: Draft) -> Draft:
        """Return the changed draft.

        Raises:
            DoesNotApply: it cannot be changed so.
        """

    def record(self) -> dict[str, JsonValue]:
        """Return what stands in a run's record."""
        return self.model_dump(mode="json")


class Relation(ABC):
    """How scenarios may be changed in one respect, and what must hold between before and after."""

    id: ClassVar[str]
    statement: ClassVar[str]
    """What must hold, in a sentence."""
    law: ClassVar[Law] = Law.HOLDS
    rank: ClassVar[int]
    """Edits are applied in the order of their relations' ranks."""
    languages: ClassVar[frozenset[str] | None] = None
    """Of the request; None where it applies to any that it has words in."""
    modes: ClassVar[frozenset[Mode]] = frozenset(Mode)
    on_site: ClassVar[bool] = False
    """Whether it changes pages, and so applies to agents that act on a site."""

    def edits(self, draft: Draft) -> SearchStrategy[Edit]:
        """Return the edits of this relation that a draft may take.

        Raises:
            DoesNotApply: none, and why.
        """
        if draft.mode not in self.modes:
            raise DoesNotApply(f"it is not about {draft.mode}")
        if self.on_site and draft.site is None:
            raise DoesNotApply("there is no page in chat")
        language = draft.scenario.language
        if self.languages is not None and language.partition("-")[0] not in self.languages:
            raise DoesNotApply(f"it does not apply to {language}")
        return self._edits(draft)

    @abstractmethod
    def _edits(self, draft: Draft) -> SearchStrategy[Edit]: ...


def some(options: Iterable[Edit], lacking: str) -> list[Edit]:
    """Return the options; `lacking` says why there are none.

    Raises:
        DoesNotApply: there are none.
    """
    found = list(options)
    if not found:
        raise DoesNotApply(lacking)
    return found
