"""Fields of an upstream's JSON, by the types that they should have: what is of another type is not there."""

from typing import cast

import orjson

from translators.canonical import Json, JsonValue


def parse(data: bytes) -> Json:
    """One JSON object."""
    value = cast(JsonValue, orjson.loads(data))
    if not isinstance(value, dict):
        raise TypeError("not a JSON object")
    return value


def text(record: Json, name: str) -> str:
    """A string; empty where there is none."""
    value = record.get(name)
    return value if isinstance(value, str) else ""


def number(record: Json, name: str) -> int | None:
    """A whole number; some servers write theirs as `12.0`."""
    value = record.get(name)
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def seconds(record: Json, name: str) -> float | None:
    """A duration."""
    value = record.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else None


def inner(record: Json, name: str) -> Json:
    """An object; empty where there is none."""
    value = record.get(name)
    return value if isinstance(value, dict) else {}


def entries(record: Json, name: str) -> list[Json]:
    """The objects in a list; what else stands there is passed over."""
    value = record.get(name)
    if not value or not isinstance(value, list):
        return []
    return [entry for entry in value if isinstance(entry, dict)]
