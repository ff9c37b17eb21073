"""The pytest plugin: thin hooks around the run.

Cases start when collection has ended and run ahead on an event loop of their own; a test is an
ordinary function whose `outcome` fixture waits for its case.
"""

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

from comity.errors import ComityError
from comity.marks import CASE, DECORATORS, MARK, POOLED, VARIED, is_to_run
from comity.schema import TIERS, AnyOutcome, Mode, OpenFindingError, Status

if TYPE_CHECKING:
    from comity.cultural import Cultural
    from comity.run.results import Result
    from comity.statistics.voices import PooledVoices

CULTURAL = "cultural"

RUN: "pytest.StashKey[Cultural]" = pytest.StashKey()

OPEN: pytest.StashKey[str] = pytest.StashKey()
"""On a test's item: what it, or a subtest of it, was told of a finding that is open."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options and the settings."""
    group = parser.getgroup("comity", "cultural norms (comity)")
    group.addoption(
        "--agent",
        action="append",
        metavar="REFERENCE",
        help="agent under test, as path/to/file.py:name or module:name; repeatable",
    )
    group.addoption(
        "--model-url",
        action="append",
        metavar="URL",
        help="OpenAI-compatible endpoint, such as http://host:8000/v1; several are used in turn",
    )
    group.addoption(
        "--judge-url",
        action="append",
        metavar="URL",
        help="OpenAI-compatible endpoint of a model that judges what rules leave open",
    )
    for name, metavar, text in (
        ("model", "NAME", "the model's served name"),
        ("judge-model", "NAME", "the judge's served name"),
        ("judges", "FILE", "a panel of judges, as TOML, in the place of one"),
        ("judge-max-tokens", "N", "most tokens of one answer of a judge (default: 400)"),
        ("actions", "HOW", "tools, json or auto: how web agents write actions (default: auto)"),
        ("trials", "N", "how often each case is run (default: 1)"),
        ("concurrency", "N", "how many cases run at once (default: 16)"),
        ("temperature", "T", "sampling temperature (default: 0)"),
        ("seed", "N", "seed of the first trial (default: 0)"),
        ("case-timeout", "SECONDS", "longest time for one case (default: 900)"),
        ("agent-timeout", "SECONDS", "longest time of an agent's own in a case (default: 60)"),
        ("call-timeout", "SECONDS", "longest time for one answer of the model (default: 120)"),
        ("server-timeout", "SECONDS", "how long a model server may be silent (default: 30)"),
        ("tries", "N", "how often a call is tried that fails in passing (default: 8)"),
        ("token-budget", "N", "most tokens that the run may spend"),
        ("time-budget", "SECONDS", "longest time for all cases together"),
        ("shard", "K/N", "run the K-th of N parts of the cases; comity merge joins them"),
        ("log-json", "FILE", "write what happens as JSON, a line an event"),
        ("site-timeout", "SECONDS", "longest time for a site to answer, or a page (default: 30)"),
        ("robustness", "PROFILE", "how much is varied: smoke, standard or full (default: smoke)"),
        ("robustness-seed", "N", "draw other variations than those that every run has"),
        ("cultures", "A,B", "only norms of these cultures"),
        ("gate", "FILE", "a gate, as TOML, that decides in the place of the cultural failures"),
        (
            "baseline",
            "RUN",
            "the run, by folder or id, that [[regression]] is held against",
        ),
    ):
        group.addoption(f"--{name}", metavar=metavar, help=text)
    group.addoption(
        "--resume",
        nargs="?",
        const="latest",
        metavar="RUN",
        help="finish a run that was cut off: its id or folder (default: the latest)",
    )
    group.addoption("--no-cache", action="store_true", help="ask the model anew for every answer")
    group.addoption("--replay", action="store_true", help="take all answers from the call cache")
    for name, text in (
        ("judge-all", "have models judge also what the rules can tell"),
        ("judge-batched", "put all questions about a case to a judge at once"),
        ("allow-kin-judge", "let a model judge itself or its family; every report says so"),
    ):
        group.addoption(f"--{name}", action="store_true", help=text)
    group.addoption(
        "--browser-trace", action="store_true", help="keep a browser trace of every web case"
    )
    parser.addini("comity_suites", "folder of the suites", default="suites")
    parser.addini("comity_sites", "file of the sites", default="environments/sites.yaml")
    parser.addini("comity_reports", "folder of the reports", default="reports")
    parser.addini("comity_agents", "agents under test unless --agent is given", type="args")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks; under pytest-xdist, what its controller does."""
    config.addinivalue_line("markers", f"{CULTURAL}: asserts on an agent's respect for norms")
    config.addinivalue_line("markers", f"{MARK}(suite, *, modes): runs over a suite's cases")
    config.addinivalue_line("markers", f"{POOLED}(suite): runs over all answers of a suite at once")
    config.addinivalue_line("markers", f"{VARIED}(suite): runs over relations that a suite tries")
    for tier in TIERS:
        config.addinivalue_line("markers", f"{tier}: a case of the tier {tier} or of one before")
    if _is_worker(config):
        return
    if config.getoption("baseline") and not config.getoption("gate"):
        raise pytest.UsageError("--baseline is asked for by a gate alone: name one by --gate FILE")
    if config.getoption("gate"):
        from comity import gating

        config.pluginmanager.register(gating.Gating(config), gating.PLUGIN)
    if is_to_run(config) and config.getoption("tx", None):
        from comity.distributed.controller import Controller

        config.pluginmanager.register(Controller(config), "comity-controller")


def _cultural(config: pytest.Config) -> "Cultural":
    # Imported when a cultural test is met: other pytest runs must not pay for it.
    if _is_worker(config):
        from comity.distributed.worker import Worker

        return Worker(config)
    from comity.cultural import Cultural

    return Cultural(config)


def _is_worker(config: pytest.Config) -> bool:
    """Return whether this process is a worker of pytest-xdist."""
    return hasattr(config, "workerinput")


def _run(config: pytest.Config) -> "Cultural":
    """Return what does the work of cultural tests; it is there once one of them is met."""
    if RUN not in config.stash:
        config.stash[RUN] = _cultural(config)
        config.pluginmanager.register(config.stash[RUN], "comity-run")
    return config.stash[RUN]


def _is_marked_twice(node: pytest.Item, name: str) -> bool:
    """Return whether the marks that hold for a test stand in one place: none overrides another."""
    nodes = [holder for holder, _ in node.iter_markers_with_node(name)]
    return nodes.count(nodes[0]) > 1 if nodes else False


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize `outcome` by the ids of the cases that the test's mark selects."""
    mark = metafunc.definition.get_closest_marker(MARK)
    pooled = metafunc.definition.get_closest_marker(POOLED)
    varied = metafunc.definition.get_closest_marker(VARIED)
    if mark is None and pooled is None and varied is None:
        return
    config = metafunc.config
    run = _run(config)
    for name, decorator in DECORATORS.items():
        if _is_marked_twice(metafunc.definition, name):
            run.problems.append(
                f"{metafunc.definition.nodeid} is marked twice by {decorator}, and would run over "
                "what one of them selects; have one that selects all, or two tests"
            )
    for mode in mark.kwargs.get("modes", ()) if mark is not None else ():
        if mode not in list(Mode):
            run.problems.append(
                f"{metafunc.definition.nodeid}: @scenarios knows no mode {mode!r}; "
                f"there are: {', '.join(Mode)}"
            )
    marks = [getattr(pytest.mark, name) for name in (CULTURAL, *TIERS)]
    if pooled is not None:
        over = [pytest.param(suite, id=suite, marks=marks) for suite in pooled.args]
        metafunc.parametrize("voices", over, indirect=True)
    if varied is not None:
        tried = run.tried(*varied.args)
        over = [pytest.param(tried_id, id=tried_id, marks=marks) for tried_id in tried]
        metafunc.parametrize("relation", over, indirect=True)
    if mark is None:
        return
    parameters = [
        pytest.param(
            case.id,
            id=case.id,
            marks=[
                getattr(pytest.mark, name)
                for name in (CULTURAL, *TIERS[TIERS.index(case.request.tier) :])
            ],
        )
        for case in run.cases(*mark.args, **mark.kwargs)
    ]
    metafunc.parametrize("outcome", parameters, indirect=True)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Tell of a test that has a mark, and that pytest does not parametrize."""
    if not isinstance(item, pytest.Function) or hasattr(item, "callspec"):
        return
    if any(item.get_closest_marker(name) for name in DECORATORS):
        _run(item.config).problems.append(
            f"{item.nodeid}: @scenarios, @questions and @relations cannot be put on a method of "
            "unittest.TestCase; make it a function, or a method of a plain class"
        )


# The tests of a module that are over one case stand side by side, and share it: to set a fixture up
# takes pytest and Allure a good part of a test's time.
@pytest.fixture(scope="module")
def outcome(request: pytest.FixtureRequest) -> AnyOutcome:
    """The outcome of the test's case; the test waits for it."""
    if not hasattr(request, "param"):
        pytest.fail("the fixture `outcome` needs the mark @scenarios(suite)", pytrace=False)
    try:
        found = request.config.stash[RUN].hand_out(request.param)
    except ComityError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    if found.status in (Status.DORMANT, Status.UNAVAILABLE):
        pytest.skip(f"{found.status}: {found.reason}")
    if found.status in (Status.INFRASTRUCTURE_ERROR, Status.JUDGE_ERROR):
        pytest.fail(f"{found.status}: {found.reason}", pytrace=False)
    if found.status is Status.AGENT_ERROR:
        # Told here, before any fixture of the user's reads an answer that is not there.
        raise _AgentErred(f"agent_error: {found.reason}\n{found.story()}", pytrace=False)
    return found


