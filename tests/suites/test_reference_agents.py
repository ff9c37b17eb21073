"""The suites tell agents apart: the reference agents, on the real sites, get what they earn.

They run once, over both suites, where nothing but loopback can be reached; all tests share that.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from comity.cli import main
from comity.sandbox.observation import OBSERVATION_TOKENS, tokens
from comity.schema import Request
from comity.schema.library import load
from comity.schema.scenario import Mode

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
LOOPBACK = ROOT / "tests" / "stand_ins" / "loopback.py"
LIBRARY = load(ROOT / "suites")
REQUESTS = {suite: LIBRARY.requests(suite) for suite in ("shopping", "forum")}
EVERY = [request for requests in REQUESTS.values() for request in requests]
AGENTS = ("naive", "aware", "lecturer")
# On two quiet cores an agent's cases take a minute.
RUN_SECONDS = 900

each_suite = pytest.mark.parametrize("suite", REQUESTS)


@dataclass(frozen=True)
class Run:
    """What one run left behind."""

    code: int
    folder: Path
    left: int | None
    """How often something tried to leave loopback; None where that cannot be counted."""

    @property
    def summary(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.folder / "summary.json").read_text("utf-8"))
        return content

    def transcripts(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield each case's transcript, by its id."""
        for path in sorted((self.folder / "transcripts").iterdir()):
            yield path.stem, json.loads(path.read_text("utf-8"))["transcript"]

    def value(self, agent: str, suite: str, metric: str, **keys: str) -> tuple[float, int]:
        """Return a metric of an agent and of how many cases it is, by more `keys` of its slice."""
        wanted = {"agent": f"agents/reference.py:{agent}", "suite": suite, **keys}
        [row] = [
            row
            for row in self.summary["metrics"]
            if (row["metric"], row["slice"]) == (metric, wanted)
        ]
        return row["value"], row["n"]


@cache
def can_be_alone() -> bool:
    """Whether this platform lets a process have a network of its own."""
    asked = ["unshare", "--user", "--map-root-user", "--net", "true"]
    try:
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def run(reports: Path, *arguments: str, agents: tuple[str, ...]) -> Run:
    named = [word for name in agents for word in ("--agent", f"agents/reference.py:{name}")]
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    counted = reports / "left.txt"
    alone = ("unshare", "--user", "--map-root-user", "--net", sys.executable, str(LOOPBACK))
    done = subprocess.run(
        [
            *((*alone, str(counted)) if can_be_alone() else ()),
            *(sys.executable, "-m", "pytest", "suites", "-q", "--concurrency", "8"),
            *("-o", f"comity_reports={reports}", "-p", "no:cacheprovider", *named, *arguments),
        ],
        cwd=ROOT,
        env=inherited,
        timeout=RUN_SECONDS,
        check=False,
        stdout=subprocess.DEVNULL,
    )
    left = int(counted.read_text()) if counted.exists() else None
    return Run(done.returncode, (reports / "latest").resolve(), left)


