"""Structure: where two values, two bodies or two streams of events differ, and how."""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

from translators import sse
from translators.canonical import JsonValue

_NAME = re.compile(rb"^event: ?(.*?)\r?$", re.MULTILINE)


class Absent:
    """What is not there; JSON's null is."""


ABSENT = Absent()

type Value = JsonValue | Absent


class Difference(NamedTuple):
    """One place where it is not as it was."""

    where: str
    recorded: Value
    now: Value


class Event(NamedTuple):
    """One event of a stream."""

    name: str
    data: JsonValue


def differences(where: str, recorded: Value, now: Value) -> Iterator[Difference]:
    """Each field that differs, by its path below `where`. Numbers are equal by value, `true` is no number."""
    match recorded, now:
        case dict(), dict():
            for key in {**recorded, **now}:
                at = f"{where}.{key}" if key.isidentifier() else f"{where}[{json.dumps(key)}]"
                yield from differences(at, recorded.get(key, ABSENT), now.get(key, ABSENT))
        case list(), list():
            for index in range(max(len(recorded), len(now))):
                yield from differences(f"{where}[{index}]", _item(recorded, index), _item(now, index))
        case _:
            if recorded != now or isinstance(recorded, bool) != isinstance(now, bool):
                yield Difference(where, recorded, now)


def _item(values: list[JsonValue], index: int) -> Value:
    return values[index] if index < len(values) else ABSENT


def body_differences(where: str, recorded: bytes, now: bytes) -> Iterator[Difference]:
    """By structure where both are JSON, else byte by byte."""
    if recorded == now:
        return
    try:
        values: tuple[JsonValue, JsonValue] = json.loads(recorded), json.loads(now)
    except (ValueError, RecursionError):
        yield Difference(where, recorded.decode(errors="replace"), now.decode(errors="replace"))
    else:
        yield from differences(where, *values)


def stream_differences(where: str, recorded: list[Event], now: list[Event]) -> Iterator[Difference]:
    """The differences of the first event that has some."""
    for number in range(max(len(recorded), len(now))):
        old = recorded[number] if number < len(recorded) else None
        new = now[number] if number < len(now) else None
        at = f"{where}, event {number + 1}" + (
            f" ({name})" if (name := (old or new or Event("", 0)).name) else ""
        )
        if not old or not new:
            yield Difference(at, old.data if old else ABSENT, new.data if new else ABSENT)
            return
        found = [*differences(f"{at}, name", old.name, new.name), *differences(f"{at}: ", old.data, new.data)]
        if found:
            yield from (found_one._replace(where=found_one.where.replace(": .", ": ")) for found_one in found)
            return


def events(body: bytes) -> list[Event]:
    """The events of a stream, without comments. What comes after the last blank line is left out."""
    found = list[Event]()
    for raw, data in sse.Decoder().feed(body):
        if data:
            name = _NAME.search(raw)
            found.append(Event(name[1].decode(errors="replace") if name else "", _value(data)))
    return found


def _value(data: bytes) -> JsonValue:
    try:
        value: JsonValue = json.loads(data)
    except (ValueError, RecursionError):
        return data.decode(errors="replace")
    return value
