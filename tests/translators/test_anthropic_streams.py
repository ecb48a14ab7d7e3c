"""Streamed Messages answers, read and written."""

import json
from contextlib import suppress
from itertools import pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles import anthropic_stream_final, check_anthropic_stream
from tests.translators.anthropic_samples import ANSWER, CITED, USAGE, events_of, stream_of
from translators import anthropic_messages, sse
from translators.canonical import (
    Called,
    CalledWith,
    Cited,
    Done,
    Event,
    Failed,
    Finished,
    Opaque,
    PartEnded,
    Ping,
    Refused,
    Said,
    Started,
    Thought,
    Usage,
    Used,
)
from translators.errors import BadUpstream

HEAD = Started("chatcmpl-1", "gpt-x", 1)
UPSTREAM = stream_of(events_of(ANSWER))


def read(*chunks: bytes) -> list[Event]:
    framing, reader = anthropic_messages.Framing(), anthropic_messages.StreamReader()
    frames = [frame for chunk in chunks for frame in framing.feed(chunk)] + framing.close()
    return [event for _, data in frames for event in reader.read(data)]


def write(*events: Event) -> bytes:
    writer = anthropic_messages.StreamWriter(created=1)
    return b"".join(frame for event in events for frame in writer.write(event))


def told(stream: bytes) -> list[dict[str, Any]]:
    return [json.loads(data) for _, data in sse.Decoder().feed(stream)]


def folded(stream: bytes) -> dict[str, Any]:
    """What the vendor's SDK makes of it."""
    assert not check_anthropic_stream(stream)
    return anthropic_stream_final(stream).model_dump(mode="json", exclude_none=True)


def content(*events: Event) -> list[dict[str, Any]]:
    return folded(write(HEAD, *events, Finished("end"), Used(Usage(1, 1)), Done()))["content"]  # type: ignore[no-any-return]


# --- laws -------------------------------------------------------------------------------------------


def test_the_sample_is_what_anthropic_sends() -> None:
    assert folded(UPSTREAM)["content"] == ANSWER["content"]


def test_a_stream_survives() -> None:
    assert folded(write(*read(UPSTREAM)))["content"] == ANSWER["content"]


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_stream_folds_into_the_whole(size: int) -> None:
    streamed = read(stream_of(events_of(ANSWER, size)))
    assert anthropic_messages.write_response(streamed, created=1) == ANSWER


@settings(max_examples=60)
@given(st.lists(st.integers(0, len(UPSTREAM)), max_size=40).map(sorted))
def test_chunk_boundaries_do_not_matter(cuts: list[int]) -> None:
    assert read(*(UPSTREAM[a:b] for a, b in pairwise([0, *cuts, len(UPSTREAM)]))) == read(UPSTREAM)


@settings(max_examples=100)
@given(st.integers(0, len(UPSTREAM) - 20))
def test_a_cut_stream_is_never_done(cut: int) -> None:
    reader = anthropic_messages.StreamReader()
    frames = sse.Decoder().feed(UPSTREAM[:cut])
    assert Done() not in [event for _, data in frames for event in reader.read(data)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
)


@given(st.integers(0, len(events_of(ANSWER, 9)) - 1), st.data())
def test_garbage_raises_only_what_is_expected(at: int, data: st.DataObject) -> None:
    events: list[Any] = json.loads(json.dumps(events_of(ANSWER, 9)))
    victim = events[at]
    field = data.draw(st.sampled_from(sorted(victim)))
    inner = victim[field]
    if isinstance(inner, dict) and inner and data.draw(st.booleans()):
        inner[data.draw(st.sampled_from(sorted(inner)))] = data.draw(JSON)
    else:
        victim[field] = data.draw(JSON)
    reader = anthropic_messages.StreamReader()
    with suppress(KeyError, TypeError, ValueError):
        for event in events:
            list(reader.read(orjson.dumps(event)))


