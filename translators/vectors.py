"""Vectors in base64: 32-bit numbers, little endian, as OpenAI and Cohere have them."""

import binascii
import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import cast

import orjson

from translators.canonical import Embedded, JsonValue, Told
from translators.errors import BadUpstream

_NUMBERS = re.compile(rb'"embedding"\s*:\s*\[[^\]]*\]')


def around(answer: bytes) -> JsonValue:
    """What a whole answer says beside its vectors of numbers, which are most of it and need not be built.

    Raises `ValueError` for what is not JSON.
    """
    try:
        return cast(JsonValue, orjson.loads(_NUMBERS.sub(b'"embedding":null', answer)))
    except orjson.JSONDecodeError:  # a vector is more than a list of numbers
        return cast(JsonValue, orjson.loads(answer))


def packed(vector: Sequence[float]) -> str:
    """Numbers in base64. Raises `BadUpstream` for what is no number, or too large for 32 bits."""
    try:
        return binascii.b2a_base64(struct.pack(f"<{len(vector)}f", *vector), newline=False).decode()
    except (struct.error, OverflowError, TypeError) as error:
        raise BadUpstream("a vector holds something that is no number") from error


def unpacked(text: str) -> list[float]:
    """The numbers again. Raises `BadUpstream` for what is no such base64."""
    try:
        data = binascii.a2b_base64(text, strict_mode=True)
        return [*struct.unpack(f"<{len(data) // 4}f", data)]
    except (ValueError, struct.error) as error:
        raise BadUpstream("a vector is not in base64") from error


def encoded(events: Iterable[Told], encoding: str) -> Iterator[Told]:
    """The same events with each vector in the encoding that the client waits for."""
    for event in events:
        match event:
            case Embedded(vector=list(numbers)) if encoding == "base64":
                yield replace(event, vector=packed(numbers))
            case Embedded(vector=str(text)) if encoding != "base64":
                yield replace(event, vector=unpacked(text))
            case _:
                yield event


def read_vector(value: JsonValue) -> list[float] | str:
    """A vector as a provider has it. Raises `TypeError` for what can be none."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not value or any(type(number) not in (float, int) for number in value):
        raise TypeError("not a vector")
    return cast(list[float], value)
