"""Amazon's event streams, as bytes in any chunking: frames with headers, a payload and two checksums.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html has the layout of a frame.
"""

from base64 import b64decode
from binascii import crc32
from collections.abc import Callable, Mapping
from struct import error as StructError
from struct import pack
from typing import Any, cast

import orjson
from botocore.eventstream import EventStreamBuffer, ParserError  # pyright: ignore[reportMissingTypeStubs]

from translators.anthropic_messages.errors import write_error
from translators.aws_errors import bare, kind_of, message_of
from translators.canonical import Failed, Json, JsonValue

CONTENT_TYPE: str = "application/vnd.amazon.eventstream"

type Headers = Mapping[str, str]

_UNREADABLE = (ParserError, StructError, LookupError, TypeError, ValueError)
"""What the buffer raises on a checksum that does not match, a frame of more than 24 MiB, odd headers;
and reading what is no JSON."""


class BrokenFrame(ValueError):
    """A frame that was damaged on its way, or is none. Nothing that comes after it can be trusted."""


class _Frames:
    """Cuts a byte stream into its frames, each checked, and reads each as `(raw, data)`, or not at all."""

    def __init__(self, read: Callable[[bytes, Headers, bytes], tuple[bytes, bytes] | None]) -> None:
        self._read = read
        self._buffer: Any = EventStreamBuffer()
        self._unread = b""  # the same bytes, for the buffer does not give back what it was given
        self._broken: BrokenFrame | None = None

    def feed(self, chunk: bytes) -> list[tuple[bytes, bytes]]:
        """Raises `BrokenFrame`, but only after all frames before it were handed out."""
        self.close()
        self._buffer.add_data(chunk)
        self._unread += chunk
        frames = list[tuple[bytes, bytes]]()
        try:
            for message in self._buffer:
                length: int = message.prelude.total_length
                raw, self._unread = self._unread[:length], self._unread[length:]
                headers = {name: str(value) for name, value in message.headers.items()}
                if frame := self._read(raw, headers, bytes(message.payload)):
                    frames.append(frame)
        except _UNREADABLE as error:
            self._broken = BrokenFrame(str(error))
            if not frames:
                raise self._broken from error
        return frames

    def close(self) -> list[tuple[bytes, bytes]]:
        """Half a frame is none. Raises what `feed` had to keep to itself."""
        if self._broken:
            raise self._broken
        return []


class Decoder(_Frames):
    """The frames of a stream whose events are a union, such as Converse's: `data` is `{"EVENT": payload}`.

    Exceptions are told in the same form, as boto3 does: `{"throttlingException": {"message": …}}`.
    """

    def __init__(self) -> None:
        super().__init__(_union)


class AnthropicChunks(_Frames):
    """The frames of `invoke-with-response-stream` of Anthropic's models, as the events that they wrap.

    `data` is the event's JSON, byte for byte as it came, and `raw` the server-sent event that it would have
    been at Anthropic; an exception becomes one of Anthropic's `error` events.
    """

    def __init__(self) -> None:
        super().__init__(_chunk)


# --- reading ----------------------------------------------------------------------------------------


def _union(raw: bytes, headers: Headers, payload: bytes) -> tuple[bytes, bytes]:
    if failure := _failure(headers, payload):
        return raw, orjson.dumps({failure[0]: failure[1]})
    if not (event := headers.get(":event-type")):
        return raw, b""
    return raw, b"{%b:%b}" % (orjson.dumps(event), payload or b"{}")


def _chunk(raw: bytes, headers: Headers, payload: bytes) -> tuple[bytes, bytes] | None:
    if failure := _failure(headers, payload):
        name, told = failure
        error = write_error(Failed(kind_of(name), message_of(told) or bare(name)), "")
        data = orjson.dumps({"type": "error", "error": error["error"]})
        return _sse("error", data), data
    if headers.get(":event-type") != "chunk":
        return None
    data = b64decode(orjson.loads(payload)["bytes"], validate=True)
    return _sse(orjson.loads(data)["type"], data), data


def _failure(headers: Headers, payload: bytes) -> tuple[str, Json] | None:
    """The name and the fields of an exception, or of an error that the service does not model."""
    match headers.get(":message-type"):
        case "exception":
            return headers.get(":exception-type") or "unknownException", _object(payload)
        case "error":
            code = headers.get(":error-code") or "unknown"
            name = code if code.endswith("Exception") else f"{code}Exception"
            return name, {"message": headers.get(":error-message", "")}
        case _:
            return None


def _object(payload: bytes) -> Json:
    try:
        told = cast(JsonValue, orjson.loads(payload))
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _sse(name: str, data: bytes) -> bytes:
    """One server-sent event; a payload of several lines is one line of data each."""
    lines = b"".join(b"data: %b\n" % line for line in data.splitlines())
    return b"event: %b\n%b\n" % (name.encode(), lines)


# --- writing ----------------------------------------------------------------------------------------


def encode(event: str, payload: bytes) -> bytes:
    """One frame that tells an event, whose payload is JSON."""
    return _frame(
        {":event-type": event, ":content-type": "application/json", ":message-type": "event"}, payload
    )


def encode_exception(name: str, payload: bytes) -> bytes:
    """One frame that tells an exception, such as `throttlingException`."""
    return _frame(
        {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}, payload
    )


def _frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    written = b"".join(_header(name.encode(), value.encode()) for name, value in headers.items())
    lengths = pack("!II", 16 + len(written) + len(payload), len(written))
    message = lengths + pack("!I", crc32(lengths)) + written + payload
    return message + pack("!I", crc32(message))


def _header(name: bytes, value: bytes) -> bytes:
    """A header whose value is a string, which is type 7."""
    return pack("!B", len(name)) + name + b"\x07" + pack("!H", len(value)) + value
