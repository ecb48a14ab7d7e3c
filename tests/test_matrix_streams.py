"""Laws of streams, for every recorded stream and every client."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import accumulate, pairwise
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.matrix import (
    COMPLETE,
    JUDGES,
    NOW,
    SSE,
    STREAM_FIELDS,
    STREAMS,
    WHOLE,
    Recording,
    each,
    failure,
    frames,
    pairs,
    sign_of_life,
    translated_stream,
    translator,
)
from translators import DIALECTS
from translators.canonical import Failed, Ping

WITHOUT_FAREWELL = {"gemini_generate"}
"""Streams that end with their connection."""
WITH_WHOLE = [recording for recording in COMPLETE if recording.has("response.json")]
SHORTEST = [
    min(
        (recording for recording in COMPLETE if recording.case == "utf8" and recording.dialect == name),
        key=str,
    )
    for name in DIALECTS
]


@cache
def expected(recording: Recording, other: str) -> list[bytes]:
    return translated_stream([recording.stream], recording.dialect, other)


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    return [data[start:end] for start, end in pairwise([0, *sorted(cuts), len(data)])]


# --- how it is cut does not matter ------------------------------------------------------------------


@pairs(STREAMS, same=True)
def test_byte_by_byte(recording: Recording, other: str) -> None:
    pieces = [recording.stream[at : at + 1] for at in range(len(recording.stream))]
    made = translated_stream(pieces, recording.dialect, other)
    assert b"".join(made) == b"".join(expected(recording, other))
    assert all(made)


def parts(dialect: str, pieces: list[bytes]) -> list[tuple[bytes, bytes]]:
    """The events that a stream is cut into before any is read."""
    framing = DIALECTS[dialect].Framing()
    return [event for piece in pieces for event in framing.feed(piece)] + framing.close()


@each(SHORTEST)
def test_split_anywhere(recording: Recording) -> None:
    """By what cuts it into events, and where it passes as it is: one that reads them sees no pieces."""
    dialect, stream = recording.dialect, recording.stream
    wanted = parts(dialect, [stream])
    assert b"".join(raw for raw, _ in wanted) == stream
    for at in range(len(stream)):
        pieces = [stream[:at], b"", stream[at:]]
        assert parts(dialect, pieces) == wanted
        assert translated_stream(pieces, dialect, dialect) == expected(recording, dialect)


@pairs(SHORTEST)
def test_split_near_the_end_of_an_event(recording: Recording, other: str) -> None:
    stream = recording.stream
    ends = accumulate(map(len, frames(stream, recording.dialect)))
    for at in {end + beside for end in ends for beside in (-1, 0, 1)}:
        pieces = [stream[:at], b"", stream[at:]]
        assert translated_stream(pieces, recording.dialect, other) == expected(recording, other)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_chunking(data: st.DataObject) -> None:
    recording, other = data.draw(st.sampled_from(STREAMS)), data.draw(st.sampled_from(sorted(DIALECTS)))
    cuts = data.draw(st.lists(st.integers(0, len(recording.stream)), max_size=40))
    assert translated_stream(cut(recording.stream, cuts), recording.dialect, other) == expected(
        recording, other
    )


@pytest.mark.parametrize("ending", [b"\r\n", b"\r"], ids=["CRLF", "CR"])
@each(one for one in STREAMS if one.dialect in SSE)
def test_line_endings(recording: Recording, ending: bytes) -> None:
    stream = recording.stream.replace(b"\n", ending)
    wanted = [data for _, data in parts(recording.dialect, [recording.stream])]
    for size in (1, 2, 7, len(stream)):
        pieces = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert [data for _, data in parts(recording.dialect, pieces)] == wanted


@pytest.mark.parametrize("ending", [b"\r\n", b"\r"], ids=["CRLF", "CR"])
@pairs(one for one in STREAMS if one.dialect in SSE)
def test_line_endings_are_all_the_same(recording: Recording, other: str, ending: bytes) -> None:
    stream = recording.stream.replace(b"\n", ending)
    pieces = [stream[at : at + 7] for at in range(0, len(stream), 7)]
    assert translated_stream(pieces, recording.dialect, other) == expected(recording, other)


@pairs(one for one in COMPLETE if one.dialect in SSE)
def test_comments_and_fields_that_nobody_knows(recording: Recording, other: str) -> None:
    noisy = re.sub(rb"(?m)^data: ", b":a comment\nid: 7\nretry: 10\nweather:fine\ndata:", recording.stream)
    assert translated_stream([noisy], recording.dialect, other) == expected(recording, other)


@pairs(COMPLETE)
def test_every_sign_of_life_is_passed_on(recording: Recording, other: str) -> None:
    [sign] = DIALECTS[other].StreamWriter(created=NOW).write(Ping())
    events, alive = frames(recording.stream, recording.dialect), sign_of_life(recording.dialect)
    made = translated_stream(
        [piece for event in events for piece in (alive, event)], recording.dialect, other
    )
    plainly = expected(recording, other)
    assert [frame for frame in made if frame != sign] == [frame for frame in plainly if frame != sign]
    assert made.count(sign) == plainly.count(sign) + len(events)
    assert JUDGES[other].stream(b"".join(made)) == []


@pairs(one for one in COMPLETE if one.dialect in SSE)
def test_no_blank_line_at_the_end(recording: Recording, other: str) -> None:
    stream = recording.stream.rstrip(b"\n")
    assert translated_stream([stream], recording.dialect, other) == expected(recording, other)


@pairs([recording for recording in STREAMS if recording.dialect not in WITHOUT_FAREWELL])
def test_nothing_follows_the_end(recording: Recording, other: str) -> None:
    pieces = [recording.stream, failure(recording.dialect), recording.stream]
    assert translated_stream(pieces, recording.dialect, other) == expected(recording, other)


@each(STREAMS)
def test_the_same_dialect_passes_as_it_is(recording: Recording) -> None:
    assert b"".join(expected(recording, recording.dialect)) == recording.stream


# --- the stream says what the whole says ------------------------------------------------------------


@pairs(WITH_WHOLE)
def test_a_stream_folds_into_the_whole(recording: Recording, other: str) -> None:
    folded = JUDGES[other].fold(b"".join(expected(recording, other)))
    whole = orjson.loads(translator(other, recording.dialect).response(recording.response, NOW))
    assert plain(folded) == plain(whole)


UNTOLD = {"index", "object", "service_tier", "cache_creation", "serviceTier", "cacheDetails"}
"""`index` puts a stream's lists together; the vendors' last events have no place for tiers and ages."""


def plain(value: Any, name: str = "") -> Any:
    """Without what a stream says otherwise: nothing is not told, arguments keep the provider's spaces."""
    match value:
        case dict():
            told = {key: plain(inner, key) for key, inner in value.items() if key not in UNTOLD}
            return {key: inner for key, inner in told.items() if inner not in (None, "", [], {})}
        case list():
            return [plain(item) for item in value]
        case str() if name == "arguments":
            return orjson.loads(value)
        case _:
            return value


