"""What Google gets for requests of other dialects, by model where models differ."""

from typing import Any

import orjson
import pytest

from tests.matrix import translated_request
from translators.canonical import Data, Document, Image, Request, Text, ToolResult, ToolUse, Turn, Url, Video
from translators.errors import BadRequest, Unsupported
from translators.gemini_generate import write_request
from translators.openai_chat import read_request as read_openai

FLASH, PRO, FIRST_PRO = "gemini-3-flash-preview", "gemini-3.1-pro-preview", "gemini-3-pro-preview"
HI: list[Any] = [{"role": "user", "content": "Hi"}]
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def asked(model: str = "gemini-2.5-flash", **fields: Any) -> dict[str, Any]:
    request = {"model": model, "messages": HI, **fields}
    return translated_request(orjson.dumps(request), "openai_chat", "gemini_generate")


def written(model: str = "gemini-2.5-flash", **fields: Any) -> Any:
    return asked(model, **fields)["body"]


def of_turns(*turns: Turn, model: str = "gemini-3-flash") -> Any:
    return write_request(Request(model, turns))["contents"]


# --- thinking ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "effort", "config"),
    [
        (FLASH, "none", {"thinkingLevel": "MINIMAL"}),
        (FLASH, "minimal", {"thinkingLevel": "MINIMAL"}),
        (FLASH, "medium", {"thinkingLevel": "MEDIUM"}),
        (FLASH, "xhigh", {"thinkingLevel": "HIGH"}),
        (PRO, "minimal", {"thinkingLevel": "LOW"}),
        (PRO, "medium", {"thinkingLevel": "MEDIUM"}),
        (PRO, "high", {"thinkingLevel": "HIGH"}),
        (FIRST_PRO, "medium", {"thinkingLevel": "HIGH"}),
        (FIRST_PRO, "low", {"thinkingLevel": "LOW"}),
        ("gemini-2.5-flash", "none", {"thinkingBudget": 0}),
        ("gemini-2.5-flash", "low", {"thinkingBudget": 1024}),
        ("google/gemini-2.5-pro", "medium", {"thinkingBudget": 8192}),
        ("gemini-2.5-pro", "max", {"thinkingBudget": 24576}),
        ("gemini-of-tomorrow", "low", {"thinkingLevel": "LOW"}),
    ],
)
def test_effort(model: str, effort: str, config: Any) -> None:
    assert written(model, reasoning_effort=effort)["generationConfig"]["thinkingConfig"] == config


@pytest.mark.parametrize(
    ("model", "effort"),
    [(PRO, "none"), (FIRST_PRO, "none"), ("gemini-2.5-pro", "none"), ("gemini-2.0-flash", "low")],
)
def test_effort_that_a_model_does_not_have(model: str, effort: str) -> None:
    assert asked(model, reasoning_effort=effort)["refused"]["field"] == "reasoning_effort"


@pytest.mark.parametrize(
    ("model", "thinking", "config"),
    [
        (FLASH, {"type": "enabled", "budget_tokens": 99}, {"includeThoughts": True, "thinkingBudget": 99}),
        (FLASH, {"type": "adaptive"}, {"includeThoughts": True}),
        (FLASH, {"type": "disabled"}, {"thinkingLevel": "MINIMAL"}),
        ("gemini-2.5-flash", {"type": "disabled"}, {"thinkingBudget": 0}),
        ("gemini-2.5-flash", {"type": "adaptive"}, {"includeThoughts": True, "thinkingBudget": -1}),
        (
            "gemini-2.5-pro",
            {"type": "enabled", "budget_tokens": 99, "includeThoughts": False},
            {"includeThoughts": False, "thinkingBudget": 99},
        ),
    ],
)
def test_thinking(model: str, thinking: Any, config: Any) -> None:
    assert written(model, thinking=thinking)["generationConfig"]["thinkingConfig"] == config


def test_a_model_that_always_thinks_says_so() -> None:
    assert asked("gemini-2.5-pro", thinking={"type": "disabled"})["refused"]["field"] == "thinking.type"


