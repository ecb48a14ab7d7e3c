import gzip
import tracemalloc
import zlib
from typing import Any

import brotli as typed_brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from addons.decoding import CODINGS, Decoder, TooLarge, decode

brotli: Any = typed_brotli  # the types of what we use, and not of the rest
ENCODED = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}
HEADS = {"gzip": 10, "x-gzip": 10, "deflate": 2, "br": 1, "zstd": 4}
TEXT = b'{"text": "' + b"hello " * 50 + b'"}'
BOMB = b"\0" * (8 << 20)


@pytest.mark.parametrize("coding", CODINGS)
def test_a_whole_body(coding: str) -> None:
    assert decode(ENCODED[coding](TEXT), coding, 10_000) == TEXT
    assert decode(ENCODED[coding](TEXT), f" {coding.upper()} ", 10_000) == TEXT
    assert decode(b"", coding, 10) == b""


@pytest.mark.parametrize("coding", CODINGS)
@given(cuts=st.lists(st.integers(0, 100), max_size=5))
def test_in_any_pieces(coding: str, cuts: list[int]) -> None:
    data, decoder = ENCODED[coding](TEXT), Decoder(coding, 10_000)
    places = [0, *sorted(cut * len(data) // 100 for cut in cuts), len(data)]
    pieces = [data[places[i] : places[i + 1]] for i in range(len(places) - 1)]
    assert b"".join(map(decoder.feed, pieces)) == TEXT


def test_deflate_without_its_wrapper() -> None:
    raw = zlib.compressobj(wbits=-15)
    assert decode(raw.compress(TEXT) + raw.flush(), "deflate", 10_000) == TEXT


@pytest.mark.parametrize("coding", ["", "identity", "compress", "gzip, br"])
def test_what_is_not_encoded_passes(coding: str) -> None:
    assert decode(TEXT, coding, 10) == TEXT


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd"])
@pytest.mark.parametrize("body", [TEXT, b"data: {}\n\n", b"event: x\n\n", b": ping\n\n"])
def test_a_header_that_lies_is_not_believed(coding: str, body: bytes) -> None:
    assert decode(body, coding, 10_000) == body


@pytest.mark.parametrize("coding", CODINGS)
def test_a_bomb_is_not_unpacked(coding: str) -> None:
    with pytest.raises(TooLarge):
        decode(ENCODED[coding](BOMB), coding, 1 << 20)


def a_big_bomb(coding: str) -> bytes:
    """A quarter of a gigabyte in a few bytes."""
    deflate = zlib.compressobj(1, wbits=15 if coding == "deflate" else 31)
    br, zstd = brotli.Compressor(quality=2), zstandard.ZstdCompressor(1).compressobj()
    compress, end = {"br": (br.process, br.finish), "zstd": (zstd.compress, zstd.flush)}.get(
        coding, (deflate.compress, deflate.flush)
    )
    return b"".join([*(compress(BOMB) for _ in range(32)), end()])


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_is_defused_before_it_fills_the_memory(coding: str) -> None:
    bomb = a_big_bomb(coding)
    tracemalloc.start()
    with pytest.raises(TooLarge):
        decode(bomb, coding, 1 << 20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 << 20


@pytest.mark.parametrize("coding", CODINGS)
def test_a_bomb_in_pieces(coding: str) -> None:
    decoder, data = Decoder(coding, 1 << 20), ENCODED[coding](BOMB)
    with pytest.raises(TooLarge):
        for at in range(0, len(data), 7):
            decoder.feed(data[at : at + 7])


@pytest.mark.parametrize("coding", CODINGS)
def test_up_to_the_limit(coding: str) -> None:
    assert decode(ENCODED[coding](TEXT), coding, len(TEXT)) == TEXT


@pytest.mark.parametrize("coding", CODINGS)
def test_what_breaks_further_on_is_an_error(coding: str) -> None:
    data = ENCODED[coding](TEXT)[: HEADS[coding]] + b"\xff" * 40
    with pytest.raises(ValueError, match="is broken"):
        decode(data, coding, 10_000)
