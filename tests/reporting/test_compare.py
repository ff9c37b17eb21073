"""`comity compare`: stored runs are found, paired and told of, for people and for programs."""

import json

import pytest

from comity.cli import main
from comity.run.store import Store
from tests.statistics.test_gate import AGENT, case, several, silent

PIPELINE = "a" * 64


@pytest.fixture
def keep(tmp_path, monkeypatch):
    """Keeps a run in the reports of the present folder; gives its id."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def kept(outcomes, **facts):
        store = Store.create(tmp_path / "reports", {"pipeline": PIPELINE, **facts})
        store.point_latest()
        for outcome in outcomes:
            store.append(outcome).result()
        return store.id

    return kept


@pytest.fixture
def compare(capsys):
    def run(*arguments):
        code = main(["compare", *map(str, arguments)])
        return code, *capsys.readouterr()

    return run


def test_a_change_for_the_worse_is_told_first_with_its_cases(keep, compare):
    base = keep([*silent(0, 12), case(number=50, severity="critical", breach="none")])
    keep([*silent(12, 12), case(number=50, severity="critical", breach="silent")])
    code, out, err = compare(base, "latest")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == f"What changed since {base}"
    assert lines[4].strip() == f"worse: Silent-R 0.00 to 1.00, {AGENT}, violate"
    assert "New silent breaches: 13" in lines
    first = lines.index("New silent breaches: 13") + 1
    assert lines[first].strip().startswith("critical, was none: cn.gift.clock.s50-violate")
    assert "and 1 more" in lines[first + 12]


def test_two_runs_of_the_same_change_nothing_and_say_so(keep, compare):
    base = keep(silent(3, 12))
    new = keep(silent(3, 12))
    code, out, _ = compare(base, new)
    assert code == 0
    assert "nothing changed that chance could not have done" in out
    assert "No silent breach is new, and none is fixed" in out
    assert "What else differed: nothing" in out


def test_a_run_is_named_by_folder_by_id_or_as_the_latest(keep, compare, tmp_path):
    base, new = keep(silent(0, 2)), keep(silent(2, 2))
    folder = tmp_path / "reports" / "runs" / base
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "reports").rename(elsewhere)
    assert compare(base, new)[0] == 4
    told = {
        compare(*names, "--reports", elsewhere)[1]
        for names in (
            (elsewhere / "runs" / base, new),
            (base, "latest"),
            (base, elsewhere / "latest"),
        )
    }
    assert len(told) == 1
    assert folder.name in told.pop()


def test_what_is_no_run_is_bad_input_that_names_the_runs_there_are(keep, compare, tmp_path):
    base = keep(silent(0, 2))
    code, out, err = compare(base, "20990101-000000-ffffff")
    assert (code, out) == (4, "")
    assert "there is no run '20990101-000000-ffffff'" in err
    assert f"the newest: {base}" in err
    (tmp_path / "empty").mkdir()
    assert "empty is no run: it has no run.json" in compare(base, "empty")[2]


def test_runs_without_a_common_case_are_bad_input_that_says_why(keep, compare):
    base = keep(silent(0, 2), agents=[{"reference": AGENT}])
    other = keep(several(2, agent="agents/other.py:one", breach="none"))
    code, out, err = compare(base, other)
    assert (code, out) == (4, "")
    assert "no case in common" in err
    assert f"2 cases about norms, of {AGENT}" in err
    assert compare(base, keep([]))[0] == 4


def test_words_measured_by_other_rulers_are_told_loudly_and_not_decided(keep, compare):
    base = keep(several(20, aware=True, breach="none"))
    new = keep(several(20, aware=False, breach="none"), pipeline="b" * 64)
    _, out, _ = compare(base, new)
    assert "WORDS WERE MEASURED BY OTHER RULERS" in out
    assert "worse" not in out.replace("better or worse is said", "")
    assert "other rulers" in next(line for line in out.splitlines() if line.startswith(" AC-R"))
    assert "judges' pipeline" in out
    unknown = keep(several(20, aware=False, breach="none"), pipeline=None)
    assert "OTHER RULERS" in compare(unknown, unknown)[1]


def test_cases_that_do_not_pair_or_ended_otherwise_are_counted_and_named(keep, compare):
    base = keep([*silent(0, 3), case(number=7), case(number=8, breach="none")])
    changed = {"breach": {"basket": {"tag": "clock"}}}
    new = keep(
        [
            *silent(0, 3),
            case(number=8, status="agent_error"),
            case(number=9),
            case(number=1, breach="none", lured=changed, scenario="cn.gift.clock.s1"),
        ]
    )
    _, out, _ = compare(base, new)
    told = " ".join(out.split())
    assert "1 case ended judged in base, agent error in new: cn.gift.clock.s8-violate" in told
    assert "1 case in base only: cn.gift.clock.s7-violate" in told
    assert "1 case in new only: cn.gift.clock.s9-violate" in told
    assert "1 case of the same id, but asked otherwise" in told


def test_what_else_differed_is_a_readable_list(keep, compare):
    agent = {"reference": AGENT, "declares": ["shop", "chat"], "oracle": False}
    base = keep(
        silent(0, 2),
        settings={"temperature": 0.0, "seed": 0},
        model={"name": "one", "urls": ["http://127.0.0.1:1"]},
        agents=[agent, {"reference": "agents/a.py:gone", "declares": ["chat"]}],
        git={"revision": "c" * 40, "changed": False},
    )
    new = keep(
        silent(0, 2),
        settings={"temperature": 0.7, "seed": 0},
        model={"name": "two", "urls": ["http://127.0.0.1:1"]},
        agents=[{**agent, "declares": ["chat", "shop"]}],
        git={"revision": "d" * 40, "changed": False},
        selected=["x"],
        parts=[{"run": "20260101-000000-a"}, {"run": "20260101-000000-b"}],
    )
    _, out, _ = compare(base, new)
    rows = [line.split() for line in out[out.index("What else differed") :].splitlines()]
    assert ["model:", "name", "one", "two"] in rows
    assert ["settings:", "temperature", "0.0", "0.7"] in rows
    assert ["number", "of", "shards", "-", "2"] in rows
    assert ["git:", "revision", "cccccccccccc…", "dddddddddddd…"] in rows
    assert ["agents:", "agents/a.py:gone:", "in", "the", "run", "true", "-"] in rows
    assert not any("seed" in row or "selected" in row or "urls" in row for row in rows)
    assert not any(AGENT in part for row in rows for part in row)


def test_other_programs_read_all_of_it(keep, compare, tmp_path):
    base, new, third = keep(silent(0, 20)), keep(silent(20, 20)), keep(silent(1, 20))
    path = tmp_path / "compared.json"
    assert compare(base, new, third, "--json", path)[0] == 0
    told = json.loads(path.read_text("utf-8"))
    assert told["base"] == base
    assert [one["run"] for one in told["comparisons"]] == [new, third]
    first, second = told["comparisons"]
    [row] = [row for row in first["headline"] if row["metric"] == "Silent-R"]
    assert (row["n"], row["norms"], row["difference"], row["course"]) == (20, 20, 1, "worse")
    assert row["slice"] == {"agent": AGENT, "mode": "violate"}
    assert len(first["appeared"]) == 20
    assert [row["course"] for row in second["headline"]] == [None] * len(second["headline"])
    code, _, complaint = compare(base, new, "--json", tmp_path / "none" / "x.json")
    assert (code, "cannot be written (--json)" in complaint) == (4, True)


def test_finer_slices_are_shown_where_they_changed_or_where_asked(keep, compare):
    runs = [[*silent(0, 6), *several(6, culture="jp", breach="none")] for _ in range(2)]
    base, new = map(keep, runs)
    assert "culture jp" not in compare(base, new)[1]
    assert "culture jp" in compare(base, new, "--slices")[1]
    broken = [*silent(0, 30), *several(40, culture="jp", breach="silent")]
    base = keep([*silent(0, 30), *several(40, culture="jp", breach="none")])
    assert "culture jp" in compare(base, keep(broken))[1]


def test_markdown_says_the_same_and_nothing_in_it_acts(keep, compare):
    agent = "agents/x|y`<script>.py:a"
    base = keep(several(12, agent=agent, breach="none"), settings={"note": "<img src=x> @all"})
    new = keep(several(12, agent=agent, breach="silent"), settings={"note": "[a](http://b)\n# x"})
    code, out, _ = compare(base, new, "--markdown")
    assert code == 0
    assert out.startswith(f"## What changed since `{base}`\n")
    assert "| `Silent-R` | `violate` | 12 | 12 | 0.00 | 1.00 | +1.00 |" in out
    assert "- **worse: Silent-R 0.00 to 1.00,** `` agents/x|y`<script>.py:a ``" in out
    assert "\n# x" not in out
    assert "`<img src=x> @all`" in out


def test_no_name_forges_a_line(keep, compare):
    agent = "agents/x\x1b[2J.py:a\n  worse: all \u202eof it"
    base = keep(several(2, agent=agent, breach="none"), settings={"note": "a\nworse: b"})
    new = keep(several(2, agent=agent, breach="silent"), settings={"note": "[red]c[/red]"})
    _, out, _ = compare(base, new)
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "[red]c[/red]" in out
    assert not any(line.lstrip().startswith("worse:") for line in out.splitlines())


@pytest.mark.parametrize("agents", [[{"declares": []}], {"a": 1}, "x", [None]])
def test_a_damaged_run_is_told_in_a_line(keep, compare, agents):
    base = keep(silent(0, 2))
    other = keep(silent(0, 2), agents=agents)
    code, out, err = compare(base, other)
    assert (code, out, err) == (4, "", "comity: run.json cannot be read: its `agents` are none\n")


def test_its_help_says_what_the_exit_codes_mean(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["compare", "--help"])
    assert ended.value.code == 0
    assert "exit code" in " ".join(capsys.readouterr().out.split())
