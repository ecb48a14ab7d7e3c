"""The chunked coding, as it may come."""

import itertools

import pytest
from h11 import EndOfMessage
from h11._readers import ChunkedReader
from h11._receivebuffer import ReceiveBuffer
from hypothesis import given
from hypothesis import strategies as st

from addons.proxy.chunks import LONGEST_LINE, LONGEST_TRAILER, Chunks
from tests.addons.proxy.conversation import chunk

END = b"0\r\n\r\n"


def fed(*pieces: bytes) -> tuple[bytes, Chunks]:
    """A body out of these pieces."""
    chunks = Chunks()
    return b"".join(map(chunks.feed, pieces)), chunks


@given(st.lists(st.binary(min_size=1), max_size=5), st.lists(st.integers(0, 200)), st.binary())
def test_any_cutting_gives_the_same_body(parts: list[bytes], cuts: list[int], after: bytes) -> None:
    wire = b"".join(map(chunk, parts)) + END + after
    places = sorted({0, len(wire), *(cut for cut in cuts if cut < len(wire))})
    chunks, body, rest = Chunks(), b"", b""
    for start, end in itertools.pairwise(places):
        if chunks.over is None:
            body += chunks.feed(wire[start:end])
        else:
            rest += wire[start:end]
    assert body == b"".join(parts)
    assert (chunks.over or b"") + rest == after and not chunks.problem


@given(st.lists(st.sampled_from([b"0", b"2", b"a", b"\r\n", b"\n", b";x", b" ", b"\t", b"g", b"\r\n\r\n"])))
def test_it_takes_what_h11_takes(pieces: list[bytes]) -> None:
    wire = b"".join(pieces)
    body, chunks = fed(wire)
    expected, complete, broken = h11s(wire)
    assert bool(chunks.problem) == broken
    assert body == expected and (chunks.over is not None) == complete


def h11s(wire: bytes) -> tuple[bytes, bool, bool]:
    """Body, whether it is complete, and whether the coding is broken."""
    reader, buffer, body = ChunkedReader(), ReceiveBuffer(), b""
    buffer += wire
    try:
        while event := reader(buffer):
            if isinstance(event, EndOfMessage):
                return body, True, False
            body += bytes(event.data)
    except Exception:  # whichever error of its it is
        return body, False, not reader._reading_trailer
    return body, False, False


def test_extensions_and_trailers_are_passed_over() -> None:
    body, chunks = fed(b"2;a=b\r\nhi\r\n0\r\nx-checksum: 1\r\n\r\nnext")
    assert body == b"hi" and chunks.over == b"next"


def test_a_part_of_a_chunk_does_not_wait_for_the_rest() -> None:
    body, chunks = fed(b"5\r\nhe")
    assert body == b"he"
    assert chunks.feed(b"llo\r\n" + END) == b"llo" and chunks.over == b""


@pytest.mark.parametrize(
    "wire",
    [
        b"x\r\n",
        b"-1\r\n",
        b"2\r\nhix",
        b"2\r\nhi\n",
        b"1" * (LONGEST_LINE + 1),
        b"0\r\n" + b"x" * (LONGEST_TRAILER + 1),
    ],
)
def test_what_is_no_chunk_is_told(wire: bytes) -> None:
    _, chunks = fed(wire)
    assert chunks.problem and chunks.over is None
    assert chunks.feed(END) == b""


def test_what_came_before_it_broke_is_still_told() -> None:
    body, chunks = fed(chunk(b"good") + b"bad\r")
    assert (body, chunks.problem) == (b"good", "")
    assert chunks.feed(b"!\r\n") == b"" and chunks.problem