@pairs(COMPLETE)
def test_usage_reaches_a_client_only_if_it_asked(recording: Recording, other: str) -> None:
    made = translator(other, recording.dialect, include_usage=False)
    stream = made.stream(NOW)
    told = b"".join(stream.feed(recording.stream) + stream.close())
    assert JUDGES[other].stream(told) == []
    assert other not in STREAM_FIELDS or b'"usage":{' not in told
    assert made.outcome.complete
    assert made.outcome.used and made.outcome.used.usage.output is not None


@pairs(WITH_WHOLE, same=True)
def test_the_same_usage_is_metered(recording: Recording, other: str) -> None:
    whole, streamed = (translator(other, recording.dialect) for _ in range(2))
    whole.response(recording.response, NOW)
    stream = streamed.stream(NOW)
    stream.feed(recording.stream)
    stream.close()
    assert whole.outcome.used and streamed.outcome.used
    one, another = whole.outcome.used.usage, streamed.outcome.used.usage
    assert (one.input, one.output, one.cache_read, one.cache_write) == (
        another.input,
        another.output,
        another.cache_read,
        another.cache_write,
    )
    assert (one.reasoning, one.web_searches) == (another.reasoning, another.web_searches)


@pairs(WHOLE)
def test_a_whole_answer_can_be_told_as_a_stream(recording: Recording, other: str) -> None:
    made, whole = (translator(other, recording.dialect) for _ in range(2))
    stream = made.whole_as_stream(recording.response, NOW)
    assert JUDGES[other].stream(stream) == []
    assert plain(JUDGES[other].fold(stream)) == plain(orjson.loads(whole.response(recording.response, NOW)))


@each(STREAMS)
def test_the_head_tells_content_from_errors(recording: Recording) -> None:
    head = translator(recording.dialect, recording.dialect).peek()
    verdicts = [head.feed(recording.stream[at : at + 1]) for at in range(len(recording.stream))]
    first = next(verdict for verdict in verdicts if verdict)
    assert isinstance(first, Failed) == (recording.case == "error_first_in_stream")


# --- a stream that is cut is an error ---------------------------------------------------------------


def boundaries(recording: Recording) -> Iterator[tuple[bytes, bool]]:
    """The stream up to each of its events but the last, and whether its answer was finished by then."""
    events, finishes = frames(recording.stream, recording.dialect), JUDGES[recording.dialect].finishes
    last = max(at for at, event in enumerate(events) if finishes(event))
    for end in range(len(events)):
        yield b"".join(events[:end]), end > last


@pairs(COMPLETE)
def test_a_cut_stream_ends_in_an_error(recording: Recording, other: str) -> None:
    judge = JUDGES[other]
    for stream, finished in boundaries(recording):
        made = translated_stream([stream], recording.dialect, other)
        if finished:  # some servers leave it at that
            assert judge.stream(b"".join(made)) == []
            continue
        judge.error_event(made[-1])
        assert not any(map(judge.ends, made))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_cut_anywhere(data: st.DataObject) -> None:
    recording = data.draw(st.sampled_from(COMPLETE))
    other = data.draw(st.sampled_from(sorted(DIALECTS.keys() - {recording.dialect})))
    at = data.draw(st.integers(0, len(recording.stream)))
    made = translated_stream([recording.stream[:at]], recording.dialect, other)
    judge = JUDGES[other]
    if not judge.ends(made[-1]):
        judge.error_event(made[-1])
    assert not any(map(judge.ends, made[:-1]))


@pairs(COMPLETE)
def test_what_breaks_off_is_told_once(recording: Recording, other: str) -> None:
    stream = translator(other, recording.dialect).stream(NOW)
    stream.feed(frames(recording.stream, recording.dialect)[0])
    [told] = stream.fail("broke off")
    assert "broke off" in str(JUDGES[other].error_event(told))
    assert stream.fail("again") == stream.feed(recording.stream) == stream.close() == []
