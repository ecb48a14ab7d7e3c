"""AWS's own description of Bedrock's requests, and what a request says that is not in it.

The description comes with botocore. https://smithy.io/2.0/spec/constraint-traits.html
"""

import base64
import binascii
import gzip
import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Any

import orjson

from addons.demo.answer import Rejected
from addons.demo.wire import Json, items, members

KINDS: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "blob": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
}


@lru_cache(4)
def _shapes(service: str) -> Json:
    """Read as data: to import botocore's own loader takes longer than all of this provider's start."""
    newest = max(files("botocore").joinpath("data", service).iterdir(), key=lambda version: version.name)
    described = gzip.decompress(newest.joinpath("service-2.json.gz").read_bytes())
    return members(orjson.loads(described)["shapes"])


def check(service: str, shape: str, body: Json) -> None:
    """Refuses what the service would refuse, all of it in one message as AWS does.

    What is `null` is absent, and what the description places in the path or in a header is not of the body.
    """
    found = list(_problems(_shapes(service), shape, body, ""))
    if found:
        counted = "1 validation error" if len(found) == 1 else f"{len(found)} validation errors"
        raise Rejected(f"{counted} detected: {'; '.join(found)}")


def _problems(shapes: Json, name: str, value: Any, path: str) -> Iterator[str]:
    shape = shapes[name]
    kinds = KINDS[shape["type"]]
    if shape.get("document"):
        return
    if not _is_of(kinds, value):
        yield _said(path, f"Member must be a {shape['type']}")
        return
    match shape["type"]:
        case "structure":
            yield from _structure(shapes, shape, members(value), path)
        case "list":
            yield from _sized(shape, len(items(value)), path, "length")
            for number, item in enumerate(items(value), 1):
                yield from _problems(shapes, shape["member"]["shape"], item, f"{path}.{number}.member")
        case "map":
            for key, item in members(value).items():
                yield from _problems(shapes, shape["value"]["shape"], item, f"{path}.{key}.member")
        case "string":
            yield from _string(shape, value, path)
        case "blob":
            yield from _blob(shape, value, path)
        case _:
            yield from _sized(shape, value, path, "value")


def _is_of(kinds: tuple[type, ...], value: Any) -> bool:
    return isinstance(value, kinds) and not (isinstance(value, bool) and bool not in kinds)


def _structure(shapes: Json, shape: Json, value: Json, path: str) -> Iterator[str]:
    known = {name: member for name, member in shape["members"].items() if "location" not in member}
    said = {name: item for name, item in value.items() if item is not None}
    yield from (_said(_below(path, name), "Member is not known") for name in said if name not in known)
    missing = [name for name in shape.get("required", ()) if name in known and name not in said]
    yield from (_said(_below(path, name), "Member must not be null") for name in missing)
    if shape.get("union") and len(said) != 1:
        yield _said(path, f"Member must have exactly one of: [{', '.join(known)}]")
    for name, item in said.items():
        if name in known:
            yield from _problems(shapes, known[name]["shape"], item, _below(path, name))


def _string(shape: Json, value: str, path: str) -> Iterator[str]:
    if "enum" in shape and value not in shape["enum"]:
        yield _said(path, f"Member must satisfy enum value set: [{', '.join(shape['enum'])}]", value)
    if "pattern" in shape and not re.fullmatch(shape["pattern"], value):
        yield _said(path, f"Member must satisfy regular expression pattern: {shape['pattern']}", value)
    yield from _sized(shape, len(value), path, "length")


def _blob(shape: Json, value: str, path: str) -> Iterator[str]:
    try:
        yield from _sized(shape, len(base64.b64decode(value, validate=True)), path, "length")
    except binascii.Error:
        yield _said(path, "Member must be base64")


def _sized(shape: Json, size: float, path: str, of: str) -> Iterator[str]:
    if "min" in shape and size < shape["min"]:
        yield _said(path, f"Member must have {of} greater than or equal to {shape['min']}")
    if "max" in shape and size > shape["max"]:
        yield _said(path, f"Member must have {of} less than or equal to {shape['max']}")


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _said(path: str, constraint: str, value: str | None = None) -> str:
    shown = "Value" if value is None else f"Value '{value[:100]}'"
    return f"{shown} at '{path.lstrip('.')}' failed to satisfy constraint: {constraint}"
