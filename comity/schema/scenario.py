"""Scenarios: situations in which a norm is at stake, and the requests made in them."""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from comity.schema.base import Identifier, Language, Prose, Slug, Word, checked_language
from comity.schema.norm import Norm, Place
from comity.schema.selector import ItemSelector, Selector

Tier = Literal["smoke", "standard", "full"]
TIERS: tuple[Tier, ...] = ("smoke", "standard", "full")

SLOT = re.compile(r"\{([a-z_]+)\}")

Filler = Annotated[str, StringConstraints(min_length=1, max_length=500)]


def no_slot(template: str) -> str | None:
    """Return what is wrong with the first brace of a request that makes no slot; None of none."""
    left = SLOT.sub("", template)
    if found := re.search(r"\{[^{}]{0,40}\}?|\}", left):
        return f"{found[0]!r} is no slot: one is written {{name}}, of the letters a to z and _"
    return None


class Mode(StrEnum):
    """Which of a scenario's requests is made."""

    VIOLATE = "violate"
    ADHERE = "adhere"
    CONTRAST = "contrast"
    OBSERVE = "observe"


# What a site without the control protocol can lack beside whole capabilities.
BASKET_BY_TAG = "basket by tag"
POSTS_BY_TAG = "posts by tag"

# The one key of a presentation that is no stage: sites are asked for a language by itself.
SITE_LANGUAGE = "language"

Lure = Literal["content", "instruction"]
"""What the page of `observe` tempts by: what it shows, or words to the agent itself."""


class Scenario(Word):
    """One situation in which one norm is at stake: the requests, the stage, the checks."""

    id: Identifier
    norm: str
    tier: Tier
    language: Language
    requests: dict[Mode, Prose]
    slots: dict[Mode, dict[str, Filler]] = Field(default_factory=dict)
    contrast: Place | None = None
    like: Identifier | None = None
    """Another scenario of the file, from which `about`, `breach` and `fits` were taken over."""
    stage: dict[str, JsonValue] = Field(default_factory=dict)
    lure: Lure = "content"
    presentation: dict[Slug, JsonValue] = Field(default_factory=dict)
    """How the site shows itself, in every mode: `language`, or what it can stage."""
    about: ItemSelector | None = None
    """What the scenario turns on beside what its selectors name, such as a forum's thread."""
    asks: dict[Mode, Selector] = Field(default_factory=dict)
    breach: Selector | None = None
    fits: Selector | None = None

    @model_validator(mode="after")
    def _requests_and_modes_agree(self) -> Self:
        if not self.requests:
            raise ValueError("a scenario makes at least one request")
        if Mode.CONTRAST in self.requests:
            raise ValueError(
                "`requests.contrast` is not written: contrast makes the request of `violate` "
                "with slots of its own"
            )
        if self.contrast is not None and Mode.VIOLATE not in self.requests:
            raise ValueError("`contrast` needs `requests.violate`, whose text it takes")
        if self.contrast is None and Mode.CONTRAST in self.slots:
            raise ValueError("`slots.contrast` needs `contrast`, the place where it is set")
        for name, given in (("slots", self.slots), ("asks", self.asks)):
            for mode in given:
                if mode not in self.modes:
                    raise ValueError(f"`{name}.{mode}` has no `requests.{mode}`")
        if Mode.CONTRAST in self.asks:
            raise ValueError("`asks.contrast` is not written: contrast asks as `violate` does")
        return self

    @model_validator(mode="after")
    def _a_page_is_staged_to_be_observed(self) -> Self:
        for name, given in (("stage", bool(self.stage)), ("lure", self.lure != "content")):
            if given and Mode.OBSERVE not in self.requests:
                raise ValueError(f"`{name}` needs `requests.observe`, in which the page is staged")
        for key in sorted(self.stage.keys() & self.presentation.keys()):
            raise ValueError(f"`presentation.{key}` would take the place of `stage.{key}`")
        if self.lure == "instruction" and not (self.stage and self.breach):
            raise ValueError(
                "`lure: instruction` needs a `stage` that says what to do, and a `breach`, "
                "by which it is seen whether it obeyed"
            )
        return self

    @model_validator(mode="after")
    def _a_site_speaks_a_language(self) -> Self:
        if SITE_LANGUAGE in self.presentation:
            checked_language(str(self.presentation[SITE_LANGUAGE]))
        return self

    @model_validator(mode="after")
    def _slots_are_filled(self) -> Self:
        for mode in self.modes:
            wanted = set(SLOT.findall(self._template(mode)))
            given = set(self.slots.get(mode, {}))
            for slot in sorted(wanted - given):
                raise ValueError(f"the slot {{{slot}}} has no filler in `slots.{mode}`")
            for slot in sorted(given - wanted):
                since = no_slot(self._template(mode))
                told = f"`slots.{mode}.{slot}` fills no slot of the request"
                raise ValueError(f"{told}; {since}" if since else told)
        return self

    @cached_property
    def modes(self) -> tuple[Mode, ...]:
        """The modes that this scenario has, in the order of `Mode`."""
        has = set(self.requests) | ({Mode.CONTRAST} if self.contrast is not None else set())
        return tuple(mode for mode in Mode if mode in has)

    def _template(self, mode: Mode) -> str:
        return self.requests[Mode.VIOLATE if mode is Mode.CONTRAST else mode]

    def text(self, mode: Mode) -> str:
        """Return the request of `mode` with its slots filled."""
        fillers = self.slots.get(mode, {})
        return SLOT.sub(lambda slot: fillers[slot[1]], self._template(mode))

    def asked(self, mode: Mode) -> Selector | None:
        """Return what the request of `mode` asks for."""
        return self.asks.get(Mode.VIOLATE if mode is Mode.CONTRAST else mode)

    @property
    def site_language(self) -> Language:
        """What the site speaks around the request."""
        return str(self.presentation.get(SITE_LANGUAGE, self.language))

    def staged(self, mode: Mode) -> dict[str, JsonValue]:
        """Return what the site is asked to stage in `mode`."""
        shown = {key: value for key, value in self.presentation.items() if key != SITE_LANGUAGE}
        return {**(self.stage if mode is Mode.OBSERVE else {}), **shown}

    @cached_property
    def writes(self) -> bool:
        """Whether a post is at stake, so that the agent must be a member of the site."""
        return any(selector.post is not None for selector in self.selectors)

    @cached_property
    def selectors(self) -> tuple[Selector, ...]:
        """Everything that the scenario's selectors name."""
        every = (*self.asks.values(), self.breach, self.fits)
        return tuple(selector for selector in every if selector is not None)


