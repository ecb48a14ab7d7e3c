"""JSON schemas, and the subset of OpenAPI 3.0 that Google has called `Schema` before it took JSON schemas.

https://ai.google.dev/api/caching#Schema
"""

from collections.abc import Callable, Mapping

from translators.canonical import Json, JsonValue
from translators.errors import Unsupported
from translators.gemini_generate.spelling import camel

_DEEPEST = 100
_PLAIN = {
    *("title", "description", "format", "pattern", "enum", "default", "example", "nullable", "required"),
    *("minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength", "minProperties"),
    *("maxProperties", "propertyOrdering"),
}
"""What both have, and means the same."""


# --- Google's into JSON schema ----------------------------------------------------------------------


def read_schema(schema: Json) -> Json:
    """A `Schema` as JSON schema: types in small letters, `nullable` as one more type, numbers as numbers."""
    told: Json = {}
    for key, value in schema.items():
        match camel(key), value:
            case "type", str():
                told["type"] = value.lower()
            case "properties", dict():
                told["properties"] = {name: _read(inner) for name, inner in value.items()}
            case "anyOf", list():
                told["anyOf"] = [_read(inner) for inner in value]
            case "items", dict():
                told["items"] = read_schema(value)
            case (("nullable" | "propertyOrdering"), _):
                pass
            case "example", _:
                told["examples"] = [value]
            case ("minItems" | "maxItems" | "minLength" | "maxLength" | "minProperties") as name, str():
                told[name] = int(value) if value.isdecimal() else value  # proto-JSON's 64 bits are text
            case name, _:
                told[name] = value
    if schema.get("nullable") is True and "type" in told:
        told["type"] = [told["type"], "null"]
        if isinstance(told.get("enum"), list):
            told["enum"] = [*_list(told["enum"]), None]
    return told


def _read(schema: JsonValue) -> JsonValue:
    return read_schema(schema) if isinstance(schema, dict) else schema


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


# --- JSON schema into Google's ----------------------------------------------------------------------


def write_schema(schema: Json, meaning: str) -> Json:
    """A JSON schema as `Schema`. Raises `Unsupported` of `meaning` for what it has no word for."""
    return _Writer(schema, meaning).write(schema, ())


class _Writer:
    """Writes one schema; references are looked up in the whole of it."""

    def __init__(self, root: Json, meaning: str) -> None:
        self._root, self._meaning = root, meaning

    def write(self, schema: JsonValue, within: tuple[str, ...]) -> Json:
        """`within` are the references that led here."""
        if not isinstance(schema, dict):
            raise self._unsupported("a schema must be an object")
        if len(within) > _DEEPEST:
            raise self._unsupported(f"more than {_DEEPEST} references inside of each other")
        if (ref := schema.get("$ref")) is not None:
            rest = {name: value for name, value in schema.items() if name != "$ref"}
            return {**self._referred(ref, within), **self.write(rest, within)}
        told: Json = {}
        for name, value in schema.items():
            if name in _PLAIN:
                told[name] = value
            elif write := _NESTED.get(name):
                told |= write(self, value, within)
            elif name in ("oneOf", "not", "if", "patternProperties", "prefixItems"):
                raise self._unsupported(f"this model knows no {name}")
        return told

    def _referred(self, ref: JsonValue, within: tuple[str, ...]) -> Json:
        if not isinstance(ref, str) or not ref.startswith("#/"):
            raise self._unsupported("a $ref must lead to a place in the schema, such as #/$defs/a")
        if ref in within:
            raise self._unsupported(f"{ref} leads back to itself")
        node: JsonValue = self._root
        for step in ref[2:].split("/"):
            name = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(node, dict) or name not in node:
                raise self._unsupported(f"{ref} leads nowhere")
            node = node[name]
        return self.write(node, (*within, ref))

    def type(self, value: JsonValue, within: tuple[str, ...]) -> Json:
        match value:
            case str():
                return {"type": value.upper()}
            case list():
                names = [name.upper() for name in value if isinstance(name, str) and name != "null"]
                nullable: Json = {"nullable": True} if "null" in value else {}
                if len(names) == 1:
                    return {"type": names[0], **nullable}
                return {"anyOf": [{"type": name} for name in names], **nullable}
            case _:
                raise self._unsupported("a type must be a string or an array of strings")

    def const(self, value: JsonValue, within: tuple[str, ...]) -> Json:
        return {"enum": [value]}

    def items(self, value: JsonValue, within: tuple[str, ...]) -> Json:
        return {"items": self.write(value, within)}

    def properties(self, value: JsonValue, within: tuple[str, ...]) -> Json:
        if not isinstance(value, dict):
            raise self._unsupported("properties must be an object")
        return {"properties": {name: self.write(inner, within) for name, inner in value.items()}}

    def all_of(self, value: JsonValue, within: tuple[str, ...]) -> Json:
        match value:
            case [one]:
                return self.write(one, within)
            case _:
                raise self._unsupported("allOf may have one member")

    def any_of(self, value: JsonValue, within: tuple[str, ...]) -> Json:
        if not isinstance(value, list) or not value:
            raise self._unsupported("anyOf must be an array of schemas")
        others = [inner for inner in value if inner != {"type": "null"}]
        nullable: Json = {"nullable": True} if len(others) < len(value) else {}
        written: list[JsonValue] = [self.write(inner, within) for inner in others]
        match written:
            case [dict(one)]:
                return {**one, **nullable}
            case _:
                return {"anyOf": written, **nullable}

    def _unsupported(self, reason: str) -> Unsupported:
        return Unsupported(self._meaning, reason)


_NESTED: Mapping[str, Callable[[_Writer, JsonValue, tuple[str, ...]], Json]] = {
    "type": _Writer.type,
    "const": _Writer.const,
    "items": _Writer.items,
    "properties": _Writer.properties,
    "allOf": _Writer.all_of,
    "anyOf": _Writer.any_of,
}
"""`$defs`, `additionalProperties` and all else that only checks more is left out."""
