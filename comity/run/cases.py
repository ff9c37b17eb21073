"""Which cases there are: every request × every agent that fits it × every trial."""

import difflib
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from comity.errors import ConfigurationError
from comity.run.agents import Agent
from comity.schema import AgentCard, Case, Mode, OpenCase, OpenRequest, Request
from comity.schema.library import Suite

CHAT = "chat"
WORLDVIEW = "worldview"


def check_site(
    suite_file: Path, suite: Suite, sites: Collection[str], agents: Iterable[Agent]
) -> None:
    """Refuse a suite whose site is none of the project's: no agent would be put to it there.

    Where no site is described, or no agent acts on one, the suite may be meant for chat alone.

    Raises:
        ConfigurationError: there is no such site.
    """
    acts = any(agent.card.declares - {CHAT, WORLDVIEW} for agent in agents)
    if suite.site is None or not sites or suite.site in sites or not acts:
        return
    near = difflib.get_close_matches(suite.site, sites, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(sites))}"
    raise ConfigurationError(f"{suite_file}: site: there is no site {suite.site!r}; {hint}")


def site_of(suite: Suite, agent: AgentCard) -> str | None:
    """Return the site on which the agent acts in the suite; None where it only chats."""
    return suite.site if suite.site in agent.declares else None


def fits(suite: Suite, agent: AgentCard) -> bool:
    """Return whether the agent can be put to the suite: on its site, or else in chat."""
    if suite.open:
        return WORLDVIEW in agent.declares
    return site_of(suite, agent) is not None or (suite.chat and CHAT in agent.declares)


def cases(
    suite: Suite,
    requests: Iterable[Request],
    agents: Sequence[Agent],
    trials: int,
) -> list[Case]:
    """Return the cases of a suite, request by request; their model is known once it is served."""
    return [
        Case(request=request, agent=agent.card, site=site, model=None, trial=trial)
        for request in requests
        for agent in agents
        if fits(suite, agent.card)
        # In chat there is no page that could mislead.
        if (site := site_of(suite, agent.card)) is not None or request.mode is not Mode.OBSERVE
        for trial in range(1, trials + 1)
    ]


def open_cases(
    requests: Iterable[OpenRequest], agents: Sequence[Agent], trials: int
) -> list[OpenCase]:
    """Return the cases of open questions, question by question."""
    return [
        OpenCase(request=request, agent=agent.card, model=None, trial=trial)
        for request in requests
        for agent in agents
        if WORLDVIEW in agent.card.declares
        for trial in range(1, trials + 1)
    ]
