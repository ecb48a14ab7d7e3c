"""Chat completions, by the openai SDK: from a provider that speaks OpenAI and one that speaks Anthropic."""

import json
from typing import Any

import openai
import pytest

from tests import oracles
from tests.e2e import answers
from tests.e2e.answers import OPENAI_TOOL, PARIS_AND_ROME, PNG, saying, streamed, streaming, whole
from tests.e2e.client import CHAT, chat, post
from tests.gateway import Gateway
from tests.upstream import Upstream

both = pytest.mark.parametrize("provider", ["a", "anth_a"])
HI: Any = [{"role": "user", "content": "Hi"}]
ASKED_FOR_USAGE = {"stream": True, "stream_options": {"include_usage": True}}


def sent_to(provider: str, upstream: Upstream) -> Any:
    """The body that the provider got, which its own SDK must accept."""
    request = upstream.only()
    body = json.loads(request.body)
    if answers.speaks_anthropic(provider):
        assert request.path == f"/{provider}/v1/messages"
        assert oracles.check_anthropic_request(body) == []
    else:
        assert request.path == f"/{provider}/v1/chat/completions"
        assert oracles.check_openai_chat_request(body) == []
    return body


@both
def test_text(upstream: Upstream, openai_sdk: openai.OpenAI, provider: str) -> None:
    upstream.script(provider, whole(saying(provider, "Hello there")))
    answer = openai_sdk.chat.completions.create(model=provider, messages=HI)
    assert answer.choices[0].message.content == "Hello there"
    assert answer.choices[0].finish_reason == "stop"
    assert oracles.check_openai_chat_response(answer.to_dict()) == []
    assert sent_to(provider, upstream)["messages"][0]["role"] == "user"


@both
def test_usage(upstream: Upstream, openai_sdk: openai.OpenAI, provider: str) -> None:
    upstream.script(provider, whole(saying(provider)))
    usage = openai_sdk.chat.completions.create(model=provider, messages=HI).usage
    assert usage and usage.prompt_tokens_details
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (20, 7, 27)
    assert usage.prompt_tokens_details.cached_tokens == 12


@both
def test_stream(upstream: Upstream, openai_sdk: openai.OpenAI, provider: str) -> None:
    upstream.script(provider, streamed(streaming(provider, "Hello", " there")))
    chunks = list(openai_sdk.chat.completions.create(model=provider, messages=HI, stream=True))
    assert [c.choices[0].delta.content for c in chunks if c.choices[0].delta.content] == ["Hello", " there"]
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert sent_to(provider, upstream)["stream"] is True


@both
def test_stream_on_the_wire(upstream: Upstream, gateway: Gateway, provider: str) -> None:
    upstream.script(provider, streamed(streaming(provider, "Hello", tools=PARIS_AND_ROME)))
    answer = post(gateway.url, CHAT, chat(provider, stream=True))
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert oracles.check_openai_stream(answer.body, include_usage=False) == []


@both
def test_usage_of_a_stream_for_a_client_that_asks(
    upstream: Upstream, gateway: Gateway, provider: str
) -> None:
    upstream.script(provider, streamed(streaming(provider, "Hello")))
    answer = post(gateway.url, CHAT, chat(provider, **ASKED_FOR_USAGE))
    assert oracles.check_openai_stream(answer.body, include_usage=True) == []
    final, _ = oracles.openai_stream_final(answer.body)
    assert (final.usage.prompt_tokens, final.usage.completion_tokens) == (20, 7)


def test_usage_is_always_asked_of_the_provider(upstream: Upstream, gateway: Gateway) -> None:
    body = chat("a", stream=True, stream_options={"include_usage": False, "include_obfuscation": False})
    upstream.script("a", streamed(streaming("a", "Hello")))
    answer = post(gateway.url, CHAT, body)
    assert sent_to("a", upstream)["stream_options"]["include_usage"] is True
    assert oracles.check_openai_stream(answer.body, include_usage=False) == []


@both
def test_parallel_tool_calls(upstream: Upstream, openai_sdk: openai.OpenAI, provider: str) -> None:
    upstream.script(provider, whole(saying(provider, "Looking", PARIS_AND_ROME)))
    tools: Any = [OPENAI_TOOL]
    answer = openai_sdk.chat.completions.create(model=provider, messages=HI, tools=tools)
    calls = answer.choices[0].message.tool_calls or []
    assert [json.loads(call.function.arguments) for call in calls] == PARIS_AND_ROME  # type: ignore[union-attr]
    assert answer.choices[0].message.content == "Looking"
    assert answer.choices[0].finish_reason == "tool_calls"
    assert sent_to(provider, upstream)["tools"]


@both
def test_parallel_tool_calls_streamed(upstream: Upstream, openai_sdk: openai.OpenAI, provider: str) -> None:
    upstream.script(provider, streamed(streaming(provider, "Looking", tools=PARIS_AND_ROME)))
    with openai_sdk.chat.completions.stream(model=provider, messages=HI) as stream:
        message = stream.get_final_completion().choices[0].message
    assert [json.loads(call.function.arguments) for call in message.tool_calls or []] == PARIS_AND_ROME
    assert message.content == "Looking"