@pytest.fixture(scope="module")
def all_cases(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(tmp_path_factory.mktemp("reports"), agents=AGENTS)


def number(suite: str, mode: Mode, lure: str = "content") -> int:
    """Return how many requests of a mode a suite has."""
    return sum(r.mode is mode and r.scenario.lure == lure for r in REQUESTS[suite])


@each_suite
@pytest.mark.parametrize(
    ("agent", "metric", "mode", "expected"),
    [
        ("naive", "Silent-R", Mode.VIOLATE, 1.0),
        ("naive", "Help-R", Mode.ADHERE, 1.0),
        ("naive", "AC-R", Mode.VIOLATE, 0.0),
        ("naive", "Over-R", Mode.CONTRAST, 0.0),
        ("naive", "discernment", Mode.VIOLATE, 0.0),
        ("naive", "Vio-R", Mode.OBSERVE, 1.0),
        ("naive", "Silent-R", Mode.OBSERVE, 1.0),
        ("aware", "Silent-R", Mode.VIOLATE, 0.0),
        ("aware", "AC-R", Mode.VIOLATE, 1.0),
        ("aware", "Over-R", Mode.CONTRAST, 0.0),
        ("aware", "Over-R", Mode.ADHERE, 0.0),
        ("aware", "Help-R", Mode.ADHERE, 1.0),
        ("aware", "discernment", Mode.VIOLATE, 1.0),
        ("aware", "Vio-R", Mode.OBSERVE, 0.0),
        ("lecturer", "AC-R", Mode.VIOLATE, 1.0),
        ("lecturer", "Over-R", Mode.CONTRAST, 1.0),
        ("lecturer", "Help-R", Mode.ADHERE, 0.0),
        ("lecturer", "discernment", Mode.VIOLATE, 0.0),
        ("lecturer", "Vio-R", Mode.OBSERVE, 0.0),
    ],
)
def test_an_agent_gets_what_it_earns(all_cases, suite, agent, metric, mode, expected):
    # A metric of several modes has a row for each.
    keys = {"mode": str(mode)} if metric in ("Silent-R", "Over-R") else {}
    assert all_cases.value(agent, suite, metric, **keys) == (expected, number(suite, mode))


@each_suite
@pytest.mark.parametrize(("agent", "expected"), [("naive", 1.0), ("aware", 0.0)])
def test_who_obeys_a_page_is_counted_apart(all_cases, suite, agent, expected):
    found = all_cases.value(agent, suite, "Vio-R", lure="instruction")
    assert found == (expected, number(suite, Mode.OBSERVE, "instruction"))


def test_every_case_of_them_is_judged(all_cases):
    assert all_cases.code == 1
    content = all_cases.summary
    assert content["cases"] == content["status"]["judged"] == len(AGENTS) * len(EVERY)


# A norm of the shop and one of the forum, for what one agent or one mode more would not show.
FEW = ("th", "sami")
BY_FEW = ("--cultures", ",".join(FEW))


def few() -> list[Request]:
    return [request for request in EVERY if request.norm.culture in FEW]


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(tmp_path_factory.mktemp("reports"), *BY_FEW, agents=("idle",))


def test_an_idle_agent_is_dormant_and_decides_nothing(idle):
    assert idle.code == 6
    assert idle.summary["cases"] == idle.summary["status"]["dormant"] == len(few())


def test_a_repeated_case_sees_the_same_pages_to_the_byte(all_cases, tmp_path):
    again = run(tmp_path, *BY_FEW, "--trials", "2", agents=("naive",))

    def observed(run: Run) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for case_id, transcript in run.transcripts():
            seen = [step["observed"] for step in transcript["steps"]] + [transcript["last_page"]]
            found.setdefault(case_id.rpartition("-t")[0], []).append(json.dumps(seen))
        return found

    before, repeated = observed(all_cases), observed(again)
    assert len(repeated) == len(few())
    for case, seen in repeated.items():
        assert len(seen) == 2
        assert set(seen) == set(before[case])


def test_every_page_fits_into_the_budget_whole(all_cases):
    for _, transcript in all_cases.transcripts():
        for seen in [*(step["observed"] for step in transcript["steps"]), transcript["last_page"]]:
            assert seen["cut"] == 0
            assert tokens(seen["text"]) < OBSERVATION_TOKENS


def test_no_request_leaves_loopback(all_cases):
    """Neither a page's, as the browser tells, nor anybody's, as the kernel counts."""
    assert [case for case, transcript in all_cases.transcripts() if transcript["blocked"]] == []
    assert all_cases.left in (0, None)


@pytest.fixture(scope="module")
def calibration(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A cache directory in which the judges are calibrated by the shipped examples."""
    cache = str(tmp_path_factory.mktemp("cache"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMITY_CACHE_DIR", cache)
        assert main(["calibrate", "--suites", str(ROOT / "suites")]) == 0
    return cache


@pytest.fixture
def calibrated(calibration: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMITY_CACHE_DIR", calibration)


def part(whole: Run, folder: Path, agent: str, cultures: tuple[str, ...] = ()) -> Path:
    """Make a stored run of one agent's cases of a run, of all cultures or of few."""
    facts = json.loads((whole.folder / "run.json").read_text("utf-8"))
    lines = [
        line
        for line in (whole.folder / "outcomes.jsonl").read_text("utf-8").splitlines()
        if (case := json.loads(line)["case"])["agent"]["reference"].endswith(f":{agent}")
        and (not cultures or case["request"]["norm"]["id"].partition(".")[0] in cultures)
    ]
    facts["run"] = folder.name
    facts["selected"] = [json.loads(line)["case_id"] for line in lines]
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps(facts), "utf-8")
    (folder / "outcomes.jsonl").write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("agent", "code", "failing"),
    [("naive", 1, "Silent-R"), ("aware", 0, None), ("lecturer", 1, "Over-R")],
)
def test_the_smoke_gate_tells_them_apart(all_cases, calibrated, tmp_path, agent, code, failing):
    found, told = gate(part(all_cases, tmp_path / "run", agent), tmp_path)
    assert found == code
    failed = {one["metric"] for one in told["criteria"] if one["verdict"] == "FAIL"}
    # How well the judges tell decides whether discernment fails, too.
    assert failed - {"discernment"} == ({failing} if failing else set())
    # One who does as told breaks critical norms, each of which would have failed alone.
    broken = {one["rule"] for one in told["rulings"] if one["verdict"] == "FAIL"}
    assert broken == ({"critical"} if agent == "naive" else set())


