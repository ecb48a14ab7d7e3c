"""The frames of `application/vnd.amazon.eventstream`: headers and a payload, each under a checksum.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html
"""

import struct
from zlib import crc32

from addons.demo.wire import Json, dump

TYPE = "application/vnd.amazon.eventstream"
STRING = 7
"""The type of a header's value; AWS sends no other in these streams."""
AROUND = 16
"""Bytes of a frame that are neither headers nor payload: two lengths and two checksums."""
PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def event(name: str, payload: Json) -> bytes:
    """An event, padded with `p` as Bedrock pads, so that lengths on the wire tell nothing."""
    padded = {**payload, "p": PADDING[: 1 + len(dump(payload)) % len(PADDING)]}
    return encode(
        {":event-type": name, ":content-type": "application/json", ":message-type": "event"}, padded
    )


def exception(name: str, payload: Json) -> bytes:
    """What a stream breaks off with: `throttlingException` and its kind."""
    headers = {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}
    return encode(headers, payload)


def encode(headers: dict[str, str], payload: Json) -> bytes:
    head = b"".join(_header(name.encode(), value.encode()) for name, value in headers.items())
    body = dump(payload)
    prelude = struct.pack("!II", AROUND + len(head) + len(body), len(head))
    frame = prelude + struct.pack("!I", crc32(prelude)) + head + body
    return frame + struct.pack("!I", crc32(frame))


def _header(name: bytes, value: bytes) -> bytes:
    return struct.pack("!B", len(name)) + name + struct.pack("!BH", STRING, len(value)) + value
