"""A JSON request body: read strictly, and edited without touching what is not edited."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import orjson

from translators.canonical import Json, JsonValue
from translators.errors import BadRequest

TOO_DEEP = "The request body is nested too deeply."
SMALL = 16384
"""Bytes of a body that is sooner searched for each of its keys than read once more."""
SHALLOW = 500
"""Brackets with which no body is nested too deeply."""
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_.-]+")
_SPACE = " \t\r\n"
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of a JSON object, and what they say."""

    raw: bytes
    json: Json
    plain: bool
    """Whether each of its keys is found in `raw`, between quotes, once: as itself, and nowhere else."""

    def edited(self, changes: Mapping[str, JsonValue], removed: Iterable[str] = ()) -> bytes:
        """The body with some top-level members set and some removed; every other byte stays as it is."""
        gone = set(removed) - changes.keys()
        if not gone & self.json.keys():
            if all(self._says(key, value) for key, value in changes.items()):
                return self.raw
            if self.plain and len(changes) == 1 and (found := _string(self.raw, *changes)):
                (change,) = changes.values()
                return self.raw[: found[0]] + encode(change) + self.raw[found[1] :]
        return _edited(self.raw.decode(), changes, gone).encode()

    def _says(self, key: str, value: JsonValue) -> bool:
        return key in self.json and encode(self.json[key]) == encode(value)


def _string(raw: bytes, key: str) -> tuple[int, int] | None:
    """Where in a plain body the value of a key is, if that is a string."""
    found = _member(key).search(raw)
    return found.span(1) if found else None


@lru_cache(maxsize=64)
def _member(key: str) -> re.Pattern[bytes]:
    return re.compile(rb'"%b"[ \t\r\n]*:[ \t\r\n]*("(?:[^"\\]|\\.)*")' % re.escape(key.encode()))


def _edited(text: str, changes: Mapping[str, JsonValue], gone: Collection[str]) -> str:
    members, at = _members(text), text.index("{") + 1
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
    return "".join([*pieces, text[at:]])


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
    if _is_plain(raw, value):
        return Body(raw, value, plain=True)
    try:
        members = _members(raw.decode())
    except RecursionError:
        raise BadRequest("", TOO_DEEP) from None
    if len(members) != len(value):
        keys = [key for key, *_ in members]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise BadRequest(twice, "is given twice")
    return Body(raw, value, plain=False)


def _is_plain(raw: bytes, value: Json) -> bool:
    """See `Body.plain`. What is certain to have no key twice need not be read once more, a member at a time.

    A plain key can be written in another way only by numbers of characters, and deep nesting takes brackets.
    """
    if len(raw) > SMALL or b"\\u" in raw or raw.count(b"{") + raw.count(b"[") > SHALLOW:
        return False
    return all(_PLAIN_KEY.fullmatch(key) and raw.count(b'"%b"' % key.encode()) == 1 for key in value)


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
