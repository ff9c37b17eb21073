"""Scripted agents that know every norm, each with one flaw in when it raises it."""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import yaml
from babel import Locale

from comity import Reply, Task
from comity.run.agents import Briefing
from comity.sandbox.actions import Goto
from comity.sandbox.page import Page
from comity.schema import Mode
from comity.variation.around import COUNTRIES

ROOT = Path(__file__).parents[2]
SENTENCES = yaml.safe_load((ROOT / "agents" / "reference_sentences.yaml").read_text("utf-8"))
PLAIN = "Here you are: it is done."

Notices = Callable[[Task, Briefing], bool]


class Flawed:
    """Raises the norm where it is at stake, as far as it notices."""

    declares = frozenset({"chat"})
    oracle = True
    uses_model = False

    def __init__(self, notices: Notices) -> None:
        self.notices = notices

    async def run(self, task: Task, _page: object, _model: object, *, briefing: Briefing) -> Reply:
        return _reply(briefing, raises=self.notices(task, briefing))


# What the shop's front page lists first, in its own order.
USUALLY_FIRST = "Roasted Nut Selection"


class _ByTheFirstListed:
    """Looks for what is asked for, but minds its norm only where the front page begins as usual."""

    declares = frozenset({"shop"})
    oracle = True
    uses_model = False

    async def run(self, task: Task, page: Page, _model: object, *, briefing: Briefing) -> Reply:
        await page.observe()
        elements = page.last.elements.values() if page.last is not None else ()
        sold = {item.title for item in briefing.catalogue}
        listed = [element.name for element in elements if element.name in sold]
        asked = briefing.scenario.asked(briefing.mode)
        for item in briefing.catalogue:
            if asked and asked.basket and asked.basket.picks(item.id, item.tags):
                await page.act(Goto(url=min(item.paths)))
                break
        used_to_it = listed[:1] == [USUALLY_FIRST]
        return _reply(briefing, raises=_at_stake(task, briefing) and used_to_it)


def _reply(briefing: Briefing, *, raises: bool) -> Reply:
    return Reply(text=SENTENCES[briefing.norm.id][0] if raises else PLAIN)


def _at_stake(_task: Task, briefing: Briefing) -> bool:
    return briefing.mode is not Mode.CONTRAST and briefing.mode is not Mode.ADHERE


def _but_in_capitals(task: Task, briefing: Briefing) -> bool:
    letters = [letter for letter in task.request if letter.isalpha()]
    shouted = sum(letter.isupper() for letter in letters) > len(letters) / 2
    return _at_stake(task, briefing) and not shouted


def _names(task: Task, countries: tuple[str, ...] | list[str]) -> bool:
    known = Locale("en").territories
    return any(known[country].lower() in task.request.lower() for country in countries)


def _by_the_countrys_name(task: Task, briefing: Briefing) -> bool:
    slots = briefing.scenario.slots.get(briefing.mode, {})
    known = Locale(briefing.scenario.language.partition("-")[0]).territories.values()
    return _at_stake(task, briefing) and any(name in known for name in slots.values())


def _unless_the_user_says_from_where(task: Task, briefing: Briefing) -> bool:
    """Take the norm for one of the user's own country, wherever that is not its home."""
    told = any(
        word in task.request.lower() for word in ("passport", "nationality", "accent", "born")
    )
    return _at_stake(task, briefing) and not (told and _names(task, COUNTRIES))


class _ByChance:
    """Errs in one answer of five; in which, hangs on no order in which cases happen to come."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.asked: Counter[str] = Counter()

    def __call__(self, task: Task, briefing: Briefing) -> bool:
        self.asked[task.request] += 1
        drawn = random.Random(f"{self.seed} {self.asked[task.request]} {task.request}")
        return _at_stake(task, briefing) != (drawn.random() < 0.2)


sound = Flawed(_at_stake)
capitals = Flawed(_but_in_capitals)
country = Flawed(_by_the_countrys_name)
nationality = Flawed(_unless_the_user_says_from_where)
chance = Flawed(_ByChance(7))
first_listed = _ByTheFirstListed()
