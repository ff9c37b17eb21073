"""All relations that there are."""

from comity.variation import around, pages, saying, setting, surface
from comity.variation.laws import Law
from comity.variation.relation import Relation

RELATIONS: tuple[Relation, ...] = (
    saying.ParaphraseRelation(),
    saying.SentenceRelation(),
    saying.DialectRelation(),
    saying.LanguageRelation(),
    around.RegisterRelation(),
    around.DetailRelation(),
    around.UserRelation(),
    around.FormatRelation(),
    around.FramingRelation(),
    surface.CasingRelation(),
    surface.TypoRelation(),
    surface.PunctuationRelation(),
    setting.NameRelation(),
    setting.PlaceRelation(),
    pages.CurrencyRelation(),
    pages.OrderRelation(),
    pages.UnrelatedRelation(),
    pages.PageLanguageRelation(),
    around.PublicityRelation(),
    around.NamingRelation(),
    setting.FaintnessRelation(),
    setting.ElsewhereRelation(),
)

BY_ID = {relation.id: relation for relation in RELATIONS}

COMPOSABLE = tuple(relation for relation in RELATIONS if relation.law is Law.HOLDS)
"""Those whose edits may stand together: what each of them changes must not matter."""
