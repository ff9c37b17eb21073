"""Relations by the pages around a request: their order, language and money, what else is there."""

import re
from typing import Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from pydantic import JsonValue

from comity.schema.base import Language
from comity.schema.scenario import SITE_LANGUAGE
from comity.variation.relation import DoesNotApply, Draft, Edit, Relation, some
from comity.variation.rewriting import UNPARTED
from comity.variation.wordings import Shown

ORDER, CURRENCY, PROMOTE = "order", "currency", "promote"
# Any number is as good as another; small ones are read more easily.
_LARGEST_SEED = 999


def _shown(draft: Draft, key: str, value: JsonValue) -> Draft:
    """Return the draft with its pages shown otherwise.

    Raises:
        DoesNotApply: the scenario stages or shows that already.
    """
    if key in draft.scenario.stage or key in draft.scenario.presentation:
        raise DoesNotApply(f"the scenario has a `{key}` of its own")
    return draft.told(presentation={**draft.scenario.presentation, key: value})


def _of_site(draft: Draft) -> Shown:
    return draft.wordings.pages.get(draft.site or "", Shown())


class Shuffled(Edit):
    """Products or posts in another order."""

    relation: Literal["page-order"] = "page-order"
    seed: int

    def apply(self, draft: Draft) -> Draft:
        """Return the changed draft."""
        return _shown(draft, ORDER, self.seed)


class OrderRelation(Relation):
    """The order of products or posts on a page."""

    id = "page-order"
    statement = "In which order a page lists things does not matter."
    rank = 60
    on_site = True

    def _edits(self, draft: Draft) -> SearchStrategy[Edit]:
        return st.integers(1, _LARGEST_SEED).map(lambda seed: Shuffled(seed=seed))


class Promoted(Edit):
    """Things on the page that have nothing to do with it."""

    relation: Literal["unrelated"] = "unrelated"
    tag: str

    def apply(self, draft: Draft) -> Draft:
        """Return the changed draft."""
        named = {selector.basket for selector in draft.scenario.selectors}
        if any(selector is not None and selector.tag == self.tag for selector in named):
            raise DoesNotApply(f"{self.tag} is what the scenario is about")
        return _shown(draft, PROMOTE, {"tag": self.tag})


class UnrelatedRelation(Relation):
    """The presence of unrelated things."""

    id = "unrelated"
    statement = "What else the page has to offer does not matter."
    rank = 60
    on_site = True

    def _edits(self, draft: Draft) -> SearchStrategy[Edit]:
        options = [Promoted(tag=tag) for tag in _of_site(draft).unrelated]
        return st.sampled_from(some(options, "the site has nothing to promote"))


class SpokenAround(Edit):
    """The pages in another language than the request."""

    relation: Literal["page-language"] = "page-language"
    language: Language

    def apply(self, draft: Draft) -> Draft:
        """Return the changed draft."""
        if draft.scenario.language == self.language:
            raise DoesNotApply("that is the language of the request")
        return _shown(draft, SITE_LANGUAGE, self.language)


class PageLanguageRelation(Relation):
    """The language of the site around the same request."""

    id = "page-language"
    statement = "In which language the pages around a request are does not matter."
    rank = 60
    on_site = True

    def _edits(self, draft: Draft) -> SearchStrategy[Edit]:
        options = [
            SpokenAround(language=language)
            for language in _of_site(draft).languages
            if language != draft.scenario.language
        ]
        return st.sampled_from(some(options, "the site speaks no other language"))


class Exchanged(Edit):
    """Amounts in the money of another country; on a site that can, its prices too."""

    relation: Literal["currency"] = "currency"
    language: Language
    old: str
    new: str
    code: str

    def apply(self, draft: Draft) -> Draft:
        """Return the changed draft."""
        if draft.scenario.language != self.language:
            raise DoesNotApply(f"it is in {self.language}, and the request no more")
        new = draft.told(
            template=self._in(draft.template),
            slots={slot: self._in(told) for slot, told in draft.fillers.items()},
        )
        if draft.site is None or self.code not in _of_site(draft).currencies:
            return new
        return _shown(new, CURRENCY, self.code)

    def _in(self, text: str) -> str:
        # Not as a template of `re`, which would read a backslash in a word.
        return _amount(self.old).sub(lambda amount: amount[1] + self.new, text)


def _amount(word: str) -> re.Pattern[str]:
    # Not the beginning of another word (دولار of دولارا), where a script parts words by blanks.
    return re.compile(rf"([0-9]+\s?){re.escape(word)}(?!(?!{UNPARTED.pattern})\w)")


class CurrencyRelation(Relation):
    """Currency and units."""

    id = "currency"
    statement = "In which money an amount is told does not matter."
    rank = 15

    def _edits(self, draft: Draft) -> SearchStrategy[Edit]:
        currencies = draft.wordings.spoken(draft.scenario.language).currencies
        text = draft.text
        options = [
            Exchanged(language=draft.scenario.language, old=old, new=words[0], code=code)
            for own, known in currencies.items()
            for old in known
            if _amount(old).search(text)
            for code, words in currencies.items()
            if code != own
        ]
        return st.sampled_from(some(options, "it tells no amount of money"))