@pytest.fixture
def voices(request: pytest.FixtureRequest) -> "PooledVoices":
    """Whose voices a suite's answers let speak, agent by agent; the test waits for all of them."""
    if not hasattr(request, "param"):
        told = "the fixture `voices` needs the mark @questions(suite, pooled=True)"
        pytest.fail(told, pytrace=False)
    try:
        return request.config.stash[RUN].voices(request.param)
    except ComityError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture
def relation(request: pytest.FixtureRequest) -> "Result":
    """What came of the test's relation; the test waits for all that were selected with it."""
    if not hasattr(request, "param"):
        pytest.fail("the fixture `relation` needs the mark @relations(suite)", pytrace=False)
    try:
        found = request.config.stash[RUN].result(request.param)
    except ComityError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    if found.troubles:
        pytest.fail("\n".join(found.troubles), pytrace=False)
    if not found.charge.n:
        why = found.undecided_since or "they were left open"
        pytest.skip(f"none of {found.undecided} examples could be compared: {why}")
    return found


class _AgentErred(pytest.fail.Exception):  # type: ignore[misc,name-defined]
    """The agent erred in the test's case: its test has failed, and is no error."""


def _outcome_of(item: pytest.Item) -> AnyOutcome | None:
    """Return the outcome that a test was given; None before that, and for any other test."""
    case_id = item.stash.get(CASE, None)
    return None if case_id is None else item.config.stash[RUN].handed_out.get(case_id)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Skip a test that would pass, one of whose subtests has read an open finding."""
    result = yield
    if OPEN in pyfuncitem.stash:
        pytest.skip(pyfuncitem.stash[OPEN])
    return result


# Around all others: Allure must see that it is the set-up that a report tells of.
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test whose agent erred; skip a test, or a subtest, that reads an open finding.

    Give the report the times of the case, which ran ahead of its test.
    """
    error = call.excinfo and call.excinfo.value
    if isinstance(error, OpenFindingError):
        item.stash[OPEN] = str(error)
        skipped = pytest.skip.Exception(str(error)).with_traceback(error.__traceback__)
        call.excinfo = pytest.ExceptionInfo.from_exception(skipped)
    report = yield
    if isinstance(error, _AgentErred):
        report.when = "call"  # what fails before that is an error
    found = _outcome_of(item)
    if found is None:
        return report
    if call.when == "call" or (call.when == "setup" and not report.passed):
        report.start, report.stop = found.timing.started, found.timing.stopped
        report.duration = report.stop - report.start
    elif call.when == "setup":
        report.duration = 0.0  # it waited for the case, whose time the call has
    return report
