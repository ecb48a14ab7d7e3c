"""Chunks: HTTP's chunked coding, decoded as far as it has come.

h11 gives one chunk at a time. A stream that comes fast has dozens in one read, and what is done for each
piece on its way to the client is most of what a stream costs: here they are one piece.

https://www.rfc-editor.org/rfc/rfc9112#section-7.1
"""

import re

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,20})(?:;[^\n]*)?[ \t]*\r\n")
LONGEST_LINE = 4096
"""Bytes that a chunk's size with its extensions may take."""
LONGEST_TRAILER = 65536
"""Bytes of headers after the body, which are thrown away."""


class Chunks:
    """Decodes one body."""

    def __init__(self) -> None:
        self._rest: bytes = b""
        self._left = 0  # bytes of the current chunk that are still to come
        self._at_end = self._trailing = False  # of a chunk; behind the last one
        self.over: bytes | None = None
        """Once the body is complete: what has come after it."""
        self.problem = ""
        """What is wrong with the coding. Nothing can be made of what follows."""

    def feed(self, data: bytes) -> bytes:
        """What these bytes hold of the body. Look at `over` and `problem` afterwards."""
        data = self._rest + data
        at, pieces = 0, list[bytes]()
        while not (self._trailing or self.problem):
            if self._left:
                piece = data[at : at + self._left]
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                if self._left:
                    break
                self._at_end = True
            if self._at_end:
                if (end := data[at : at + 2]) != b"\r\n":
                    self.problem = "" if b"\r\n".startswith(end) else "a chunk is longer than it says"
                    break
                at, self._at_end = at + 2, False
            if not (size := _SIZE.match(data, at)):
                if data.find(b"\r\n", at) >= 0 or len(data) - at > LONGEST_LINE:
                    self.problem = "a chunk has no size"
                break
            at, self._left = size.end(), int(size[1], 16)
            self._trailing = not self._left
        self._rest = data[at:]
        if self._trailing:
            self._end()
        return b"".join(pieces)

    def _end(self) -> None:
        """Behind the last chunk: an empty line, after trailers that nobody asked for."""
        rest = self._rest
        if rest.startswith(b"\r\n"):
            self.over = rest[2:]
        elif (end := rest.find(b"\r\n\r\n")) >= 0:
            self.over = rest[end + 4 :]
        elif len(rest) > LONGEST_TRAILER:
            self.problem = "the trailers are too long"
