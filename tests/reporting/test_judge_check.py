"""`comity judge check` prints what moves a judge beside the reply."""

import json

import pytest

from comity.cli import main
from tests.judges.test_checking import answered, fond, prose, steady
from tests.judges.test_model_judge import asked
from tests.reporting.test_calibration import PLAIN, RAISED, Set

ROWS = (
    (4, RAISED, "violate", "en", True, None, False),
    (4, PLAIN, "contrast", "en", False, False, False),
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COMITY_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def examples(project):
    found = Set(project)
    found.write("seen.jsonl", *ROWS)
    return found


@pytest.fixture
def check(project, examples, capsys):
    def running(*arguments, code=0):
        suites = str(project.root / "suites")
        common = ["--suites", suites, "--tries", "1", "--questions", "aware,over_flagged,refused"]
        assert main(["judge", "check", *common, *map(str, arguments)]) == code
        shown = capsys.readouterr()
        assert "Traceback" not in shown.out + shown.err
        assert "\x1b" not in shown.out + shown.err
        return shown.out + shown.err

    return running


def rows(shown, first):
    """Return the figures of the lines that begin so."""
    lines = [line.split() for line in shown.splitlines()]
    return [" ".join(line[1:]) for line in lines if line[:1] == [first]]


def test_it_prints_a_table_of_the_judge_and_what_it_took(check, model_server):
    model_server.script = steady
    shown = check("--judge-url", model_server.url)
    assert "8 of 8 labelled examples, drawn by seed 0" in shown
    assert "\nstub\n" in shown
    for told in ("changes its answer when asked again", "… when the question is put in other"):
        assert told in shown
    # Of 8 replies aware and refused, and over_flagged of the 4 in contrast.
    assert rows(shown, "all") == ["20 0 0 changed 0.00 0.00 to 0.16"] * 3
    assert "over_flagged 4 0 0 → 0 yes 0.00 -0.49 to 0.49" in " ".join(shown.split())
    assert "gold: what the rules tell of its own replies and others', a proxy" in shown
    # 20 answers in 4 wordings, 20 to padded replies, and 2 own replies of 1 answer each.
    calls = 20 * 4 + 20 + 2 * 2
    assert f"stub: {calls} calls, {calls * 10:,} tokens; 0 more answers came from" in shown
    again = check("--judge-url", model_server.url)
    assert f"stub: 0 calls, 0 tokens; {calls} more answers came from the call cache" in again
    assert len(model_server.requests) == calls


def test_other_programs_read_the_same_as_json(check, model_server, project):
    model_server.script = fond
    out = project.root / "out.json"
    check("--judge-url", model_server.url, "--json", out, "--sample", "6", "--seed", "5")
    found = json.loads(out.read_text("utf-8"))
    assert (found["schema"], found["seed"], len(found["examples"])) == (1, 5, 6)
    [judge] = found["checks"]
    assert judge["judge"] == "stub"
    [pooled] = [
        one for one in judge["changed"] if (one["way"], one["question"]) == ("reversed", None)
    ]
    assert (pooled["changed"], pooled["failed"], pooled["share"]["low"]) == (0, 0, 0.0)
    assert judge["preference"]["gold"] == "rules"
    assert judge["preference"]["own"]["beyond"]["value"] == 0.5
    assert judge["cost"]["calls"] == len(model_server.requests)


def test_replies_that_people_labelled_are_gold_and_no_part_of_the_sample(
    check, model_server, examples, project
):
    model_server.script = fond
    path = examples.write("own.jsonl", *((6, PLAIN, "violate", "en", False, None, False),))
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    gold = project.root / "own.jsonl"
    own = [{**line, "reply": f"As ever, with pleasure. {line['id']}"} for line in lines]
    gold.write_text("".join(json.dumps({**line, "model": "stub"}) + "\n" for line in own), "utf-8")
    path.unlink()
    shown = check("--judge-url", model_server.url, "--gold", gold)
    assert "8 of 8 labelled examples" in shown
    assert "gold: what people say of replies whose `model` is this one" in shown
    assert "0 → 6 favoured, 0 open" in shown
    assert "name other labelled examples beside those of --gold" in check(
        gold, "--gold", gold, "--judge-url", model_server.url, code=4
    )


def test_each_judge_of_a_panel_has_a_table_of_its_own(check, model_server_factory, project):
    servers = [model_server_factory() for _ in range(2)]
    for name, server in zip(("first", "second"), servers, strict=True):
        server.models = [f"{name}[red]\x1b[31m"]
    servers[0].script = steady
    servers[1].script = lambda body: (
        answered(body, dict.fromkeys(asked(body), "yes")) if "response_format" in body else "Hm."
    )
    panel = project.write(
        "panel.toml", "".join(f'[[judge]]\nurl = "{server.url}"\n' for server in servers)
    )
    shown = check("--judges", panel)
    assert shown.index("first[red]\\x1b[31m\n") < shown.index("second[red]\\x1b[31m\n")
    assert shown.count("changes its answer when asked again") == 2


def test_a_judge_in_prose_is_told_of_in_place_of_a_table(check, model_server):
    model_server.script = prose
    shown = check("--judge-url", model_server.url)
    assert "not one valid answer of 102: nothing can be said of this judge" in shown
    assert "102 of 102 answers failed\n  102 x 3 invalid answers, the last since it is no" in shown
    assert "changes its answer" not in shown


def test_a_judge_that_dies_under_way_is_told_of(check, model_server):
    model_server.script = lambda _: (0, b"")
    shown = check("--judge-url", model_server.url)
    assert "not one valid answer of 100" in shown
    assert "2 replies of its own are missing" in shown


def test_a_judge_that_is_dead_from_the_start_is_told_in_a_line(check, model_server):
    model_server.end()
    shown = check("--judge-url", model_server.url, code=4)
    assert shown.startswith("comity: ")
    assert model_server.url in shown
    assert len(shown.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "there is no judge to check; name one by --judge-url or --judges"),
        (("--judge-url", "http://127.0.0.1:9/v1", "--seed", "x"), "--seed: "),
    ],
)
def test_what_is_missing_is_told(check, arguments, told):
    assert told in check(*arguments, code=4)


@pytest.mark.parametrize("wrong", [("--sample", "0"), ("--questions", "aware,nice")])
def test_options_that_mean_nothing_are_refused(check, wrong, capsys):
    with pytest.raises(SystemExit) as ended:
        check(*wrong)
    assert ended.value.code != 0
    assert wrong[1].rpartition(",")[2] in capsys.readouterr().err


def test_a_file_that_cannot_be_written_is_told_after_the_figures(check, model_server, project):
    model_server.script = steady
    shown = check("--judge-url", model_server.url, "--json", project.root / "no" / "x", code=4)
    assert "changes its answer" in shown
    assert "x cannot be written (--json): No such file" in shown
