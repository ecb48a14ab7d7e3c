"""What is made up from a schema fits it."""

from typing import Any

import jsonschema
import pytest

from addons.demo.sample import sample

NODE = {"type": "object", "properties": {"value": {"type": "string"}, "next": {"$ref": "#/$defs/node"}}}
TREE = {
    "type": "object",
    "properties": {"children": {"type": "array", "items": {"$ref": "#"}}},
    "required": ["children"],
}
LINKED = {
    "type": "object",
    "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
    "required": ["next"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object"},
        {"type": "object", "required": ["unheard_of"]},
        {"type": "string", "minLength": 12},
        {"type": "string", "maxLength": 2},
        {"type": "string", "format": "date-time"},
        {"type": ["null", "integer"]},
        {"type": "integer", "minimum": 10, "multipleOf": 7},
        {"type": "integer", "exclusiveMinimum": 1},
        {"type": "integer", "maximum": -3},
        {"type": "number", "minimum": 0, "maximum": 1},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        {"type": "number", "exclusiveMaximum": 0},
        {"type": "array", "minItems": 3, "items": {"type": "boolean"}},
        {"type": "array", "maxItems": 0},
        {"type": "array", "prefixItems": [{"type": "integer"}, {"const": "x"}], "minItems": 2},
        {"enum": [None, 1]},
        {"const": {"a": [1]}},
        {"anyOf": [{"type": "null"}, {"type": "integer"}]},
        {
            "oneOf": [
                {"type": "object", "properties": {"kind": {"const": "a"}}, "required": ["kind"]},
                {"type": "string"},
            ]
        },
        {
            "allOf": [
                {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
                {"properties": {"b": {"type": "boolean"}}, "required": ["b"]},
            ]
        },
        {"$defs": {"node": NODE}, "$ref": "#/$defs/node"},
        TREE,
        LINKED,
    ],
)
def test_it_fits(schema: dict[str, Any]) -> None:
    jsonschema.validate(sample(schema), schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "nowhere"},
        {"allOf": [{"$ref": "#"}]},
        {"type": 5, "properties": []},
        {"type": "integer", "minimum": "ten", "multipleOf": 0},
        {"type": "integer", "minimum": 5, "maximum": 1},
        {"type": "object", "properties": {"a": True}, "required": [3]},
        {"type": "array", "minItems": 10**9, "items": []},
        {"type": "array", "minItems": 100, "items": {"$ref": "#"}},
        {
            "type": "object",
            "properties": {n: {"$ref": "#"} for n in "abcdefgh"},
            "required": list("abcdefgh"),
        },
    ],
)
def test_nonsense_is_survived(schema: dict[str, Any]) -> None:
    sample(schema)


def test_it_is_plausible() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}, "email": {"type": "string"}}}
    assert sample(schema) == {"city": "Paris", "email": "ada@example.com"}
