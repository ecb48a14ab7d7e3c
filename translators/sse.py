"""Server-sent events, as bytes in any chunking. https://html.spec.whatwg.org/multipage/server-sent-events.html"""

import re

_BLANK_LINE = re.compile(rb"(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r(?!\n|\Z))")


class Decoder:
    """Cuts a byte stream into its events: `(raw, data)`, where `data` is empty for a comment."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, chunk: bytes) -> list[tuple[bytes, bytes]]:
        buffer, start, events = self._buffer + chunk, 0, list[tuple[bytes, bytes]]()
        for blank in _BLANK_LINE.finditer(buffer):
            if raw := buffer[start : blank.end()]:
                events.append((raw, data_of(raw)))
            start = blank.end()
        self._buffer = buffer[start:]
        return events

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


def data_of(raw: bytes) -> bytes:
    if raw.startswith(b"data: ") and raw.endswith(b"\n\n") and raw.count(b"\n") == 2 and b"\r" not in raw:
        return raw[6:-2]
    lines = (line.partition(b":") for line in re.split(rb"\r\n|\n|\r", raw))
    return b"\n".join(value.removeprefix(b" ") for field, _, value in lines if field == b"data")
