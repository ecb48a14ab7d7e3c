"""PNGs: where one is transparent, as another one in black and white. https://www.w3.org/TR/png-3/"""

import struct
import zlib
from collections.abc import Iterator
from itertools import accumulate

MOST_PIXELS = 1 << 21
"""Such as 1448 x 1448: it is Python that goes through them."""
SIGNATURE = b"\x89PNG\r\n\x1a\n"
BLACK, WHITE = 0, 255
_CHANNELS = {4: 2, 6: 4}
"""Of the colour types that have transparency for each pixel: grey and RGB."""


def mask(png: bytes, transparent: int) -> bytes:
    """A PNG in black and white: the one of the two that is told where `png` is fully transparent.

    Raises `ValueError` with a reason for anything but 8 bits a channel, transparency, and no interlacing.
    """
    chunks = list(_chunks(png))
    if not chunks or chunks[0][0] != b"IHDR" or len(chunks[0][1]) != 13:
        raise ValueError("it is no PNG")
    width, height, depth, colours, *methods = struct.unpack(">IIBBBBB", chunks[0][1])
    channels = _CHANNELS.get(colours)
    if depth != 8 or not channels or any(methods):
        raise ValueError("it is no PNG of 8 bits a channel that has transparency and is not interlaced")
    if not 0 < width * height <= MOST_PIXELS:
        raise ValueError(f"it has more than {MOST_PIXELS} pixels, or none")
    table = bytes([transparent]) + bytes([BLACK + WHITE - transparent]) * 255
    packed = b"".join(data for kind, data in chunks if kind == b"IDAT")
    rows = bytearray()
    for row in _alpha(packed, width, height, channels):
        pixels = bytearray(3 * width)
        pixels[0::3] = pixels[1::3] = pixels[2::3] = row.translate(table)
        rows += b"\0" + pixels
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return SIGNATURE + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Up to the last one. Raises `ValueError` where the file is broken."""
    at = len(SIGNATURE) if png.startswith(SIGNATURE) else len(png)
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8].ljust(8, b"\0"))
        data = png[at + 8 : at + 8 + length]
        at += 12 + length
        if png[at - 4 : at] != struct.pack(">I", zlib.crc32(kind + data)):
            raise ValueError("it is a broken PNG")
        yield kind, data
        if kind == b"IEND":
            return


def _alpha(packed: bytes, width: int, height: int, channels: int) -> Iterator[bytes]:
    """The transparency of every row. It does not depend on the colours, so they are not looked at."""
    length = 1 + width * channels
    inflate = zlib.decompressobj()
    try:
        data = inflate.decompress(packed, length * height)
    except zlib.error:
        data = b""
    if len(data) != length * height:
        raise ValueError("it is a broken PNG")
    above = bytes(width)
    for at in range(0, len(data), length):
        above = _unfiltered(data[at], data[at + channels : at + length : channels], above)
        yield above


def _unfiltered(kind: int, row: bytes, above: bytes) -> bytes:
    """One channel of a row as it was before it was filtered.

    https://www.w3.org/TR/png-3/#9Filter-types
    """
    if kind in (2, 4) and not any(
        row
    ):  # most rows of a mask; to foretell each by its neighbours comes to this
        return above
    match kind:
        case 0:
            return row
        case 1:
            return bytes(each & 255 for each in accumulate(row))
        case 2:
            return bytes((up + each) & 255 for up, each in zip(above, row, strict=True))
        case 3:
            return bytes(_averaged(row, above))
        case 4:
            return bytes(_foretold(row, above))
        case _:
            raise ValueError("it is a broken PNG")


def _averaged(row: bytes, above: bytes) -> Iterator[int]:
    left = 0
    for each, up in zip(row, above, strict=True):
        left = (each + (left + up) // 2) & 255
        yield left


def _foretold(row: bytes, above: bytes) -> Iterator[int]:
    """By Paeth's predictor."""
    left = corner = 0
    for each, up in zip(row, above, strict=True):
        to_left, to_up = abs(up - corner), abs(left - corner)
        to_corner = abs(left + up - 2 * corner)
        nearest = left if to_left <= to_up and to_left <= to_corner else up if to_up <= to_corner else corner
        left, corner = (each + nearest) & 255, up
        yield left
