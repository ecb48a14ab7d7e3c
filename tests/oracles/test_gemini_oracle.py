"""The judge of Google's format is strict: each of these has one thing wrong."""

import copy
from typing import Any

import orjson
import pytest

from tests import oracles

SIGNED = {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "skip_thought_signature_validator"}
REQUEST: dict[str, Any] = {
    "contents": [
        {"role": "user", "parts": [{"text": "x"}, {"inlineData": {"mimeType": "image/png", "data": "eA=="}}]},
        {"role": "model", "parts": [SIGNED]},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"a": 1}}}]},
    ],
    "generationConfig": {"maxOutputTokens": 5, "topK": 4},
    "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object"}}]}],
}
ANSWER: dict[str, Any] = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "x"}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1},
    "responseId": "r",
}


def changed(value: Any, path: list[Any], new: Any) -> Any:
    value = copy.deepcopy(value)
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return value


def test_what_is_right_passes() -> None:
    assert oracles.check_gemini_request(REQUEST) == []
    assert oracles.check_gemini_response(ANSWER) == []
    assert oracles.check_gemini_stream(b"data: " + orjson.dumps(ANSWER) + b"\n\n") == []


@pytest.mark.parametrize(
    ("path", "new"),
    [
        (["contents"], []),
        (["contents", 0, "role"], "assistant"),
        (["contents", 0, "parts"], []),
        (["contents", 0, "parts", 0, "text"], 1),
        (["contents", 0, "parts", 1, "inlineData", "data"], "no base64!"),
        (["contents", 2, "parts", 0, "functionResponse", "name"], "g"),
        (["generationConfig", "max_tokens"], 5),
        (["generationConfig", "maxOutputTokens"], "five"),
        (["toolConfig"], {"functionCallingConfig": {"mode": "any"}}),
        (["novelty"], 1),
    ],
)
def test_requests(path: list[Any], new: Any) -> None:
    assert oracles.check_gemini_request(changed(REQUEST, path, new))


@pytest.mark.parametrize(
    ("path", "new"),
    [
        (["candidates", 0, "finishReason"], "stop"),
        (["candidates", 0, "message"], {}),
        (["usageMetadata", "promptTokenCount"], "one"),
    ],
)
def test_answers(path: list[Any], new: Any) -> None:
    assert oracles.check_gemini_response(changed(ANSWER, path, new))


def test_streams() -> None:
    unfinished = changed(ANSWER, ["candidates", 0], {"content": {"parts": [{"text": "x"}]}})
    assert oracles.check_gemini_stream(b"data: " + orjson.dumps(unfinished) + b"\n\n")
    assert oracles.check_gemini_stream(b"event: x\ndata: " + orjson.dumps(ANSWER) + b"\n\n")
    assert oracles.check_gemini_stream(b'data: {"error":{"code":500}}\n\n')


def test_errors() -> None:
    assert oracles.check_gemini_error(400, {"error": {"code": 400, "message": "m", "status": "s"}}) == []
    assert oracles.check_gemini_error(400, {"error": {"code": 500, "message": "m", "status": "s"}})
    assert oracles.check_gemini_error(400, {"error": {"message": "m"}})
