"""Messages requests out of what other dialects can say."""

from base64 import b64encode
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest

from tests.oracles import check_anthropic_request
from translators import anthropic_messages
from translators.anthropic_messages.fields import DEFAULT_MAX_TOKENS, LACKS
from translators.canonical import (
    Audio,
    Cache,
    Data,
    Document,
    FileId,
    Image,
    Json,
    JsonObject,
    JsonSchema,
    Opaque,
    Part,
    PlainText,
    Reasoning,
    RedactedThinking,
    Refusal,
    Request,
    Role,
    Text,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
    Turn,
    Url,
    WebSearch,
)
from translators.errors import Unsupported
from translators.fields import losses

PROOF = Opaque("anthropic", "messages[].content[thinking].signature", "proof")
SCHEMA: Json = {"type": "object", "properties": {}, "additionalProperties": False}


def said(text: str, role: Role = "user") -> Turn:
    return Turn(role, (Text(text),))


SHORT = Request("m", (said("x"),), max_tokens=5)


def parts(*given: Part, role: Role = "user") -> Request:
    return replace(SHORT, turns=(Turn(role, given),))


def lost(request: Request) -> list[str]:
    return losses(request, {}, LACKS, "anthropic")


def write(request: Request) -> dict[str, Any]:
    """The request as JSON, which the SDK takes; it no longer knows `temperature` and its kin."""
    lost(request)
    body = anthropic_messages.write_request(request)
    known = {name: value for name, value in body.items() if name not in ("temperature", "top_p", "top_k")}
    assert not check_anthropic_request(known, spec=False)
    return body


def content(request: Request) -> Any:
    return write(request)["messages"][0]["content"]


# --- every meaning is written, or it is in LACKS ----------------------------------------------------

WRITTEN = [
    replace(SHORT, max_tokens=77777),
    replace(SHORT, stream=True),
    replace(SHORT, temperature=0.25),
    replace(SHORT, top_p=0.75),
    replace(SHORT, top_k=77777),
    replace(SHORT, stop=("77777",)),
    replace(SHORT, output=JsonSchema({"type": "77777"})),
    replace(SHORT, tools=(Tool("77777"),)),
    replace(SHORT, tools=(Tool("f", "77777"),)),
    replace(SHORT, tools=(Tool("f", parameters={"title": "77777"}),)),
    replace(SHORT, tools=(Tool("f", strict=True),)),
    replace(SHORT, tools=(Tool("f", cache=Cache("1h")),)),
    replace(SHORT, tools=(WebSearch(77777, ("a.com",), ("b.com",), {"city": "x"}, None, Cache("1h")),)),
    replace(SHORT, tools=(Tool("f"),), tool_choice=ToolChoice("named", "77777")),
    replace(SHORT, tools=(Tool("f"),), parallel_tool_calls=False),
    replace(SHORT, reasoning=Reasoning("enabled", 77777, "omitted")),
    replace(SHORT, effort="xhigh"),
    replace(SHORT, service_tier="default"),
    replace(SHORT, user="77777"),
    replace(SHORT, cache=Cache("1h")),
    parts(Text("77777", Cache("1h"))),
    parts(Refusal("77777")),
    parts(Image(Url("77777"), cache=Cache("1h"))),
    parts(Document(Url("77777"), "f.pdf", "title", "context", True, Cache("1h"))),
    parts(ToolUse("77777", "f", '{"a": 1}', Cache("1h")), role="assistant"),
    parts(ToolResult("77777", (Text("a"),), True, Cache("1h"))),
    parts(Thinking("77777", PROOF), role="assistant"),
    parts(RedactedThinking(PROOF), role="assistant"),
]


def meanings(node: object) -> set[str]:
    """All that a value asks for, as `Class.attribute`."""
    found = {type(node).__name__}
    for attribute in fields(node) if is_dataclass(node) else ():
        value = getattr(node, attribute.name)
        if value is None or value == ():
            continue
        found.add(f"{type(node).__name__}.{attribute.name}")
        for child in value if isinstance(value, tuple) else (value,):
            found |= meanings(child) if is_dataclass(child) else set()
    return found


def test_each_meaning_makes_a_difference() -> None:
    bodies = [anthropic_messages.write_request(request) for request in WRITTEN]
    assert len({str(body) for body in bodies}) == len(bodies)
    for request, body in zip(WRITTEN, bodies, strict=True):
        assert body != anthropic_messages.write_request(SHORT)
        if "77777" in str(request):
            assert "77777" in str(body)
        if "Cache" in str(request):
            assert "'ttl': '1h'" in str(body)


