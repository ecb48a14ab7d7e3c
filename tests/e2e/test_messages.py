"""Messages, by the anthropic SDK: from a provider that speaks Anthropic and from one that speaks OpenAI."""

import json
from typing import Any

import anthropic
import pytest

from tests import oracles
from tests.e2e import answers
from tests.e2e.answers import (
    ANTHROPIC_TOOL,
    PARIS_AND_ROME,
    PNG,
    SIGNATURE,
    saying,
    streamed,
    streaming,
    whole,
)
from tests.e2e.client import MESSAGES, messages, post
from tests.e2e.test_chat import sent_to
from tests.gateway import PROVIDER_KEY, Gateway
from tests.upstream import Hold, Upstream

both = pytest.mark.parametrize("provider", ["anth_a", "a"])
HI: Any = [{"role": "user", "content": "Hi"}]


@both
def test_text(upstream: Upstream, anthropic_sdk: anthropic.Anthropic, provider: str) -> None:
    upstream.script(provider, whole(saying(provider, "Hello there")))
    answer = anthropic_sdk.messages.create(model=provider, max_tokens=100, messages=HI, system="Be kind")
    assert [block.to_dict() for block in answer.content] == [{"type": "text", "text": "Hello there"}]
    assert answer.stop_reason == "end_turn"
    assert oracles.check_anthropic_response(answer.to_dict()) == []
    assert "Be kind" in json.dumps(sent_to(provider, upstream))


@both
def test_usage(upstream: Upstream, anthropic_sdk: anthropic.Anthropic, provider: str) -> None:
    upstream.script(provider, whole(saying(provider)))
    usage = anthropic_sdk.messages.create(model=provider, max_tokens=100, messages=HI).usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (8, 12, 7)


@both
def test_stream(upstream: Upstream, anthropic_sdk: anthropic.Anthropic, provider: str) -> None:
    upstream.script(provider, streamed(streaming(provider, "Hello", " there")))
    with anthropic_sdk.messages.stream(model=provider, max_tokens=100, messages=HI) as stream:
        assert list(stream.text_stream) == ["Hello", " there"]
        answer = stream.get_final_message()
    assert answer.stop_reason == "end_turn"
    usage = answer.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (8, 12, 7)
    assert sent_to(provider, upstream)["stream"] is True


@both
def test_stream_on_the_wire(upstream: Upstream, gateway: Gateway, provider: str) -> None:
    upstream.script(provider, streamed(streaming(provider, "Hello", tools=PARIS_AND_ROME)))
    answer = post(gateway.url, MESSAGES, messages(provider, stream=True))
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert oracles.check_anthropic_stream(answer.body) == []


def test_usage_is_always_asked_of_the_provider(upstream: Upstream, gateway: Gateway) -> None:
    upstream.script("a", streamed(streaming("a", "Hello")))
    post(gateway.url, MESSAGES, messages("a", stream=True))
    assert sent_to("a", upstream)["stream_options"] == {"include_usage": True}


@both
def test_parallel_tool_calls(upstream: Upstream, anthropic_sdk: anthropic.Anthropic, provider: str) -> None:
    upstream.script(provider, whole(saying(provider, "Looking", PARIS_AND_ROME)))
    tools: Any = [ANTHROPIC_TOOL]
    answer = anthropic_sdk.messages.create(model=provider, max_tokens=100, messages=HI, tools=tools)
    assert [block.type for block in answer.content] == ["text", "tool_use", "tool_use"]
    assert [block.input for block in answer.content if block.type == "tool_use"] == PARIS_AND_ROME
    assert answer.stop_reason == "tool_use"
    assert sent_to(provider, upstream)["tools"]


@both
def test_parallel_tool_calls_streamed(
    upstream: Upstream, anthropic_sdk: anthropic.Anthropic, provider: str
) -> None:
    upstream.script(provider, streamed(streaming(provider, "Looking", tools=PARIS_AND_ROME)))
    with anthropic_sdk.messages.stream(model=provider, max_tokens=100, messages=HI) as stream:
        answer = stream.get_final_message()
    assert [block.input for block in answer.content if block.type == "tool_use"] == PARIS_AND_ROME
    assert answer.stop_reason == "tool_use"


def tool_round(*results: Any) -> list[Any]:
    called = answers.anthropic_message("", PARIS_AND_ROME)["content"]
    return [*HI, {"role": "assistant", "content": called}, {"role": "user", "content": list(results)}]


@both
def test_tool_results(upstream: Upstream, gateway: Gateway, provider: str) -> None:
    upstream.script(provider, whole(saying(provider)))
    results = [
        {"type": "tool_result", "tool_use_id": f"toolu_{i}", "content": f"sunny {i}"} for i in range(2)
    ]
    body = messages(provider) | {"messages": tool_round(*results, {"type": "text", "text": "And?"})}
    assert post(gateway.url, MESSAGES, body).status == 200
    sent = json.dumps(sent_to(provider, upstream))
    assert "sunny 0" in sent and "sunny 1" in sent and "And?" in sent


