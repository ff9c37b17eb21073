"""Scripted chat agents that know every norm, each with one flaw in when it raises it."""

import random
from collections.abc import Callable
from pathlib import Path

import yaml
from babel import Locale

from comity import Reply, Task
from comity.run.agents import Briefing
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
        raised = SENTENCES[briefing.norm.id][0]
        return Reply(text=raised if self.notices(task, briefing) else PLAIN)


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
    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def __call__(self, task: Task, briefing: Briefing) -> bool:
        return _at_stake(task, briefing) != (self.chance.random() < 0.2)


sound = Flawed(_at_stake)
capitals = Flawed(_but_in_capitals)
country = Flawed(_by_the_countrys_name)
nationality = Flawed(_unless_the_user_says_from_where)
chance = Flawed(_ByChance(7))
