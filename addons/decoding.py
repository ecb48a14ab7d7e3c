"""Content codings of answers, decoded as they come and never beyond a limit."""

import zlib
from collections.abc import Callable

import brotli
import zstandard

RESPONSE_BYTES = 256 << 20
"""What an answer may come to once it is unpacked."""
SLICE = 1024
"""Bytes of zstd that come to 32 MiB at the most."""
CODINGS = ("gzip", "x-gzip", "deflate", "br", "zstd")
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


class TooLarge(ValueError):
    """An answer that unpacks to more than the limit."""


class Decoder:
    """Decodes one body. One that is not encoded as its header says passes as it is."""

    def __init__(self, coding: str, limit: int) -> None:
        self._coding = coding.strip().lower()
        self._room = limit
        self._decode: Callable[[bytes], bytes] | None = None

    def feed(self, data: bytes) -> bytes:
        """Raises `TooLarge`, and `ValueError` for what is broken further on."""
        if self._coding not in CODINGS or not data:
            return data
        if self._decode is None:
            self._decode = self._start(data)
        try:
            decoded = self._decode(data)
        except (zlib.error, brotli.error, zstandard.ZstdError) as error:
            raise ValueError(f"The answer's {self._coding} coding is broken.") from error
        self._room -= len(decoded)
        if self._room < 0:
            raise TooLarge("The answer is too large.")
        return decoded

    def _start(self, head: bytes) -> Callable[[bytes], bytes]:
        match self._coding:
            case "gzip" | "x-gzip" if head.startswith(_GZIP[: len(head)]):
                return self._zlib(zlib.MAX_WBITS | 16)
            case "deflate":
                return self._zlib(zlib.MAX_WBITS if head[0] & 0x0F == 8 else -zlib.MAX_WBITS)
            case "br" if head[:1] not in (b"{", b"d", b"e", b":"):
                process: Callable[..., bytes] = brotli.Decompressor().process
                return lambda data: process(data, output_buffer_limit=self._room + 1)
            case "zstd" if head.startswith(_ZSTD[: len(head)]):
                return self._sliced(zstandard.ZstdDecompressor().decompressobj().decompress)
            case _:
                return bytes

    def _zlib(self, window: int) -> Callable[[bytes], bytes]:
        inflate = zlib.decompressobj(window)
        return lambda data: inflate.decompress(data, self._room + 1)

    def _sliced(self, decompress: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
        """For one that knows no limit: it is stopped soon after it."""

        def sliced(data: bytes) -> bytes:
            decoded = bytearray()
            for at in range(0, len(data), SLICE):
                decoded += decompress(data[at : at + SLICE])
                if len(decoded) > self._room:
                    break
            return bytes(decoded)

        return sliced


def decode(body: bytes, coding: str, limit: int) -> bytes:
    """A whole body. Raises as `Decoder.feed` does."""
    return Decoder(coding, limit).feed(body)
