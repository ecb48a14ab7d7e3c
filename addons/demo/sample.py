"""Plausible JSON that fits a JSON schema: the arguments of a call, or the answer that was asked for."""

import math
from typing import Any

from addons.demo.wire import Json, count, items, members, text

DEEP = 6
"""From here on only what is required is said, so that a schema which contains itself comes to an end."""
TOO_DEEP = 24
MOST_VALUES = 2000
"""So many are made up in all; a schema that refers to itself twice would double them at each step."""

BY_NAME: dict[str, str] = {
    "city": "Paris",
    "location": "Paris, France",
    "country": "France",
    "name": "Ada Lovelace",
    "email": "ada@example.com",
    "url": "https://example.com/",
    "query": "the weather in Paris",
    "timezone": "Europe/Paris",
    "date": "2025-01-31",
    "currency": "EUR",
    "language": "en",
    "path": "README.md",
}
"""What a string property of this name holds."""

BY_FORMAT: dict[str, str] = {
    "date": "2025-01-31",
    "date-time": "2025-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    "email": "ada@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
}


def sample(schema: Json) -> Any:
    """A value that fits; `pattern`, `not` and conditions are not looked at."""
    return _Sampler(schema).value(schema, "", 0)


class _Sampler:
    """One schema and what its `$ref`s point to."""

    def __init__(self, root: Json) -> None:
        self._root = root
        self._left = MOST_VALUES

    def value(self, schema: Json, name: str, depth: int) -> Any:
        self._left -= 1
        depth = depth if self._left > 0 else TOO_DEEP
        if depth < TOO_DEEP and "$ref" in schema:
            return self.value(self._target(text(schema["$ref"])), name, depth + 1)
        for key in ("allOf", "anyOf", "oneOf") if depth < TOO_DEEP else ():
            if options := [members(option) for option in items(schema.get(key))]:
                return self.value(_chosen(key, schema, options, depth), name, depth + 1)
        if "const" in schema:
            return schema["const"]
        for key in ("enum", "examples"):
            if known := items(schema.get(key)):
                return known[0]
        return schema["default"] if "default" in schema else self._of_type(schema, name, depth)

    def _of_type(self, schema: Json, name: str, depth: int) -> Any:
        match _type(schema, depth):
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "string":
                return _string(schema, name)
            case "integer":
                return _number(schema, 1)
            case "number":
                return _number(schema, 1.5)
            case "boolean":
                return True
            case _:
                return None

    def _object(self, schema: Json, depth: int) -> Json:
        properties, required = members(schema.get("properties")), items(schema.get("required"))
        if depth >= TOO_DEEP:
            return {}
        said = {key: inner for key, inner in properties.items() if depth < DEEP or key in required}
        said |= {key: {"type": "string"} for key in required if isinstance(key, str) and key not in said}
        return {key: self.value(members(inner), key, depth + 1) for key, inner in said.items()}

    def _array(self, schema: Json, name: str, depth: int) -> list[Any]:
        if depth >= TOO_DEEP:
            return []
        least, most = count(schema.get("minItems")), count(schema.get("maxItems"))
        length = (least or 0) if depth >= DEEP else max(1, least or 0)
        length = min(length, length if most is None else most, 100)
        first = [members(each) for each in items(schema.get("prefixItems"))][:length]
        rest = members(schema.get("items")) or {"type": "string"}
        return [self.value(each, name, depth + 1) for each in first + [rest] * (length - len(first))]

    def _target(self, pointer: str) -> Json:
        found: Any = self._root
        for step in pointer.removeprefix("#").split("/")[1:]:
            found = members(found).get(step.replace("~1", "/").replace("~0", "~"))
        return members(found)


def _chosen(key: str, schema: Json, options: list[Json], depth: int) -> Json:
    """The schema with one of its options, or with all of them, written into it."""
    around = {name: value for name, value in schema.items() if name != key}
    if key != "allOf":
        nothing = [option for option in options if option.get("type") == "null"]
        something = [option for option in options if option.get("type") != "null"]
        return around | ((nothing if depth >= DEEP else something) or options)[0]
    merged: Json = around
    for option in options:
        properties = members(merged.get("properties")) | members(option.get("properties"))
        required = [*items(merged.get("required")), *items(option.get("required"))]
        merged = merged | option | ({"properties": properties, "required": required} if properties else {})
    return merged


def _type(schema: Json, depth: int) -> str:
    named = schema.get("type")
    names = [text(named)] if isinstance(named, str) else [text(each) for each in items(named)]
    if names:
        wanted = [each for each in names if (each == "null") == (depth >= DEEP)]
        return (wanted or names)[0].lower()
    if "properties" in schema or "additionalProperties" in schema:
        return "object"
    return "array" if "items" in schema or "prefixItems" in schema else "string"


def _string(schema: Json, name: str) -> str:
    plain = BY_FORMAT.get(text(schema.get("format"))) or BY_NAME.get(name.lower(), "example")
    least, most = count(schema.get("minLength")) or 0, count(schema.get("maxLength"))
    return plain.ljust(min(least, 1000), "x")[:most]


def _number(schema: Json, plain: float) -> float:
    """The plain number if it fits, else the first one near the bounds that does."""
    step = _bound(schema, "multipleOf", 0) or (1 if isinstance(plain, int) else 0)
    least = max(_bound(schema, "minimum", -math.inf), _bound(schema, "exclusiveMinimum", -math.inf))
    most = min(_bound(schema, "maximum", math.inf), _bound(schema, "exclusiveMaximum", math.inf))
    bounds = [edge for edge in (least, most) if math.isfinite(edge)]
    near = [sum(bounds) / len(bounds)] if bounds else []
    near += [edge + way * (step or 1) for edge in bounds for way in (0, 1, -1)]
    for number in [plain, *near]:
        stepped = math.ceil(number / step) * step if step > 0 else number
        if least <= stepped <= most and stepped not in _excluded(schema):
            return int(stepped) if isinstance(plain, int) else stepped
    return plain


def _bound(schema: Json, key: str, otherwise: float) -> float:
    value = schema.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else otherwise


def _excluded(schema: Json) -> list[Any]:
    return [schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")]
