"""The table of fields against the SDK's own types: whatever a client can send has a row."""

import re
import types
import typing
from collections.abc import Iterator
from typing import Any

import pytest
import typing_extensions
from anthropic.types import message_create_params as stable
from anthropic.types.beta import message_create_params as beta

from translators import anthropic_messages
from translators.anthropic_messages.fields import LACKS, READS
from translators.dialect import Dialect
from translators.fields import Means, Own

DIALECT: Dialect = anthropic_messages  # for the type checkers

TWICE = [  # where the same types stand in several places, one row is enough
    (r"^system\[text\]", "messages[].content[text]"),
    (r"messages\[(user|assistant)\]", "messages[]"),
    (r"messages\[system\]\.(role|content)", r"messages[].\1"),
    (r"content\[tool_result\]\.content\[", "content["),
    (r"content\[[a-z_]+\]\.cache_control", "content[].cache_control"),
    (r"^(thinking|tool_choice)\[(?!between_tools)\w+\]", r"\1"),
    (r"^tools\[custom\]", "tools[]"),
    (r"^(tools\[\w+)_\d{8}\]", r"\1]"),
]


def bare(annotation: Any) -> Any:
    """An annotation without its wrappers."""
    wrappers = (typing.Annotated, typing_extensions.Required, typing_extensions.NotRequired)
    while typing.get_origin(annotation) in wrappers:
        annotation = typing.get_args(annotation)[0]
    return annotation


def members(annotation: Any) -> Iterator[tuple[str, Any]]:
    """What a field can hold: typed dictionaries, with `[]` for each list around them."""
    annotation = bare(annotation)
    arguments = typing.get_args(annotation)
    origin = typing.get_origin(annotation)
    if typing_extensions.is_typeddict(annotation):
        yield "", annotation
    elif origin in (typing.Union, types.UnionType):
        for argument in arguments:
            yield from members(argument)
    elif "dict" not in str(origin):
        for argument in arguments:
            yield from ((f"[]{rest}", inner) for rest, inner in members(argument))


def tag(cls: Any) -> str:
    """The word that tells one member of a union from the others: its role or type."""
    hints = typing_extensions.get_type_hints(cls, include_extras=True)
    annotation = bare(hints.get("role") or hints.get("type"))
    words = typing.get_args(annotation)
    while words and not isinstance(words[0], str):
        words = typing.get_args(words[0])
    return words[0] if words else ""


def normal(path: str) -> str:
    for pattern, replacement in TWICE:
        path = re.sub(pattern, replacement, path)
    return path


def paths(cls: Any, at: str, seen: tuple[Any, ...] = ()) -> Iterator[str]:
    """Every field that can be reached and is not inside of one that is its vendor's own as a whole."""
    for name, annotation in typing_extensions.get_type_hints(cls, include_extras=True).items():
        path = normal(f"{at}.{name}" if at else name)
        if name != "type":
            yield path
        inside = [(lists, inner) for lists, inner in members(annotation) if inner not in seen]
        for lists, inner in inside:
            mark = f"[{tag(inner)}]" if lists or len(inside) > 1 else ""
            within = normal(f"{path}{mark}")
            if re.search(r"(content|tools)\[\w+\]$", within):
                yield within
            if not {type(READS.get(path)), type(READS.get(within))} & {Own}:
                yield from paths(inner, within, (*seen, inner))


@pytest.mark.parametrize(
    "params",
    [stable.MessageCreateParamsNonStreaming, beta.MessageCreateParamsNonStreaming],
    ids=["stable", "beta"],
)
def test_every_field_of_the_sdk_has_a_row(params: Any) -> None:
    found = set(paths(params, ""))
    assert len(found) > 100
    assert sorted(path for path in found if path not in READS and "input_schema." not in path) == []


def test_meanings_exist() -> None:
    from translators import canonical

    named = [what.meaning for what in READS.values() if isinstance(what, Means)] + list(LACKS)
    for meaning in named:
        cls, _, attribute = meaning.partition(".")
        assert not attribute or attribute in getattr(canonical, cls).__dataclass_fields__, meaning
