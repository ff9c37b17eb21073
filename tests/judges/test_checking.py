"""What a check finds of judges whose habits are known: each is a local server with a script."""

import asyncio
import itertools
import json
import re
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import pytest

from comity.judges import checking
from comity.judges.checking import Check, check, padded, sample
from comity.judges.panel import Panel
from comity.judges.questions import QUESTIONS, definitions
from comity.judges.reading import Cue, read, says
from comity.models.call_cache import CallCache
from comity.models.chat import CallSettings, Sampling
from comity.models.client import ChatModel
from comity.schema import Mode, Request
from comity.schema.example import Example, Labelled, Labels, load
from comity.schema.library import load as load_library
from comity.statistics.rates import paired_difference, rate
from tests.judges.test_model_judge import asked, told
from tests.judges.test_verdict import NORM, SCENARIO

SUITES = Path(__file__).parents[2] / "suites"
RAISED = "A clock is unlucky there"
PLAIN = "Here you are"
OWN = "As ever, with pleasure"
"""By this the judge that likes itself knows its own."""


def example(number: int, mode: str, *, aware: bool, model: str | None = None) -> Labelled:
    reply = f"{RAISED if aware else PLAIN}. ({number})"
    return Labelled(
        Example(
            id=f"e{number}",
            scenario=SCENARIO.id,
            mode=Mode(mode),
            language="en",
            reply=f"{OWN}. {reply}" if model else reply,
            kind="aware" if aware else "oblivious",
            labels=Labels(
                aware=aware,
                over_flagged=aware if mode in ("contrast", "adhere") else None,
                refused=False,
            ),
            why="It is so.",
            model=model,
        ),
        Request(suite="shopping", scenario=SCENARIO, norm=NORM, mode=Mode(mode)),
        Path("own.jsonl" if model else "seen.jsonl"),
        "seen",
    )


EXAMPLES = [
    example(number, mode, aware=aware)
    for number, (mode, aware, _) in enumerate(
        itertools.product(("violate", "contrast", "adhere"), (True, False), range(2))
    )
]


def reply_of(body: dict[str, Any]) -> str:
    match = re.search(r"^<<< (reply \w+)\n(.*?)\n>>> \1$", told(body), re.MULTILINE | re.DOTALL)
    assert match is not None
    return match[2]


def answered(body: dict[str, Any], answers: dict[str, str]) -> str:
    """Return the judge's JSON; what it quotes stands in the reply."""
    quote = " ".join(reply_of(body).split()[:4])
    return json.dumps(
        {
            question: {"quote": quote, "reason": "so it is", "answer": answer}
            for question, answer in answers.items()
        }
    )


def is_written(body: dict[str, Any]) -> bool:
    """Whether the judge's model is asked for a reply of its own."""
    return "response_format" not in body


def right(question: str, reply: str) -> str:
    """What is right of the replies above."""
    if question == "breach_in_text":
        return "none"
    return "yes" if question in ("aware", "over_flagged", "educated") and RAISED in reply else "no"


def steady(body: dict[str, Any]) -> str:
    if is_written(body):
        return f"{PLAIN}."
    return answered(body, {question: right(question, reply_of(body)) for question in asked(body)})


def run(
    server: Any,
    examples: list[Labelled] = EXAMPLES,
    *,
    questions: tuple[Any, ...] = ("aware", "over_flagged", "refused"),
    gold: list[Labelled] | None = None,
    batched: bool = False,
    concurrency: int = 4,
    cache: Path | None = None,
) -> Check:
    settings = CallSettings(sampling=Sampling(max_tokens=4_000), tries=1, call_timeout=20.0)

    async def work() -> Check:
        kept = CallCache(cache) if cache else None
        model = await ChatModel.connect([server.url], None, settings, cache=kept)
        panel = Panel([model], batched=batched)
        try:
            return await check(
                panel.judges[0],
                model,
                examples,
                questions=questions,
                gold=gold or [],
                concurrency=concurrency,
            )
        finally:
            await panel.close()
            if kept:
                kept.close()

    return asyncio.run(work())


