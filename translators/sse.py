"""Server-sent events, as bytes in any chunking. https://html.spec.whatwg.org/multipage/server-sent-events.html"""

import re

_BLANK_LINE = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?!\n|\Z))")
_LONGEST_BLANK_LINE = len(b"\r\n\r\n")

CONTENT_TYPE: str = "text/event-stream; charset=utf-8"


class Decoder:
    """Cuts a byte stream into its events: `(raw, data)`, where `data` is empty for a comment."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, chunk: bytes) -> list[tuple[bytes, bytes]]:
        buffer = self._buffer + chunk
        if b"\r" not in buffer:
            *whole, self._buffer = buffer.split(b"\n\n")
            return [(raw := lines + b"\n\n", data_of(raw)) for lines in whole]
        searched = max(0, len(self._buffer) - _LONGEST_BLANK_LINE + 1)
        start, events = 0, list[tuple[bytes, bytes]]()
        for blank in _BLANK_LINE.finditer(buffer, searched):
            raw = buffer[start : blank.end()]
            events.append((raw, data_of(raw)))
            start = blank.end()
        self._buffer = buffer[start:]
        return events

    def is_plain(self, chunk: bytes) -> bool:
        """Whether these are whole events of one line each, and nothing is left of what came before."""
        return not self._buffer and _ONE_LINERS.fullmatch(chunk) is not None

    def close(self) -> list[tuple[bytes, bytes]]:
        """The last event, when the stream ended without a blank line after it."""
        rest, self._buffer = self._buffer, b""
        data = data_of(rest)
        return [(rest.rstrip(b"\r\n") + b"\n\n", data)] if data else []


def encode(data: bytes, event: bytes = b"") -> bytes:
    """One event; `event` is its name, where the dialect has names."""
    return (b"event: " + event + b"\n" if event else b"") + b"data: " + data + b"\n\n"


KEEP_ALIVE = b": keep-alive\n\n"
"""A comment: every client skips it."""


_ONE_LINE = re.compile(rb"(?:event: .*\n)?data: (.*)\n\n")
"""What nearly all events look like."""
_ONE_LINERS = re.compile(rb"(?:(?:event: [^\r\n]*\n)?data: [^\r\n]*\n\n)+")


def data_of(raw: bytes) -> bytes:
    """The payload of one event, its lines joined; empty for a comment."""
    if b"\r" not in raw and (one := _ONE_LINE.fullmatch(raw)):
        return one[1]
    lines = (line.partition(b":") for line in re.split(rb"\r\n|\n|\r", raw))
    return b"\n".join(value.removeprefix(b" ") for field, _, value in lines if field == b"data")
