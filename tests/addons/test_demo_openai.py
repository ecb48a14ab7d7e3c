"""The embedded provider speaks OpenAI: judged by OpenAI's SDK and specification."""

import base64
import io
import json
import wave
from collections.abc import Iterator
from typing import Any

import jsonschema
import openai
import pytest

from addons.demo import MODELS
from tests.addons.demo_server import CHAT_TOOLS, WEATHER, ask, chat, running_demo
from tests.oracles import (
    check_openai_chat_response,
    check_openai_completion_response,
    check_openai_embeddings_response,
    check_openai_error,
    check_openai_models_response,
    check_openai_responses_response,
    check_openai_responses_stream,
    check_openai_stream,
    openai_stream_final,
    sse_events,
)

CHAT = "/v1/chat/completions"
SCHEMA_FORMAT = {"type": "json_schema", "json_schema": {"name": "weather", "strict": True, "schema": WEATHER}}
WELL = [
    "hello",
    "any",
    "tools",
    "parallel-tools",
    "text-and-tools",
    "json",
    "refusal",
    "length",
    "cached",
    "long-100",
    "utf8",
    "redacted",
]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_demo() as port:
        yield port


@pytest.fixture(scope="module")
def client(port: int) -> openai.OpenAI:
    return openai.OpenAI(api_key="demo", base_url=f"http://127.0.0.1:{port}/v1", max_retries=0)


def chunks(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(data) for _, data in sse_events(data) if data != "[DONE]"]


@pytest.mark.parametrize("model", WELL)
def test_whole_and_streamed_say_the_same(port: int, model: str) -> None:
    body = chat(model, tools=CHAT_TOOLS)
    status, _, data = ask(port, CHAT, body)
    whole = json.loads(data)
    assert status == 200
    assert not check_openai_chat_response(whole)
    _, headers, streamed = ask(port, CHAT, {**body, "stream": True})
    assert headers["content-type"].startswith("text/event-stream")
    assert not check_openai_stream(streamed, include_usage=False)
    final, _ = openai_stream_final(streamed)
    choice, streamed_choice = whole["choices"][0], final.choices[0]
    assert streamed_choice.finish_reason == choice["finish_reason"]
    assert (streamed_choice.message.content or "") == (choice["message"]["content"] or "")
    assert streamed_choice.message.refusal == choice["message"]["refusal"]
    called = [call.function.arguments for call in streamed_choice.message.tool_calls or []]
    assert called == [each["function"]["arguments"] for each in choice["message"].get("tool_calls", [])]


def test_hello_says_what_it_saw(client: openai.OpenAI) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    said = [{"type": "text", "text": "What is this?"}, picture]
    messages: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": said}]
    answer = client.chat.completions.create(model="hello", messages=messages)
    assert answer.choices[0].message.content == (
        'Hello from the demo! You said: "What is this?". I saw 2 messages, a system prompt and 1 image.'
    )


def test_usage_is_sent_as_asked(port: int) -> None:
    body = chat("hello", stream=True, stream_options={"include_usage": True})
    _, _, data = ask(port, CHAT, body)
    assert not check_openai_stream(data, include_usage=True)
    *before, last = chunks(data)
    assert all(chunk["usage"] is None for chunk in before)
    assert last["usage"]["total_tokens"] > 0
    assert "usage" not in chunks(ask(port, CHAT, chat("hello", stream=True))[2])[0]


def test_tools_are_called_and_their_answer_quoted(client: openai.OpenAI) -> None:
    messages: list[Any] = [{"role": "user", "content": "Weather?"}]
    tools: Any = CHAT_TOOLS
    called = client.chat.completions.create(model="parallel-tools", messages=messages, tools=tools)
    calls: Any = called.choices[0].message.tool_calls
    assert [call.function.name for call in calls] == ["get_weather", "get_forecast"]
    assert len({call.id for call in calls}) == 2
    for call in calls:
        jsonschema.validate(json.loads(call.function.arguments), WEATHER)
    messages.append(called.choices[0].message)
    messages += [{"role": "tool", "tool_call_id": call.id, "content": "warm"} for call in calls]
    answer = client.chat.completions.create(model="parallel-tools", messages=messages, tools=tools)
    assert answer.choices[0].message.content == 'The tool answered "warm" and "warm".'


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ("none", []),
        ("required", ["get_weather"]),
        ({"type": "function", "function": {"name": "get_forecast"}}, ["get_forecast"]),
    ],
)
def test_tool_choice(port: int, choice: Any, called: list[str]) -> None:
    _, _, data = ask(port, CHAT, chat("hello", tools=CHAT_TOOLS, tool_choice=choice))
    calls = json.loads(data)["choices"][0]["message"].get("tool_calls", [])
    assert [call["function"]["name"] for call in calls] == called


