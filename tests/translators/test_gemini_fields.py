"""The table of fields against Google's own types: whatever a client can send has a row."""

import re
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from google.genai import types
from pydantic import BaseModel

from tests.oracles.discovery import schemas
from tests.oracles.gemini_api import APIS
from translators import canonical, gemini_generate
from translators.dialect import Dialect
from translators.fields import Means, Own
from translators.gemini_generate.fields import LACKS, READS

DIALECT: Dialect = gemini_generate  # for the type checkers

SDK = {  # google-genai has no class for the whole: its fields are arguments
    "contents[]": types.Content,
    "systemInstruction": types.Content,
    "tools[]": types.Tool,
    "toolConfig": types.ToolConfig,
    "safetySettings[]": types.SafetySetting,
    "generationConfig": types.GenerationConfig,
}
ALIKE = [
    (r"^systemInstruction\.parts\[\]\.(?!text$).*", "contents[].parts[].text"),  # refused: it must be text
    (r"^generationConfig\._response", "generationConfig.response"),
]


def stops(path: str) -> bool:
    """Whether what is inside is not ours to read: its vendor's own, free JSON, or a schema."""
    return isinstance(READS.get(path), Own) or path.endswith(("JsonSchema", "args", ".response", ".text"))


def normal(path: str) -> str:
    for pattern, replacement in ALIKE:
        path = re.sub(pattern, replacement, path)
    return path


def models(annotation: Any) -> Iterator[tuple[str, type[BaseModel]]]:
    """The models that a field can hold, with `[]` for each list around them."""
    arguments = typing.get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield "", annotation
    for argument in arguments:
        lists = "[]" if typing.get_origin(annotation) is list else ""
        yield from ((f"{lists}{rest}", inner) for rest, inner in models(argument))


def in_sdk(cls: type[BaseModel], at: str) -> Iterator[str]:
    for name, field in cls.model_fields.items():
        path = normal(f"{at}.{field.alias or name}")
        yield path
        for lists, inner in () if stops(path) else models(field.annotation):
            yield from in_sdk(inner, f"{path}{lists}")


def in_document(api: str, schema: str, at: str) -> Iterator[str]:
    for name, field in schemas(api)[schema].get("properties", {}).items():
        path = normal(f"{at}.{name}" if at else name)
        yield path
        inner = field.get("$ref") or field.get("items", {}).get("$ref")
        if inner in schemas(api) and not stops(path):
            yield from in_document(api, inner, f"{path}[]" if "items" in field else path)


def test_every_field_of_the_sdk_has_a_row() -> None:
    found = {path for at, cls in SDK.items() for path in in_sdk(cls, at) if not stops(at.removesuffix("[]"))}
    assert len(found) > 80
    assert sorted(found - READS.keys()) == []


@pytest.mark.parametrize("api", APIS)
def test_every_documented_field_has_a_row(api: str) -> None:
    found = set(in_document(api, f"{APIS[api]}GenerateContentRequest", ""))
    assert len(found) > 60
    assert sorted(found - READS.keys()) == []


def test_meanings_exist() -> None:
    named = [what.meaning for what in READS.values() if isinstance(what, Means)] + list(LACKS)
    for meaning in named:
        cls, _, attribute = meaning.partition(".")
        assert not attribute or attribute in getattr(canonical, cls).__dataclass_fields__, meaning