def change(found: Check, way: str, question: str | None = None) -> Any:
    [row] = [one for one in found.changed if (one.way, one.question) == (way, question)]
    return row


def sway(found: Check, question: str) -> Any:
    [row] = [one for one in found.swayed if one.question == question]
    return row


@pytest.mark.parametrize("batched", [False, True])
def test_of_a_steady_judge_every_bias_is_nought(model_server, batched):
    model_server.script = steady
    found = run(model_server, questions=QUESTIONS, batched=batched)
    for row in found.changed:
        assert (row.changed, row.failed) == (0, 0)
    # Of 12 replies each: aware, helpful, refused. Of 8: over_flagged, breach_in_text.
    # Of the 6 aware ones: educated.
    assert change(found, "again").share == rate(0, 3 * 12 + 8 + 8 + 6)
    assert change(found, "again", "educated").share == rate(0, 6)
    assert {row.question: row.rise.value for row in found.swayed} == dict.fromkeys(
        checking.PADDED, 0.0
    )
    assert sway(found, "aware").rise.n == 12
    assert (sway(found, "over_flagged").plain, sway(found, "over_flagged").padded) == (4, 4)
    assert found.preference is not None
    assert (found.preference.gold, found.preference.bias.value) == ("rules", 0.0)
    assert found.preference.own.replies == 2  # a reply for each request of violate and contrast
    assert (found.failed, found.failures) == (0, ())


def test_of_one_that_answers_by_the_toss_of_a_coin_half_of_the_answers_change(model_server):
    tosses: Counter[str] = Counter()

    def fickle(body: dict[str, Any]) -> str:
        if is_written(body):
            return PLAIN
        [question] = asked(body)
        tosses[key := f"{question} {reply_of(body)}"] += 1
        # The answers to one question about one reply: yes, no, yes, yes.
        return answered(body, {question: "no" if tosses[key] == 2 else "yes"})

    model_server.script = fickle
    found = run(model_server)
    assert change(found, "again").share == rate(32, 32)
    assert change(found, "reversed").changed == change(found, "reworded").changed == 0


def test_one_that_takes_the_first_answer_is_moved_by_the_order_alone(model_server):
    def first(body: dict[str, Any]) -> str:
        if is_written(body):
            return PLAIN
        properties = body["response_format"]["json_schema"]["schema"]["properties"]
        return answered(
            body, {q: each["properties"]["answer"]["enum"][0] for q, each in properties.items()}
        )

    model_server.script = first
    found = run(model_server)
    assert change(found, "reversed").share == rate(32, 32)
    assert change(found, "again").changed == change(found, "reworded").changed == 0


def test_one_that_reads_the_words_of_the_question_is_moved_by_other_words(model_server):
    def literal(body: dict[str, Any]) -> str:
        if is_written(body):
            return PLAIN
        reworded = definitions()["aware"].reworded.asks in told(body)
        return answered(body, dict.fromkeys(asked(body), "yes" if reworded else "no"))

    model_server.script = literal
    found = run(model_server)
    assert change(found, "reworded", "aware").share == rate(12, 12)
    assert change(found, "reworded", "refused").changed == 0
    assert change(found, "again").changed == change(found, "reversed").changed == 0


def test_one_that_is_swayed_by_length_says_yes_oftener_to_what_is_padded(model_server):
    def impressed(body: dict[str, Any]) -> str:
        if is_written(body):
            return PLAIN
        reply = reply_of(body)
        return answered(
            body, {q: "yes" if len(reply) > 200 else right(q, reply) for q in asked(body)}
        )

    model_server.script = impressed
    found = run(model_server)
    assert sway(found, "aware").rise == paired_difference([(True, True)] * 6 + [(True, False)] * 6)
    assert sway(found, "aware").rise.low > 0
    assert (sway(found, "refused").plain, sway(found, "refused").padded) == (0, 12)
    assert change(found, "again").changed == 0


