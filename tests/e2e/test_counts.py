"""Counts of tokens, asked in every way that a client can, of every provider that can count."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest

from tests.e2e.answers import whole
from tests.e2e.client import CLIENT_SECRETS, post
from tests.e2e.test_clouds import PROVIDERS, assert_proper
from tests.gateway import Gateway, running, standard_config
from tests.upstream import Upstream

COUNT, TOKENIZE, INPUT = "/anthropic/v1/messages/count_tokens", "/tokenize", "/v1/responses/input_tokens"
SAYS: Any = [{"role": "user", "content": "one two three"}]
KEY = {"api_key": "canary-provider-key"}
TYPES = {
    **PROVIDERS,
    "openai": {"type": "openai", **KEY},
    "anthropic": {"type": "anthropic", **KEY},
    "vllm": {"type": "vllm", **KEY},
}
EMBEDDED = [name for name in TYPES if name not in ("azure", "azure-preview", "cohere", "groq")]
VERTEX = "/v1/projects/proj/locations/us-east5/publishers"


@pytest.fixture(scope="module")
def counts(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Each type twice: as `name`, which the tests answer for, and as `demo-name`, which does so itself."""
    config = standard_config(loopback.url)
    for name, options in TYPES.items():
        version = "/v1" if name in ("groq", "openai", "vllm") else ""
        config["providers"][name] = {**options, "base_url": f"{loopback.url}/{name}{version}"}
        config["providers"][f"demo-{name}"] = {**options, "base_url": "demo"}
    config["server"] |= {"allow_direct": True, "fetch_images": False, "allow_overrides": ["attempts"]}
    with running(config, tmp_path_factory.mktemp("counts")) as gateway:
        yield gateway


@pytest.mark.parametrize("name", EMBEDDED)
def test_anthropics_sdk_counts_anywhere(counts: Gateway, name: str) -> None:
    sdk = anthropic.Anthropic(base_url=f"{counts.url}/anthropic", api_key="k", max_retries=0)
    tool: Any = {"name": "f", "description": "d", "input_schema": {"type": "object", "properties": {}}}
    counted = sdk.messages.count_tokens(model=f"demo-{name}/m", messages=SAYS, system="be brief")
    assert counted.input_tokens >= 3
    more = sdk.messages.count_tokens(model=f"demo-{name}/m", messages=SAYS, system="be brief", tools=[tool])
    assert more.input_tokens > counted.input_tokens


@pytest.mark.parametrize("name", EMBEDDED)
def test_tokenize_counts_anywhere(counts: Gateway, name: str) -> None:
    expected: Any = {"count": 3}
    if name in ("openai", "vllm"):
        expected = {"count": 3, "max_model_len": 32768, "tokens": [0, 1, 2], "token_strs": None}
    for asked in ({"prompt": "one two three"}, {"messages": SAYS}):
        answer = post(counts.url, TOKENIZE, {"model": f"demo-{name}/m", "stream": True, **asked})
        assert answer.status == 200, answer.body
        assert answer.headers["content-type"].startswith("application/json")
        assert answer.json() == expected


@pytest.mark.parametrize("name", ["openai", "azure-v1"])
def test_the_input_of_a_response_is_counted(counts: Gateway, name: str) -> None:
    sdk = openai.OpenAI(base_url=f"{counts.url}/v1", api_key="k", max_retries=0)
    counted = sdk.responses.input_tokens.count(model=f"demo-{name}/m", input="one two three")
    assert (counted.object, counted.input_tokens) == ("response.input_tokens", 3)


PATHS = {
    "openai": "/v1/responses/input_tokens",
    "azure": "/openai/responses/input_tokens?api-version=2025-01-01-preview",
    "azure-v1": "/openai/v1/responses/input_tokens",
    "azure-preview": "/openai/v1/responses/input_tokens?api-version=preview",
    "anthropic": "/v1/messages/count_tokens",
    "bedrock": "/model/anthropic.claude-v1:0/count-tokens",
    "claude-aws": "/model/anthropic.claude-v1:0/count-tokens",
    "vertex": f"{VERTEX}/google/models/us.anthropic.claude-v1:0:countTokens",
    "claude-gcp": f"{VERTEX}/anthropic/models/count-tokens:rawPredict",
    "gemini": "/v1beta/models/us.anthropic.claude-v1:0:countTokens",
    "vllm": "/tokenize",
}
ANSWERS = {
    "bedrock": {"inputTokens": 5},
    "claude-aws": {"inputTokens": 5},
    "vertex": {"totalTokens": 5},
    "gemini": {"totalTokens": 5},
    "vllm": {"count": 5, "max_model_len": 9, "tokens": [1, 2, 3, 4, 5]},
}


