"""Servers that speak Chat Completions nearly: what is known to differ, read as it was meant."""

from typing import Any

import orjson
import pytest

from translators.canonical import (
    Called,
    CalledWith,
    Cited,
    Done,
    Event,
    Extra,
    Failed,
    Finished,
    Opaque,
    Said,
    Started,
    Thought,
    Usage,
    Used,
)
from translators.openai_chat import StreamReader, read_response


def chunk(delta: Any = None, finish: str | None = None, **fields: Any) -> Any:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": choices, **fields}


def call(
    index: int | None = None, id: str | None = None, name: str | None = None, arguments: Any = None
) -> Any:
    function = {"name": name, "arguments": arguments}
    piece = {"index": index, "id": id, "function": {k: v for k, v in function.items() if v is not None}}
    return {"tool_calls": [{k: v for k, v in piece.items() if v is not None}]}


def read(*payloads: Any) -> list[Event]:
    """The events after the first, which is the head."""
    reader = StreamReader()
    head, *events = [event for payload in payloads for event in reader.read(orjson.dumps(payload))]
    assert head == Started("c", "m")
    return events


def calls(*deltas: Any) -> list[tuple[str, str]]:
    """Ids and arguments of the calls, put together as a client would."""
    together: dict[int, tuple[str, str]] = {}
    for event in read(*map(chunk, deltas)):
        match event:
            case Called(number, id, _, _):
                assert number == len(together)
                together[number] = (id, "")
            case CalledWith(number, json, _):
                together[number] = (together[number][0], together[number][1] + json)
            case _:
                raise AssertionError(event)
    return list(together.values())


X, Y = '{"x": 1}', '{"y": 2}'
SECOND = call(1, "b", "f", Y)


@pytest.mark.parametrize(
    "deltas",
    [
        [call(0, "a", "f", ""), call(0, arguments=X), call(1, "b", "f", ""), call(1, arguments=Y)],
        [call(0, "a", "f", X), call(0, "b", "f", Y)],  # Ollama, Gemini: every index is 0
        [call(None, "a", "f", X), call(None, "b", "f", Y)],  # older Ollama: no index
        [call(0, "a", "f", X[:4]), call(0, "a", arguments=X[4:]), SECOND],  # the id again
        [call(0, "a", "f", X[:4]), call(0, "z", arguments=X[4:]), SECOND],  # vLLM: another id
        [call(1, "a", "f", X), call(2, "b", "f", Y)],  # from 1
        [call(0, "a", "f", {"x": 1}), SECOND],  # an object instead of its text
        [{"tool_calls": call(0, "a", "f", X)["tool_calls"] + SECOND["tool_calls"]}],
        [call(0, "a", "f"), call(1, "b", "f"), call(0, arguments=X), call(1, arguments=Y)],
    ],
)
def test_tool_calls(deltas: list[Any]) -> None:
    together = [(id, arguments.replace('":1', '": 1')) for id, arguments in calls(*deltas)]
    assert together == [("a", X), ("b", Y)]


def test_calls_without_ids_get_some() -> None:
    ids = ["call_c_0", "call_c_1"]
    assert calls(call(0, "", "f", "{}"), call(0, "", "g", "{}")) == [(id, "{}") for id in ids]
    assert calls(call(None, None, "f", "{}"), call(None, None, "g", "{}")) == [(id, "{}") for id in ids]
    assert calls(
        {"function_call": {"name": "f", "arguments": ""}}, {"function_call": {"arguments": "{}"}}
    ) == [("call_c_0", "{}")]


def test_arguments_of_no_call_are_unreadable() -> None:
    with pytest.raises(ValueError):
        read(chunk(call(0, arguments="{}")))


def test_empty_fields_mean_nothing() -> None:
    empty: Any = {
        "role": "assistant",
        "content": "",
        "tool_calls": [],
        "refusal": None,
        "reasoning_content": "",
    }
    assert read(chunk(empty), chunk({"content": None}), chunk({}, usage=None)) == []


def test_stop_after_calls_is_a_call() -> None:
    assert read(chunk(call(0, "a", "f", "{}")), chunk({}, "stop"))[-1] == Finished("tools")
    assert read(chunk(call(0, "a", "f", "{}")), chunk({}, "length"))[-1] == Finished("length")


def test_it_finishes_once() -> None:
    assert read(chunk({"content": "Hi"}, "stop"), chunk({}, "stop")) == [Said("Hi"), Finished("end")]


@pytest.mark.parametrize(
    ("reason", "event"),
    [
        ("eos_token", Finished("end")),
        ("model_length", Finished("length")),
        ("function_call", Finished("tools")),
    ],
)
def test_other_words_for_the_end(reason: str, event: Event) -> None:
    assert read(chunk({}, reason)) == [event]


