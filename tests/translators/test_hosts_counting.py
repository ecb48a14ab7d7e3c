"""How clouds are asked to count."""

import base64
from typing import Any

import orjson
import pytest

from translators import SPOKEN, TARGETS
from translators.body import parse
from translators.hosts import HOSTS
from translators.translator import Outgoing, Translator

ASKED: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


def asked(host: str, source: str, body: Any, *betas: str) -> Outgoing:
    target = HOSTS[host].spoken_for(SPOKEN[source], "m", TARGETS)
    assert target
    elsewhere: Any = {"betas": [*betas]} if betas else None
    translator = Translator(SPOKEN[source], target, HOSTS[host].envelope(target))
    return translator.request(parse(orjson.dumps(body)), "up", elsewhere)


def inside(outgoing: Outgoing) -> Any:
    return orjson.loads(base64.b64decode(orjson.loads(outgoing.body)["input"]["invokeModel"]["body"]))


def test_amazon_counts_what_it_would_be_asked() -> None:
    written = asked(
        "aws-anthropic", "anthropic_count", {**ASKED, "stream": True, "own": 1}, "new-9", "pdfs-2024-09-25"
    )
    assert inside(written) == {
        "anthropic_version": "bedrock-2023-05-31",
        "anthropic_beta": ["pdfs-2024-09-25"],
        "max_tokens": 1,
        "messages": ASKED["messages"],
        "own": 1,
    }
    assert written.dropped == ("anthropic-beta: new-9",)


@pytest.mark.parametrize(
    ("told", "limit"),
    [
        ({"max_tokens": 5}, 5),
        ({"max_tokens": None}, 1),
        ({"thinking": {"type": "enabled", "budget_tokens": 2000}}, 2001),
        ({"thinking": {"type": "adaptive"}}, 1),
    ],
)
def test_amazon_wants_a_limit(told: Any, limit: int) -> None:
    assert inside(asked("aws-anthropic", "anthropic_count", {**ASKED, **told}))["max_tokens"] == limit


def test_a_prompt_for_amazons_claude() -> None:
    written = asked("aws-anthropic", "vllm_tokenize", {"model": "m", "prompt": "Hi"})
    assert inside(written) == {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 1,
        "messages": ASKED["messages"],
    }


def test_google_has_the_model_of_a_claude_in_the_body() -> None:
    written = orjson.loads(asked("gcp-anthropic", "anthropic_count", {**ASKED, "stream": False}).body)
    assert written == {**ASKED, "model": "up", "anthropic_version": "vertex-2023-10-16"}
    path = HOSTS["gcp-anthropic"].paths["anthropic_count"]
    options = {"project": "p", "location": "l"}
    expected = "/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict"
    assert path.to("m", True, options) == path.to("m", False, options) == expected


@pytest.mark.parametrize("host", ["gemini", "gcp-vertex"])
def test_gemini_is_asked_in_two_ways(host: str) -> None:
    tool = {"name": "f", "input_schema": {"type": "object"}}
    body = {**ASKED, "system": "be brief", "tools": [tool], "tool_choice": {"type": "any"}, "max_tokens": 3}
    outgoing = asked(host, "anthropic_count", body)
    written = orjson.loads(outgoing.body)
    if host == "gemini":
        assert written["generateContentRequest"].pop("model") == "models/up"
        written = written["generateContentRequest"]
        assert written.pop("toolConfig") == {"functionCallingConfig": {"mode": "ANY"}}
    assert outgoing.dropped == (("tool_choice",) if host == "gcp-vertex" else ())
    assert written == {
        "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object"}}]}],
    }


@pytest.mark.parametrize(
    ("host", "dialect", "model", "named"),
    [
        ("aws-anthropic", "anthropic_count", "us.anthropic.claude-x-v1:0", "anthropic.claude-x-v1:0"),
        ("aws-anthropic", "anthropic_count", "anthropic.claude-x-v1:0", "anthropic.claude-x-v1:0"),
        ("aws-bedrock", "bedrock_count", "us-gov.anthropic.claude-x", "anthropic.claude-x"),
        ("aws-bedrock", "bedrock_count", "global.amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0"),
        ("aws-bedrock", "bedrock_count", "amazon.us.nova", "amazon.us.nova"),
        ("aws-bedrock", "bedrock_converse", "us.anthropic.claude-x", "us.anthropic.claude-x"),
        ("gcp-anthropic", "anthropic_count", "claude-x@default", "claude-x"),
        ("gcp-anthropic", "anthropic_count", "claude-x@latest", "claude-x"),
        ("gcp-anthropic", "anthropic_count", "claude-x@20250514", "claude-x@20250514"),
        ("gcp-anthropic", "anthropic_messages", "claude-x@default", "claude-x@default"),
    ],
)
def test_what_a_model_is_called_where_it_is_counted_for(
    host: str, dialect: str, model: str, named: str
) -> None:
    assert HOSTS[host].paths[dialect].named(model) == named
