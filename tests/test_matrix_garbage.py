"""Whatever a provider or a client sends: no exception but the documented ones, and nothing half told."""

import copy
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.matrix import (
    COMPLETE,
    ERRORS,
    IN_PATH,
    JUDGES,
    NOW,
    REQUESTS,
    SSE,
    STREAMS,
    WHOLE,
    Recording,
    framed,
    frames,
    pairs,
    translated_stream,
    translator,
)
from translators import DIALECTS
from translators.body import parse
from translators.errors import BadRequest, BadUpstream, Unsupported
from translators.translator import Translator

NAMES = sorted(DIALECTS)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
    st.sampled_from(
        ["user", "text", "tool_use", "function", "auto", "{}", "[", "https://a", "data:a/b;base64,"]
    ),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


PASSED_ON = re.compile(
    r"arguments: |input_json: |tool parameter JSON|content after finish_reason|stream: JSONDecodeError"
)
"""What a client has to put up with: arguments go to it as they come, and so does what comes too late."""


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value, as a container and its key."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield value, key
        yield from places(inner)


def spoilt(draw: st.DrawFn | Any, value: Any) -> Any:
    """A JSON value with one or two places taken away or replaced."""
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 2))):
        if not (there := list(places(value))):
            return value
        container, key = draw(st.sampled_from(there))
        if isinstance(container, dict) and draw(st.booleans()):
            del container[key]
        else:
            container[key] = draw(JSON)
    return value


def check_frames(made: list[bytes], client: str) -> None:
    """A client gets well-formed events, and the last of them is the end or an error."""
    judge = JUDGES[client]
    assert all(frames(frame, client) == [frame] for frame in made)
    if judge.ends(made[-1]):
        problems = judge.stream(b"".join(made))
        assert not [problem for problem in problems if not PASSED_ON.search(problem)]
    else:
        judge.error_event(made[-1])
    assert not any(map(judge.ends, made[:-1]))


# --- answers ----------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(NAMES), st.sampled_from(NAMES), st.lists(st.binary(max_size=60), max_size=8))
def test_bytes_for_a_stream(provider: str, client: str, pieces: list[bytes]) -> None:
    made = translated_stream(pieces, provider, client)
    if provider != client:
        check_frames(made, client)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(NAMES), st.sampled_from(NAMES), st.lists(JSON, max_size=4))
def test_json_for_a_stream(provider: str, client: str, values: list[Any]) -> None:
    made = translated_stream([framed(provider, value) for value in values], provider, client)
    if provider != client:
        check_frames(made, client)


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_a_spoilt_stream(data: st.DataObject) -> None:
    recording, client = data.draw(st.sampled_from(STREAMS)), data.draw(st.sampled_from(NAMES))
    events = DIALECTS[recording.dialect].Framing().feed(recording.stream)
    at = data.draw(st.integers(0, len(events) - 1))
    payload = events[at][1]
    told = spoilt(data.draw, orjson.loads(payload)) if payload.startswith(b"{") else data.draw(JSON)
    pieces = [raw for raw, _ in events]
    if recording.dialect in SSE:
        pieces[at] = pieces[at].replace(payload, orjson.dumps(told))
    else:
        pieces[at] = framed(recording.dialect, told)
    made = translated_stream(pieces, recording.dialect, client)
    if recording.dialect != client:
        check_frames(made, client)
    else:
        assert b"".join(made).startswith(b"".join(pieces[: at + 1]))


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_stream_with_events_gone_or_twice(data: st.DataObject) -> None:
    recording = data.draw(st.sampled_from(COMPLETE))
    client = data.draw(st.sampled_from([name for name in NAMES if name != recording.dialect]))
    events = frames(recording.stream, recording.dialect)
    order = data.draw(st.lists(st.integers(0, len(events) - 1), max_size=30))
    check_frames(translated_stream([events[at] for at in order], recording.dialect, client), client)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_spoilt_answer(data: st.DataObject) -> None:
    recording, client = data.draw(st.sampled_from(WHOLE)), data.draw(st.sampled_from(NAMES))
    body = orjson.dumps(spoilt(data.draw, orjson.loads(recording.response)))
    with suppress(BadUpstream):
        told = translator(client, recording.dialect).response(body, NOW)
        if client != recording.dialect:
            assert JUDGES[client].response(orjson.loads(told)) == []


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(NAMES), st.sampled_from(NAMES), st.binary(max_size=60) | JSON.map(orjson.dumps))
def test_anything_for_an_answer(provider: str, client: str, body: bytes) -> None:
    with suppress(BadUpstream):
        translator(client, provider).response(body, NOW)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_spoilt_error(data: st.DataObject) -> None:
    recording, client = data.draw(st.sampled_from(ERRORS)), data.draw(st.sampled_from(NAMES))
    body = data.draw(st.binary(max_size=40) | JSON.map(orjson.dumps))
    if data.draw(st.booleans()):
        body = orjson.dumps(spoilt(data.draw, orjson.loads(recording.response)))
    _, told = translator(client, recording.dialect).error(recording.status, body, "req_1")
    if client != recording.dialect:
        assert told and JUDGES[client].error(recording.status, orjson.loads(told)) == []


# --- requests ---------------------------------------------------------------------------------------


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_spoilt_request(data: st.DataObject) -> None:
    recording, provider = data.draw(st.sampled_from(REQUESTS)), data.draw(st.sampled_from(NAMES))
    body = orjson.dumps(spoilt(data.draw, orjson.loads(recording.request)))
    with suppress(BadRequest, Unsupported):
        written = Translator(DIALECTS[recording.dialect], DIALECTS[provider]).request(parse(body), "m")
        is_in_path = provider in IN_PATH and provider != recording.dialect
        assert orjson.loads(written.body).get("model") == (None if is_in_path else "m")


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=200, deadline=None)
@given(value=st.dictionaries(st.text(max_size=6), JSON, max_size=3))
def test_any_object_for_a_request(name: str, value: dict[str, Any]) -> None:
    with suppress(BadRequest, Unsupported):
        DIALECTS[name].check_request(value)
        DIALECTS[name].read_request(value)


@pairs(REQUESTS, same=True)
def test_a_request_that_is_deep(recording: Recording, other: str) -> None:
    """Wherever it is deep: what can be read is not always shallow enough to be written."""
    body, deep = orjson.loads(recording.request), b"[" * 300 + b"]" * 300
    for container, key in list(places(body)):
        kept, container[key] = container[key], "deep"
        raw = orjson.dumps(body).replace(b'"deep"', deep)
        container[key] = kept
        with suppress(BadRequest, Unsupported):
            Translator(DIALECTS[recording.dialect], DIALECTS[other]).request(parse(raw), "m")


@pytest.mark.parametrize("depth", [10, 250, 400])
def test_results_of_tools_in_results_of_tools(depth: int) -> None:
    block = b'{"type":"tool_result","tool_use_id":"a","content":[' * depth + b"]}" * depth
    raw = b'{"model":"m","max_tokens":9,"messages":[{"role":"user","content":[' + block + b"]}]}"
    with pytest.raises(BadRequest):
        Translator(DIALECTS["anthropic_messages"], DIALECTS["openai_chat"]).request(parse(raw), "m")