@pytest.mark.parametrize("reason", ["error", "insufficient_system_resource"])
def test_giving_up_is_no_end(reason: str) -> None:
    (event,) = read(chunk({}, reason))
    assert isinstance(event, Failed)


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_reasoning(name: str) -> None:
    assert read(chunk({name: "hm"}), chunk({"content": "So."})) == [Thought("hm"), Said("So.")]


def test_reasoning_as_litellm_says_it() -> None:
    pieces = [
        {
            "reasoning_content": text,
            "thinking_blocks": [{"type": "thinking", "thinking": text, "signature": proof}],
        }
        for text, proof in (("Let ", ""), ("me", ""), ("", "sig"))
    ]
    signature = Opaque("anthropic", "choices[].message.thinking_blocks[].signature", "sig")
    assert read(*map(chunk, pieces)) == [Thought("Let "), Thought("me"), Thought(signature=signature)]


def test_reasoning_as_mistral_says_it() -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "So."},
    ]
    assert read(chunk({"content": parts})) == [Thought("hm"), Said("So.")]


USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk({}, "stop"), chunk(usage=USAGE)],
        [chunk({}, "stop", usage=USAGE)],  # in the last chunk of the answer
        [chunk({}, "stop", x_groq={"id": "r", "usage": USAGE})],
    ],
)
def test_usage_wherever_it_is(chunks: list[Any]) -> None:
    assert read(*chunks) == [Finished("end"), Used(Usage(5, 2))]


def test_all_that_is_counted() -> None:
    details = {
        "prompt_tokens_details": {"cached_tokens": 3, "audio_tokens": 0, "cache_write_tokens": 1},
        "completion_tokens_details": {
            "reasoning_tokens": 1,
            "audio_tokens": 4,
            "accepted_prediction_tokens": 5,
            "rejected_prediction_tokens": 6,
        },
    }
    (used,) = read(chunk(usage=USAGE | details, service_tier="flex"))
    assert used == Used(Usage(5, 2, 3, 1, None, 1, 0, 4, 5, 6), "flex")
    deepseek = chunk(usage=USAGE | {"prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 1})
    assert read(deepseek) == [Used(Usage(5, 2, cache_read=4))]


@pytest.mark.parametrize(
    ("total", "output"),
    [(135, 103), (41, 9), (None, 9), (999, 9)],
    ids=["beside", "within", "no total", "a total that fits neither"],
)
def test_reasoning_may_be_counted_beside_the_answer(total: int | None, output: int) -> None:
    """https://docs.x.ai/docs/guides/reasoning: there the total is what tells."""
    usage = {
        "prompt_tokens": 32,
        "completion_tokens": 9,
        "completion_tokens_details": {"reasoning_tokens": 94},
    }
    told = chunk(usage=usage | ({} if total is None else {"total_tokens": total}))
    assert read(told) == [Used(Usage(32, output, reasoning=94))]


def test_azure_begins_with_its_filters() -> None:
    filters = {"id": "", "model": "", "choices": [], "prompt_filter_results": [{}]}
    assert read(filters, chunk({"content": "Hi"})) == [Said("Hi")]


@pytest.mark.parametrize(
    ("payload", "failed"),
    [
        (
            {"error": {"message": "Slow down", "type": "rate_limit_error", "code": None}},
            Failed("rate_limit", "Slow down", type="rate_limit_error"),
        ),
        ({"error": "overheated"}, Failed("server", "overheated")),
        (chunk({}, error={"code": 502, "message": "Down"}), Failed("server", "Down", 502, code="502")),
        (
            {"object": "error", "message": "Too long", "type": "BadRequestError", "code": 400},
            Failed("invalid_request", "Too long", 400, "BadRequestError", "400"),
        ),
        ({"message": "Boom"}, Failed("server", "Boom")),
    ],
)
def test_errors_in_a_stream(payload: Any, failed: Failed) -> None:
    assert list(StreamReader().read(orjson.dumps(payload))) == [failed]


def test_an_error_instead_of_an_answer() -> None:
    body: Any = {"error": {"message": "Down", "type": "server_error"}}
    assert read_response(body) == [Failed("server", "Down", type="server_error")]
    assert isinstance(read_response({"choices": []})[0], Failed)


def test_only_done_is_the_end() -> None:
    assert list(StreamReader().read(b"[DONE]")) == [Done()]


def test_sources_and_sound() -> None:
    cited = {
        "type": "url_citation",
        "url_citation": {"url": "u", "title": "t", "start_index": 1, "end_index": 2},
    }
    other = {"type": "file_citation", "file": "f"}
    message = {"role": "assistant", "content": "Hi", "annotations": [cited, other], "audio": {"id": "a"}}
    body: Any = {
        "id": "c",
        "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }
    assert read_response(body)[1:-2] == [
        Said("Hi"),
        Cited("u", "t", start=1, end=2),
        Extra(Opaque("openai", "choices[].message.annotations[]", other)),  # type: ignore[arg-type]
        Extra(Opaque("openai", "choices[].message.audio", {"id": "a"})),
    ]
