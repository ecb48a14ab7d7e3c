"""Completions where a provider has only chat: what is asked, and what is told."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import Completion
from openai.types.completion_create_params import CompletionCreateParamsNonStreaming
from pydantic import TypeAdapter

from translators import DIALECTS, SPOKEN
from translators.body import parse
from translators.canonical import (
    Called,
    Done,
    Failed,
    Finished,
    Json,
    Ping,
    Probable,
    Refused,
    Said,
    Started,
    Thought,
    Usage,
    Used,
)
from translators.errors import BadRequest, Unsupported
from translators.openai_completions import MAX_TOKENS, READS, Completions, StreamWriter, write_response
from translators.translator import Outgoing, Translator

NOW = 1_700_000_000


def asked(target: str = "openai_chat", **fields: Any) -> tuple[Json, Outgoing]:
    """What a provider is asked, as JSON too."""
    body = parse(orjson.dumps({"model": "m", "prompt": "Once upon", **fields}))
    outgoing = Translator(SPOKEN["openai_completions"], DIALECTS[target]).request(body, "up")
    return orjson.loads(outgoing.body), outgoing


# --- the request ------------------------------------------------------------------------------------


def test_a_prompt_is_what_the_user_says() -> None:
    written, outgoing = asked()
    assert written == {
        "model": "up",
        "messages": [{"role": "user", "content": "Once upon"}],
        "max_completion_tokens": MAX_TOKENS,
    }
    assert outgoing.dropped == ()
    assert asked(prompt=["Once upon"])[0] == written


def test_settings_come_along() -> None:
    fields = {
        "max_tokens": 5,
        "temperature": 0.5,
        "top_p": 0.9,
        "n": 2,
        "stop": "END",
        "seed": 7,
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "logit_bias": {"50256": -100},
        "logprobs": 3,
        "user": "me",
        "stream": True,
    }
    written, outgoing = asked(**fields)
    assert written | {"messages": []} == {
        **{name: value for name, value in fields.items() if name not in ("max_tokens", "logprobs", "stop")},
        **{"model": "up", "messages": [], "max_completion_tokens": 5, "stop": ["END"]},
        **{"logprobs": True, "top_logprobs": 3, "stream_options": {"include_usage": True}},
    }
    assert outgoing.dropped == ()


def test_what_the_provider_has_no_word_for_is_listed_or_refused() -> None:
    assert asked("anthropic_messages", seed=7, user="me")[1].dropped == ("seed",)
    with pytest.raises(Unsupported, match="n"):
        asked("anthropic_messages", n=2)
    with pytest.raises(Unsupported, match="logprobs"):
        asked("anthropic_messages", logprobs=1)


def test_each_of_several_prompts_is_asked_by_itself_and_one_answer_is_given() -> None:
    both = Translator(Completions(), DIALECTS["anthropic_messages"])
    body = parse(orjson.dumps({"model": "m", "prompt": ["Once", "Twice"], "echo": True, "max_tokens": 9}))
    outgoing = both.request(body, "up")
    assert [orjson.loads(each)["messages"][0]["content"] for each in (outgoing.body, *outgoing.rest)] == [
        "Once",
        "Twice",
    ]
    both.part(MESSAGE)
    answer = orjson.loads(both.response(MESSAGE, NOW))
    assert [(choice["index"], choice["text"]) for choice in answer["choices"]] == [
        (0, "Once upon a time"),
        (1, "Twice upon a time"),
    ]
    assert answer["usage"]["total_tokens"] == 8
    assert both.outcome.used and both.outcome.used.usage.output == 6


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"prompt": ["a", 1]}, "prompt"),
        ({"prompt": [1, 2]}, "prompt"),
        ({"prompt": [[1, 2]]}, "prompt"),
        ({"suffix": "the end"}, "suffix"),
        ({"best_of": 3}, "best_of"),
        ({"prompt_embeds": "x"}, "prompt_embeds"),
        ({"echo": True, "logprobs": 1}, "echo"),
    ],
)
def test_what_a_chat_can_not_do_is_refused(fields: Json, field: str) -> None:
    with pytest.raises(Unsupported) as refused:
        asked(**fields)
    assert refused.value.meaning == field


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"prompt": 5}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": ["a", "b"], "stream": True}, "stream"),
        ({"max_tokens": "5"}, "max_tokens"),
        ({"stop": [5]}, "stop"),
        ({"echo": "yes"}, "echo"),
        ({"logit_bias": {"1": "x"}}, "logit_bias.1"),
    ],
)
def test_nonsense_is_refused(fields: Json, field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        asked(**fields)
    assert refused.value.field == field


@pytest.mark.parametrize("fields", [{"suffix": ""}, {"best_of": 1}, {"echo": False}])
def test_what_changes_nothing_vanishes(fields: Json) -> None:
    assert asked(**fields) == asked()


def test_a_field_that_nobody_knows_is_listed() -> None:
    assert asked("anthropic_messages", unheard_of=1)[1].dropped == ("unheard_of",)


def test_every_field_of_the_sdk_is_known() -> None:
    assert CompletionCreateParamsNonStreaming.__annotations__.keys() <= READS.keys()


# --- the answer -------------------------------------------------------------------------------------

HEAD = Started("cmpl-1", "gpt", NOW)
TOKENS: tuple[Json, ...] = (
    {"token": "Hel", "logprob": -0.1, "bytes": None, "top_logprobs": [{"token": "Hel", "logprob": -0.1}]},
    {"token": "lo", "logprob": -0.2, "bytes": None, "top_logprobs": []},
)
ANSWER = [
    HEAD,
    Thought("hm"),
    Said("Hello"),
    Probable(TOKENS),
    Said(" there"),
    Said("Other", choice=1),
    Called(0, "call", "f"),
    Finished("length"),
    Finished("end", choice=1),
    Used(Usage(3, 4, reasoning=2)),
    Done(),
]


def streamed(events: Any, include_usage: bool = True) -> list[bytes]:
    writer = StreamWriter(created=NOW, include_usage=include_usage)
    return [frame for event in events for frame in writer.write(event)]


def folded(frames: list[bytes]) -> Any:
    """The chunks put together, each as the SDK reads it."""
    assert frames[-1] == b"data: [DONE]\n\n"
    texts, finishes, usage = {0: "", 1: ""}, {}, None
    for frame in frames[:-1]:
        chunk = Completion.construct(**orjson.loads(frame.removeprefix(b"data: ")))
        usage = chunk.usage or usage
        for choice in chunk.choices:
            texts[choice.index] += choice.text
            finishes[choice.index] = choice.finish_reason or finishes.get(choice.index)
    return texts, finishes, usage


def test_a_whole_answer_is_what_its_stream_adds_up_to() -> None:
    whole = TypeAdapter(Completion).validate_python(write_response(ANSWER, created=0))
    texts, finishes, usage = folded(streamed(ANSWER))
    assert {choice.index: choice.text for choice in whole.choices} == texts == {0: "Hello there", 1: "Other"}
    assert {choice.index: choice.finish_reason for choice in whole.choices} == finishes
    assert finishes == {0: "length", 1: "stop"}
    assert whole.usage == usage and usage.total_tokens == 7
    assert (whole.id, whole.model, whole.created) == ("cmpl-1", "gpt", NOW)


def test_log_probabilities_are_told_in_the_older_form() -> None:
    expected = {
        "tokens": ["Hel", "lo"],
        "token_logprobs": [-0.1, -0.2],
        "top_logprobs": [{"Hel": -0.1}, {}],
        "text_offset": [0, 3],
    }
    assert write_response(ANSWER, created=0)["choices"][0]["logprobs"] == expected  # type: ignore[index,call-overload]
    [told] = [frame for frame in streamed(ANSWER) if b'"tokens"' in frame]
    assert orjson.loads(told.removeprefix(b"data: "))["choices"][0]["logprobs"] == expected


def test_usage_comes_in_a_stream_only_when_asked_for() -> None:
    assert not any(b'"usage"' in frame for frame in streamed(ANSWER, include_usage=False))


def test_a_refusal_is_the_text_and_filtered() -> None:
    answer = write_response([HEAD, Refused("No."), Finished("refusal"), Done()], created=0)
    assert answer["choices"] == [
        {"index": 0, "text": "No.", "logprobs": None, "finish_reason": "content_filter"}
    ]


def test_failures_and_pings() -> None:
    assert streamed([Ping()])[0].startswith(b":")
    assert orjson.loads(streamed([Failed("server", "broken")])[0].removeprefix(b"data: "))["error"]["message"]


@given(st.lists(st.sampled_from([*ANSWER, Ping(), Refused("x"), Finished("refusal", choice=1)])))
def test_any_events_can_be_told(events: list[Any]) -> None:
    streamed(events)
    write_response(events, created=0)


# --- through the translator -------------------------------------------------------------------------


def translator(**fields: Any) -> Translator:
    made = Translator(Completions(), DIALECTS["anthropic_messages"])
    made.request(parse(orjson.dumps({"model": "m", "prompt": "Once", **fields})), "m")
    return made


MESSAGE = orjson.dumps(
    {
        **{"id": "msg", "type": "message", "role": "assistant", "model": "claude", "stop_sequence": None},
        "content": [{"type": "text", "text": " upon a time"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 3},
    }
)


def test_an_echo_stands_before_the_answer() -> None:
    answer = orjson.loads(translator(echo=True).response(MESSAGE, NOW))
    assert answer["choices"][0]["text"] == "Once upon a time"
    assert orjson.loads(translator().response(MESSAGE, NOW))["choices"][0]["text"] == " upon a time"


def test_an_echo_stands_before_a_streamed_answer_too() -> None:
    frames = translator(echo=True, stream=True).whole_as_stream(MESSAGE, NOW).split(b"\n\n")
    texts = [
        choice["text"]
        for frame in frames
        if frame and frame != b"data: [DONE]"
        for choice in orjson.loads(frame.removeprefix(b"data: "))["choices"]
    ]
    assert "".join(texts) == "Once upon a time" and texts[0] == "Once"
