"""The judges of a run: found, refused where they are kin of what they judge, and put together."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager

from comity.errors import ConfigurationError
from comity.judges import panel as panels
from comity.judges.kinship import kinship
from comity.judges.panel import JudgeSpec, Panel, PanelSpec
from comity.judges.verdict import Pipeline
from comity.models.budget import Budget
from comity.models.call_cache import CallCache
from comity.models.client import ChatModel
from comity.run.settings import Settings


@asynccontextmanager
async def pipeline(settings: Settings) -> AsyncIterator[Pipeline]:
    """Open what is to judge, with a call cache of its own, and close both.

    Raises:
        ConfigurationError: a judge does not answer.
    """
    async with AsyncExitStack() as opened:
        cache: CallCache | None = None
        if settings.has_judges and not settings.no_cache:
            cache = await asyncio.to_thread(CallCache)
            opened.push_async_callback(asyncio.to_thread, cache.close)
        judging = await open_pipeline(settings, cache)
        if judging.panel is not None:
            opened.push_async_callback(judging.panel.close)
        yield judging


async def open_pipeline(
    settings: Settings,
    cache: CallCache | None,
    tested: Iterable[str] = (),
    budget: Budget | None = None,
) -> Pipeline:
    """Return what is to judge: rules, and the models that the settings name.

    `tested` are the names of the models under test. Whoever opens it closes its panel.

    Raises:
        ConfigurationError: a judge does not answer, or is kin of a model under test.
    """
    spec = _spec(settings)
    if spec is None:
        return Pipeline()
    budget = budget or Budget(settings.token_budget)
    async with AsyncExitStack() as opened:
        models = []
        for judge in spec.judge:
            models.append(await _connect(judge, settings, cache, budget))
            opened.push_async_callback(models[-1].close)
        kin = _kin(models, list(tested), settings)
        panel = Panel(
            models,
            spec.rule,
            batched=settings.judge_batched,
            max_tokens=settings.judge_max_tokens,
            kin=kin,
        )
        opened.pop_all()
    return Pipeline(panel, everything=settings.judge_all)


def _spec(settings: Settings) -> PanelSpec | None:
    if settings.judges is not None:
        return panels.load(settings.judges)
    if not settings.judge_url:
        return None
    return PanelSpec(judge=(JudgeSpec(url=settings.judge_url, model=settings.judge_model),))


async def _connect(
    judge: JudgeSpec, settings: Settings, cache: CallCache | None, budget: Budget | None
) -> ChatModel:
    calls = settings.judge_calls(judge.api_key())
    if settings.replay and cache is not None:
        return await ChatModel.replay(judge.url, judge.model, cache, calls, role="judge")
    return await ChatModel.connect(
        judge.url, judge.model, calls, cache=cache, role="judge", budget=budget
    )


def _kin(models: Iterable[ChatModel], tested: list[str], settings: Settings) -> dict[str, str]:
    """Return which judges are kin of the models under test, and by what.

    Raises:
        ConfigurationError: one is, and that is not allowed.
    """
    found = {
        model.name: common
        for model in models
        if (common := kinship(model.names, tested)) is not None
    }
    for name, common in found.items() if not settings.allow_kin_judge else ():
        raise ConfigurationError(
            f"the judge {name} would judge its own kind: {common}. Models rate that too kindly; "
            "name another by --judge-url, or allow it by --allow-kin-judge, and every report "
            "will say so"
        )
    return found
