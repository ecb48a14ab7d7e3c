"""JSON schemas as Google's older models take them, and back."""

from typing import Any

import pytest

from translators.errors import Unsupported
from translators.gemini_generate.schemas import read_schema, write_schema


@pytest.mark.parametrize(
    ("schema", "theirs"),
    [
        ({"type": "string"}, {"type": "STRING"}),
        ({"type": ["integer", "null"]}, {"type": "INTEGER", "nullable": True}),
        (
            {"type": ["integer", "string"]},
            {"anyOf": [{"type": "INTEGER"}, {"type": "STRING"}]},
        ),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"type": "STRING", "nullable": True}),
        ({"allOf": [{"type": "string"}], "title": "t"}, {"type": "STRING", "title": "t"}),
        ({"const": "a"}, {"enum": ["a"]}),
        ({"type": "array", "items": {"type": "number"}}, {"type": "ARRAY", "items": {"type": "NUMBER"}}),
        ({"type": "object", "additionalProperties": False}, {"type": "OBJECT"}),
        (
            {"$defs": {"a/b": {"type": "string"}}, "$ref": "#/$defs/a~1b", "description": "d"},
            {"type": "STRING", "description": "d"},
        ),
        (
            {"type": "object", "properties": {"type": {"type": "string"}}, "required": ["type"]},
            {"type": "OBJECT", "properties": {"type": {"type": "STRING"}}, "required": ["type"]},
        ),
    ],
)
def test_written(schema: Any, theirs: Any) -> None:
    assert write_schema(schema, "Tool.parameters") == theirs


def deep(levels: int) -> Any:
    """References that lead through so many others."""
    defs = {
        str(i): {"type": "object", "properties": {"a": {"$ref": f"#/$defs/{i + 1}"}}} for i in range(levels)
    }
    return {"$ref": "#/$defs/0", "$defs": {**defs, str(levels): {"type": "string"}}}


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}},
        {"$ref": "#/nowhere"},
        {"$ref": "https://example.com/schema"},
        {"$ref": 1},
        {"type": 1},
        {"items": []},
        {"properties": []},
        {"anyOf": []},
        {"allOf": [{"type": "string"}, {"maxLength": 1}]},
        {"oneOf": [{"type": "string"}]},
        deep(101),
    ],
)
def test_refused(schema: Any) -> None:
    with pytest.raises(Unsupported) as refused:
        write_schema(schema, "Tool.parameters")
    assert refused.value.meaning == "Tool.parameters" and refused.value.reason


def test_as_deep_as_it_may_be() -> None:
    assert write_schema(deep(90), "Tool.parameters")["type"] == "OBJECT"


@pytest.mark.parametrize(
    ("theirs", "schema"),
    [
        ({"type": "STRING", "nullable": True}, {"type": ["string", "null"]}),
        (
            {"type": "STRING", "enum": ["a"], "nullable": True},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        (
            {"type": "ARRAY", "items": {"type": "NUMBER"}, "maxItems": "3"},
            {"type": "array", "items": {"type": "number"}, "maxItems": 3},
        ),
        ({"any_of": [{"type": "STRING"}]}, {"anyOf": [{"type": "string"}]}),
        (
            {"type": "OBJECT", "properties": {"a": {"type": "INTEGER"}}, "propertyOrdering": ["a"]},
            {"type": "object", "properties": {"a": {"type": "integer"}}},
        ),
        ({"type": "STRING", "example": "x"}, {"type": "string", "examples": ["x"]}),
    ],
)
def test_read(theirs: Any, schema: Any) -> None:
    assert read_schema(theirs) == schema