def test_every_attribute_is_tried_or_lacking() -> None:
    tried = set[str]().union(*(meanings(request) for request in WRITTEN))
    classes = (Request, Tool, WebSearch, JsonSchema, Reasoning, Image, Document, ToolUse, ToolResult, Text)
    every = {f"{cls.__name__}.{attribute.name}" for cls in classes for attribute in fields(cls)}
    own = {name for name in every if name.endswith((".opaque", ".citations"))} | {"WebSearch.context_size"}
    own |= {"Request.echo", "Request.more"}  # which no dialect writes: the translator sees to them
    assert every - tried - set(LACKS) - own == set()


@pytest.mark.parametrize(
    ("request_", "listed"),
    [
        (replace(SHORT, seed=1), ["Request.seed"]),
        (replace(SHORT, presence_penalty=1.0, frequency_penalty=0.0), ["Request.presence_penalty"]),
        (replace(SHORT, metadata={"a": "b"}, logit_bias={}), ["Request.metadata"]),
        (replace(SHORT, service_tier="flex"), ["Request.service_tier"]),
        (replace(SHORT, service_tier="auto", n=1, logprobs=False, include_usage=True), []),
        (replace(SHORT, output=JsonSchema(SCHEMA, "name", strict=True)), []),
        (parts(Image(Url("u"), "high")), ["Image.detail"]),
        (parts(Thinking("hm"), Text("x"), role="assistant"), ["Thinking"]),
        (parts(Thinking("hm", PROOF), role="assistant"), []),
        (parts(Thinking("hm", Opaque("google", "f", "x")), Text("x"), role="assistant"), ["Thinking"]),
    ],
    ids=str,
)
def test_what_is_left_out_is_listed(request_: Request, listed: list[str]) -> None:
    assert lost(request_) == listed
    write(request_)


@pytest.mark.parametrize(
    ("request_", "meaning"),
    [
        (replace(SHORT, n=2), "Request.n"),
        (replace(SHORT, logprobs=True), "Request.logprobs"),
        (replace(SHORT, output=JsonObject()), "JsonObject"),
        (replace(SHORT, output=JsonSchema(None)), "JsonSchema.schema"),
        (replace(SHORT, tool_choice=ToolChoice("auto", names=("f",))), "ToolChoice.names"),
        (replace(SHORT, temperature=1.5), "Request.temperature"),
        (replace(SHORT, effort="none", reasoning=Reasoning("adaptive")), "Request.effort"),
        (replace(SHORT, reasoning=Reasoning("enabled")), "Reasoning.budget"),
        (parts(Audio(Data("audio/wav", "AAAA"))), "Audio"),
        (parts(Image(Data("image/tiff", "AAAA"))), "Data.media_type"),
        (parts(Image(FileId("openai", "f"))), "FileId.id"),
        (parts(Document(Data("application/zip", "AAAA"))), "Data.media_type"),
        (parts(Document(Data("text/plain", "!"))), "Data.base64"),
        (replace(SHORT, turns=(Turn("system", (Image(Url("u")),)), said("x"))), "Turn.parts"),
        (parts(ToolUse("a", "f", "{"), role="assistant"), "ToolUse.arguments"),
        (parts(ToolUse("a", "f", "[]"), role="assistant"), "ToolUse.arguments"),
        (parts(ToolUse("", "f", "{}"), role="assistant"), "ToolUse.id"),
        (parts(ToolResult("", ())), "ToolResult.id"),
    ],
    ids=str,
)
def test_what_cannot_be_said_is_refused(request_: Request, meaning: str) -> None:
    with pytest.raises(Unsupported) as error:
        write(request_)
    assert error.value.meaning == meaning


# --- turns ------------------------------------------------------------------------------------------


def test_leading_instructions_become_the_system_prompt() -> None:
    turns = (said("a", "system"), said("b", "developer"), said("x"))
    assert write(replace(SHORT, turns=turns)) == {
        "model": "m",
        "max_tokens": 5,
        "system": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
        "messages": [{"role": "user", "content": "x"}],
    }


def test_later_instructions_stand_between_the_user_and_the_answer() -> None:
    turns = (
        said("1"),
        said("2", "assistant"),
        said("new rule", "system"),
        said("3"),
        said("and another", "developer"),
        said("4", "assistant"),
        said("5"),
    )
    messages = write(replace(SHORT, turns=turns))["messages"]
    assert [(message["role"], message["content"]) for message in messages] == [
        ("user", "1"),
        ("assistant", "2"),
        ("user", "3"),
        ("system", [{"type": "text", "text": "new rule"}, {"type": "text", "text": "and another"}]),
        ("assistant", "4"),
        ("user", "5"),
    ]


