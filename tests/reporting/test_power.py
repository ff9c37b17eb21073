"""`comity power`: what the scenarios at hand, or those of a run, would show."""

import json

import pytest

from comity.cli import main
from comity.run.store import Store
from tests.conftest import ROOT
from tests.statistics.test_gate import AGENT, case, several

SUITES = ROOT / "suites"


@pytest.fixture
def power(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        path = tmp_path / "power.json"
        code = main(["power", *map(str, arguments), "--json", str(path)])
        content = json.loads(path.read_text("utf-8")) if code == 0 else {}
        return code, content, *capsys.readouterr()

    return run


def of_metric(content, metric, **where):
    [found] = [
        one
        for one in content["metrics"]
        if one["metric"] == metric and where.items() <= one["slice"].items()
    ]
    return found


def test_a_gates_bounds_take_as_many_clean_norms_as_its_comments_say(power):
    for gate, norms in (("smoke", 12), ("release", 73)):
        _, content, out, _ = power("--suites", SUITES, "--gate", ROOT / "gates" / f"{gate}.toml")
        first = content["criteria"][0]
        assert (first["clean"], first["norms"], first["requests"]) == (norms, 24, 31)
        assert first["asked"].startswith("Silent-R at most")
        assert "it is norms that count" in out
        assert content["correlation"]["value"] == 0.5


def test_a_true_rate_takes_more_and_repeats_save_few_of_them(power, tmp_path):
    gate = tmp_path / "gate.toml"
    gate.write_text(
        '[[criterion]]\nmetric = "Silent-R"\nmode = "violate"\nat_most = 0.1\n'
        '[[regression]]\nmetric = "Silent-R"\nmode = "violate"\nmargin = 0.1\n'
    )
    _, content, out, _ = power("--suites", SUITES, "--gate", gate, "--true-rate", 0.03)
    criterion, regression = content["criteria"]
    assert criterion["clean"] < criterion["repeated"] < criterion["once"]
    assert f"{criterion['repeated']} ({4 * criterion['repeated']} cases)" in out
    assert (regression["clean"], regression["once"]) == (criterion["clean"], None)
    hopeless = power("--suites", SUITES, "--gate", gate, "--true-rate", 0.1)[1]["criteria"][0]
    assert hopeless["once"] is None


@pytest.mark.long
def test_the_scenarios_at_hand_show_large_changes_only_and_more_norms_help_most(power):
    code, content, out, _ = power("--suites", SUITES, "--suite", "shopping", "--trials", 2)
    assert code == 0
    found = of_metric(content, "Silent-R", mode="violate")
    assert (found["norms"], found["cases"], found["wrong"]) == (12, 32, 0.1)
    assert found["twice_the_norms"] < found["twice_the_trials"] < found["smallest"]
    assert found["power"] < 0.2
    assert "Edu-R and Wrong-R hang on how many replies are aware" in out
    assert "an assumption" in out


def test_a_run_is_planned_by_its_own_rates_and_correlation(power, tmp_path):
    store = Store.create(tmp_path / "reports", {})
    store.point_latest()
    for number in range(40):
        for trial in (1, 2, 3):
            # A norm's trials all go one way, in the half of them.
            broken = "silent" if number % 2 else "none"
            outcome = case(number=number, trial=trial, breach=broken, aware=number % 2 == 0)
            store.append(outcome).result()
    code, content, out, _ = power("latest")
    assert code == 0
    assert content["correlation"] == {"value": 1.0, "origin": "as in that run"}
    found = of_metric(content, "Silent-R", agent=AGENT)
    assert (found["norms"], found["cases"], found["wrong"]) == (40, 120, 0.5)
    assert found["smallest"] == found["twice_the_trials"] > found["twice_the_norms"]
    assert AGENT in out


def test_a_change_for_which_there_is_no_room_has_no_power(power, tmp_path):
    store = Store.create(tmp_path / "reports", {})
    for outcome in several(6, breach="silent"):
        store.append(outcome).result()
    _, content, out, _ = power(store.id, "--change", 0.5, "--icc", 1)
    found = of_metric(content, "Silent-R")
    assert (found["wrong"], found["power"], found["smallest"]) == (0.875, None, None)
    assert content["correlation"] == {"value": 1.0, "origin": "as given"}
    assert "none" in out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("no-such-run",), "there is no run 'no-such-run'"),
        (("--suites", SUITES, "--suite", "none"), "there is no suite 'none'"),
        (("--suites", SUITES, "--suite", "worldview"), "worldview has no scenario of norms"),
        (("--suites", SUITES, "--true-rate", "0.1"), "name one by --gate"),
        (("--gate", "none.toml"), "none.toml"),
    ],
)
def test_bad_input_is_told_in_a_line(power, arguments, complaint):
    code, _, out, err = power(*arguments)
    assert (code, out) == (4, "")
    assert complaint in err


@pytest.mark.parametrize(
    "arguments", [("--icc", "2"), ("--wrong", "nan"), ("--trials", "0"), ("--change", "x")]
)
def test_numbers_out_of_range_are_refused(power, arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        power(*arguments)
    assert ended.value.code == 2
    assert arguments[1] in capsys.readouterr().err


def test_a_run_without_norms_has_nothing_to_plan_by(power, tmp_path):
    store = Store.create(tmp_path / "reports", {})
    store.point_latest()
    assert "has no case about a norm" in power("latest")[3]
    for outcome in several(2, suite="forum"):
        store.append(outcome).result()
    assert "has no case about a norm" in power("latest", "--suite", "shopping")[3]


def test_a_run_of_which_nothing_counts_has_no_rate_to_plan_by(power, tmp_path):
    store = Store.create(tmp_path / "reports", {})
    store.point_latest()
    store.append(case(status="infrastructure_error")).result()
    code, _, _, err = power("latest")
    assert code == 4
    assert "no metric counts any of its cases" in err


def test_more_cases_of_a_norm_than_can_be_planned_by_are_refused(power, tmp_path):
    store = Store.create(tmp_path / "reports", {})
    store.point_latest()
    for trial in range(1, 12):
        store.append(case(breach="silent", trial=trial)).result()
    code, _, _, err = power("latest", "--trials", 100)
    assert code == 4
    assert "1100 cases of one norm, with these --trials; 500 at most" in err


def test_its_help_says_what_the_exit_codes_mean(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["power", "--help"])
    assert ended.value.code == 0
    assert "exit code" in " ".join(capsys.readouterr().out.split())
