"""How much of a body is looked at: a view is made while the gateway waits, so its work has a limit."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain

import orjson

from translators.canonical import JsonValue

PARSED = 64 << 20
"""Bytes of JSON that are parsed at all: it is quick, as nothing else is done to most of them."""
COMMAS = 1_000_000
"""In JSON that is parsed: it takes the longer the more values there are, and strings cost next to nothing."""
STREAMED = 4 << 20
"""Bytes of a stream that are put together."""
RAW = 256 << 10
"""Characters of the raw form."""
VALUES = 30_000
"""JSON values that are looked at."""
ENTRIES = 500
"""Of one list: its beginning and its end."""
NUMBERS = 16
"""Of a list of numbers."""
LONGEST, LONGEST_BASE64 = 20_000, 48
"""Characters of a string that stay."""
DEEPEST = 64

_BASE64 = re.compile(r"(?:data:[\w.+/-]*(?:;[\w=.-]+)*;base64,)?[A-Za-z0-9+/_-]{256,}={0,2}\Z")
_PROBE = 512
_MORE = re.compile("\uf8ff(\\d+)\uf8ff")
"""In a shortened string, how many characters are missing: between signs that nobody uses."""


@dataclass(slots=True)
class Pruned:
    """A copy of a JSON value that is small enough to be worked with."""

    left: int = VALUES
    """Values that may still be looked at."""
    missing: list[str] = field(default_factory=list[str])
    """What is not in the copy, in words."""

    def of(self, value: JsonValue, name: str = "the body", depth: int = 0) -> JsonValue:
        """The copy of one value, which is called `name`."""
        self.left -= 1
        match value:
            case str():
                return shortened(value)
            case dict() | list() if depth > DEEPEST:
                self.missing.append(f"what is nested deeper than {DEEPEST} in {name}")
                return None
            case dict():
                few = self._few(value.items(), len(value), name)
                return {shortened(key): self.of(inner, readable(key, 60), depth + 1) for key, inner in few}
            case list():
                most = NUMBERS if value and isinstance(value[0], int | float) else ENTRIES
                return [self.of(inner, name, depth + 1) for inner in self._few(value, len(value), name, most)]
            case _:
                return value

    def _few[T](self, values: Iterable[T], count: int, name: str, most: int = ENTRIES) -> Iterable[T]:
        most = max(0, min(most, self.left))
        if count <= most:
            return values
        self.missing.append(f"{count - most:,} of the {count:,} in {name}")
        listed = list(values)
        head = most // 2
        return chain(listed[:head], listed[count - (most - head) :])


def shortened(text: str) -> str:
    """A string that is not too long: how much of it is missing stands at its end, between `_MORE`'s signs."""
    if len(text) <= LONGEST_BASE64 * 8:
        return text
    keep = LONGEST_BASE64 if is_base64(text) else LONGEST
    if len(text) <= keep:
        return text
    if keep == LONGEST_BASE64 and text.startswith("data:"):
        keep += text.index(",")
    return f"{text[:keep]}\uf8ff{len(text) - keep}\uf8ff"


def is_base64(text: str) -> bool:
    """Whether a long string holds bytes, by its beginning."""
    probe = text[:_PROBE]
    return bool(_BASE64.match(probe))


def base64_bytes(text: str) -> int:
    """How many bytes a string of base64 stands for, shortened or not."""
    more = _MORE.search(text)
    length = len(text) - (len(more[0]) if more else 0) + (int(more[1]) if more else 0)
    return length * 3 // 4 - (0 if more else text[-2:].count("="))


def readable(text: str, most: int = LONGEST) -> str:
    """Text with no more than so many characters, and in words how many are missing."""
    if len(text) > most:
        text = f"{text[:most]}\uf8ff{len(text) - most}\uf8ff"
    return _MORE.sub(lambda more: f"… ({int(more[1]):,} more characters)", text)


def pretty(value: JsonValue) -> str:
    """Indented JSON, up to `RAW` characters."""
    return readable(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode(), RAW)