class Request(Word):
    """One mode of one scenario."""

    suite: str
    scenario: Scenario
    norm: Norm
    mode: Mode

    @cached_property
    def id(self) -> str:
        """`scenario-mode`, unique within a suite's folder."""
        return f"{self.scenario.id}-{self.mode}"

    @cached_property
    def text(self) -> str:
        """What the user says to the agent."""
        return self.scenario.text(self.mode)

    @property
    def language(self) -> Language:
        """What the user speaks."""
        return self.scenario.language

    @property
    def tier(self) -> Tier:
        """How soon the scenario is run."""
        return self.scenario.tier

    @cached_property
    def asks(self) -> Selector | None:
        """What the user asks for."""
        return self.scenario.asked(self.mode)

    @cached_property
    def needs(self) -> frozenset[str]:
        """The capabilities that a site must have: what is judged, and what is staged."""
        scenario = self.scenario
        needed = {need for selector in scenario.selectors for need in _needs(selector)}
        return frozenset(needed | scenario.staged(self.mode).keys())

    @cached_property
    def decides(self) -> frozenset[ItemSelector]:
        """The items on a site that what was broken or obtained is known by."""
        scenario = self.scenario
        chosen = [chosen for chosen in (self.asks, scenario.breach) if chosen is not None]
        tags = (one.post.tag for one in chosen if one.post is not None)
        return frozenset(
            (
                *(one.basket for one in chosen if one.basket is not None),
                *(ItemSelector(tag=tag) for tag in tags if tag is not None),
                *((scenario.about,) if scenario.about is not None else ()),
            )
        )

    @property
    def at_stake(self) -> bool:
        """Whether the norm holds where the request is set."""
        return self.mode is not Mode.CONTRAST


class Variation(Word):
    """How a scenario came of another one."""

    base: Identifier
    """The other one's id."""
    edits: tuple[dict[str, JsonValue], ...] = ()
    """What was changed, in this order, each with its `relation`; none, where it stands as it is."""


class VariedRequest(Request):
    """A request that was changed, to see whether the verdict changes with it."""

    variation: Variation


def _needs(selector: Selector) -> Iterator[str]:
    """Yield the capabilities by which it is seen whether what `selector` names is there."""
    if selector.basket is not None:
        yield "basket"
        if selector.basket.tag is not None:
            yield BASKET_BY_TAG
    if selector.post is not None:
        yield from ("posts", "member")
        if selector.post.tag is not None:
            yield POSTS_BY_TAG
