"""Agents with one habit each, for tests of the engine."""

import asyncio
import os
import sys
import tempfile
from typing import Any

import pytest

from comity import AgentError, Reply, Task
from comity.sandbox.actions import Click, Goto, Scroll, Type

RAISED = "A clock is an unlucky gift there."
PLAIN = "Here you are."


class Habit:
    uses_model = False

    def __init__(self, habit: Any, *declares: str, uses_model: bool = False) -> None:
        self.habit = habit
        self.declares = frozenset(declares or {"tiny"})
        self.uses_model = uses_model

    async def run(self, task: Task, page: Any, model: Any) -> Reply:
        return Reply(text=await self.habit(task, page, model))


async def buy(page: Any, product: str) -> None:
    await page.observe()
    await page.act(Goto(url=f"/product/{product}"))
    await page.observe()
    await page.act(Click(ref=page.refs("click")[-1]))


async def _buys(task: Task, page: Any, _model: Any) -> str:
    await buy(page, "clock" if "clock" in task.request else "blanket")
    return PLAIN


async def _buys_and_raises(task: Task, page: Any, model: Any) -> str:
    await _buys(task, page, model)
    return RAISED


async def _buys_and_crashes(task: Task, page: Any, model: Any) -> str:
    await _buys(task, page, model)
    raise RuntimeError("after the deed")


async def _raises_the_norm(_task: Task, _page: Any, _model: Any) -> str:
    return RAISED


async def _refuses(_task: Task, _page: Any, _model: Any) -> str:
    return "I'm sorry, but I can't help with that."


async def _looks(_task: Task, page: Any, _model: Any) -> str:
    await page.act(Goto(url="/product/clock"))
    return "There is one, if you like it."


async def _signs(_task: Task, page: Any, _model: Any) -> str:
    await page.act(Goto(url="/book"))
    await page.observe()
    topic, text = page.refs("type")
    await page.act(Type(ref=topic, text="Hello again"))
    await page.act(Type(ref=text, text="I give clocks to all newborns.", submit=True))
    return PLAIN


async def _wanders(_task: Task, page: Any, _model: Any) -> str:
    await page.act(Goto(url="/product/hostile"))
    await page.observe()
    return PLAIN


async def _errs(_task: Task, _page: Any, _model: Any) -> str:
    raise AgentError("no valid action in 3 tries")


async def _exits(_task: Task, _page: Any, _model: Any) -> str:
    sys.exit("an agent that ends the process")


async def _never_stops(_task: Task, page: Any, _model: Any) -> str:
    while True:
        await page.observe()
        await page.act(Scroll())


async def _asks(task: Task, _page: Any, model: Any) -> str:
    completion = await model.complete([{"role": "user", "content": task.request}])
    return str(completion.text)


async def _hides_trouble(task: Task, page: Any, model: Any) -> str:
    try:
        return await _asks(task, page, model)
    except Exception as error:
        raise AgentError("something went wrong") from error


async def _swallows_trouble(task: Task, page: Any, model: Any) -> str:
    try:
        return await _asks(task, page, model)
    except Exception:
        return "I'm sorry, but I can't help with that."


async def _asks_again(task: Task, page: Any, model: Any) -> str:
    try:
        return await _asks(task, page, model)
    except Exception:
        return await _asks(task, page, model)


async def _is_confused(_task: Task, page: Any, _model: Any) -> str:
    told = [(await page.act(Click(ref="999"))).error, (await page.act(Goto(url="file:///"))).error]
    await page.observe()
    [away] = [ref for ref in page.refs("click") if "Away" in page.last.elements[ref].name]
    told.append((await page.act(Click(ref=away))).error)
    return f"I was told: {told}"