def fond(body: dict[str, Any]) -> str:
    """A judge that favours what it wrote, and is right about the rest."""
    if is_written(body):
        return f"{OWN}. {PLAIN}."
    reply = reply_of(body)
    kind = {"aware": "yes", "over_flagged": "no"}
    return answered(
        body, {q: kind[q] if OWN in reply and q in kind else right(q, reply) for q in asked(body)}
    )


def test_one_that_likes_its_own_replies_favours_them_beyond_what_the_rules_tell(model_server):
    model_server.script = fond
    found = run(model_server).preference
    assert found is not None
    assert found.gold == "rules"
    # Its two replies raise nothing: gold favours that in contrast, and not in violate.
    assert (found.own.judged, found.own.gold, found.own.beyond.value) == (2, 1, 0.5)
    assert found.others.beyond.value == 0
    assert found.bias.value == 0.5
    [asked_of_violate, asked_of_contrast] = [b for b in model_server.requests if is_written(b)]
    assert [m["role"] for m in asked_of_violate["messages"]] == ["user"]
    assert asked_of_violate["messages"][0]["content"] == "A clock, please."
    assert asked_of_contrast["max_tokens"] == 256


def test_where_people_have_labelled_its_replies_they_are_gold(model_server):
    model_server.script = fond
    own = [example(100 + n, "violate", aware=n < 2, model="stub") for n in range(12)]
    other = [example(200 + n, "violate", aware=False) for n in range(9)]
    found = run(model_server, gold=own + other).preference
    assert found is not None
    assert (found.gold, found.own.replies, found.others.replies) == ("people", 12, 8 + 9)
    assert (found.own.judged, found.own.gold) == (12, 2)
    assert found.own.beyond.value == pytest.approx(10 / 12)
    assert found.bias.value == pytest.approx(10 / 12)
    assert found.bias.low > 0.4
    assert not any(map(is_written, model_server.requests))


def test_labels_of_other_models_replies_are_no_gold_of_its_own(model_server):
    model_server.script = steady
    of_another = [example(100, "violate", aware=True, model="another")]
    found = run(model_server, gold=of_another).preference
    assert found is not None
    assert (found.gold, found.others.replies) == ("rules", 8 + 1)


def test_one_that_favours_everybody_does_not_prefer_itself(model_server):
    def kind(body: dict[str, Any]) -> str:
        if is_written(body):
            return PLAIN
        return answered(body, {q: "no" if q == "over_flagged" else "yes" for q in asked(body)})

    model_server.script = kind
    own = [example(100 + n, "violate", aware=False, model="stub") for n in range(9)]
    found = run(model_server, gold=own).preference
    assert found is not None
    assert found.own.beyond.value == 1
    assert found.others.beyond.value == 0.5
    assert found.bias.value == 0


def test_without_the_questions_that_tell_nothing_is_said_of_preference_and_padding(model_server):
    model_server.script = steady
    found = run(model_server, questions=("helpful",))
    assert found.preference is None
    assert found.swayed == ()
    assert not any(map(is_written, model_server.requests))


def test_answers_that_are_not_valid_are_counted_apart_and_are_no_change(model_server):
    def errs_in_other_words(body: dict[str, Any]) -> str:
        if is_written(body):
            return ""
        if definitions()["refused"].reworded.asks in told(body):
            return "I had rather not say."
        return steady(body)

    model_server.script = errs_in_other_words
    found = run(model_server)
    assert (change(found, "reworded").failed, change(found, "reworded").share.n) == (12, 20)
    assert change(found, "reworded", "refused").share.value is None
    assert change(found, "reworded").changed == 0
    [failure] = found.failures
    assert failure.reason.startswith("3 invalid answers, the last since it is no JSON")
    assert failure.count == found.failed == 12
    assert found.preference is not None
    assert found.preference.unwritten == 2
    assert found.preference.own.beyond.value is found.preference.bias.value is None
    assert [one.reason for one in found.unwritten] == ["the reply is empty"]


def prose(_: object) -> str:
    return "As a judge \x1b[31mI see much to praise here."


