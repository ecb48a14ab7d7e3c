"""Amazon's event streams: cut anywhere, checked, and told as JSON or as server-sent events."""

import struct
from base64 import b64encode
from binascii import crc32
from typing import Any

import orjson
import pytest
from botocore.eventstream import EventStreamBuffer

from translators import anthropic_messages, eventstream
from translators.canonical import Failed
from translators.eventstream import AnthropicChunks, BrokenFrame, Decoder, encode, encode_exception

START = encode("messageStart", b'{"role":"assistant"}')
SAID = encode("contentBlockDelta", '{"delta":{"text":"Grüße"},"contentBlockIndex":0}'.encode())
SLOW = encode_exception("throttlingException", b'{"message":"Too many."}')


def error_frame(code: str, message: str) -> bytes:
    """A frame of the third type of message, which no model of a service describes."""
    headers = {":message-type": "error", ":error-code": code, ":error-message": message}
    return eventstream._frame(headers, b"")  # pyright: ignore[reportPrivateUsage]


def chunk(event: Any, **more: Any) -> bytes:
    return chunk_of(orjson.dumps(event), **more)


def chunk_of(data: bytes, **more: Any) -> bytes:
    return encode("chunk", orjson.dumps({"bytes": b64encode(data).decode(), **more}))


def told(framing: Decoder | AnthropicChunks, *pieces: bytes) -> list[bytes]:
    return [data for piece in pieces for _, data in framing.feed(piece)]


def test_what_is_written_botocore_reads() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(START + SLOW)
    first, second = (message.to_response_dict() for message in buffer)
    assert first["headers"][":event-type"] == "messageStart"
    assert first["body"] == b'{"role":"assistant"}'
    assert second["headers"][":exception-type"] == "throttlingException"


def test_events_are_a_union() -> None:
    assert Decoder().feed(START + SAID) == [
        (START, b'{"messageStart":{"role":"assistant"}}'),
        (SAID, '{"contentBlockDelta":{"delta":{"text":"Grüße"},"contentBlockIndex":0}}'.encode()),
    ]


def test_split_anywhere() -> None:
    stream = START + SAID + SLOW
    whole = Decoder().feed(stream)
    for at in range(len(stream)):
        decoder = Decoder()
        assert decoder.feed(stream[:at]) + decoder.feed(b"") + decoder.feed(stream[at:]) == whole
    decoder = Decoder()
    assert [frame for at in range(len(stream)) for frame in decoder.feed(stream[at : at + 1])] == whole


def test_exceptions_and_errors_are_told_alike() -> None:
    assert told(Decoder(), SLOW) == [b'{"throttlingException":{"message":"Too many."}}']
    assert told(Decoder(), error_frame("InternalFailure", "Oh.")) == [
        b'{"InternalFailureException":{"message":"Oh."}}'
    ]
    assert told(Decoder(), encode_exception("validationException", b"<html>")) == [
        b'{"validationException":{}}'
    ]


@pytest.mark.parametrize("at", range(len(SAID)))
def test_no_damaged_byte_passes(at: int) -> None:
    """Whatever byte is damaged: what came before is told, and of the frame itself nothing."""
    damaged = bytearray(SAID)
    damaged[at] ^= 0x20
    for pieces in ((START + bytes(damaged) + START,), (START, bytes(damaged), START)):
        decoder, frames = Decoder(), list[tuple[bytes, bytes]]()
        with pytest.raises(BrokenFrame):
            for piece in pieces:
                frames += decoder.feed(piece)
            decoder.close()
        assert frames == [(START, b'{"messageStart":{"role":"assistant"}}')]


def test_after_a_broken_frame_nothing_is_read() -> None:
    decoder = Decoder()
    with pytest.raises(BrokenFrame):
        decoder.feed(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(2):
        with pytest.raises(BrokenFrame):
            decoder.feed(START)


def test_a_frame_that_is_too_large_is_refused_at_its_head() -> None:
    lengths = struct.pack("!II", 24 * 1024 * 1024 + 17, 0)
    with pytest.raises(BrokenFrame, match="exceeded"):
        Decoder().feed(lengths + struct.pack("!I", crc32(lengths)))


@pytest.mark.parametrize("total", [0, 4, 11, 15])
def test_a_frame_that_is_shorter_than_its_head(total: int) -> None:
    lengths = struct.pack("!II", total, 0)
    with pytest.raises(BrokenFrame):
        Decoder().feed(lengths + struct.pack("!I", crc32(lengths)) + b"\0" * 8)


def test_half_a_frame_at_the_end_is_none() -> None:
    decoder = Decoder()
    assert decoder.feed(START + SAID[:-1]) == Decoder().feed(START)
    assert decoder.close() == []


# --- Anthropic's models on AWS ----------------------------------------------------------------------


def test_chunks_are_server_sent_events_of_the_same_bytes() -> None:
    odd = b'{ "type":"content_block_delta","index":0,  "delta":{"type":"text_delta","text":"\\u00fc"} }'
    [(raw, data)] = AnthropicChunks().feed(chunk_of(odd, p="abcd"))
    assert data == odd
    assert raw == b"event: content_block_delta\ndata: " + odd + b"\n\n"


def test_a_chunk_of_several_lines() -> None:
    [(raw, data)] = AnthropicChunks().feed(chunk_of(b'{\n"type": "ping"\n}'))
    assert raw == b'event: ping\ndata: {\ndata: "type": "ping"\ndata: }\n\n'
    assert anthropic_messages.Framing().feed(raw) == [(raw, data)]


@pytest.mark.parametrize(
    ("exception", "type"),
    [
        ("throttlingException", "rate_limit_error"),
        ("serviceUnavailableException", "overloaded_error"),
        ("modelTimeoutException", "timeout_error"),
        ("validationException", "invalid_request_error"),
        ("internalServerException", "api_error"),
        ("modelStreamErrorException", "api_error"),
        ("somethingNewException", "api_error"),
    ],
)
def test_exceptions_are_anthropics_errors(exception: str, type: str) -> None:
    [(raw, data)] = AnthropicChunks().feed(encode_exception(exception, b'{"message":"Oh."}'))
    assert orjson.loads(data) == {"type": "error", "error": {"type": type, "message": "Oh."}}
    assert raw == b"event: error\ndata: " + data + b"\n\n"
    [failed] = anthropic_messages.StreamReader().read(data)
    assert isinstance(failed, Failed)
    assert failed.message == "Oh."


def test_an_exception_without_a_message_is_named() -> None:
    [(_, data)] = AnthropicChunks().feed(encode_exception("throttlingException", b""))
    assert orjson.loads(data)["error"]["message"] == "throttlingException"


@pytest.mark.parametrize(
    "payload", [b"", b"{}", b'{"bytes":7}', b'{"bytes":"?"}', b'{"bytes":"e30="}', b"[]"]
)
def test_a_chunk_that_holds_no_event_is_broken(payload: bytes) -> None:
    framing, good = AnthropicChunks(), chunk({"type": "ping"})
    assert len(framing.feed(good + encode("chunk", payload) + good)) == 1
    with pytest.raises(BrokenFrame):
        framing.close()


def test_other_frames_are_passed_over() -> None:
    assert AnthropicChunks().feed(encode("initial-response", b"{}")) == []