# --- calls and results ------------------------------------------------------------------------------


def test_a_result_of_no_call_is_refused() -> None:
    messages = [*HI, {"role": "tool", "tool_call_id": "nobody", "content": "x"}]
    assert asked(messages=messages)["refused"]["field"] == "messages[tool].tool_call_id"


@pytest.mark.parametrize(
    ("content", "response"),
    [
        ("Sunny", {"output": "Sunny"}),
        ('{"temperature": 21}', {"temperature": 21}),
        ("[1]", {"output": "[1]"}),
        ("{no json}", {"output": "{no json}"}),
        ("", {"output": ""}),
    ],
)
def test_results(content: str, response: Any) -> None:
    messages = [
        *HI,
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": content},
    ]
    part = written(messages=messages)["contents"][2]["parts"][0]
    assert part == {"functionResponse": {"name": "f", "response": response}}


def test_an_error_is_told_as_one() -> None:
    use = Turn("assistant", (ToolUse("c1", "f", "{}"),))
    contents = of_turns(
        Turn("user", (Text("x"),)), use, Turn("user", (ToolResult("c1", (Text("no"),), True),))
    )
    assert contents[2]["parts"][0]["functionResponse"]["response"] == {"error": "no"}


def test_all_results_of_a_step_come_at_once() -> None:
    uses = tuple(ToolUse(f"c{i}", "f", "{}") for i in range(3))
    results = [Turn("user", (ToolResult(f"c{i}", (Text(str(i)),)),)) for i in range(3)]
    contents = of_turns(Turn("user", (Text("x"),)), Turn("assistant", uses), *results)
    outputs = [part["functionResponse"]["response"]["output"] for part in contents[2]["parts"]]
    assert outputs == ["0", "1", "2"]


@pytest.mark.parametrize("arguments", ["[]", "{", "1"])
def test_arguments_are_an_object(arguments: str) -> None:
    with pytest.raises(Unsupported) as refused:
        of_turns(Turn("user", (Text("x"),)), Turn("assistant", (ToolUse("c1", "f", arguments),)))
    assert refused.value.meaning == "ToolUse.arguments"


def test_pictures_in_results_follow_where_a_model_can_not_take_them_inside() -> None:
    picture = Image(Data("image/png", "eA=="))
    turns = (
        Turn("user", (Text("x"),)),
        Turn("assistant", (ToolUse("c1", "f", "{}"), ToolUse("c2", "f", "{}"))),
        Turn("user", (ToolResult("c1", (Text("a"), picture)), ToolResult("c2", (Text("b"),)))),
    )
    blob = {"inlineData": {"mimeType": "image/png", "data": "eA=="}}
    inside = of_turns(*turns)[2]["parts"]
    assert inside[0]["functionResponse"]["parts"] == [blob] and len(inside) == 2
    beside = of_turns(*turns, model="gemini-2.5-flash")[2]["parts"]
    assert ["functionResponse" in part for part in beside] == [True, True, False, False]
    assert beside[3] == blob


# --- files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "data"),
    [
        (Image(Url("https://a/b.png?x=1")), {"mimeType": "image/png", "fileUri": "https://a/b.png?x=1"}),
        (Image(Url("https://a/b")), {"mimeType": "image/jpeg", "fileUri": "https://a/b"}),
        (Video(Url("https://a/b.webm")), {"mimeType": "video/webm", "fileUri": "https://a/b.webm"}),
        (Video(Url("https://youtu.be/x")), {"fileUri": "https://youtu.be/x"}),
        (Document(Url("https://a/b")), {"mimeType": "application/pdf", "fileUri": "https://a/b"}),
    ],
)
def test_addresses(part: Any, data: Any) -> None:
    assert of_turns(Turn("user", (part,)))[0]["parts"] == [{"fileData": data}]


