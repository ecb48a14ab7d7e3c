"""PNGs: what is transparent in one, in black and white."""

import struct
import zlib
from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.png import BLACK, SIGNATURE, WHITE, mask


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(head: bytes, *packed: bytes) -> bytes:
    return SIGNATURE + b"".join(
        (
            chunk(b"IHDR", head),
            chunk(b"tEXt", b"a"),
            *(chunk(b"IDAT", each) for each in packed),
            chunk(b"IEND", b""),
        )
    )


def head(width: int, height: int, *rest: int) -> bytes:
    return struct.pack(">IIBBBBB", width, height, *(rest or (8, 6, 0, 0, 0)))


def filtered(kind: int, row: bytes, above: bytes, step: int) -> bytes:
    """As the specification has it: each byte, less what its neighbours foretell."""

    def foretold(at: int) -> int:
        left = row[at - step] if at >= step else 0
        up, corner = above[at], above[at - step] if at >= step else 0
        estimate = left + up - corner
        paeth = min((left, up, corner), key=lambda each: abs(estimate - each))  # the first, in this order
        return (0, left, up, (left + up) // 2, paeth)[kind]

    return bytes([kind, *((each - foretold(at)) & 255 for at, each in enumerate(row))])


def drawn(rows: Sequence[bytes], kinds: Sequence[int], channels: int) -> bytes:
    above, lines = bytes(len(rows[0])), b""
    for row, kind in zip(rows, kinds, strict=True):
        lines, above = lines + filtered(kind, row, above, channels), row
    packed = zlib.compress(lines)
    colours = 6 if channels == 4 else 4
    return png(head(len(rows[0]) // channels, len(rows), 8, colours, 0, 0, 0), packed[:5], packed[5:])


def pixels(image: bytes) -> list[list[bytes]]:
    """Those of one that is written: RGB, without filters."""
    width, height = struct.unpack(">II", image[16:24])
    assert image[24:29] == bytes([8, 2, 0, 0, 0])
    start = image.index(b"IDAT") + 4
    data = zlib.decompress(image[start : start + struct.unpack(">I", image[start - 8 : start - 4])[0]])
    rows = [data[at : at + 1 + 3 * width] for at in range(0, len(data), 1 + 3 * width)]
    assert len(rows) == height and not any(row[0] for row in rows)
    return [[row[at : at + 3] for at in range(1, len(row), 3)] for row in rows]


ALPHA = st.sampled_from([0, 0, 0, 1, 127, 255, 255])


@given(st.data(), st.integers(1, 6), st.integers(1, 5), st.sampled_from([2, 4]))
def test_what_is_transparent_has_one_colour_and_all_else_the_other(
    data: st.DataObject, width: int, height: int, channels: int
) -> None:
    colour = st.binary(min_size=channels - 1, max_size=channels - 1)
    alphas = [[data.draw(ALPHA) for _ in range(width)] for _ in range(height)]
    rows = [b"".join(data.draw(colour) + bytes([alpha]) for alpha in row) for row in alphas]
    kinds = [data.draw(st.integers(0, 4)) for _ in rows]
    for transparent, opaque in ((BLACK, WHITE), (WHITE, BLACK)):
        written = pixels(mask(drawn(rows, kinds, channels), transparent))
        assert written == [[bytes([opaque if alpha else transparent]) * 3 for alpha in row] for row in alphas]


@pytest.mark.parametrize("kind", range(5))
def test_rows_that_are_alike(kind: int) -> None:
    row = b"\0\0\0\0" * 3 + b"\1\2\3\xff" * 3
    assert (
        pixels(mask(drawn([row] * 3, [0, kind, kind], 4), BLACK)) == [[b"\0\0\0"] * 3 + [b"\xff" * 3] * 3] * 3
    )


ONE = zlib.compress(b"\0\1\2\3\4")
GOOD = png(head(1, 1), ONE)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (b"", "no PNG"),
        (b"\xff\xd8\xff", "no PNG"),
        (SIGNATURE, "no PNG"),
        (SIGNATURE + chunk(b"IEND", b""), "no PNG"),
        (png(head(1, 1, 8, 2, 0, 0, 0), ONE), "transparency"),
        (png(head(1, 1, 8, 3, 0, 0, 0), ONE), "transparency"),
        (png(head(1, 1, 16, 6, 0, 0, 0), ONE), "8 bits"),
        (png(head(1, 1, 8, 6, 0, 0, 1), ONE), "interlaced"),
        (png(head(0, 1), ONE), "pixels"),
        (png(head(1 << 20, 1 << 20), ONE), "pixels"),
        (png(head(2, 1), ONE), "broken"),
        (png(head(1, 1), b"junk"), "broken"),
        (png(head(1, 1)), "broken"),
        (png(head(1, 1), zlib.compress(b"\5\1\2\3\4")), "broken"),
        (GOOD[:-1], "broken"),
        (GOOD[:40], "broken"),
        (GOOD.replace(b"tEXta", b"tEXtb"), "broken"),
    ],
)
def test_what_can_not_be_read(image: bytes, reason: str) -> None:
    assert mask(GOOD, BLACK)
    with pytest.raises(ValueError, match=reason):
        mask(image, BLACK)


@given(st.binary(max_size=60))
def test_garbage(garbage: bytes) -> None:
    for image in (garbage, SIGNATURE + garbage, png(garbage), png(head(2, 2), garbage)):
        with suppress(ValueError):
            mask(image, BLACK)