@pytest.mark.parametrize("name", PATHS)
def test_where_a_provider_is_asked_to_count(upstream: Upstream, counts: Gateway, name: str) -> None:
    upstream.script(name, whole(ANSWERS.get(name, {"input_tokens": 5})))
    asked = {"model": f"{name}/us.anthropic.claude-v1:0", "messages": SAYS, "temperature": 1}
    answer = post(counts.url, COUNT, asked, CLIENT_SECRETS | {"anthropic-version": "2023-06-01"})
    assert (answer.status, answer.json()) == (200, {"input_tokens": 5})
    assert "x-dragoman-dropped" not in answer.headers
    request = upstream.only()
    assert request.path == f"/{name}{PATHS[name]}"
    if name in PROVIDERS:
        assert_proper(request)


def test_what_passes_is_not_touched(upstream: Upstream, counts: Gateway) -> None:
    for path, name, body in (
        (
            COUNT,
            "anthropic",
            b'{"model" : "anthropic/m","messages":[{"role":"user","content":"x"}], "own":1.0}',
        ),
        (TOKENIZE, "vllm", b'{"model" : "vllm/m", "prompt":"x","add_special_tokens":false, "own":1.0}'),
        (INPUT, "openai", b'{"model" : "openai/m", "input": [{"type":"own"}] , "own":1.0}'),
    ):
        told = b'{ "count" :3, "input_tokens":3.0 }'
        upstream.script(name, whole(told))
        assert post(counts.url, path, body).body == told
        assert upstream.of(name)[-1].body == body.replace(f"{name}/m".encode(), b"m")


def test_a_count_costs_nothing(counts: Gateway) -> None:
    operations = {COUNT: "count_tokens", TOKENIZE: "tokenize", INPUT: "responses_input_tokens"}
    for path, body in ((COUNT, {"messages": SAYS}), (TOKENIZE, {"prompt": "x"}), (INPUT, {"input": "x"})):
        answer = post(counts.url, path, {"model": "demo-openai/gpt-4o", **body})
        line = counts.logged(answer.headers["x-request-id"])
        assert line["status"] == 200 and line["stream"] is False and path.endswith(line["endpoint"])
        assert (line["usage_source"], line["input_tokens"], line["cost_usd"]) == ("none", None, None)
        told = f'gen_ai_operation_name="{operations[path]}"'
        assert any(told in sample for sample in counts.metrics().splitlines())
    assert not [it for it in counts.metrics().splitlines() if "token_usage" in it and "input_tokens" in it]


@pytest.mark.parametrize("name", ["cohere", "groq"])
@pytest.mark.parametrize(("path", "body"), [(COUNT, {"messages": SAYS}), (TOKENIZE, {"prompt": "x"})])
def test_who_cannot_count_says_so(
    upstream: Upstream, counts: Gateway, name: str, path: str, body: Any
) -> None:
    answer = post(counts.url, path, {"model": f"{name}/m", **body})
    assert answer.status == 422 and name in answer.message
    assert not upstream.received


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (COUNT, {}, "messages"),
        (COUNT, {"messages": []}, "messages"),
        (TOKENIZE, {}, "messages"),
        (TOKENIZE, {"messages": SAYS, "prompt": "x"}, "prompt"),
        (TOKENIZE, {"prompt": ["x"]}, "prompt"),
        (INPUT, {"input": 3}, "input"),
    ],
)
def test_what_is_wrong_is_named(counts: Gateway, path: str, body: Any, field: str) -> None:
    answer = post(counts.url, path, {"model": "demo-vllm/m", **body})
    assert answer.status == 400 and field in answer.message
    assert post(counts.url, path, {**body, "model": None}).status == 400


@pytest.mark.parametrize("name", EMBEDDED)
@pytest.mark.parametrize(("path", "body"), [(COUNT, {"messages": SAYS}), (TOKENIZE, {"prompt": "x"})])
def test_a_provider_s_error_is_told_in_the_client_s_words(
    counts: Gateway, name: str, path: str, body: Any
) -> None:
    once = {"x-dragoman-attempts": "1"}  # not again after the second that it asks for
    answer = post(counts.url, path, {"model": f"demo-{name}/429", **body}, once)
    assert answer.status == 429 and answer.message
    assert answer.json()["error"]["type"] in ("rate_limit_error", "rate_limit_exceeded", "requests")


def test_a_count_falls_back(upstream: Upstream, counts: Gateway) -> None:
    upstream.script("a", whole({"error": {"message": "no"}}, 500))
    upstream.script("anth_a", whole({"input_tokens": 4}))
    answer = post(counts.url, TOKENIZE, {"model": "a-anth_a", "prompt": "x"})
    assert (answer.status, answer.json()) == (200, {"count": 4})
    assert answer.headers["x-dragoman-attempts"] == "2"
    assert json.loads(upstream.of("anth_a")[0].body) == {
        "model": "a-anth_a",
        "messages": [{"role": "user", "content": "x"}],
    }


def test_what_a_claude_at_amazon_is_sent(upstream: Upstream, counts: Gateway) -> None:
    upstream.script("claude-aws", whole({"inputTokens": 5}))
    post(counts.url, COUNT, {"model": "claude-aws/anthropic.m", "messages": SAYS})
    inner = json.loads(upstream.only().body)["input"]["invokeModel"]["body"]
    assert json.loads(base64.b64decode(inner)) == {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 1,
        "messages": SAYS,
    }
