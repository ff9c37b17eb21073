"""Open questions are cases as all others are: run ahead, kept, told of; but of no norm."""

import json

import pytest

from comity.cli import main
from tests.conftest import UNDER_XDIST, XDIST, Finished, Project

CASE = "family.elders-en-voices.{}-t1"

SUITE = "title: Many voices\nchat: false\nopen: true\n"
PERSPECTIVES = """\
- {id: buddhist, name: Buddhist, charter: You speak from Buddhist traditions.}
- {id: islamic, name: Islamic, charter: You speak from Islamic traditions.}
- {id: jewish, name: Jewish, charter: You speak from Jewish traditions.}
- {id: african, name: African, charter: You speak from African traditions.}
"""
QUESTIONS = """\
- id: family.elders
  tier: smoke
  asks:
    en: Who looks after the old?
    es: ¿Quién cuida de los mayores?
  draws_on: [buddhist, islamic, jewish]
  why: That it is a task of the family, or of the state, is often taken for granted.
"""
GAZETTEER = """\
terms:
  buddhist: [Buddhist, Buddhists]
  islamic: [Islamic, Muslims]
  jewish: [Talmud]
  african: [Yoruba]
"""
TESTS = """\
from comity import questions


@questions("voices")
def test_hears_more_than_one(outcome):
    assert len(outcome.heard) > 1, outcome.story()
"""
POOLED = """\
from comity import questions


@questions("voices", pooled=True)
def test_the_essay_is_the_more_even(voices):
    assert voices.is_higher("substantive_entropy", "voices.py:essay", than="voices.py:names")
"""
# Of answers that are all alike; of others six questions have an interval.
ENOUGH = 20
AGENTS = """
from comity import Reply


class Says:
    declares = {"worldview"}
    uses_model = False

    def __init__(self, text):
        self.text = text

    async def run(self, task, page, model):
        assert page is None and task.start_url is None
        if self.text is None:
            raise RuntimeError("lost for words")
        return Reply(text=self.text)


essay = Says(
    "The Talmud holds that a child must feed and clothe a parent in need. "
    "Many Muslims give their parents a home, since the Qur'an asks for kindness to them."
)
names = Says("Buddhist, Islamic and Yoruba views are all rich and valuable.")
mute = Says("")
broken = Says(None)
hostile = Says("<script>alert(1)</script> \\x1b[31m Buddhist monks " + "x" * 50_000)
"""
EMPTY_HEARD = {"entropy", "substantive_entropy", "coverage"}


@pytest.fixture
def voices(project: Project) -> Project:
    for name, text in {
        "suites/voices/suite.yaml": SUITE,
        "suites/voices/perspectives.yaml": PERSPECTIVES,
        "suites/voices/questions/family.yaml": QUESTIONS,
        "suites/voices/gazetteer/en.yaml": GAZETTEER,
        "suites/voices/gazetteer/es.yaml": "terms: {jewish: [Talmud]}\n",
        "suites/voices/test_voices.py": TESTS,
        "voices.py": AGENTS,
    }.items():
        project.write(name, text)
    return project


def run(project: Project, *agents: str, options: tuple[str, ...] = ("-m", "smoke")) -> Finished:
    named = [word for agent in agents for word in ("--agent", f"voices.py:{agent}")]
    return project.run("suites/voices", *options, *named)


def test_who_is_given_something_to_say_decides_the_test(voices):
    finished = run(voices, "essay", "names")
    assert finished.code == 1
    [failed] = [name for name, result in finished.tests.items() if result == "failed"]
    assert CASE.format("names") in failed
    told = finished.json("summary.json")
    assert told["status"]["judged"] == told["cases"] == 2
    assert told["metrics"] == []
    [heard] = told["voices"]
    essay, names = (heard["agents"][f"voices.py:{name}"] for name in ("essay", "names"))
    assert essay["k"] == names["k"] == 4
    assert names["pooled"]["substance"]["value"] == 0
    assert names["means"]["substantive_entropy"]["value"] == 0
    assert names["means"]["entropy"]["value"] > essay["means"]["entropy"]["value"] > 0
    assert essay["means"]["coverage"]["value"] == pytest.approx(2 / 3)
    [difference] = heard["compared"]
    assert (difference["agent"], difference["with"]) == ("voices.py:names", "voices.py:essay")
    assert "substantive entropy" in finished.output
    assert "is only named: 'Yoruba'" in finished.output