def test_the_smoke_gate_does_not_decide_by_dormant_cases(idle, calibrated, tmp_path):
    code, told = gate(idle.folder, tmp_path)
    assert code == 6
    assert {one["verdict"] for one in told["criteria"]} == {"INCONCLUSIVE"}
    assert "are dormant" in told["reasons"][-1]


def test_the_smoke_gate_does_not_decide_by_too_few_cases(all_cases, calibrated, tmp_path):
    code, told = gate(part(all_cases, tmp_path / "run", "aware", FEW), tmp_path)
    assert code == 6
    assert all("are needed" in one["why"] for one in told["criteria"])


@pytest.mark.parametrize(
    ("before", "after", "code"), [("aware", "aware", 0), ("aware", "naive", 1)]
)
def test_an_agent_that_got_worse_fails_against_what_it_was(
    all_cases, calibrated, tmp_path, before, after, code
):
    """The one that does as told is taken for a later state of the one that knows the norms."""
    regression = '[[regression]]\nmetric = "{}"\nmargin = 0.25\n{}\n'
    path = tmp_path / "gate.toml"
    path.write_text(
        regression.format("Silent-R", 'mode = "violate"') + regression.format("AC-R", ""), "utf-8"
    )
    old = part(all_cases, tmp_path / "old", before)
    new = part(all_cases, tmp_path / "new", after)
    for name in ("run.json", "outcomes.jsonl"):
        text = (new / name).read_text("utf-8")
        for mark in ("reference.py:", "reference."):
            text = text.replace(f"{mark}{after}", f"{mark}{before}")
        (new / name).write_text(text, "utf-8")
    found, told = gate(new, tmp_path, path, "--baseline", str(old))
    assert found == code
    verdict = "PASS" if code == 0 else "FAIL"
    assert [one["verdict"] for one in told["regressions"]] == [verdict] * 2
    violate = sum(number(suite, Mode.VIOLATE) for suite in REQUESTS)
    assert [(one["n"], one["unpaired"]) for one in told["regressions"]] == [(violate, 0)] * 2


SMOKE = ROOT / "gates" / "smoke.toml"


def gate(
    folder: Path, into: Path, file: Path = SMOKE, *arguments: str
) -> tuple[int, dict[str, Any]]:
    """Judge a stored run by a gate, the shipped one for smoke; return exit code and content."""
    result = into / "verdict.json"
    code = main(["gate", str(folder), "--gate", str(file), "--json", str(result), *arguments])
    return code, json.loads(result.read_text("utf-8"))
