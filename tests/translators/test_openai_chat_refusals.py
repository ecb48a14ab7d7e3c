"""Requests that make no sense: the message says where, and nothing but a refusal comes out of any JSON."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.translators.openai_samples import PNG, REQUEST, text
from translators.errors import BadRequest, Unsupported
from translators.openai_chat import READS, check_request, read_request, write_request

HI: Any = [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "Hi"}, "messages"),
        ({"messages": ["Hi"]}, "messages[0]"),
        ({"model": 5}, "model"),
        ({"stream": "yes"}, "stream"),
    ],
)
def test_nonsense_is_refused_before_routing(fields: Any, field: str) -> None:
    for check in (check_request, read_request):
        with pytest.raises(BadRequest) as refused:
            check({"model": "m", "messages": HI, **fields})
        assert refused.value.field == field


def refused_field(**fields: Any) -> str:
    with pytest.raises(BadRequest) as refused:
        read_request({"model": "m", "messages": HI, **fields})
    return refused.value.field


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"role": "robot", "content": "x"}, "role"),
        ({"role": None, "content": "x"}, "role"),
        ({}, "content"),
        ({"content": 5}, "content"),
        ({"content": ["x"]}, "content[0]"),
        ({"content": "x", "name": 5}, "name"),
        ({"role": "tool", "content": "x"}, "tool_call_id"),
        ({"role": "tool", "tool_call_id": "a", "content": [{"type": "refusal", "refusal": ""}]}, "content"),
        ({"role": "assistant", "tool_calls": [{"id": "a"}]}, "tool_calls[0].function"),
        ({"role": "assistant", "tool_calls": [{"function": {}}]}, "tool_calls[0].id"),
        ({"role": "assistant", "tool_calls": [{"id": "a", "function": {}}]}, "tool_calls[0].function.name"),
        ({"role": "assistant", "tool_calls": [{"type": "magic"}]}, "tool_calls[0].type"),
        ({"role": "assistant", "thinking_blocks": [{"type": "nonsense"}]}, "thinking_blocks[0].type"),
    ],
)
def test_in_a_message(message: Any, field: str) -> None:
    assert refused_field(messages=[*HI, {"role": "user", **message}]) == f"messages[1].{field}"


@pytest.mark.parametrize(
    ("part", "field"),
    [
        ({"text": "x"}, "type"),
        ({"type": "poem"}, "type"),
        ({"type": "text"}, "text"),
        ({"type": "image_url"}, "image_url"),
        ({"type": "image_url", "image_url": PNG}, "image_url"),
        ({"type": "image_url", "image_url": {"url": "ftp://x"}}, "image_url.url"),
        ({"type": "image_url", "image_url": {"url": PNG, "detail": "tiny"}}, "image_url.detail"),
        ({"type": "input_audio", "input_audio": {"data": "", "format": "ogg"}}, "input_audio.format"),
        ({"type": "file", "file": {}}, "file.file_data"),
        ({"type": "file", "file": {"file_data": PNG, "file_id": "f"}}, "file.file_data"),
        (text("x", cache_control={"type": "eternal"}), "cache_control.type"),
    ],
)
def test_in_a_part(part: Any, field: str) -> None:
    messages = [*HI, {"role": "user", "content": [text("a"), part]}]
    assert refused_field(messages=messages) == f"messages[1].content[1].{field}"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"temperature": "hot"}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"max_tokens": 1, "max_completion_tokens": 2}, "max_tokens"),
        ({"n": True}, "n"),
        ({"stop": [1]}, "stop"),
        ({"logit_bias": {"1": "x"}}, "logit_bias.1"),
        ({"metadata": {"k": 1}}, "metadata.k"),
        ({"reasoning_effort": "extreme"}, "reasoning_effort"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        ({"response_format": {"type": "json_schema", "json_schema": {}}}, "response_format.json_schema.name"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"tools": [{"type": "function", "function": {"name": 1}}]}, "tools[0].function.name"),
        ({"tool_choice": "any"}, "tool_choice"),
        ({"tool_choice": {"type": "function", "function": {}}}, "tool_choice.function.name"),
        ({"thinking": {"type": "deep"}}, "thinking.type"),
        ({"stream_options": []}, "stream_options"),
    ],
)
def test_beside_the_messages(fields: Any, field: str) -> None:
    assert refused_field(**fields) == field


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something can be put instead of what is there."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [at, *(place for key, child in inner for place in places(child, (*at, key)))]


PLACES = [place for place in places(REQUEST) if place]


@settings(max_examples=600, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), json_values), min_size=1, max_size=3))
def test_any_json_is_read_or_refused(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    body = json.loads(json.dumps(REQUEST))
    for place, value in changes:
        node = body
        with contextlib.suppress(KeyError, TypeError, IndexError):  # an earlier change has removed the place
            for key in place[:-1]:
                node = node[key]
            node[place[-1]] = value
    with contextlib.suppress(BadRequest, Unsupported):
        write_request(read_request(body))


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*REQUEST, *READS, "x"]), json_values))
def test_any_object_is_read_or_refused(body: Any) -> None:
    for check in (check_request, read_request):
        with contextlib.suppress(BadRequest, Unsupported):
            check(body)