def test_sounds_and_films_of_openai_clients() -> None:
    content = [
        {"type": "audio_url", "audio_url": {"url": "https://a/b.mp3"}},
        {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,eA=="}},
    ]
    parts = written(messages=[{"role": "user", "content": content}])["contents"][0]["parts"]
    assert parts == [
        {"fileData": {"mimeType": "audio/mpeg", "fileUri": "https://a/b.mp3"}},
        {"inlineData": {"mimeType": "video/mp4", "data": "eA=="}},
    ]


def test_detail_is_of_the_picture_or_else_of_all() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://a/b.png", "detail": "low"}}
    messages = [{"role": "user", "content": [image]}]
    part = written(FLASH, messages=messages)["contents"][0]["parts"][0]
    assert part["mediaResolution"] == {"level": "MEDIA_RESOLUTION_LOW"}
    older = written(messages=messages)
    assert "mediaResolution" not in older["contents"][0]["parts"][0]
    assert older["generationConfig"] == {"mediaResolution": "MEDIA_RESOLUTION_LOW"}


def test_files_of_others_are_refused() -> None:
    messages = [{"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]}]
    assert asked(messages=messages)["refused"]["field"] == "messages[].content[].file.file_id"


# --- forms, tools and settings of Google's ----------------------------------------------------------


def test_one_of_some_texts() -> None:
    config = written(guided_choice=["a", "b"])["generationConfig"]
    schema = {"type": "STRING", "enum": ["a", "b"]}
    assert config == {"responseMimeType": "text/x.enum", "responseSchema": schema}


def test_a_pattern_is_refused() -> None:
    assert asked(guided_regex="a+")["refused"]["field"] == "guided_regex"


def test_forms_exclude_each_other() -> None:
    with pytest.raises(BadRequest):
        asked(guided_choice=["a"], guided_json={"type": "object"})


def test_googles_own_settings_ride_along() -> None:
    safety = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}]
    config = {"media_resolution": "MEDIA_RESOLUTION_LOW"}
    body = written(safetySettings=safety, generationConfig=config)
    assert body["safetySettings"] == safety
    assert body["generationConfig"] == {"mediaResolution": "MEDIA_RESOLUTION_LOW"}


@pytest.mark.parametrize("nested", [False, True])
def test_googles_own_searches(nested: bool) -> None:
    told = {"exclude_domains": ["a.b"], "time_range_filter": {"start_time": "2025-01-01T00:00:00Z"}}
    tool = {"type": "google_search", **({"google_search": told} if nested else told)}
    search = {"excludeDomains": ["a.b"], "timeRangeFilter": {"startTime": "2025-01-01T00:00:00Z"}}
    assert written(tools=[tool, {"type": "enterprise_search"}])["tools"] == [
        {"googleSearch": search},
        {"enterpriseWebSearch": {}},
    ]


def test_schemas_by_model() -> None:
    schema = {"type": "object", "properties": {"a": {"type": ["string", "null"]}}, "$defs": {}}
    tools = [{"type": "function", "function": {"name": "f", "parameters": schema}}]
    assert written(tools=tools)["tools"][0]["functionDeclarations"][0] == {
        "name": "f",
        "parametersJsonSchema": schema,
    }
    older = written("gemini-2.0-flash", tools=tools)["tools"][0]["functionDeclarations"][0]
    properties = {"a": {"type": "STRING", "nullable": True}}
    assert older == {"name": "f", "parameters": {"type": "OBJECT", "properties": properties}}


def test_a_schema_that_an_older_model_does_not_know_is_refused_by_name() -> None:
    schema = {"oneOf": [{"type": "string"}]}
    form = {"type": "json_schema", "json_schema": {"name": "s", "schema": schema}}
    refused = asked("gemini-2.0-flash", response_format=form)["refused"]
    assert refused["field"] == "response_format.json_schema.schema"


def test_what_stands_in_the_path_is_not_written() -> None:
    assert (
        not {"model", "stream"}
        & write_request(read_openai({"model": "m", "messages": HI, "stream": True})).keys()
    )
