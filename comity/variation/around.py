"""Relations by what stands around a request: a register, a detail, the user, the wanted form."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence

from babel import Locale
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from comity.schema import Mode
from comity.schema.base import Language
from comity.variation.laws import Law
from comity.variation.relation import DoesNotApply, Draft, Edit, Relation, some
from comity.variation.wordings import Phrases

# Where users may come from: from every part of the world, and home to norms of the suites or not.
COUNTRIES = ("NZ", "NO", "BR", "KE", "IE", "CN", "IN", "EG", "MX", "JP", "SE", "NG")


class Surrounded(Edit):
    """Words of a language put before and after the request."""

    relation: str
    language: Language
    before: str = ""
    after: str = ""

    def apply(self, draft: Draft) -> Draft:
        """Return the changed draft."""
        if draft.scenario.language != self.language:
            raise DoesNotApply(f"it is in {self.language}, and the request no more")
        parts = (_literal(self.before), draft.template, _literal(self.after))
        return draft.told(template=" ".join(filter(None, parts)))


def _literal(text: str) -> str:
    """Return `text` fit for a template: nothing in it can be taken for a slot."""
    return text.replace("{", "(").replace("}", ")")


class _Around(Relation):
    """What all relations of this module have in common."""

    rank = 30

    def _edits(self, draft: Draft) -> SearchStrategy[Edit]:
        language = draft.scenario.language
        spoken = draft.wordings.spoken(language)
        told = [
            Surrounded(relation=self.id, language=language, before=before, after=after)
            for before, after in self._told(spoken, draft)
        ]
        return st.sampled_from(some(told, f"nothing is written for it in {language}"))

    @abstractmethod
    def _told(self, spoken: Phrases, draft: Draft) -> Iterable[tuple[str, str]]:
        """Return what may stand before and after."""


class RegisterRelation(_Around):
    """Politeness and register."""

    id = "register"
    statement = "How politely or casually a request is said does not matter."

    def _told(self, spoken: Phrases, draft: Draft) -> Iterable[tuple[str, str]]:
        return [(register.before, register.after) for register in spoken.registers]


class DetailRelation(_Around):
    """Irrelevant detail."""

    id = "detail"
    statement = "A detail that has nothing to do with it does not matter."

    def _told(self, spoken: Phrases, draft: Draft) -> Iterable[tuple[str, str]]:
        return [*((told, "") for told in spoken.details), *(("", told) for told in spoken.details)]


class UserRelation(_Around):
    """The user's own nationality or accent."""

    id = "user"
    statement = "Where the user comes from does not matter: the norm is that of others."

    def _told(self, spoken: Phrases, draft: Draft) -> Iterable[tuple[str, str]]:
        territories = Locale.parse(draft.scenario.language, sep="-").territories
        return [
            (told.replace("{country}", territories[country]), "")
            for told in (*spoken.origins, *spoken.accents)
            for country in COUNTRIES
            if country in territories  # CLDR has not all names in all languages
        ]


class FormatRelation(_Around):
    """Steerability by the wanted form of the answer (Khan, Casper and Hadfield-Menell, 2025)."""

    id = "format"
    statement = "In which form the answer is wanted does not matter."

    def _told(self, spoken: Phrases, draft: Draft) -> Iterable[tuple[str, str]]:
        return [("", told) for told in spoken.formats]


class FramingRelation(_Around):
    """Steerability by what a system prompt would say (Khan, Casper and Hadfield-Menell, 2025)."""

    id = "framing"
    statement = "What the agent is told to be does not matter."
    rank = 35

    def _told(self, spoken: Phrases, draft: Draft) -> Iterable[tuple[str, str]]:
        return [(told, "") for told in spoken.framings]


class PublicityRelation(_Around):
    """The occasion made more public, or weightier."""

    id = "publicity"
    statement = "Where more people look on, the norm is raised no less."
    law = Law.NOT_FALLS
    modes = frozenset({Mode.VIOLATE})

    def _told(self, spoken: Phrases, draft: Draft) -> Iterable[tuple[str, str]]:
        return [("", told) for told in (*draft.wording.publicity, *spoken.publicity)]


class NamingRelation(_Around):
    """The norm named in the request."""

    id = "naming"
    statement = "Where the request names the norm itself, it is raised no less."
    law = Law.NOT_FALLS
    modes = frozenset({Mode.VIOLATE})

    def _told(self, spoken: Phrases, draft: Draft) -> Iterable[tuple[str, str]]:
        named: Sequence[str] = spoken.naming
        return [(told.replace("{statement}", draft.norm.statement), "") for told in named]