def test_results_of_tools_come_at_once_and_first() -> None:
    turns = (
        said("x"),
        Turn("assistant", (ToolUse("a", "f", ""), ToolUse("b", "f", "{}"))),
        Turn("user", (ToolResult("a", (Text("1"),)),)),
        said("be brief", "system"),
        Turn("user", (Text("well?"), ToolResult("b", ()))),
        said("go on"),
    )
    assert write(replace(SHORT, turns=turns))["messages"][2:] == [
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": "1"},
                {"type": "tool_result", "tool_use_id": "b"},
                {"type": "text", "text": "well?"},
                {"type": "text", "text": "go on"},
            ],
        },
        {"role": "system", "content": "be brief"},
    ]


def test_empty_content_is_left_out() -> None:
    turns = (Turn("user", (Text(" "), Text("x"))), said("", "assistant"), Turn("assistant", ()), said("y"))
    assert write(replace(SHORT, turns=turns))["messages"] == [
        {"role": "user", "content": "x"},
        {"role": "user", "content": "y"},
    ]
    assert content(parts(Thinking("hm"), Text("x"), role="assistant")) == "x"


def test_documents() -> None:
    plain = {"type": "text", "media_type": "text/plain", "data": "grüß"}
    encoded = b64encode("grüß".encode()).decode()
    assert content(parts(Document(Data("text/csv", encoded), "a.csv"))) == [
        {"type": "document", "source": plain, "title": "a.csv"}
    ]
    pdf = {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}
    assert content(parts(Document(Data("application/pdf", "AAAA")))) == [{"type": "document", "source": pdf}]


# --- settings ---------------------------------------------------------------------------------------


def test_max_tokens_has_a_default_beside_what_is_thought() -> None:
    assert write(replace(SHORT, max_tokens=None))["max_tokens"] == DEFAULT_MAX_TOKENS
    thinking = replace(SHORT, max_tokens=None, reasoning=Reasoning("enabled", 2000))
    assert write(thinking)["max_tokens"] == DEFAULT_MAX_TOKENS + 2000


@pytest.mark.parametrize(
    ("change", "written"),
    [
        ({"effort": "none"}, {"thinking": {"type": "disabled"}}),
        ({"effort": "minimal"}, {"output_config": {"effort": "low"}}),
        ({"effort": "high"}, {"output_config": {"effort": "high"}}),
        ({"reasoning": Reasoning("adaptive")}, {"thinking": {"type": "adaptive"}}),
        ({"service_tier": "auto"}, {"service_tier": "auto"}),
        ({"service_tier": "default"}, {"service_tier": "standard_only"}),
        ({"service_tier": "priority"}, {}),
        ({"parallel_tool_calls": False}, {}),
        ({"output": PlainText()}, {}),
    ],
    ids=str,
)
def test_settings(change: dict[str, Any], written: dict[str, Any]) -> None:
    assert write(replace(SHORT, **change)) == {**write(SHORT), **written}


def test_tool_choice() -> None:
    tools = replace(SHORT, tools=(Tool("f"),))
    assert write(tools)["tools"] == [{"name": "f", "input_schema": {"type": "object", "properties": {}}}]
    for choice, written in [
        (ToolChoice("required"), {"type": "any", "disable_parallel_tool_use": True}),
        (ToolChoice("named", "f"), {"type": "tool", "name": "f", "disable_parallel_tool_use": True}),
        (ToolChoice("none"), {"type": "none"}),
        (None, {"type": "auto", "disable_parallel_tool_use": True}),
    ]:
        assert write(replace(tools, tool_choice=choice, parallel_tool_calls=False))["tool_choice"] == written
    assert "tool_choice" not in write(replace(tools, parallel_tool_calls=True))


def test_where_all_is_instructions_the_last_is_the_question() -> None:
    body = write(replace(SHORT, turns=(said("Be brief.", "system"), said("Greet me.", "developer"))))
    assert (body["system"], body["messages"]) == ("Be brief.", [{"role": "user", "content": "Greet me."}])


@pytest.mark.parametrize("nothing", [Text(" "), Thinking("hm")])
def test_a_request_that_says_nothing_is_refused(nothing: Part) -> None:
    with pytest.raises(Unsupported, match=r"Request\.turns"):
        write(parts(nothing))


def test_a_common_misspelling_of_jpeg_is_read() -> None:
    assert content(parts(Image(Data("image/jpg", "AAAA"))))[0]["source"]["media_type"] == "image/jpeg"
