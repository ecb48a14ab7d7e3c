"""Answers: whole and streamed, written and read, by the SDK and by the laws."""

import contextlib
from collections.abc import Sequence
from itertools import pairwise, product
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import oracles
from tests.laws import holds
from translators import sse
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
    PartEnded,
    Ping,
    Probable,
    Refused,
    Said,
    Started,
    StopReason,
    Thought,
    ThoughtRedacted,
    Usage,
    Used,
)
from translators.openai_chat import Framing, StreamReader, StreamWriter, read_response, write_response

SIGNATURE = Opaque("anthropic", "content[thinking].signature", "sig")
TOKEN = {"token": "Hi", "logprob": -0.1, "bytes": [72, 105], "top_logprobs": []}
USAGE = Usage(20, 9, cache_read=12, cache_write=3, reasoning=2, audio_input=1, audio_output=0)

PLAIN: list[Event] = [
    Started("chatcmpl-1", "gpt-5", 1700000000),
    Said("Grüße "),
    Said("aus Rom\n\n"),
    Called(0, "call_a", "weather"),
    CalledWith(0, '{"city":'),
    CalledWith(0, ' "Rome"}'),
    Called(1, "call_b", "time"),
    Finished("tools"),
    Said("Other.", choice=1),
    Refused("No.", choice=2),
    Probable((TOKEN,), choice=1),  # type: ignore[arg-type]
    Finished("length", choice=1),
    Finished("content_filter", choice=2),
    Used(USAGE, "default"),
    Done(),
]
"""Nothing that goes beyond what OpenAI's own types allow."""

EXTENDED: list[Event] = [
    Started("chatcmpl-2", "claude", 1700000000),
    Used(Usage(5, 1)),
    Thought("Let me "),
    Thought("think"),
    Thought(signature=SIGNATURE),
    ThoughtRedacted(Opaque("anthropic", "content[redacted_thinking].data", "xyz")),
    Thought("More"),
    Thought(signature=Opaque("google", "parts[].thoughtSignature", "g")),
    PartEnded(),
    Said("One."),
    PartEnded(),
    Said("Two."),
    Cited("https://x.example", "X"),
    Cited("https://y.example", None, start=0, end=4),
    Cited(None, "A document", "quote"),
    Extra(Opaque("openai", "choices[].message.annotations[]", {"type": "file", "file": {}})),
    Extra(Opaque("anthropic", "content[server_tool_use]", {"no": "business of ours"})),
    Finished("end"),
    Used(Usage(5, 7)),
    Done(),
]


def stream(events: Sequence[Event], *, include_usage: bool = True) -> bytes:
    writer = StreamWriter(created=1, include_usage=include_usage)
    return b"".join(frame for event in events for frame in writer.write(event))


def read_stream(data: bytes) -> list[Event]:
    return list(read_pieces([data]))


def read_pieces(pieces: list[bytes]) -> list[Event]:
    framing, reader = Framing(), StreamReader()
    frames = [frame for piece in pieces for frame in framing.feed(piece)] + framing.close()
    return [event for _, data in frames if data for event in reader.read(data)]


def whole(events: Sequence[Event]) -> Any:
    return orjson.loads(orjson.dumps(write_response(events, created=1)))


def chunks(data: bytes) -> list[Any]:
    return [orjson.loads(data) for _, data in sse.Decoder().feed(data) if data and data != b"[DONE]"]


def folded(events: list[Event]) -> list[Event]:
    """The same events with neighbouring pieces put together."""
    told: list[Event] = []
    for event in events:
        match told[-1:], event:
            case [Said(before, choice)], Said(text, same) if choice == same:
                told[-1] = Said(before + text, choice)
            case [CalledWith(call, before, choice)], CalledWith(same, text, _) if call == same:
                told[-1] = CalledWith(call, before + text, choice)
            case _:
                told.append(event)
    return told


# --- what we write ----------------------------------------------------------------------------------


def test_the_sdk_reads_our_answer() -> None:
    answer = whole(PLAIN)
    extension = answer["usage"]["prompt_tokens_details"].pop("cache_creation_input_tokens")
    assert extension == 3
    assert oracles.check_openai_chat_response(answer) == []
    first, second, third = answer["choices"]
    assert first["message"]["content"] == "Grüße aus Rom\n\n"
    assert [call["function"]["arguments"] for call in first["message"]["tool_calls"]] == [
        '{"city": "Rome"}',
        "{}",
    ]
    assert [choice["finish_reason"] for choice in answer["choices"]] == [
        "tool_calls",
        "length",
        "content_filter",
    ]
    assert second["logprobs"] == {"content": [TOKEN], "refusal": None}
    assert (third["message"]["content"], third["message"]["refusal"]) == (None, "No.")
    assert (answer["created"], answer["service_tier"]) == (1700000000, "default")


def test_the_sdk_reads_our_stream() -> None:
    data = stream(PLAIN).replace(b',"cache_creation_input_tokens":3', b"")
    assert oracles.check_openai_stream(data, include_usage=True) == []
    final, _ = oracles.openai_stream_final(data)
    assert final.choices[0].message.content == "Grüße aus Rom\n\n"
    assert final.usage.total_tokens == 29
    assert oracles.check_openai_stream(stream(PLAIN, include_usage=False), include_usage=False) == []


