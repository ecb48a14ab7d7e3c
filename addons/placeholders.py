"""Placeholders: a body whose texts are replaced by as many `x`, so that only its shape is left.

It fails closed: every string goes but those that are known to be words of the API.
"""

import re

import orjson
from mitmproxy import http

from addons.decoding import RESPONSE_BYTES, Decoder
from addons.proxy import drop_header, header
from translators import sse
from translators.canonical import JsonValue

WORDS = frozenset(
    """
    anthropic_version call_id detail effort encoding_format event finish_reason finishReason format id
    input_type item_id media_type mime_type mimeType mode model modelVersion model_version object
    output_format quality reason responseId response_id role service_tier size source_type status
    stop_reason stopReason system_fingerprint tool_call_id tool_use_id toolUseId truncation ttl type
    verbosity voice
    """.split()  # noqa: SIM905
)
"""Keys whose strings are words of the API, names of models, or ids."""
LONGEST_WORD = 200
"""A longer one is none, whatever its key."""
ARGUMENTS = frozenset({"arguments", "partial_json"})
"""Keys of JSON within JSON."""
ADDRESS = re.compile(r"data:image/(?:png|jpeg|gif|webp);base64,|https?://")
"""What an address begins with: without it, it would be none."""
OUTSIDE = frozenset(" \t\r\n{}[]:,+-.0123456789eEtrufalsn")
"""What JSON consists of outside of its strings."""


def hide_text(message: http.Message) -> None:
    """Replace the texts of one body; what is neither JSON nor a stream of it, altogether."""
    coding, kind = header(message.headers, "content-encoding"), header(message.headers, "content-type")
    try:
        body = Decoder(coding, RESPONSE_BYTES).feed(message.raw_content or b"")
    except ValueError:
        body = b""
    hidden = hidden_stream(body) if kind.startswith("text/event-stream") else hidden_json(body)
    drop_header(message.headers, "content-encoding")
    message.raw_content = hidden
    if "content-length" in message.headers:
        message.headers["content-length"] = str(len(hidden))


def hidden_json(body: bytes) -> bytes:
    """One JSON value without its texts."""
    return _Hiding().json(body)


def hidden_stream(body: bytes) -> bytes:
    """Each event of a stream without its texts."""
    decoder, hiding = sse.Decoder(), _Hiding()
    return b"".join(
        _event(raw, data, hiding) if data else b": x\n\n"
        for raw, data in (*decoder.feed(body), *decoder.close())
    )


def _event(raw: bytes, data: bytes, hiding: "_Hiding") -> bytes:
    named = re.search(rb"^event: ?([\w.]{1,100})\r?$", raw, re.MULTILINE)
    return sse.encode(data if data == b"[DONE]" else hiding.json(data), named[1] if named else b"")


class _Hiding:
    """Goes through the JSON of one body, piece by piece where it is a stream."""

    def __init__(self) -> None:
        self._inside: dict[JsonValue, str] = {}  # where the arguments of a call, by its index, were left off

    def json(self, data: bytes) -> bytes:
        try:
            value: JsonValue = orjson.loads(data)
            return orjson.dumps(self._value(value, "", False, None))
        except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
            return b"x" * len(data)

    def _value(self, value: JsonValue, key: str, word: bool, index: JsonValue) -> JsonValue:
        """`word` where it belongs to a key of `WORDS`; `index` is that of the nearest thing that has one."""
        match value:
            case str() if key in ARGUMENTS:
                return self._arguments(value, index)
            case str() if key == "url" and (begins := ADDRESS.match(value)):
                return begins[0] + "x" * (len(value) - begins.end())
            case str():
                return value if word and len(value) <= LONGEST_WORD else "x" * len(value)
            case dict():
                index = found if isinstance(found := value.get("index"), int) else index
                tool = "role" not in value
                return {
                    inner: self._value(it, inner, inner in WORDS or (tool and inner == "name"), index)
                    for inner, it in value.items()
                }
            case list():
                return [self._value(it, key, False, index) for it in value]
            case _:
                return value

    def _arguments(self, text: str, index: JsonValue) -> str:
        """JSON text, or a piece of some: it stays JSON, and of no more than punctuation and numbers."""
        inside, out = self._inside.get(index, ""), list[str]()
        for character in text:
            shown = character == '"' or (not inside and character in OUTSIDE)
            if inside == "\\":
                inside, shown = '"', False
            elif character == '"':
                inside = "" if inside else '"'
            elif inside and character == "\\":
                inside = "\\"
            out.append(character if shown else "x")
        self._inside[index] = inside
        return "".join(out)
