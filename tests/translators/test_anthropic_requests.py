"""Messages requests, read and written back."""

import copy
import json
from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles import check_anthropic_request
from tests.translators.anthropic_samples import BETA_REQUEST, REQUEST
from translators import anthropic_messages
from translators.canonical import Opaque, Text, ToolChoice, ToolUse, Turn, WebSearch
from translators.errors import BadRequest, GatewayError, Unsupported
from translators.fields import losses

SHORT: dict[str, Any] = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def again(body: dict[str, Any]) -> dict[str, Any]:
    return anthropic_messages.write_request(anthropic_messages.read_request(body))


def test_the_samples_are_valid() -> None:
    assert not check_anthropic_request(REQUEST, spec=False)  # the published specification is older
    assert not check_anthropic_request(BETA_REQUEST, beta=True, spec=False)


@pytest.mark.parametrize("body", [SHORT, REQUEST, BETA_REQUEST], ids=["short", "stable", "beta"])
def test_what_is_read_can_be_written_again(body: dict[str, Any]) -> None:
    before = copy.deepcopy(body)
    assert again(body) == body == before


@pytest.mark.parametrize(
    "extra",
    [
        {"temperature": 0.5, "top_p": 0.9, "top_k": 3},
        {"thinking": {"type": "disabled"}},
        {"thinking": {"type": "between_tools"}},
        {"tool_choice": {"type": "auto"}},
        {"tool_choice": {"type": "any", "disable_parallel_tool_use": False}},
        {"tool_choice": {"type": "none"}},
        {"service_tier": "auto"},
        {"stop_sequences": []},
        {"tools": []},
        {"something_new": {"a": [1]}, "metadata": {"user_id": "u", "more": 1}},
        {"cache_control": {"type": "ephemeral", "scope": "global"}},
    ],
    ids=str,
)
def test_settings_survive(extra: dict[str, Any]) -> None:
    assert again({**SHORT, **extra}) == {**SHORT, **extra}


def test_new_fields_inside_of_known_blocks_survive() -> None:
    block = {"type": "text", "text": "x", "later": 1, "cache_control": {"type": "ephemeral", "scope": "g"}}
    body = {**SHORT, "messages": [{"role": "user", "content": [block, {"type": "hologram", "data": 1}]}]}
    assert again(body) == body


def test_the_equal_spellings() -> None:
    turn = {"role": "user", "content": [{"type": "text", "text": "x"}]}
    assert again({**SHORT, "messages": [turn]}) == SHORT
    assert again({**SHORT, "system": [{"type": "text", "text": "s"}]}) == {**SHORT, "system": "s"}
    assert again({**SHORT, "system": "", "container": None, "top_k": None}) == SHORT


def test_what_it_means() -> None:
    request = anthropic_messages.read_request(REQUEST)
    assert request.turns[0].role == "system"
    assert request.turns[0].parts == (Text("be kind", request.turns[0].parts[0].cache),)  # type: ignore[union-attr]
    assert request.tool_choice == ToolChoice("named", "f")
    assert request.parallel_tool_calls is False
    assert request.service_tier == "default"
    assert request.user == "u1"
    assert request.stop == ("END",)
    assert request.tools
    assert isinstance(request.tools[2], WebSearch) and request.tools[2].max_uses == 3
    assert isinstance(request.tools[4], Opaque) and request.tools[4].field == "tools[bash]"
    call = request.turns[3].parts[5]
    assert isinstance(call, ToolUse) and json.loads(call.arguments) == {"a": [1, {"b": None}]}
    assert request.turns[2] == Turn("system", (Text("be brief"),))


def test_elsewhere_nothing_is_lost_in_silence() -> None:
    with pytest.raises(Unsupported, match="container"):
        request = anthropic_messages.read_request({**SHORT, "container": "c1"})
        losses(request, anthropic_messages.READS, {}, "openai")
    with pytest.raises(Unsupported, match=r"tools\[bash\]"):
        request = anthropic_messages.read_request({**SHORT, "tools": REQUEST["tools"]})
        losses(request, anthropic_messages.READS, {}, "openai")
    plain = {**SHORT, "messages": [{"role": "assistant", "content": REQUEST["messages"][2]["content"]}]}
    listed = losses(anthropic_messages.read_request(plain), anthropic_messages.READS, {}, "openai")
    assert listed == [
        "messages[].content[thinking].signature",
        "messages[].content[redacted_thinking].data",
        "messages[].content[server_tool_use]",
        "messages[].content[web_search_tool_result]",
        "messages[].content[text].citations",
        "messages[].content[tool_use].caller",
    ]
    novel = anthropic_messages.read_request({**SHORT, "something_new": 1})
    assert losses(novel, anthropic_messages.READS, {}, "openai") == ["something_new"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"model": 1}, "model"),
        ({"model": None}, "model"),
        ({"max_tokens": "5"}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"messages": "x"}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": [1]}, "messages[0]"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": 1}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, "messages[0].content[0].type"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "base64"}}]}]},
            "messages[0].content[0].source.media_type",
        ),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text"}]}
                        ],
                    }
                ]
            },
            "messages[0].content[0].content[0].text",
        ),
        ({"system": 1}, "system"),
        ({"system": [{"type": "image", "source": {"type": "url", "url": "u"}}]}, "system"),
        ({"temperature": "hot"}, "temperature"),
        ({"stop_sequences": [1]}, "stop_sequences"),
        ({"tools": [{"name": "f"}]}, "tools[0].input_schema"),
        ({"tools": [{"type": 1}]}, "tools[0].type"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"tool_choice": "auto"}, "tool_choice"),
        ({"thinking": {"type": "enabled"}}, "thinking.budget_tokens"),
        ({"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
        ({"output_config": {"effort": "huge"}}, "output_config.effort"),
        ({"metadata": {"user_id": 1}}, "metadata.user_id"),
        ({"cache_control": {"type": "eternal"}}, "cache_control.type"),
        ({"service_tier": "gold"}, "service_tier"),
    ],
    ids=str,
)
def test_bad_requests_name_the_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequest) as error:
        anthropic_messages.read_request({**SHORT, **change})
    assert error.value.field == field


@given(JSON)
def test_nonsense_is_a_bad_request(body: Any) -> None:
    if isinstance(body, dict):
        with pytest.raises(GatewayError):
            anthropic_messages.read_request(body)


def places(value: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, item in inner for place in places(item, (*at, key)))]


@pytest.mark.parametrize("sample", [REQUEST, BETA_REQUEST], ids=["stable", "beta"])
@given(data=st.data())
def test_nonsense_anywhere_is_read_or_refused(sample: dict[str, Any], data: st.DataObject) -> None:
    body = copy.deepcopy(sample)
    *parents, last = data.draw(st.sampled_from(places(body)[1:]))
    inner: Any = body
    for step in parents:
        inner = inner[step]
    inner[last] = data.draw(JSON)
    with suppress(BadRequest, Unsupported):
        orjson.dumps(again(body))
