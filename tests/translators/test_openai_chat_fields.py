"""The table of fields against the SDK's own types, and against what the writer really writes."""

import re
import types
import typing
from collections.abc import Iterator
from dataclasses import MISSING, fields, is_dataclass, replace
from typing import Any

import pytest
import typing_extensions
from openai.types.chat import completion_create_params as sdk

from tests.translators.openai_samples import CANONICAL
from translators import canonical, openai_chat
from translators.canonical import Cache, Opaque
from translators.dialect import Dialect
from translators.fields import Means, Own
from translators.openai_chat import LACKS, READS, write_request

DIALECT: Dialect = openai_chat  # for the type checkers


def bare(annotation: Any) -> Any:
    """An annotation without its wrappers."""
    wrappers = (typing.Annotated, typing_extensions.Required, typing_extensions.NotRequired)
    while typing.get_origin(annotation) in wrappers:
        annotation = typing.get_args(annotation)[0]
    return annotation


def paths(annotation: Any, at: str = "", seen: tuple[Any, ...] = ()) -> Iterator[str]:
    """Every field that can be reached, unions told apart by nothing."""
    annotation = bare(annotation)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if typing_extensions.is_typeddict(annotation):
        hints = typing_extensions.get_type_hints(annotation, include_extras=True)
        for name, inner in hints.items() if annotation not in seen else ():
            path = f"{at}.{name}" if at else name
            yield path
            yield from paths(inner, path, (*seen, annotation))
    elif origin in (typing.Union, types.UnionType):
        for argument in arguments:
            yield from paths(argument, at, seen)
    elif arguments and origin is not typing.Literal and "dict" not in str(origin):
        yield from paths(arguments[0], f"{at}[]", seen)


def test_every_field_of_the_sdk_has_a_row() -> None:
    rows = {re.sub(r"\[\w+\]", "[]", path) for path in READS}
    found = {*paths(sdk.CompletionCreateParamsStreaming), *paths(sdk.CompletionCreateParamsNonStreaming)}
    assert len(found) > 100
    assert sorted(found - rows) == []


def test_meanings_exist() -> None:
    named = [what.meaning for what in READS.values() if isinstance(what, Means)] + list(LACKS)
    for meaning in named:
        cls, _, attribute = meaning.partition(".")
        assert not attribute or attribute in getattr(canonical, cls).__dataclass_fields__, meaning


def test_harmless_values_say_what_others_do_anyway() -> None:
    own = {name: row for name, row in READS.items() if isinstance(row, Own) and row.harmless}
    assert own.keys() == {
        "messages[].content[].prompt_cache_breakpoint.mode",
        "function_call",
        "store",
        "stream_options.include_obfuscation",
    }


def without(node: Any) -> Iterator[tuple[str, Any]]:
    """A canonical value, once without each of its optional attributes, however deep, and the name of it."""
    for field in fields(node):
        value = getattr(node, field.name)
        if field.default is not MISSING and value != field.default:
            yield f"{type(node).__name__}.{field.name}", replace(node, **{field.name: field.default})
        children = value if isinstance(value, tuple) else (value,)
        for index, child in enumerate(children):
            if not is_dataclass(child) or isinstance(child, Opaque):
                continue
            for meaning, changed in without(child):
                inner = (*children[:index], changed, *children[index + 1 :])
                yield meaning, replace(node, **{field.name: inner if isinstance(value, tuple) else changed})


VARIANTS = list(without(CANONICAL))
LACKING = {meaning for meaning, lack in LACKS.items() if not lack.only}
INSIDE_OF_LACKING = {"Cache.ttl", "Thinking.signature"}
OPAQUE = {"Text.citations"}  # written by its owner alone


@pytest.mark.parametrize(("meaning", "request_without"), VARIANTS, ids=[meaning for meaning, _ in VARIANTS])
def test_what_is_not_lacking_is_written(meaning: str, request_without: Any) -> None:
    is_written = write_request(request_without) != write_request(CANONICAL)
    is_lacking = meaning in LACKING | INSIDE_OF_LACKING | OPAQUE or meaning.endswith(".cache")
    assert is_written is not is_lacking


ASKED = """Cache Text Image Audio Document ToolUse ToolResult Thinking Turn Tool WebSearch ToolChoice
    JsonSchema Reasoning Request"""


def test_the_sample_uses_every_meaning() -> None:
    optional = {
        f"{name}.{field.name}"
        for name in ASKED.split()
        for field in fields(getattr(canonical, name))
        if field.default is not MISSING and field.name != "opaque"
    }
    elsewhere = {"Request.echo", "Request.more"}  # which no dialect writes: the translator sees to them
    assert optional - {meaning for meaning, _ in VARIANTS} == {
        "Request.effort",
        "ToolChoice.name",
        *elsewhere,
    }


def test_openais_own_mark_is_written_and_no_other_hint() -> None:
    field = "messages[].content[].prompt_cache_breakpoint.mode"
    own = Cache(opaque=(Opaque("openai", field, "explicit"),))
    turn = canonical.Turn("user", (canonical.Text("a", own), canonical.Text("b", Cache("1h"))))
    (message,) = typing.cast(list[Any], write_request(canonical.Request("m", (turn,)))["messages"])
    assert message["content"][0]["prompt_cache_breakpoint"] == {"mode": "explicit"}
    assert "prompt_cache_breakpoint" not in message["content"][1]