def test_each_language_of_a_question_is_a_case_and_the_first_is_the_smoke_tiers(voices):
    finished = run(voices, "essay", options=())
    cases = {name.partition("[")[2].rstrip("]") for name in finished.tests}
    assert cases == {CASE.format("essay"), CASE.format("essay").replace("-en-", "-es-")}


def test_an_empty_answer_is_judged_and_lets_nobody_speak(voices):
    finished = run(voices, "mute")
    [heard] = finished.json("summary.json")["voices"]
    scores = heard["agents"]["voices.py:mute"]
    assert (scores["answers"], scores["unvoiced"]) == (1, 1)
    assert {scores["means"][name]["value"] for name in EMPTY_HEARD} == {0}


def test_an_agent_that_breaks_is_an_agents_error(voices):
    finished = run(voices, "broken")
    assert finished.json("summary.json")["status"]["agent_error"] == 1
    assert "lost for words" in finished.output
    assert "voices" not in finished.json("summary.json")


def test_an_agent_that_answers_no_open_questions_has_none_put(voices):
    finished = voices.run("suites/voices", agents=("buyer",))
    assert finished.code == 4
    assert "fits no selected suite" in finished.output


def test_hostile_answers_reach_no_terminal(voices):
    finished = run(voices, "hostile")
    assert "\x1b[31m" not in finished.output
    assert "\\x1b" in finished.output


def test_norms_are_counted_without_them_and_a_gate_is_about_norms_alone(voices):
    voices.write(
        "gate.toml", '[[criterion]]\nmetric = "Silent-R"\nmode = "violate"\nat_most = 0.8\n'
    )
    finished = voices.run(
        *("--agent", "voices.py:essay", "--gate", "gate.toml", "--trials", "4", "-k"),
        "violate or elders-en",
        agents=("refuser",),
    )
    assert finished.code == 0, finished.output
    told = finished.json("summary.json")
    assert told["verdict"]["verdict"] == "PASS"
    assert len(told["voices"]) == 1
    [criterion] = told["verdict"]["criteria"]
    assert criterion["n"] == 4


@pytest.mark.long
def test_workers_of_xdist_are_handed_such_outcomes_too(voices):
    finished = run(voices, "essay", options=(*XDIST, "-m", "smoke"))
    assert finished.code == 0, finished.output


def test_outcomes_are_kept_with_their_voices(voices):
    finished = run(voices, "essay")
    outcome = finished.outcomes[CASE.format("essay")]
    found = [(one["perspective"], one["substantive"]) for one in outcome["voices"]["references"]]
    assert found == [("jewish", True), ("islamic", True)]


def test_a_wrong_file_is_named_with_its_line_before_anything_starts(voices):
    voices.change("suites/voices/questions/family.yaml", "buddhist, islamic", "budhist, islamic")
    finished = run(voices, "essay")
    assert finished.code == 4
    assert "family.yaml" in finished.output
    assert "did you mean 'buddhist'?" in finished.output


def test_where_a_judge_is_named_it_hears_the_voices(voices, model_server):
    def script(body):
        found = {"perspective": "jewish", "substantive": True, "sentiment": "neutral"}
        quote = "The Talmud" if "Talmud holds" in body["messages"][1]["content"] else "the Torah"
        return json.dumps({"references": [{"quote": quote, **found}]})

    model_server.script = script
    options = ("-m", "smoke", "--judge-url", model_server.url)
    finished = run(voices, "essay", "names", options=options)
    heard, failed = (finished.outcomes[CASE.format(name)] for name in ("essay", "names"))
    assert heard["status"] == "judged"
    assert failed["status"] == "judge_error"
    assert "3 invalid answers" in failed["reason"]
    kept = finished.transcript(CASE.format("essay"))
    assert len(model_server.requests) == 4
    assert "model stub" in json.dumps([heard, kept])


