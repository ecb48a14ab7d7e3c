"""A JSON request body: read strictly, and edited without touching what is not edited."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

import orjson

from translators.canonical import Json, JsonValue
from translators.errors import BadRequest

TOO_DEEP = "The request body is nested too deeply."
_SPACE = " \t\r\n"
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of a JSON object, and what they say."""

    raw: bytes
    json: Json
    text: str
    members: list[tuple[str, int, int, int]]
    """Key, and where in `text` the key, the value and the end of the value are."""

    def edited(self, changes: Mapping[str, JsonValue], removed: Iterable[str] = ()) -> bytes:
        """The body with some top-level members set and some removed; every other byte stays as it is."""
        gone = set(removed) - changes.keys()
        if (
            all(key in self.json and _text(self.json[key]) == _text(value) for key, value in changes.items())
            and not gone & self.json.keys()
        ):
            return self.raw
        text, members = self.text, self.members
        at = text.index("{") + 1
        pieces, start_over = [text[:at]], False
        for key, start, value, end in members:
            if key in gone:
                start_over = start_over or len(pieces) == 1  # what comes next is the first: no comma
            else:
                pieces.append(text[start if start_over else at : value])
                pieces.append(_text(changes[key]) if key in changes else text[value:end])
                start_over = False
            at = end
        present = {key for key, *_ in members}
        for key, change in changes.items():
            if key not in present:
                pieces.append(f"{',' if len(pieces) > 1 else ''}{_text(key)}:{_text(change)}")
        return "".join([*pieces, text[at:]]).encode()


def parse(raw: bytes) -> Body:
    """Read a body. Raises `BadRequest` for all that two readers could understand differently.

    That is: what is not UTF-8 or not JSON (NaN, numbers too large, lone surrogates, deep nesting), what
    is no object, and top-level keys that come twice.
    """
    try:
        value = cast(JsonValue, orjson.loads(raw))
    except orjson.JSONDecodeError as error:
        raise BadRequest("", f"The request body is not valid JSON: {error.msg}.") from None
    if not isinstance(value, dict):
        raise BadRequest("", "The request body must be a JSON object.")
    try:
        text = raw.decode()
        members = _members(text)
    except RecursionError:
        raise BadRequest("", TOO_DEEP) from None
    if len(members) != len(value):
        keys = [key for key, *_ in members]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise BadRequest(twice, "is given twice")
    return Body(raw, value, text, members)


def encode(body: JsonValue) -> bytes:
    """JSON made of a client's. What is written must be less deep than what is read."""
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError:
        raise BadRequest("", TOO_DEEP) from None


def _members(text: str) -> list[tuple[str, int, int, int]]:
    """The members of a JSON object that is known to be valid: key, and where key, value and end are."""
    members, decode = list[tuple[str, int, int, int]](), _DECODER.raw_decode
    at = _skip(text, text.index("{") + 1)
    while text[at] != "}":
        key, colon = decode(text, at)
        value = _skip(text, _skip(text, colon) + 1)
        end = decode(text, value)[1]
        members.append((cast(str, key), at, value, end))
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return members


def _skip(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at


def _text(value: JsonValue) -> str:
    return encode(value).decode()
