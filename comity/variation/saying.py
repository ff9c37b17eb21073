"""Relations by how the same is said: in other words, another order, language or dialect."""

from typing import Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from comity.schema.base import Language
from comity.variation.relation import DoesNotApply, Draft, Edit, Relation, some
from comity.variation.rewriting import sentences, written_in


class Paraphrased(Edit):
    """The request in other words, with the same slots."""

    relation: Literal["paraphrase"] = "paraphrase"
    template: str

    def apply(self, draft: Draft) -> Draft:
        """Return the changed draft."""
        draft.untouched()
        return draft.told(template=self.template)


class ParaphraseRelation(Relation):
    """Other words for the same."""

    id = "paraphrase"
    statement = "In which words the same is asked for does not matter."
    rank = 10

    def _edits(self, draft: Draft) -> SearchStrategy[Edit]:
        said = draft.wording.paraphrases.get(written_in(draft.mode), ())
        options = [Paraphrased(template=template) for template in said]
        return st.sampled_from(some(options, "no paraphrase is written for it"))


class Translated(Edit):
    """The request in another language; the pages around it are in that language too."""

    relation: Literal["language"] = "language"
    language: Language
    template: str
    slots: dict[str, str]

    def apply(self, draft: Draft) -> Draft:
        """Return the changed draft."""
        draft.untouched()
        return draft.told(template=self.template, slots=self.slots, language=self.language)


class LanguageRelation(Relation):
    """The same request in another language."""

    id = "language"
    statement = "In which language the same is asked for does not matter."
    rank = 10

    def _edits(self, draft: Draft) -> SearchStrategy[Edit]:
        options = [
            Translated(language=language, template=template, slots=by_mode[draft.mode].slots)
            for language, by_mode in draft.wording.translations.items()
            if draft.mode in by_mode
            and (template := draft.wording.translated(language, draft.mode)) is not None
        ]
        return st.sampled_from(some(options, "no translation is written for it"))


class InDialect(Edit):
    """The request in a dialect of its language."""

    relation: Literal["dialect"] = "dialect"
    tag: Language
    template: str

    def apply(self, draft: Draft) -> Draft:
        """Return the changed draft."""
        draft.untouched()
        return draft.told(template=self.template)


class DialectRelation(Relation):
    """A dialect of the same language."""

    id = "dialect"
    statement = "In which dialect of a language the same is asked for does not matter."
    rank = 10

    def _edits(self, draft: Draft) -> SearchStrategy[Edit]:
        options = [
            InDialect(tag=dialect.tag, template=dialect.requests[mode])
            for dialect in draft.wording.dialects
            if (mode := written_in(draft.mode)) in dialect.requests
        ]
        return st.sampled_from(some(options, "no dialect is written for it"))


class Reordered(Edit):
    """The sentences of the request in another order: so many of the last ones come first."""

    relation: Literal["sentences"] = "sentences"
    turned: int

    def apply(self, draft: Draft) -> Draft:
        """Return the changed draft."""
        parts = sentences(draft.template)
        if self.turned >= len(parts):
            raise DoesNotApply("it has fewer sentences")
        glue = " " if " " in draft.template else ""
        return draft.told(template=glue.join(parts[-self.turned :] + parts[: -self.turned]))


class SentenceRelation(Relation):
    """The order of sentences."""

    id = "sentences"
    statement = "Whether the wish or its occasion is told first does not matter."
    rank = 25

    def _edits(self, draft: Draft) -> SearchStrategy[Edit]:
        count = len(sentences(draft.template))
        if count == 1:
            raise DoesNotApply("it is one sentence")
        return st.sampled_from([Reordered(turned=turned) for turned in range(1, count)])