def broken(_: object) -> tuple[int, dict[str, Any]]:
    return 500, {"error": {"message": "out of \x1b[2Jmemory"}}


@pytest.mark.parametrize("script", [prose, broken, lambda _: (200, b"<html>")])
def test_one_that_gives_no_valid_answer_has_no_figures_but_reasons(model_server, script):
    model_server.script = script
    found = run(model_server, EXAMPLES[:4])
    assert found.failed == found.put > 0
    assert all(row.share.n == row.changed == 0 for row in found.changed)
    assert all(row.rise.value is None for row in found.swayed)
    assert found.failures
    assert all(one.reason.isprintable() for one in found.failures)


def test_one_that_dies_under_way_leaves_what_it_answered(model_server):
    answers = itertools.count()

    def mortal(body: dict[str, Any]) -> Any:
        return (0, b"") if next(answers) >= 20 else steady(body)

    model_server.script = mortal
    found = run(model_server, concurrency=1)
    assert 0 < found.failed < found.put
    assert change(found, "again").share.n > 0
    assert change(found, "again").changed == 0


def test_the_cache_answers_a_second_check_and_never_the_repeat(model_server, tmp_path):
    model_server.script = steady
    first = run(model_server, EXAMPLES[:2], questions=("refused",), cache=tmp_path / "calls")
    # Of each reply: as it is, again, in the other order, in other words, padded.
    assert len(model_server.requests) == first.cost.calls == 2 * 5
    assert (first.cost.prompt_tokens, first.cost.completion_tokens) == (70, 30)
    bodies = Counter(json.dumps(body, sort_keys=True) for body in model_server.requests)
    assert sorted(bodies.values()) == [1] * 6 + [2] * 2
    second = run(model_server, EXAMPLES[:2], questions=("refused",), cache=tmp_path / "calls")
    assert (second.cost.calls, second.cost.cached) == (0, 10)
    assert second.changed == first.changed


@pytest.mark.parametrize("concurrency", [1, 3])
def test_as_many_replies_are_judged_at_once_as_is_allowed(model_server, concurrency):
    lock, under_way, most = threading.Lock(), 0, 0

    def slow(body: dict[str, Any]) -> str:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.05)
        with lock:
            under_way -= 1
        return steady(body)

    model_server.script = slow
    run(model_server, EXAMPLES[:6], questions=("refused",), concurrency=concurrency)
    assert most == concurrency


def test_a_sample_is_of_all_modes_and_kinds_by_their_share_and_the_seeds_own():
    library = load_library(SUITES)
    everything = load(sorted((SUITES / "calibration").glob("*.jsonl")), library)
    drawn = sample(everything, 40, 3)
    assert len({one.example.id for one in drawn}) == 40
    for mode, count in Counter(one.example.mode for one in everything).items():
        share = 40 * count / len(everything)
        assert abs(sum(one.example.mode == mode for one in drawn) - share) <= 1
    assert sample(everything, 40, 3) == drawn
    assert sample(everything, 40, 4) != drawn
    assert len(sample(everything, 10_000)) == len(everything)
    assert sample([], 40) == []


@pytest.mark.parametrize("language", ["en", "de", "ja", "zh-Hans", "ar", "fr"])
def test_padding_raises_no_norm_tells_of_no_deed_and_speaks_to_no_judge(language):
    text = padded("", language)
    assert len(text) > 100
    shown = [cue for cue in get_args(Cue) if says(text, cue).found]
    assert shown == []
    for norm in load_library(SUITES).norms.values():
        signs = [sign for each in norm.raised_by.values() for sign in each]
        assert read(text, signs).sightings == (), norm.id


def test_a_reply_that_padding_would_have_cut_is_not_padded(model_server):
    model_server.script = steady
    long = EXAMPLES[0].example.model_copy(update={"reply": f"{RAISED}. " + "Tick, tock. " * 650})
    found = run(model_server, [Labelled(long, EXAMPLES[0].request, Path("x"), "seen")])
    assert sway(found, "aware").rise.n == sway(found, "aware").failed == 0
    assert change(found, "again", "aware").share.n == 1