def test_thinking_comes_first(port: int) -> None:
    _, _, data = ask(port, CHAT, chat("thinking", stream=True))
    spoken = [key for chunk in chunks(data)[1:-1] for key in chunk["choices"][0]["delta"]]
    assert spoken == sorted(spoken, key=["reasoning_content", "content"].index)
    whole = json.loads(ask(port, CHAT, chat("thinking"))[2])
    assert whole["choices"][0]["message"]["reasoning_content"].startswith("The user says")
    assert whole["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0


@pytest.mark.parametrize("model", ["json", "hello"])
def test_json_fits_the_schema(port: int, model: str) -> None:
    _, _, data = ask(port, CHAT, chat(model, response_format=SCHEMA_FORMAT))
    jsonschema.validate(json.loads(json.loads(data)["choices"][0]["message"]["content"]), WEATHER)


def test_limits(client: openai.OpenAI) -> None:
    messages: Any = [{"role": "user", "content": "Hi"}]
    cut = client.chat.completions.create(model="hello", messages=messages, max_completion_tokens=3)
    assert (cut.choices[0].message.content, cut.choices[0].finish_reason) == ("Hello from the", "length")
    assert cut.usage and cut.usage.completion_tokens == 3
    stopped = client.chat.completions.create(model="long-9", messages=messages, stop=["word5", "word3"])
    assert (stopped.choices[0].message.content, stopped.choices[0].finish_reason) == ("word1 word2 ", "stop")


def test_several_choices_with_logprobs(port: int) -> None:
    body = chat("hello", n=3, logprobs=True, top_logprobs=2, seed=7)
    whole = json.loads(ask(port, CHAT, body)[2])
    assert not check_openai_chat_response(whole)
    assert [choice["index"] for choice in whole["choices"]] == [0, 1, 2]
    assert len({choice["message"]["content"] for choice in whole["choices"]}) == 3
    assert len(whole["choices"][0]["logprobs"]["content"][0]["top_logprobs"]) == 2
    _, _, data = ask(port, CHAT, {**body, "stream": True})
    assert not check_openai_stream(data, include_usage=False)
    assert [chunk["choices"][0]["index"] for chunk in chunks(data)[:9]] == [0, 1, 2] * 3


def test_the_same_request_gets_the_same_bytes(port: int) -> None:
    body = chat("parallel-tools", tools=CHAT_TOOLS, stream=True)
    assert ask(port, CHAT, body) == ask(port, CHAT, body)
    assert ask(port, CHAT, chat("hello"))[2] != ask(port, CHAT, chat("hello", "Hello"))[2]


STRAY = {"role": "tool", "tool_call_id": "c", "content": "r"}


@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        (CHAT, {"messages": []}, None),
        (CHAT, {"model": "m"}, "messages"),
        (CHAT, {"model": "m", "messages": []}, "messages"),
        (CHAT, {"model": "m", "messages": "Hi"}, "messages"),
        (CHAT, chat("m", temperature=3), "temperature"),
        (CHAT, chat("m", max_tokens=0), "max_tokens"),
        (CHAT, chat("m", stream="yes"), "stream"),
        (CHAT, {"model": "m", "messages": [STRAY]}, "messages.[0].role"),
        (CHAT, [], None),
        (CHAT, b"{", None),
        (CHAT, b'{"model":"m","messages":' + b"[" * 500 + b"]" * 500 + b"}", None),
        (CHAT, {"model": "m", "messages": [{**STRAY, "tool_call_id": []}]}, "messages.[0].role"),
        ("/v1/completions", {"model": "m"}, "prompt"),
        ("/v1/embeddings", {"model": "m"}, "input"),
        ("/v1/embeddings", {"model": "m", "input": "x", "dimensions": -1}, "dimensions"),
        ("/v1/responses", {"model": "m"}, "input"),
        ("/v1/images/generations", {"model": "m"}, "prompt"),
        ("/v1/audio/speech", {"model": "m"}, "input"),
        ("/v1/audio/transcriptions", {"model": "m"}, None),
    ],
)
def test_bad_requests(port: int, path: str, body: Any, param: str | None) -> None:
    status, _, data = ask(port, path, body)
    error = json.loads(data)
    assert status == 400
    assert not check_openai_error(400, error)
    assert error["error"]["param"] == param
    assert error["error"]["type"] == "invalid_request_error"