TEXT = st.text(st.sampled_from("ab é\n"), min_size=0, max_size=3)
ANY_EVENT = st.one_of(
    TEXT.map(Said),
    TEXT.map(Thought),
    st.just(Thought(signature=Opaque("anthropic", "f", "sig"))),
    st.just(PartEnded()),
    st.just(Cited("https://a.example", "A")),
    st.just(Ping()),
    st.sampled_from([0, 1, 2]).map(lambda call: CalledWith(call, "{}")),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(ANY_EVENT, max_size=14))
def test_whatever_comes_the_sdk_reads_what_the_whole_says(noise: list[Event]) -> None:
    events: list[Event] = [HEAD]
    pieces = {call: iter(['{"a', '": [', "1]", "}"]) for call in range(3)}
    begun = set[int]()
    for event in noise:
        match event:
            case PartEnded() if begun:
                continue  # a call is not over before its arguments are
            case CalledWith(call):
                if call not in begun:
                    begun.add(call)
                    events.append(Called(call, f"call_{call}", "f"))
                events.append(CalledWith(call, next(pieces[call], " ")))
            case _:
                events.append(event)
    events += [CalledWith(call, piece) for call in sorted(begun) for piece in pieces[call]]
    events += [Finished("end"), Used(Usage(9, 2, 4, 1)), Done()]
    whole: dict[str, Any] = anthropic_messages.write_response(events, created=1)
    final = folded(write(*events))
    assert final["content"] == whole["content"]
    assert final["stop_reason"] == whole["stop_reason"]
    assert {name: final["usage"][name] for name in whole["usage"]} == whole["usage"]


# --- reading ----------------------------------------------------------------------------------------


def test_usage_is_cumulative_and_never_added() -> None:
    first = {"input_tokens": 8834, "output_tokens": 1}
    last = {
        "input_tokens": 18,
        "output_tokens": 426,
        "cache_read_input_tokens": 8831,
        "server_tool_use": None,
    }
    start = {"type": "message_start", "message": {**ANSWER, "content": [], "usage": first}}
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": last}
    more = {"type": "message_delta", "delta": {"stop_reason": None}, "usage": {"output_tokens": 427}}
    used = [event.usage for event in read(stream_of([start, end, more])) if isinstance(event, Used)]
    assert used == [Usage(8834, 1), Usage(8849, 426, 8831), Usage(8849, 427, 8831)]


def test_the_whole_usage_arrives() -> None:
    used = [event for event in read(UPSTREAM) if isinstance(event, Used)]
    assert used[-1] == Used(Usage(17, 42, 5, 2, 2, 7, web_searches=1), "default")
    assert USAGE["output_tokens"] == 42


def test_an_error_is_no_end() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    events = read(stream_of([*events_of(ANSWER)[:9], error]))
    assert events[-1] == Failed("overloaded", "busy", type="overloaded_error")
    assert not [event for event in events if isinstance(event, Finished | Done)]


def test_calls_are_counted_apart_from_blocks_and_are_the_reason_to_stop() -> None:
    events = read(stream_of(events_of({**ANSWER, "stop_reason": "end_turn"})))
    assert [event.call for event in events if isinstance(event, Called)] == [0, 1]
    assert Finished("tools") in events


def test_what_is_new_is_ignored() -> None:
    block = {"type": "content_block_delta", "index": 0, "delta": {"type": "hologram_delta", "hologram": 1}}
    assert read(stream_of([{"type": "hologram"}, block, {"type": "ping"}])) == [Ping()]


# --- writing ----------------------------------------------------------------------------------------


def test_arguments_after_text_are_kept() -> None:
    call: list[Event] = [Called(0, "a", "f"), CalledWith(0, '{"path":'), CalledWith(0, '"x"}')]
    assert content(Said("Let me see."), *call) == [
        {"type": "text", "text": "Let me see."},
        {"type": "tool_use", "id": "a", "name": "f", "input": {"path": "x"}},
    ]


def test_parallel_calls_may_be_mixed() -> None:
    pieces = [CalledWith(1, '{"b":'), CalledWith(0, '{"a":'), CalledWith(1, "2}"), CalledWith(0, "1}")]
    events: list[Event] = [Called(0, "a", "f"), Called(1, "b", "f"), *pieces, Said("done")]
    assert [block.get("input") for block in content(*events)] == [{"a": 1}, {"b": 2}, None]