def bare(node: Any) -> Any:
    """Without what the SDK adds: the index of each entry, what it parsed, and nulls."""
    added = ("index", "parsed", "parsed_arguments")
    if isinstance(node, list):
        return [bare(entry) for entry in node]
    if isinstance(node, dict):
        return {k: bare(v) for k, v in node.items() if k not in added and v is not None}
    return node


@pytest.mark.parametrize("events", [PLAIN, EXTENDED], ids=["plain", "extended"])
def test_what_the_sdk_puts_together_is_the_whole_answer(events: list[Event]) -> None:
    final, _ = oracles.openai_stream_final(stream(events))
    for choice, expected in zip(final.choices, whole(events)["choices"], strict=True):
        message = bare(choice.message.to_dict())
        assert {name: value for name, value in message.items() if value != ""} == bare(expected["message"])
        assert choice.finish_reason == expected["finish_reason"]


def test_our_extensions_have_one_shape() -> None:
    message = whole(EXTENDED)["choices"][0]["message"]
    assert message["reasoning_content"] == "Let me thinkMore"
    assert message["thinking_blocks"] == [
        {"type": "thinking", "thinking": "Let me think", "signature": "sig"},
        {"type": "redacted_thinking", "data": "xyz"},
        {"type": "thinking", "thinking": "More", "signature": "g", "owner": "google"},
    ]
    assert [note.get("url_citation") for note in message["annotations"]] == [
        {"url": "https://x.example", "title": "X", "start_index": 4, "end_index": 8},
        {"url": "https://y.example", "title": "https://y.example", "start_index": 0, "end_index": 4},
        None,
    ]
    assert message["citations"] == [
        {"start_index": 4, "end_index": 8, "title": "A document", "quote": "quote"}
    ]
    assert "business" not in repr(message)


def test_nothing_is_said_that_was_not_thought() -> None:
    message = whole([Started("a", "m"), Said("Hi"), Finished("end"), Done()])["choices"][0]["message"]
    assert message == {"role": "assistant", "content": "Hi", "refusal": None}


def test_a_message_of_calls_alone_has_no_content() -> None:
    answer = whole([Started("a", "m"), Called(0, "c", "f"), CalledWith(0, "{}"), Finished("tools"), Done()])
    assert answer["choices"][0]["message"]["content"] is None
    assert whole([Started("a", "m"), Finished("end"), Done()])["choices"][0]["message"]["content"] == ""


def test_usage_is_never_invented() -> None:
    for used in ([], [Used(Usage(input=5))]):
        events: list[Event] = [Started("a", "m"), Finished("end"), *used, Done()]
        assert "usage" not in whole(events)
        assert b"usage" not in stream(events)


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("end", "stop"),
        ("stop_sequence", "stop"),
        ("pause", "stop"),
        ("length", "length"),
        ("context", "length"),
        ("tools", "tool_calls"),
        ("refusal", "content_filter"),
        ("content_filter", "content_filter"),
    ],
)
def test_finish_reasons_are_openais(reason: StopReason, word: str) -> None:
    events: list[Event] = [Started("a", "m"), Finished(reason), Done()]
    assert whole(events)["choices"][0]["finish_reason"] == word
    assert chunks(stream(events))[-1]["choices"][0]["finish_reason"] == word


def test_a_ping_is_a_comment() -> None:
    assert list(StreamWriter(created=1).write(Ping())) == [sse.KEEP_ALIVE]


def test_a_failed_stream_ends_in_an_error_and_nothing_else() -> None:
    (frame,) = StreamWriter(created=1).write(Failed("overloaded", 'Try "later"\n', 529, "overloaded_error"))
    error = orjson.loads(frame.removeprefix(b"data: "))["error"]
    assert error == {
        "type": "service_unavailable_error",
        "code": "529",
        "message": 'Try "later"\n',
        "param": None,
    }


def test_service_tiers_are_openais() -> None:
    for theirs, ours in (("standard", "default"), ("priority", "priority"), ("batch", None)):
        events: list[Event] = [Started("a", "m"), Finished("end"), Used(Usage(1, 1), theirs), Done()]
        assert whole(events).get("service_tier") == ours


# --- what we read -----------------------------------------------------------------------------------


def test_what_we_write_we_read() -> None:
    expected = [event for event in folded(PLAIN) if not isinstance(event, Used | Done)]
    expected.insert(expected.index(Called(1, "call_b", "time")) + 1, CalledWith(1, "{}"))
    read = read_stream(stream(PLAIN))
    assert sorted(map(repr, folded(read)[:-2])) == sorted(map(repr, expected))
    assert read[-2:] == [Used(USAGE, "default"), Done()]


