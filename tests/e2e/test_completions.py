"""Completions of providers that only know chat, through the real gateway and the vendor's SDK."""

import openai
import pytest

from tests.e2e import answers
from tests.e2e.answers import anthropic_message, anthropic_stream, streamed, whole
from tests.gateway import Gateway
from tests.upstream import Upstream, reset


def test_a_text_goes_on(upstream: Upstream, openai_sdk: openai.OpenAI) -> None:
    upstream.script("anth_a", whole(anthropic_message(" upon a time")))
    told = openai_sdk.completions.create(model="anth_a", prompt="Once", echo=True, max_tokens=9, stop=["END"])
    assert told.object == "text_completion" and told.choices[0].text == "Once upon a time"
    assert told.usage and told.usage.total_tokens > 0
    asked = upstream.only()
    assert asked.path == "/anth_a/v1/messages"
    assert b'"stop_sequences":["END"]' in asked.body and b'"max_tokens":9' in asked.body


def test_it_streams(upstream: Upstream, openai_sdk: openai.OpenAI) -> None:
    upstream.script("anth_a", streamed(anthropic_stream(" upon", " a time")))
    with openai_sdk.completions.create(model="anth_a", prompt="Once", echo=True, stream=True) as stream:
        chunks = [choice for chunk in stream for choice in chunk.choices]
    assert [chunk.text for chunk in chunks if chunk.text] == ["Once", " upon", " a time"]
    assert chunks[-1].finish_reason == "stop"


def test_several_prompts_are_asked_one_after_the_other(
    upstream: Upstream, gateway: Gateway, openai_sdk: openai.OpenAI
) -> None:
    upstream.script("anth_a", whole(anthropic_message("one")), whole(anthropic_message("two")))
    raw = openai_sdk.completions.with_raw_response.create(model="anth_a", prompt=["A", "B"])
    told = raw.parse()
    assert [(choice.index, choice.text) for choice in told.choices] == [(0, "one"), (1, "two")]
    assert len(upstream.of("anth_a")) == 2 and raw.headers["x-dragoman-attempts"] == "2"


def test_when_one_of_them_fails_all_are_asked_of_the_next(
    upstream: Upstream, openai_sdk: openai.OpenAI
) -> None:
    """The last provider knows the API itself, and takes both prompts at once."""
    both = {
        **{"id": "cmpl", "object": "text_completion", "created": 1, "model": "m"},
        "choices": [
            {"index": index, "text": text, "logprobs": None, "finish_reason": "stop"}
            for index, text in enumerate(("one", "two"))
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    }
    upstream.script("anth_a", whole(anthropic_message("lost")), [reset])
    upstream.script("a", whole(both))
    raw = openai_sdk.completions.with_raw_response.create(model="anth_a-a", prompt=["A", "B"])
    assert [choice.text for choice in raw.parse().choices] == ["one", "two"]
    assert raw.headers["x-dragoman-attempts"] == "3" and raw.headers["x-dragoman-provider"] == "a"


def test_an_error_to_one_of_them_is_the_answer(upstream: Upstream, openai_sdk: openai.OpenAI) -> None:
    refused = whole(answers.anthropic_error("invalid_request_error", "too long"), 400)
    upstream.script("anth_a", whole(anthropic_message("one")), refused)
    with pytest.raises(openai.BadRequestError, match="too long"):
        openai_sdk.completions.create(model="anth_a", prompt=["A", "B"])


def test_what_a_chat_can_not_do_is_refused(upstream: Upstream, openai_sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match=r"suffix: anth_a can't do this"):
        openai_sdk.completions.create(model="anth_a", prompt="A", suffix="Z")
    with pytest.raises(openai.UnprocessableEntityError, match=r"prompt: anth_a can't do this"):
        openai_sdk.completions.create(model="anth_a", prompt=[1, 2])
    assert not upstream.received
