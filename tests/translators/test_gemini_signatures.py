"""Google's thought signatures come back on the right part, through clients of every dialect."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from tests.matrix import JUDGES, NOW, frames, translated_request, translator
from translators import gemini_generate
from translators.canonical import Called

SIGNED, TEXT = "c2lnbmF0dXJl", "b2YgYSB0ZXh0"
MODEL = "gemini-3-flash-preview"
CALLS: list[dict[str, Any]] = [
    {"text": "Two calls.", "thought": True},
    {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": SIGNED},
    {"functionCall": {"name": "f", "args": {"a": 2}}},
]
SAID: list[dict[str, Any]] = [{"text": "Yes."}, {"text": "", "thoughtSignature": TEXT}]


def answer(parts: list[Any]) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 1}
    return {"candidates": [candidate], "responseId": "r", "modelVersion": MODEL, "usageMetadata": usage}


def whole(client: str, parts: list[Any]) -> Any:
    return orjson.loads(translator(client, "gemini_generate").response(orjson.dumps(answer(parts)), NOW))


def folded(client: str, parts: list[Any]) -> Any:
    stream = translator(client, "gemini_generate").stream(NOW)
    told = stream.feed(b"data: " + orjson.dumps(answer(parts)) + b"\n\n") + stream.close()
    return JUDGES[client].fold(b"".join(told))


def through_openai(message: dict[str, Any]) -> list[Any]:
    message = {name: value for name, value in message["choices"][0]["message"].items() if value is not None}
    calls = message.get("tool_calls") or []
    for call in calls:
        call.pop("index", None)
    results = [{"role": "tool", "tool_call_id": call["id"], "content": "ok"} for call in calls]
    messages = [{"role": "user", "content": "x"}, message, *results, {"role": "user", "content": "y"}]
    return messages if not calls else messages[:-1]


def through_anthropic(message: dict[str, Any]) -> list[Any]:
    content = [{name: v for name, v in block.items() if v is not None} for block in message["content"]]
    results: list[Any] = [
        {"type": "tool_result", "tool_use_id": block["id"], "content": "ok"}
        for block in content
        if block["type"] == "tool_use"
    ]
    answered: Any = results or "y"
    return [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": content},
        {"role": "user", "content": answered},
    ]


@pytest.mark.parametrize("parts", [CALLS, SAID], ids=["calls", "text"])
@pytest.mark.parametrize("told", [whole, folded])
@pytest.mark.parametrize(
    ("client", "back"), [("openai_chat", through_openai), ("anthropic_messages", through_anthropic)]
)
def test_what_the_model_said_comes_back_as_it_was(
    client: str, back: Callable[[Any], list[Any]], told: Callable[[str, list[Any]], Any], parts: list[Any]
) -> None:
    request = {"model": MODEL, "max_tokens": 9, "messages": back(told(client, parts))}
    made = translated_request(orjson.dumps(request), client, "gemini_generate")
    assert made["dropped"] == []
    said = made["body"]["contents"][1]
    assert said == {"role": "model", "parts": parts}
    assert len(made["body"]["contents"][2]["parts"]) == (2 if parts is CALLS else 1)


def openai_history(calls: int, *, later: bool) -> dict[str, Any]:
    made = [
        {"id": f"c{i}", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        for i in range(calls)
    ]
    results = [{"role": "tool", "tool_call_id": f"c{i}", "content": "ok"} for i in range(calls)]
    after = [{"role": "user", "content": "y"}] if later else []
    messages = [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": made}, *results, *after]
    return {"model": "m", "messages": messages}


@pytest.mark.parametrize(
    ("model", "later", "signed"),
    [
        ("gemini-3-pro-preview", False, True),
        ("publishers/google/models/gemini-3.1-pro", False, True),
        ("gemini-flash-latest", False, True),
        ("gemini-3-pro-preview", True, False),  # an earlier turn is not checked
        ("gemini-2.5-flash", False, False),
        ("gemini-2.0-flash", False, False),
    ],
)
def test_a_call_of_another_model_is_marked_as_such(model: str, later: bool, signed: bool) -> None:
    request = openai_history(2, later=later) | {"model": model}
    made = translated_request(orjson.dumps(request), "openai_chat", "gemini_generate")
    marks = [part.get("thoughtSignature") for part in made["body"]["contents"][1]["parts"]]
    assert marks == ["skip_thought_signature_validator" if signed else None, None]


def test_every_step_of_the_turn_is_marked() -> None:
    step = openai_history(1, later=False)["messages"][1:]
    request = {"model": MODEL, "messages": [{"role": "user", "content": "x"}, *step, *step]}
    made = translated_request(orjson.dumps(request), "openai_chat", "gemini_generate")
    calls = [content for content in made["body"]["contents"] if content["role"] == "model"]
    assert len(calls) == 2
    assert all("thoughtSignature" in content["parts"][0] for content in calls)


def test_googles_proofs_are_listed_where_they_mean_nothing() -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    call["extra_content"] = {"google": {"thought_signature": SIGNED}}
    messages = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "ok"},
    ]
    made = translated_request(
        orjson.dumps({"model": "m", "messages": messages}), "openai_chat", "anthropic_messages"
    )
    assert made["dropped"] == ["messages[assistant].tool_calls[].extra_content.google.thought_signature"]


def test_anthropics_proofs_come_back_through_googles_clients() -> None:
    blocks = [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "ZGF0YQ=="},
        {"type": "text", "text": "Yes."},
    ]
    message = {
        **{"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": blocks},
        **{"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    told = orjson.loads(
        translator("gemini_generate", "anthropic_messages").response(orjson.dumps(message), NOW)
    )
    user = {"role": "user", "parts": [{"text": "x"}]}
    request = {"model": "claude", "contents": [user, told["candidates"][0]["content"], user]}
    made = translated_request(orjson.dumps(request), "gemini_generate", "anthropic_messages")
    assert made["body"]["messages"][1]["content"] == blocks


def test_the_same_call_has_the_same_id_streamed_and_whole() -> None:
    parts = [{"functionCall": {"name": "f", "args": {}}}, {"functionCall": {"name": "f", "args": {}}}]
    calls = [told("openai_chat", parts)["choices"][0]["message"]["tool_calls"] for told in (whole, folded)]
    assert [[call["id"] for call in made] for made in calls] == [["call_r_0", "call_r_1"]] * 2


def test_without_an_id_of_the_answer_calls_have_theirs_of_what_is_called() -> None:
    body = answer([{"functionCall": {"name": name, "args": {}}} for name in ("f", "f", "g")])
    del body["responseId"]
    calls = [[e.id for e in gemini_generate.read_response(body) if isinstance(e, Called)] for _ in range(2)]
    assert calls[0] == calls[1] and len(set(calls[0])) == 3


def test_given_ids_are_used() -> None:
    parts = [{"functionCall": {"name": "f", "args": {}, "id": "abc"}}]
    assert whole("openai_chat", parts)["choices"][0]["message"]["tool_calls"][0]["id"] == "abc"


def test_a_native_stream_holds_whole_calls() -> None:
    """In one piece each, however the provider has cut their arguments."""
    events = gemini_generate.StreamReader().chunk(answer(CALLS))
    writer = gemini_generate.StreamWriter(created=NOW)
    stream = b"".join(frame for event in events for frame in writer.write(event))
    parts = [
        part
        for frame in frames(stream, "gemini_generate")
        for candidate in orjson.loads(frame.removeprefix(b"data: "))["candidates"]
        for part in candidate["content"]["parts"]
    ]
    assert [part["functionCall"]["args"] for part in parts if "functionCall" in part] == [{"a": 1}, {"a": 2}]