def test_tool_results_go_to_openai_as_messages_of_their_own(upstream: Upstream, gateway: Gateway) -> None:
    upstream.script("a", whole(saying("a")))
    results = [{"type": "tool_result", "tool_use_id": f"toolu_{i}", "content": "sunny"} for i in range(2)]
    post(gateway.url, MESSAGES, messages("a") | {"messages": tool_round(*results)})
    _, assistant, *tools = sent_to("a", upstream)["messages"]
    arguments = [json.loads(call["function"]["arguments"]) for call in assistant["tool_calls"]]
    assert arguments == PARIS_AND_ROME
    assert [turn["tool_call_id"] for turn in tools if turn["role"] == "tool"] == ["toolu_0", "toolu_1"]


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ({"type": "base64", "media_type": "image/png", "data": PNG}, f"data:image/png;base64,{PNG}"),
        ({"type": "url", "url": "https://images.example/cat.png"}, "https://images.example/cat.png"),
    ],
)
def test_images_to_openai(upstream: Upstream, gateway: Gateway, source: Any, url: str) -> None:
    upstream.script("a", whole(saying("a")))
    turn = {"role": "user", "content": [{"type": "image", "source": source}]}
    post(gateway.url, MESSAGES, messages("a") | {"messages": [turn]})
    (part,) = sent_to("a", upstream)["messages"][0]["content"]
    assert part["image_url"]["url"] == url


def test_an_image_in_a_tool_result_is_not_lost(upstream: Upstream, gateway: Gateway) -> None:
    """It reaches the provider, or the request is refused: never a 200 without it."""
    upstream.script("a", whole(saying("a")))
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    results = [{"type": "tool_result", "tool_use_id": f"toolu_{i}", "content": [image]} for i in range(2)]
    answer = post(gateway.url, MESSAGES, messages("a") | {"messages": tool_round(*results)})
    if answer.status == 200:
        assert json.dumps(sent_to("a", upstream)).count(PNG) == 2
    else:
        assert answer.status == 422 and not upstream.received


def test_thinking_of_anthropic_streams(upstream: Upstream, anthropic_sdk: anthropic.Anthropic) -> None:
    upstream.script("anth_a", streamed(answers.anthropic_stream("42", thinking="Let me think")))
    with anthropic_sdk.messages.stream(model="anth_a", max_tokens=100, messages=HI) as stream:
        thought = stream.get_final_message().content[0]
    assert thought.to_dict() == {"type": "thinking", "thinking": "Let me think", "signature": SIGNATURE}


def test_reasoning_of_openai_becomes_thinking(upstream: Upstream, anthropic_sdk: anthropic.Anthropic) -> None:
    upstream.script("a", whole(saying("a", "42", thinking="Let me think")))
    answer = anthropic_sdk.messages.create(model="a", max_tokens=100, messages=HI)
    assert [block.type for block in answer.content] == ["thinking", "text"]
    assert answer.content[0].thinking == "Let me think"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("finish", "reason"), [("stop", "end_turn"), ("length", "max_tokens"), ("content_filter", "refusal")]
)
def test_stop_reasons_of_openai(upstream: Upstream, gateway: Gateway, finish: str, reason: str) -> None:
    body = answers.openai_chat()
    body["choices"][0]["finish_reason"] = finish
    upstream.script("a", whole(body))
    assert post(gateway.url, MESSAGES, messages("a")).json()["stop_reason"] == reason


def test_a_ping_reaches_the_client_at_once(upstream: Upstream, gateway: Gateway) -> None:
    from tests.e2e.client import streaming as reading

    hold = Hold()
    start, *rest = answers.anthropic_stream("Hello")
    upstream.script("anth_a", streamed([start, answers.ANTHROPIC_PING, hold, *rest]))
    with reading(gateway.url, MESSAGES, messages("anth_a", stream=True)) as stream:
        stream.until(b"event: ping")
        hold.release()
        assert stream.rest().endswith(answers.ANTHROPIC_STOP)


def test_headers_of_the_dialect_and_none_else(upstream: Upstream, gateway: Gateway) -> None:
    upstream.script("anth_a", whole(saying("anth_a")))
    ours = {"anthropic-beta": "context-1m", "anthropic-version": "2023-06-01", "x-other": "1"}
    post(gateway.url, MESSAGES, messages("anth_a"), ours)
    request = upstream.only()
    assert request.header("anthropic-beta") == "context-1m"
    assert request.header("anthropic-version") == "2023-06-01"
    assert request.header("x-api-key") == f"{PROVIDER_KEY}-anth_a"
    assert request.header("x-other") is None
