"""Ways to put the same bytes on the wire: compressed, with other line ends, or in awkward pieces."""

import gzip
import zlib
from typing import Protocol

GZIP_WINDOW = 31
"""zlib's word for: with the header and the trailer of gzip."""


class Encoding(Protocol):
    """Takes each frame, gives the pieces to write one by one."""

    headers: list[tuple[str, str]]

    def frame(self, data: bytes) -> list[bytes]: ...

    def end(self) -> list[bytes]: ...

    def whole(self, body: bytes) -> bytes:
        """The same for an answer that is not streamed."""
        ...


class Plain:
    """As it is."""

    def __init__(self) -> None:
        self.headers: list[tuple[str, str]] = []

    def frame(self, data: bytes) -> list[bytes]:
        return [data]

    def end(self) -> list[bytes]:
        return []

    def whole(self, body: bytes) -> bytes:
        return body


class Gzip(Plain):
    """Compressed, and flushed after each frame."""

    def __init__(self) -> None:
        self.headers = [("content-encoding", "gzip")]
        self._deflate = zlib.compressobj(wbits=GZIP_WINDOW)

    def frame(self, data: bytes) -> list[bytes]:
        return [self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH)]

    def end(self) -> list[bytes]:
        return [self._deflate.flush()]

    def whole(self, body: bytes) -> bytes:
        return gzip.compress(body, mtime=0)


class Crlf(Plain):
    """Server-sent events with CRLF, each after a comment."""

    def frame(self, data: bytes) -> list[bytes]:
        return [b": demo\r\n" + data.replace(b"\n", b"\r\n")]


class Utf8(Plain):
    """Each frame in two pieces, cut inside its last character of more than one byte."""

    def frame(self, data: bytes) -> list[bytes]:
        cut = next((at for at in range(len(data) - 1, 0, -1) if data[at] & 0xC0 == 0x80), None)
        return [data] if cut is None else [data[:cut], data[cut:]]


def encoding(name: str, streamed_as: str) -> Encoding:
    """By the name of the model; CRLF is for server-sent events alone."""
    if name == "crlf" and not streamed_as.startswith("text/event-stream"):
        return Plain()
    return {"gzip": Gzip, "crlf": Crlf, "utf8": Utf8}.get(name, Plain)()
