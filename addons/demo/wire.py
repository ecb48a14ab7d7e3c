"""What every wire format of the embedded provider needs: JSON, words, ids and server-sent events."""

import hashlib
import re
from typing import Any, cast

import orjson

type Json = dict[str, Any]

CREATED = 1_735_689_600
"""When every answer was made, in Unix seconds: no clock is asked, so that recordings replay byte for byte."""

_WORD = re.compile(r"\s*\S+|\s+\Z")


def dump(value: Any) -> bytes:
    return orjson.dumps(value)


def parse(data: bytes) -> Any:
    """Foreign JSON; raises `ValueError` for what is none, and for what is nested too deep to be sent back."""
    value = orjson.loads(data)
    try:
        orjson.dumps([[value]])
    except TypeError:
        raise ValueError("nested too deep") from None
    return value


def members(value: Any) -> Json:
    """The members of a foreign JSON object; none where it is something else."""
    return cast(Json, value) if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """The items of a foreign JSON array; none where it is something else."""
    found: list[Any] = value if isinstance(value, list) else []  # pyright: ignore[reportUnknownVariableType]
    return found


def text(value: Any) -> str:
    """A foreign JSON string; empty where it is something else."""
    return value if isinstance(value, str) else ""


def count(value: Any) -> int | None:
    """A foreign JSON integer; none where it is something else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def words(string: str) -> list[str]:
    """Its tokens, as this provider counts them: words, each with the space before it."""
    return _WORD.findall(string)


def digest(*parts: bytes) -> str:
    """What ids are made of: 24 hexadecimal digits that follow from the request alone."""
    return hashlib.blake2b(b"\0".join(parts), digest_size=12).hexdigest()


def sse(value: Any, event: bytes = b"") -> bytes:
    """One server-sent event; `event` is its name, where the format has names."""
    return (b"event: " + event + b"\n" if event else b"") + b"data: " + orjson.dumps(value) + b"\n\n"
