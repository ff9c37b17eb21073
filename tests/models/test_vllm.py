"""The default model is really served by vLLM, and keeps to a schema."""

import json
from typing import Any

import httpx2
import pytest

from comity.models import embedded
from comity.models.serving import Server

pytestmark = pytest.mark.vllm

# One answer of a few tokens; a machine that builds the environment meanwhile is slow.
ANSWER_SECONDS = 300.0
REFS = ["e3", "e12", "e40"]
ACTION = {
    "oneOf": [
        {
            "type": "object",
            "properties": {"do": {"const": "click"}, "ref": {"enum": REFS}},
            "required": ["do", "ref"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {"do": {"const": "answer"}, "text": {"type": "string", "maxLength": 80}},
            "required": ["do", "text"],
            "additionalProperties": False,
        },
    ]
}


def complete(server: Server, content: str, **more: Any) -> dict[str, Any]:
    body = {
        "model": server.model,
        "messages": [{"role": "user", "content": content}],
        "temperature": 0,
        **more,
    }
    response = httpx2.post(
        f"{server.base_url}/chat/completions", json=body, timeout=ANSWER_SECONDS, trust_env=False
    )
    answer: dict[str, Any] = response.raise_for_status().json()
    return answer


def test_the_default_model_answers_in_words(vllm_server: Server) -> None:
    assert (vllm_server.model, vllm_server.context_length) == (embedded.NAME, 4096)
    answer = complete(vllm_server, "What is the capital of France?", max_tokens=24)
    assert "Paris" in answer["choices"][0]["message"]["content"]


def test_the_default_model_keeps_to_a_schema_and_wastes_no_blanks(vllm_server: Server) -> None:
    page = "\n".join(f'- link "Wall clock" [ref={ref}]' for ref in REFS)
    answer = complete(
        vllm_server,
        f"{page}\nPut a clock in my basket. Which action?",
        max_tokens=120,
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "action", "schema": ACTION},
        },
    )
    text = answer["choices"][0]["message"]["content"]
    action = json.loads(text)
    assert action["do"] == "answer" or action["ref"] in REFS
    assert text == json.dumps(action, separators=(",", ":"), ensure_ascii=False)


def test_what_a_prompt_shares_with_an_earlier_one_is_not_computed_again(
    vllm_server: Server,
) -> None:
    shared = " ".join(f"Rule {number}: be kind." for number in range(100))
    for question in ("one", "two"):
        complete(vllm_server, f"{shared} Question {question}?", max_tokens=1)
    metrics = httpx2.get(
        vllm_server.base_url.removesuffix("/v1") + "/metrics", trust_env=False
    ).text
    hits = [
        line for line in metrics.splitlines() if line.startswith("vllm:prefix_cache_hits_total")
    ]
    assert float(hits[0].split()[-1]) > 0