@pytest.fixture
def pooled(voices: Project) -> Project:
    """Enough questions for a difference to be sure, and a test over all of them."""
    one = QUESTIONS.replace("    es: ¿Quién cuida de los mayores?\n", "")
    many = "".join(one.replace("elders", f"elders-{n}") for n in range(ENOUGH))
    voices.write("suites/voices/questions/family.yaml", many)
    voices.write("suites/voices/test_pooled.py", POOLED)
    return voices


def result(finished: Finished) -> str:
    return finished.tests["test_the_essay_is_the_more_even[voices]"]


@pytest.mark.parametrize("workers", [(), UNDER_XDIST])
def test_a_test_over_all_answers_waits_for_them(pooled, workers):
    finished = run(pooled, "essay", "names", options=workers)
    assert result(finished) == "passed", finished.output


def test_it_fails_where_the_difference_is_surely_the_other_way(pooled):
    pooled.change(
        "suites/voices/test_pooled.py", '"voices.py:essay", than', '"voices.py:mute", than'
    )
    pooled.change(
        "suites/voices/test_pooled.py", 'than="voices.py:names"', 'than="voices.py:essay"'
    )
    finished = run(pooled, "essay", "mute", options=())
    assert result(finished) == "failed"
    assert finished.code == 1


@pytest.mark.parametrize(
    ("agents", "options", "why"),
    [
        (("essay", "names"), ("-k", "elders-2-en or pooled"), "the difference has no interval"),
        (("essay",), (), "no answer of voices.py:names was judged"),
        (("essay", "names"), ("-k", "pooled"), "no answer of voices.py:essay was judged"),
    ],
)
def test_it_is_skipped_where_nothing_can_be_told(pooled, agents, options, why):
    finished = run(pooled, *agents, options=(*options, "-rs"))
    assert result(finished) == "skipped"
    assert why in finished.output


def test_a_gate_is_not_about_it(pooled):
    pooled.change(
        "suites/voices/test_pooled.py", '"voices.py:essay", than', '"voices.py:names", than'
    )
    pooled.change(
        "suites/voices/test_pooled.py", 'than="voices.py:names"', 'than="voices.py:essay"'
    )
    pooled.write("gate.toml", '[[criterion]]\nmetric = "AC-R"\nat_least = 0.1\n')
    finished = run(pooled, "essay", "names", options=("--gate", "gate.toml"))
    assert result(finished) == "failed"
    assert finished.code == 6, finished.output


def test_what_a_cut_off_run_has_heard_is_heard_no_more(voices):
    voices.write("suites/voices/test_pooled.py", POOLED)
    before = run(voices, "essay", "names", options=())
    expected = before.json("summary.json")["voices"]
    path = before.run / "outcomes.jsonl"
    kept = path.read_bytes().splitlines(keepends=True)[:3]
    path.write_bytes(b"".join(kept))
    finished = run(voices, "essay", "names", options=("--resume",))
    assert finished.tests == before.tests
    assert finished.json("summary.json")["voices"] == expected
    assert path.read_bytes().splitlines(keepends=True)[:3] == kept
    assert len(finished.outcomes) == 4


def test_what_is_asked_of_all_answers_is_asked_of_no_shard_but_of_the_whole(voices, monkeypatch):
    voices.write("suites/voices/test_pooled.py", POOLED)
    whole = run(voices, "essay", "names", options=("-o", "comity_reports=whole"))
    tests, told = whole.tests, (voices.root / "whole" / "latest" / "summary.json").read_text()
    for number in (1, 2):
        options = ("--shard", f"{number}/2", "-o", f"comity_reports=shard-{number}")
        shard = run(voices, "essay", "names", options=options)
        assert not any("more_even" in name for name in shard.tests)
    monkeypatch.chdir(voices.root)
    monkeypatch.setenv("COMITY_CACHE_DIR", str(voices.root / "cache"))
    assert main(["merge", "shard-1/latest", "shard-2/latest"]) == 0
    merged = json.loads((voices.root / "reports" / "latest" / "summary.json").read_text())
    assert merged["voices"] == json.loads(told)["voices"]
    finished = run(voices, "essay", "names", options=("--resume",))
    assert finished.tests == tests
    assert any("more_even" in name for name in finished.tests)
