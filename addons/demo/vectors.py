"""Embeddings as this provider makes them: texts that share words are near each other."""

import hashlib
import math
import struct

from addons.demo.wire import words

SIZE = 256
"""Dimensions in which texts are compared."""


def embedding(said: str, size: int) -> list[float]:
    """A unit vector: the sum of those of the words, whatever their case."""
    rows = [_direction(word.strip().lower(), size) for word in words(said)] or [_direction("", size)]
    vector = [sum(column) for column in zip(*rows, strict=True)]
    length = math.hypot(*vector) or 1
    return [round(value / length, 7) for value in vector]


def _direction(word: str, size: int) -> tuple[float, ...]:
    return tuple(byte - 127.5 for byte in hashlib.shake_256(word.encode()).digest(size))


def floats(vector: list[float]) -> bytes:
    """As 32-bit numbers, little endian."""
    return struct.pack(f"<{len(vector)}f", *vector)


def ranked(query: str, documents: list[str], most: int | None) -> list[tuple[int, float]]:
    """The documents' numbers and how near each is to the query, from 0 to 1; the nearest first."""
    asked = embedding(query, SIZE)
    near = [sum(map(float.__mul__, asked, embedding(each, SIZE))) for each in documents]
    scored = [(number, round(min(max(score, 0.0), 1.0), 7)) for number, score in enumerate(near)]
    return sorted(scored, key=lambda pair: -pair[1])[:most]