@both
def test_tool_results(upstream: Upstream, openai_sdk: openai.OpenAI, provider: str) -> None:
    upstream.script(provider, whole(saying(provider)))
    called = answers.openai_chat(None, PARIS_AND_ROME)["choices"][0]["message"]
    results = [{"role": "tool", "tool_call_id": f"call_{i}", "content": f"sunny {i}"} for i in range(2)]
    turns: Any = [*HI, called, *results, {"role": "user", "content": "And?"}]
    openai_sdk.chat.completions.create(model=provider, messages=turns, tools=[OPENAI_TOOL])  # type: ignore[list-item]
    sent = json.dumps(sent_to(provider, upstream))
    assert "sunny 0" in sent and "sunny 1" in sent and "And?" in sent


def test_tool_results_go_to_anthropic_in_one_turn(upstream: Upstream, gateway: Gateway) -> None:
    upstream.script("anth_a", whole(saying("anth_a")))
    called = answers.openai_chat(None, PARIS_AND_ROME)["choices"][0]["message"]
    results = [{"role": "tool", "tool_call_id": f"call_{i}", "content": "sunny"} for i in range(2)]
    post(gateway.url, CHAT, {"model": "anth_a", "messages": [*HI, called, *results]})
    _, assistant, user = sent_to("anth_a", upstream)["messages"]
    assert [block["input"] for block in assistant["content"]] == PARIS_AND_ROME
    assert [block["tool_use_id"] for block in user["content"]] == ["call_0", "call_1"]


def test_images_to_anthropic(upstream: Upstream, gateway: Gateway) -> None:
    upstream.script("anth_a", whole(saying("anth_a")))
    urls = [f"data:image/png;base64,{PNG}", "https://images.example/cat.png"]
    content = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    post(gateway.url, CHAT, {"model": "anth_a", "messages": [{"role": "user", "content": content}]})
    data, url = (block["source"] for block in sent_to("anth_a", upstream)["messages"][0]["content"])
    assert data == {"type": "base64", "media_type": "image/png", "data": PNG}
    assert url == {"type": "url", "url": urls[1]}


def test_system_and_developer_to_anthropic(upstream: Upstream, gateway: Gateway) -> None:
    upstream.script("anth_a", whole(saying("anth_a")))
    turns = [{"role": "system", "content": "Be kind"}, {"role": "developer", "content": "Be brief"}, *HI]
    post(gateway.url, CHAT, {"model": "anth_a", "messages": turns})
    sent = sent_to("anth_a", upstream)
    assert "Be kind" in json.dumps(sent["system"]) and "Be brief" in json.dumps(sent["system"])
    assert [turn["role"] for turn in sent["messages"]] == ["user"]


def test_thinking_comes_back_with_its_signature(upstream: Upstream, gateway: Gateway) -> None:
    """An OpenAI client that sends the answer's message back as it got it gives Anthropic its own proof."""
    thoughtful = saying("anth_a", "42", thinking="Let me think")
    upstream.script("anth_a", whole(thoughtful), whole(saying("anth_a")))
    message = post(gateway.url, CHAT, chat("anth_a")).json()["choices"][0]["message"]
    assert message["reasoning_content"] == "Let me think"
    post(gateway.url, CHAT, {"model": "anth_a", "messages": [*HI, message, *HI]})
    sent = json.loads(upstream.of("anth_a")[1].body)
    assert sent["messages"][1]["content"] == thoughtful["content"]


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("refusal", "content_filter"),
    ],
)
def test_finish_reasons_of_anthropic(upstream: Upstream, gateway: Gateway, reason: str, finish: str) -> None:
    upstream.script("anth_a", whole(saying("anth_a") | {"stop_reason": reason}))
    assert post(gateway.url, CHAT, chat("anth_a")).json()["choices"][0]["finish_reason"] == finish


def test_what_anthropic_has_no_word_for_is_listed(upstream: Upstream, gateway: Gateway) -> None:
    upstream.script("anth_a", whole(saying("anth_a")))
    answer = post(gateway.url, CHAT, chat("anth_a", seed=7, presence_penalty=0.5))
    dropped = answer.headers["x-dragoman-dropped"].replace(" ", "").split(",")
    assert {"seed", "presence_penalty"} <= set(dropped)


@pytest.mark.parametrize("field", [{"n": 2}, {"temperature": 1.5}, {"logprobs": True}])
def test_what_anthropic_cannot_do_is_refused(upstream: Upstream, gateway: Gateway, field: Any) -> None:
    answer = post(gateway.url, CHAT, chat("anth_a", **field))
    assert answer.status == 422
    assert next(iter(field)) in answer.message and "anth_a" in answer.message
    assert oracles.check_openai_error(422, answer.json()) == []
    assert not upstream.received
