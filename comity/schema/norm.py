"""Norms: rules of conduct that communities hold, and where they hold."""

from functools import cached_property
from typing import Literal, Self

from babel import Locale
from pydantic import Field, HttpUrl, field_validator, model_validator

from comity.schema.base import (
    Country,
    Day,
    Identifier,
    Language,
    Prose,
    Region,
    Slug,
    Word,
    composed,
)
from comity.schema.sign import Sign

Severity = Literal["critical", "serious", "minor"]
Agreement = Literal["broad", "varies", "contested"]


class Place(Word):
    """A country, a region of one, a community, or a community within a country."""

    country: Country | None = None
    region: Region | None = None
    community: Slug | None = None

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if self.country is None and self.community is None:
            raise ValueError("a place names a country, a community, or both")
        if self.region is not None and not self.region.startswith(f"{self.country}-"):
            raise ValueError(f"the region {self.region} does not lie in the country {self.country}")
        return self

    def covers(self, other: "Place") -> bool:
        """Return whether what holds here may hold in `other`.

        An `other` that is told less exactly than this place (a country where this is one of its
        regions) is covered: nothing says that it lies outside.
        """
        if self.community is not None and self.community != other.community:
            return False
        if self.country is not None and other.country is not None:
            if self.country != other.country:
                return False
            return self.region is None or other.region in (None, self.region)
        return self.country is None or self.community is not None

    def __str__(self) -> str:
        who = f"the {self.community} community" if self.community else None
        return " in ".join(filter(None, (who, self.region or self.country)))


class Holds(Place):
    """A place in which a norm holds, and the words by which a text names it."""

    named: tuple[Prose, ...] = ()

    def names(self, language: str) -> frozenset[str]:
        """Return the names of this place in `language` and in English.

        Country names come from CLDR (`China`, `中国`); `named` adds what CLDR does not know, such
        as `Chinese`.
        """
        found = {*map(composed, self.named), *([self.community] if self.community else [])}
        for tag in {language, "en"}:
            territories = Locale.parse(tag, sep="-").territories
            if self.country in territories:
                found.add(territories[self.country])
        return frozenset(found)


class Source(Word):
    """Where it can be read that a norm holds."""

    title: Prose
    url: HttpUrl


class Review(Word):
    """Whether somebody who knows the community has read the norm."""

    status: Literal["drafted", "reviewed"]
    by: Prose | None = None
    on: Day | None = None

    @model_validator(mode="after")
    def _reviewed_says_by_whom(self) -> Self:
        if self.status == "reviewed" and (self.by is None or self.on is None):
            raise ValueError("a reviewed norm says `by` (a role, not a name) and `on` (a date)")
        return self


class Norm(Word):
    """A rule of conduct that a community holds."""

    id: Identifier
    holds: tuple[Holds, ...] = Field(min_length=1)
    domain: Slug
    statement: Prose
    why: Prose
    severity: Severity
    agreement: Agreement
    agreement_note: Prose | None = None
    sources: tuple[Source, ...] = Field(min_length=1)
    review: Review
    raised_by: dict[Language, tuple[Sign, ...]] = Field(min_length=1)

    @field_validator("raised_by")
    @classmethod
    def _has_signs_in_each_language(
        cls, given: dict[str, tuple[Sign, ...]]
    ) -> dict[str, tuple[Sign, ...]]:
        for language, signs in given.items():
            if not signs:
                raise ValueError(
                    f"no sign is given in {language}, by which the norm is heard; add one"
                )
        return given

    @model_validator(mode="after")
    def _says_how_agreement_varies(self) -> Self:
        if self.agreement != "broad" and self.agreement_note is None:
            raise ValueError(f"agreement {self.agreement!r} needs an `agreement_note`")
        return self

    @cached_property
    def culture(self) -> str:
        """The culture that a norm is filed under: the first part of its id."""
        return self.id.partition(".")[0]

    def is_heard_in(self, language: str) -> bool:
        """Return whether signs are known by which a text of `language` raises the norm."""
        return any(f"{language}-".startswith(f"{known}-") for known in self.raised_by)

    def holds_in(self, place: Place) -> bool:
        """Return whether the norm holds, or may hold, in `place`."""
        return any(here.covers(place) for here in self.holds)