def test_completions(port: int, client: openai.OpenAI) -> None:
    body: dict[str, Any] = {"model": "hello", "prompt": ["one", "two"], "logprobs": 2}
    whole = json.loads(ask(port, "/v1/completions", body)[2])
    assert not check_openai_completion_response(whole)
    assert ['"one"' in choice["text"] for choice in whole["choices"]] == [True, False]
    assert ['"two"' in choice["text"] for choice in whole["choices"]] == [False, True]
    streamed = client.completions.create(**body, stream=True, stream_options={"include_usage": True})
    texts, last = ["", ""], None
    for chunk in streamed:
        last = chunk
        for choice in chunk.choices:
            texts[choice.index] += choice.text
    assert texts == [choice["text"] for choice in whole["choices"]]
    assert last and last.usage and last.choices == []


def test_embeddings(port: int, client: openai.OpenAI) -> None:
    plain = json.loads(ask(port, "/v1/embeddings", {"model": "e", "input": ["a cat", "a dog", "why"]})[2])
    assert not check_openai_embeddings_response(plain)
    first, near, far = (row["embedding"] for row in plain["data"])
    assert sum(map(float.__mul__, first, near)) > sum(map(float.__mul__, first, far))
    packed = client.embeddings.create(model="e", input="a cat")  # base64 by default
    assert packed.data[0].embedding == pytest.approx(first, abs=1e-6)
    assert len(client.embeddings.create(model="e", input="a cat", dimensions=5).data[0].embedding) == 5


RESPONSES = [
    "hello",
    "tools",
    "parallel-tools",
    "text-and-tools",
    "thinking",
    "redacted",
    "json",
    "refusal",
    "length",
    "utf8",
]


@pytest.mark.parametrize("model", RESPONSES)
def test_responses(port: int, model: str) -> None:
    tools = [{"type": "function", "name": "get_weather", "strict": True, "parameters": WEATHER}]
    body = {
        "model": model,
        "input": "Hi",
        "instructions": "Be brief.",
        "tools": tools,
        "max_output_tokens": 99,
    }
    whole = json.loads(ask(port, "/v1/responses", body)[2])
    assert not check_openai_responses_response(whole)
    _, _, data = ask(port, "/v1/responses", {**body, "stream": True})
    problems = check_openai_responses_stream(data)
    if model == "length":  # response.incomplete is right, but the SDK's accumulator waits for another end
        problems = [problem for problem in problems if "`response.completed`" not in problem]
    assert not problems
    ended = [json.loads(data) for _, data in sse_events(data)][-1]["response"]
    assert len(ended["output"]) == len(whole["output"])
    assert ended["status"] == ("incomplete" if model == "length" else "completed")
    assert ended["usage"] == whole["usage"]


def test_responses_quote_what_a_function_answered(client: openai.OpenAI) -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    given: Any = [{"role": "user", "content": "Hi"}, call]
    given.append({"type": "function_call_output", "call_id": "c", "output": "42"})
    answer = client.responses.create(model="tools", input=given)
    assert answer.output_text == 'The tool answered "42".'


def test_images(client: openai.OpenAI) -> None:
    answer = client.images.generate(model="hello", prompt="A cat", n=2)
    pictures = [base64.b64decode(image.b64_json or "") for image in answer.data or []]
    assert all(picture.startswith(b"\x89PNG\r\n\x1a\n") for picture in pictures)
    assert len(set(pictures)) == 2


def test_audio(client: openai.OpenAI) -> None:
    spoken = client.audio.speech.create(model="hello", voice="alloy", input="Hi").read()
    with wave.open(io.BytesIO(spoken)) as sound:
        assert sound.getnframes() / sound.getframerate() == 0.25
    heard = client.audio.transcriptions.create(model="hello", file=("note.wav", spoken))
    assert f"note.wav ({len(spoken)} bytes)" in heard.text
    text: Any = client.audio.translations.create(
        model="hello", file=("n.wav", spoken), response_format="text"
    )
    assert "n.wav" in text
    events = client.audio.transcriptions.create(model="hello", file=("note.wav", spoken), stream=True)
    assert [event.type for event in events][-1] == "transcript.text.done"


def test_models(client: openai.OpenAI) -> None:
    listed = client.models.list()
    assert [model.id for model in listed.data] == list(MODELS)
    assert not check_openai_models_response(json.loads(listed.model_dump_json()))


@pytest.mark.parametrize("status", [name for name in MODELS if name.isdecimal()])
def test_errors_on_demand(port: int, status: str) -> None:
    got, headers, data = ask(port, CHAT, chat(status))
    assert got == int(status)
    assert not check_openai_error(got, json.loads(data))
    assert headers.get("retry-after") == ("1" if got == 429 else None)
    assert ask(port, "/v1/embeddings", {"model": status, "input": "x"})[0] == got
