"""Requests of Google's own clients."""

from typing import Any

import pytest

from translators.canonical import Image, Opaque, Reasoning, Text, ToolResult, ToolUse, WebSearch
from translators.errors import BadRequest
from translators.gemini_generate import check_request, read_request, write_request

USER = {"role": "user", "parts": [{"text": "x"}]}


def read(**fields: Any) -> Any:
    return read_request({"model": "gemini-2.5-flash", "contents": [USER], **fields})


def test_snake_case_is_the_same() -> None:
    blob = {"mime_type": "image/png", "data": "eA=="}
    snake = {
        "system_instruction": {"parts": [{"text": "s"}]},
        "generation_config": {"max_output_tokens": 5, "thinking_config": {"thinking_budget": 0}},
        "tools": [{"function_declarations": [{"name": "my_f", "parameters_json_schema": {"my_key": 1}}]}],
        "tool_config": {"function_calling_config": {"mode": "ANY", "allowed_function_names": ["my_f"]}},
        "contents": [{"role": "user", "parts": [{"inline_data": blob}]}],
        "safety_settings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}],
    }
    request = read_request({"model": "gemini-2.5-flash", **snake})
    assert request.max_tokens == 5 and request.reasoning == Reasoning("disabled")
    assert isinstance(request.turns[1].parts[0], Image)
    written = write_request(request)
    [declared] = written["tools"][0]["functionDeclarations"]  # type: ignore[index, call-overload]
    assert declared == {"name": "my_f", "parametersJsonSchema": {"my_key": 1}}  # free JSON is the client's
    assert read_request({"model": "gemini-2.5-flash", **written}) == request


def test_both_spellings_are_one_too_many() -> None:
    with pytest.raises(BadRequest):
        read(generationConfig={}, generation_config={})


@pytest.mark.parametrize(
    "body",
    [
        {"contents": []},
        {"contents": "x"},
        {"contents": None},
        {"model": 1, "contents": [USER]},
        {"stream": "yes", "contents": [USER]},
    ],
)
def test_what_no_model_could_answer(body: Any) -> None:
    with pytest.raises(BadRequest):
        check_request(body)


def call(name: str, **more: Any) -> Any:
    return {"functionCall": {"name": name, "args": {}, **more}}


def response(name: str, **more: Any) -> Any:
    return {"functionResponse": {"name": name, "response": {"output": "x"}, **more}}


def pairs(calls: list[Any], responses: list[Any]) -> list[tuple[int, int]]:
    """Which response belongs to which call."""
    contents = [USER, {"role": "model", "parts": calls}, {"role": "user", "parts": responses}]
    turns = read(contents=contents).turns
    ids = [part.id for part in turns[1].parts if isinstance(part, ToolUse)]
    assert len(set(ids)) == len(ids)
    results = [part for part in turns[2].parts if isinstance(part, ToolResult)]
    return [(i, ids.index(result.id)) for i, result in enumerate(results)]


def test_calls_and_responses_are_paired_by_name_and_order() -> None:
    assert pairs([call("f"), call("g"), call("f")], [response("g"), response("f"), response("f")]) == [
        (0, 1),
        (1, 0),
        (2, 2),
    ]


def test_ids_pair_where_there_are_any() -> None:
    calls = [call("f", id="a"), call("f", id="b")]
    assert pairs(calls, [response("f", id="b"), response("f", id="a")]) == [(0, 1), (1, 0)]


@pytest.mark.parametrize(
    "responses", [[response("g")], [response("f"), response("f")], [response("f", id="z")]]
)
def test_a_response_to_no_call_is_no_request(responses: list[Any]) -> None:
    with pytest.raises(BadRequest):
        pairs([call("f")], responses)


@pytest.mark.parametrize(
    ("config", "effort", "reasoning"),
    [
        ({"thinkingLevel": "HIGH"}, "high", None),
        ({"thinkingBudget": 0}, None, Reasoning("disabled")),
        ({"thinkingBudget": -1}, None, Reasoning("adaptive")),
        ({"thinkingBudget": 9, "includeThoughts": True}, None, Reasoning("enabled", 9, "summarized")),
        ({"includeThoughts": True, "thinkingLevel": "LOW"}, "low", Reasoning("adaptive", None, "summarized")),
    ],
)
def test_thinking(config: Any, effort: str | None, reasoning: Reasoning | None) -> None:
    request = read(generationConfig={"thinkingConfig": config})
    assert (request.effort, request.reasoning) == (effort, reasoning)
    assert write_request(request)["generationConfig"] == {"thinkingConfig": config}


def test_what_only_google_runs_is_its_own() -> None:
    tools = read(
        tools=[{"googleSearch": {"excludeDomains": ["a"]}, "urlContext": {}}, {"newTool": {"a": 1}}]
    ).tools
    assert tools == (
        WebSearch(blocked_domains=("a",)),
        Opaque("google", "tools[].urlContext", {"urlContext": {}}),
        Opaque("google", "tools[].other", {"newTool": {"a": 1}}),
    )


def test_unknown_fields_of_a_part_stay_with_it() -> None:
    part = {"text": "x", "novelty": 1}
    request = read(contents=[{"role": "user", "parts": [part]}])
    assert isinstance(request.turns[0].parts[0], Text)
    assert write_request(request)["contents"] == [{"role": "user", "parts": [part]}]