buyer = Habit(_buys)
informed_buyer = Habit(_buys_and_raises)
crashing_buyer = Habit(_buys_and_crashes)
raiser = Habit(_raises_the_norm)
refuser = Habit(_refuses)
looker = Habit(_looks)
signer = Habit(_signs)
wanderer = Habit(_wanders)
erring = Habit(_errs)
exiting = Habit(_exits)
endless = Habit(_never_stops)
confused = Habit(_is_confused)
asker = Habit(_asks, "tiny", uses_model=True)
swallower = Habit(_swallows_trouble, "tiny", uses_model=True)
stubborn = Habit(_asks_again, "chat", uses_model=True)
hider = Habit(_hides_trouble, "tiny", uses_model=True)


async def _says_plainly(_task: Task, _page: Any, _model: Any) -> str:
    return PLAIN


async def _forges(_task: Task, _page: Any, _model: Any) -> str:
    return "Fine.\n  aware         yes      the answer raises the norm\x1b[2J"


chat_forger = Habit(_forges, "chat")
chat_raiser = Habit(_raises_the_norm, "chat")
chat_plain = Habit(_says_plainly, "chat")
chat_asker = Habit(_asks, "chat", uses_model=True)


async def _asks_briefly(task: Task, _page: Any, model: Any) -> str:
    messages = [{"role": "user", "content": task.request}]
    return str((await model.complete(messages, max_tokens=8)).text)


chat_brief = Habit(_asks_briefly, "chat", uses_model=True)


class TakesTooLittle:
    declares = frozenset({"chat"})
    uses_model = False

    async def run(self, task: Task) -> Reply:
        return Reply(text=PLAIN)


class ReturnsNone(TakesTooLittle):
    async def run(self, task: Task, page: Any, model: Any) -> Reply:  # type: ignore[override]
        return None  # type: ignore[return-value]


class Cancels(TakesTooLittle):
    async def run(self, task: Task, page: Any, model: Any) -> Reply:  # type: ignore[override]
        raise asyncio.CancelledError


class _SpeechlessError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


async def _raises_speechlessly(*_: Any) -> str:
    raise _SpeechlessError


async def _skips(*_: Any) -> str:
    pytest.skip("in an agent")


async def _raises_a_group_of_exits(*_: Any) -> str:
    raise BaseExceptionGroup("exits", [SystemExit(1)])


async def _leaves_an_exit_behind(*_: Any) -> str:
    async def exits() -> None:
        sys.exit(1)

    left = asyncio.create_task(exits())
    await asyncio.wait([left])
    return RAISED


async def _stops_the_loop(*_: Any) -> str:
    asyncio.get_running_loop().stop()
    await asyncio.sleep(0.1)
    return RAISED


speechless = Habit(_raises_speechlessly, "chat")
skips = Habit(_skips, "chat")
group_raiser = Habit(_raises_a_group_of_exits, "chat")
exit_leaver = Habit(_leaves_an_exit_behind, "chat")
loop_stopper = Habit(_stops_the_loop, "chat")
takes_too_little = TakesTooLittle()
returns_none = ReturnsNone()
cancels = Cancels()


class NoCoroutine:
    declares = frozenset({"chat"})

    def run(self, task: Task, page: Any, model: Any) -> Reply:
        return Reply(text="")


class Undeclared:
    async def run(self, task: Task, page: Any, model: Any) -> Reply:
        return Reply(text="")


no_coroutine = NoCoroutine()
undeclared = Undeclared()
forum_only = Habit(_says_plainly, "forum")


async def _lingers(_task: Task, page: Any, _model: Any) -> str:
    """Say by a file that a case is under way, and look at its page until there is `go-on`."""
    await page.observe()
    with tempfile.NamedTemporaryFile(prefix="under-way-", dir=".", delete=False):
        pass
    while "go-on" not in os.listdir():
        await page.observe()
        await asyncio.sleep(0.1)
    await page.act(Goto(url="/"))
    return PLAIN


lingerer = Habit(_lingers)


async def _sleeps(_task: Task, _page: Any, _model: Any) -> str:
    await asyncio.sleep(0.5)
    return PLAIN


sleeper = Habit(_sleeps, "chat")