def test_calls_one_after_the_other_are_streamed_at_once() -> None:
    writer = anthropic_messages.StreamWriter(created=1)
    events: list[Event] = [
        HEAD,
        Called(0, "a", "f"),
        CalledWith(0, '{"a":1}'),
        Called(1, "b", "f"),
        CalledWith(1, '{"'),
    ]
    frames = [told(b"".join(writer.write(event))) for event in events]
    assert [[event["type"] for event in frame] for frame in frames] == [
        ["message_start"],
        ["content_block_start"],
        ["content_block_delta"],
        ["content_block_stop", "content_block_start"],
        ["content_block_delta"],
    ]


def test_nothing_goes_on_after_its_end() -> None:
    with pytest.raises(BadUpstream):
        write(HEAD, Called(0, "a", "f"), CalledWith(0, "{}"), PartEnded(), CalledWith(0, "{}"))


def test_deltas_have_their_types() -> None:
    signed = Thought(signature=Opaque("anthropic", "f", "sig"))
    stream = told(
        write(HEAD, Thought("hm"), signed, Thought(signature=Opaque("google", "f", "x")), Said("x"))
    )
    assert [event["delta"] for event in stream if "delta" in event] == [
        {"type": "thinking_delta", "thinking": "hm"},
        {"type": "signature_delta", "signature": "sig"},
        {"type": "signature_delta", "signature": "google:x"},
        {"type": "text_delta", "text": "x"},
    ]
    assert content(signed) == [{"type": "thinking", "thinking": "", "signature": "sig"}]


def test_empty_pieces_make_no_blocks() -> None:
    assert content(Said(""), Thought(""), PartEnded(), Refused(""), Said("x"), Said("")) == [
        {"type": "text", "text": "x"}
    ]


def test_a_source_may_come_before_its_text() -> None:
    cited = Cited(CITED["url"], None, raw=Opaque("anthropic", "f", CITED))
    assert content(cited, Said("so")) == [{"type": "text", "text": "so", "citations": [CITED]}]


def test_usage_comes_at_the_end_even_when_it_comes_last() -> None:
    used = Used(Usage(10, 5, cache_read=4, reasoning=2))
    *_, delta, stop = told(write(HEAD, Said("x"), Finished("stop_sequence", "END"), used, Done()))
    assert delta == {
        "type": "message_delta",
        "delta": {"stop_reason": "stop_sequence", "stop_sequence": "END"},
        "usage": {
            "input_tokens": 6,
            "output_tokens": 5,
            "cache_read_input_tokens": 4,
            "output_tokens_details": {"thinking_tokens": 2},
        },
    }
    assert stop == {"type": "message_stop"}


def test_a_failure_is_an_error_event() -> None:
    stream = write(HEAD, Said("x"), Failed("overloaded", "busy"))
    assert stream.endswith(
        b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"},'
        b'"request_id":null}\n\n'
    )
    assert b"message_delta" not in stream


def test_no_end_is_made_up() -> None:
    stream = write(HEAD, Said("x"), Done())
    assert told(stream)[-1]["type"] == "error" and b"message_stop" not in stream


def test_a_ping_is_a_ping() -> None:
    assert write(Ping()) == b'event: ping\ndata: {"type":"ping"}\n\n'


# --- what comes out of order ------------------------------------------------------------------------


def test_a_source_that_comes_before_its_text_is_told_after_it() -> None:
    delta = {"type": "citations_delta", "citation": CITED}
    events: list[Any] = events_of(ANSWER)
    start = next(i for i, event in enumerate(events) if event.get("content_block", {}).get("type") == "text")
    events.insert(start + 1, {"type": "content_block_delta", "index": events[start]["index"], "delta": delta})
    told = [type(event) for event in read(stream_of(events)) if isinstance(event, Said | Cited)]
    assert told.index(Said) < told.index(Cited)


def test_what_comes_after_the_finish_is_in_a_block_that_ends() -> None:
    stream = write(HEAD, Said("a"), Finished("end"), Said("b"), Used(Usage(1, 1)), Done())
    assert [block["text"] for block in folded(stream)["content"]] == ["a", "b"]