def test_reasoning_is_read_once() -> None:
    read = [event for event in read_stream(stream(EXTENDED)) if isinstance(event, Thought | ThoughtRedacted)]
    assert [event.text for event in read if isinstance(event, Thought)] == [
        "Let me ",
        "think",
        "",
        "More",
        "",
    ]
    whole_read = [event for event in read_response(whole(EXTENDED)) if isinstance(event, Thought)]
    assert [event.text for event in whole_read] == ["Let me think", "", "More", ""]
    owners = [event.signature.owner for event in whole_read if event.signature]
    assert owners == ["anthropic", "google"]


@pytest.mark.parametrize("events", [PLAIN, EXTENDED], ids=["plain", "extended"])
def test_a_whole_answer_says_what_the_stream_says(events: list[Event]) -> None:
    """Written again, both are the same answer."""
    once = whole(read_response(whole(events)))
    assert once == whole(read_stream(stream(events)))
    assert once == whole(events)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([b"\n", b"\r\n", b"\r"]), st.lists(st.integers(0, 4000), max_size=40).map(sorted))
def test_chunk_boundaries_do_not_matter(eol: bytes, cuts: list[int]) -> None:
    data = stream(PLAIN).replace(b"\n", eol)
    ends = [0, *(min(cut, len(data)) for cut in cuts), len(data)]
    assert read_pieces([data[a:b] for a, b in pairwise(ends)]) == read_stream(stream(PLAIN))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(stream(PLAIN)) - len(b"data: [DONE]\n\n")))
def test_a_cut_stream_is_never_done(length: int) -> None:
    framing, reader = Framing(), StreamReader()
    frames = framing.feed(stream(PLAIN)[:length])
    assert Done() not in [event for _, data in frames if data for event in reader.read(data)]


NAMES = """id model choices index delta message content refusal role tool_calls function name arguments
    finish_reason usage prompt_tokens prompt_tokens_details logprobs annotations url_citation error citations
    reasoning_content thinking_blocks type thinking signature data text x_groq audio function_call
    """.split()  # noqa: SIM905
scalars = st.none() | st.booleans() | st.integers(-1, 3) | st.floats(allow_nan=False) | st.text(max_size=3)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=6,
)
deltas = st.dictionaries(st.sampled_from(NAMES), json_values, max_size=4)
choices = st.fixed_dictionaries({"delta": deltas, "message": deltas}, optional={"index": json_values})
payloads = json_values | st.fixed_dictionaries({"choices": st.lists(choices, min_size=1, max_size=2)})


def read_and_written(body: Any) -> None:
    """An answer, or a chunk of a stream that has as much in its delta as in a message."""
    reader = StreamReader()
    with contextlib.suppress(KeyError, TypeError, ValueError):
        told = list(reader.read(orjson.dumps(body)))
        texts = [piece.text for piece in told if isinstance(piece, Said | Refused)]
        assert all(isinstance(text, str) and text for text in texts)
    with contextlib.suppress(KeyError, TypeError, ValueError):
        write_response(read_response(body), created=1)


def places(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [at, *(place for key, child in inner for place in places(child, (*at, key)))]


ANYTHING: list[Any] = [None, True, -1, 1.5, "a", [], {}, [[]], ["a"], [{}], {"a": {}}]


def test_anything_in_the_place_of_anything_raises_what_it_may() -> None:
    function = {"name": "f", "arguments": "{}"}
    message = whole(EXTENDED)["choices"][0]["message"] | {
        "content": [{"type": "text", "text": "a"}, {"type": "thinking", "thinking": [{"text": "a"}]}],
        "refusal": "a",
        "reasoning": "a",
        "images": [{"image_url": {"url": "data:image/png;base64,aaaa"}}],
        "tool_calls": [{"index": 0, "id": "a", "function": function, "extra_content": {"google": {}}}],
        "function_call": function,
        "audio": {"id": "a"},
    }
    choice = {"index": 0, "delta": message, "message": message, "logprobs": {"content": [TOKEN]}}
    body = whole(PLAIN) | {"choices": [{**choice, "finish_reason": "stop"}]}
    for usage in ({"usage": body["usage"]}, {"usage": None, "x_groq": {"usage": body["usage"]}}):
        there = product(places(full := body | usage)[1:], ANYTHING)
        holds(read_and_written, {f"{at} is {it}": (replaced(full, at, it),) for at, it in there})


def replaced(node: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    changed = node.copy()
    changed[place[0]] = replaced(node[place[0]], place[1:], value)
    return changed


@settings(max_examples=150, deadline=None)
@given(st.lists(payloads, max_size=3))
def test_any_json_in_a_stream_raises_what_it_may(events: list[Any]) -> None:
    reader = StreamReader()
    with contextlib.suppress(KeyError, TypeError, ValueError):
        for event in events:
            told = list(reader.read(orjson.dumps(event)))
            assert all(piece.text for piece in told if isinstance(piece, Said | Refused))


@settings(max_examples=150, deadline=None)
@given(payloads.filter(lambda body: isinstance(body, dict)))
def test_any_answer_raises_what_it_may(body: Any) -> None:
    read_and_written(body)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=30))
def test_any_bytes_raise_what_they_may(data: bytes) -> None:
    with contextlib.suppress(KeyError, TypeError, ValueError):
        list(StreamReader().read(data))
