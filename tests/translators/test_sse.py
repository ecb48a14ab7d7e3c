"""Server-sent events in every form that the standard allows, in any pieces."""

import time
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from translators import sse

LINES = st.sampled_from(
    [
        *(b"data: a", b"data:b", b"data:  two", b"data", b"data: ", "data: grüße 🌍".encode()),
        *(b"event: x", b": note", b":", b"id: 1", b"retry: 5", b"nonsense", b"datax: no", b" data: no"),
    ]
)
ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
CUTS = st.lists(st.integers(0, 400), max_size=12)


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """A stream with one kind of line end."""
    end = draw(ENDS)
    events = draw(st.lists(st.lists(LINES, max_size=4), max_size=5))
    return b"".join(b"".join(line + end for line in event) + end for event in events)


def pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[start:end] for start, end in pairwise(places)]


def frames(*chunks: bytes) -> list[tuple[bytes, bytes]]:
    decoder = sse.Decoder()
    return [frame for chunk in chunks for frame in decoder.feed(chunk)] + decoder.close()


def payloads(*chunks: bytes) -> list[bytes]:
    return [data for _, data in frames(*chunks) if data]


def expected(stream: bytes) -> list[bytes]:
    """As the standard has it, the slow way, but that the last event needs no blank line."""
    found, lines = list[bytes](), list[bytes]()
    for line in [*stream.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"), b""]:
        if line:
            field, _, value = line.partition(b":")
            lines += [value.removeprefix(b" ")] if field == b"data" else []
        else:
            found += [b"\n".join(lines)] if lines else []
            lines = []
    return [data for data in found if data]


@given(streams(), CUTS)
@example(b"data: a\r\rdata: b\r\r", [8, 9])
@example(b"data: a\r\n\r\ndata: b\r\n\r\n", [8, 9, 10, 11])
def test_any_pieces_are_the_same_events(stream: bytes, cuts: list[int]) -> None:
    assert payloads(*pieces(stream, cuts)) == expected(stream)


@given(streams())
def test_byte_by_byte(stream: bytes) -> None:
    assert payloads(*(stream[at : at + 1] for at in range(len(stream)))) == expected(stream)


@given(streams(), CUTS)
def test_no_byte_is_lost(stream: bytes, cuts: list[int]) -> None:
    """What passes untouched passes whole: the frames are the stream."""
    decoder = sse.Decoder()
    raws = [raw for chunk in pieces(stream, cuts) for raw, _ in decoder.feed(chunk)]
    rest = [raw for raw, _ in decoder.close()]
    assert stream.startswith(b"".join(raws))
    assert b"".join([*raws, *rest]).rstrip(b"\r\n") == stream.rstrip(b"\r\n") or not rest


@given(st.binary(max_size=80), CUTS)
def test_garbage_never_raises(stream: bytes, cuts: list[int]) -> None:
    frames(*pieces(stream, cuts))


@pytest.mark.parametrize(
    ("stream", "data"),
    [
        (b"data: a\n\n", [b"a"]),
        (b"data:a\n\n", [b"a"]),
        (b"data:  a \n\n", [b" a "]),
        (b"data: a\ndata: b\n\n", [b"a\nb"]),
        (b"event: x\ndata: a\n\n", [b"a"]),
        (b"data: a\nevent: x\n\n", [b"a"]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"]),
        (b"data: a\r\rdata: b\r\r", [b"a", b"b"]),
        (b"data: a\n\r\ndata: b\r\n\n", [b"a", b"b"]),
        (b": note\n\ndata: a\n\n", [b"", b"a"]),
        (b": note\ndata: a\n\n", [b"a"]),
        (b"data: a", [b"a"]),
        (b"data: a\n", [b"a"]),
        (b"data: a\n\ndata: b\r", [b"a", b"b"]),
        (b": note", []),
        (b"", []),
        (b"Data: a\n\n", [b""]),
        (b"data: \xe2\x82\xac\n\n", ["€".encode()]),
    ],
)
def test_forms(stream: bytes, data: list[bytes]) -> None:
    assert [data for _, data in frames(stream)] == data


def test_an_event_comes_out_as_soon_as_it_is_whole() -> None:
    decoder = sse.Decoder()
    assert decoder.feed(b"data: a\n") == []
    assert decoder.feed(b"\nda") == [(b"data: a\n\n", b"a")]
    assert decoder.feed(b"ta: b\n\n") == [(b"data: b\n\n", b"b")]
    assert decoder.close() == []


def test_a_last_event_without_its_blank_line_gets_one() -> None:
    assert frames(b"data: a\n") == [(b"data: a\n\n", b"a")]


def test_what_is_closed_is_empty() -> None:
    decoder = sse.Decoder()
    decoder.feed(b"data: a")
    assert decoder.close() == [(b"data: a\n\n", b"a")]
    assert decoder.close() == []


def test_a_huge_event_in_small_pieces() -> None:
    """Ten megabytes, in pieces as the network has them: not in quadratic time."""
    payload = b"x" * (10 << 20)
    stream = b"data: " + payload + b"\n\n"
    started = time.perf_counter()
    assert payloads(*(stream[at : at + 65536] for at in range(0, len(stream), 65536))) == [payload]
    assert time.perf_counter() - started < 5


def test_many_events_in_one_piece() -> None:
    assert len(payloads(b"data: x\n\n" * 100_000)) == 100_000


@given(st.binary(max_size=40).filter(lambda data: b"\n" not in data and b"\r" not in data and data != b""))
def test_what_is_encoded_is_decoded(data: bytes) -> None:
    assert payloads(sse.encode(data), sse.encode(data, b"name")) == [data, data]
    assert sse.encode(b"a", b"name") == b"event: name\ndata: a\n\n"


def test_a_keep_alive_has_no_payload() -> None:
    assert frames(sse.KEEP_ALIVE) == [(sse.KEEP_ALIVE, b"")]


@pytest.mark.parametrize(
    ("chunk", "plain"),
    [
        (b"data: 1\n\n", True),
        (b"event: a\ndata: 1\n\ndata: 2\n\n", True),
        (b"data: 1\n\ndata: 2\n", False),
        (b"data: 1\r\n\r\n", False),
        (b"data: 1\ndata: 2\n\n", False),
        (b": comment\n\n", False),
        (b"", False),
    ],
)
def test_plain_events_are_whole_and_of_one_line(chunk: bytes, plain: bool) -> None:
    assert sse.Decoder().is_plain(chunk) == plain


def test_nothing_is_plain_behind_what_is_not_finished() -> None:
    decoder = sse.Decoder()
    decoder.feed(b"data: be")
    assert not decoder.is_plain(b"data: gun\n\n")
