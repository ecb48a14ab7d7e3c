"""Secrets that a stream says piece by piece: each event is innocent, and put together they are not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson

from translators import sse
from translators.canonical import JsonValue

type At = tuple[str | int, ...]
BLOT = "*"


@dataclass(slots=True)
class Piece:
    """One string of one event."""

    event: int
    holder: dict[str, JsonValue] | list[JsonValue]
    key: str | int
    text: str


def blot_split(stream: bytes, secrets: Iterable[bytes]) -> bytes:
    """The stream, with the pieces of such secrets replaced; every other event stays as it is."""
    decoder = sse.Decoder()
    frames = [*decoder.feed(stream), *decoder.close()]
    values = [_parsed(data) for _, data in frames]
    pieces = dict[At, list[Piece]]()
    for number, value in enumerate(values):
        for at, piece in _strings(value, number, ()):
            pieces.setdefault(at, []).append(piece)
    changed = set[int]()
    for secret in secrets:
        text = secret.decode("utf-8", "replace")
        for row in pieces.values():
            changed |= _blot(row, text)
    if not changed:
        return stream
    written = (
        raw.replace(data, orjson.dumps(values[number])) if number in changed else raw
        for number, (raw, data) in enumerate(frames)
    )
    return b"".join(written)


def _blot(row: list[Piece], secret: str) -> set[int]:
    """Blot out a secret in strings that follow each other at one place of the events; which were touched."""
    whole = "".join(piece.text for piece in row)
    at, touched = whole.find(secret), set[int]()
    while at >= 0:
        start, end = 0, at + len(secret)
        for piece in row:
            low, high = max(at - start, 0), min(end - start, len(piece.text))
            if low < high:
                piece.text = piece.text[:low] + BLOT * (high - low) + piece.text[high:]
                piece.holder[piece.key] = piece.text  # type: ignore[index]
                touched.add(piece.event)
            start += len(piece.text)
        at = whole.find(secret, end)
    return touched


def _strings(value: JsonValue, event: int, at: At) -> Iterator[tuple[At, Piece]]:
    """Every string in an event, and where."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        if isinstance(inner, str):
            assert isinstance(value, dict | list)
            yield (*at, key), Piece(event, value, key, inner)
        elif len(at) < 32:
            yield from _strings(inner, event, (*at, key))


def _parsed(data: bytes) -> JsonValue:
    try:
        parsed: JsonValue = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return parsed
