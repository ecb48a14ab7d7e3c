"""The embedded provider speaks `generateContent`: google-genai asks it, as Gemini's API and as Vertex AI."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from google import genai
from google.genai import errors, types
from google.oauth2.credentials import Credentials

from addons.demo import MODELS
from tests.addons.demo_server import WEATHER, ask, running_demo
from tests.oracles import sse_events

GEMINI = "/v1beta/models/{}:{}"
VERTEX = "/v1/projects/p/locations/l/publishers/google/models/{}:{}"
PATHS = [GEMINI, VERTEX, "/v1/models/{}:{}"]
HI: list[Any] = [{"role": "user", "parts": [{"text": "Hi there"}]}]
DECLARED = [
    types.FunctionDeclaration(name=name, description=name, parameters_json_schema=WEATHER)
    for name in ("get_weather", "get_forecast")
]
TOOLS: list[Any] = [types.Tool(function_declarations=DECLARED)]
WELL = ["hello", "tools", "parallel-tools", "text-and-tools", "thinking", "redacted", "json", "refusal"]
WELL += ["length", "cached", "long-100", "utf8", "gzip"]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_demo() as port:
        yield port


@pytest.fixture(scope="module", params=["gemini", "vertex"])
def client(port: int, request: pytest.FixtureRequest) -> genai.Client:
    options = types.HttpOptions(base_url=f"http://127.0.0.1:{port}")
    if request.param == "gemini":
        return genai.Client(api_key="demo", http_options=options)
    signed_in: Any = Credentials(token="demo")  # type: ignore[no-untyped-call]
    return genai.Client(vertexai=True, project="p", location="l", credentials=signed_in, http_options=options)


def parts(answer: types.GenerateContentResponse) -> list[types.Part]:
    content = (answer.candidates or [])[0].content
    return (content.parts if content else None) or []


def finish(answer: types.GenerateContentResponse) -> str | None:
    reason = (answer.candidates or [])[0].finish_reason
    return reason.value if reason else None


def said(answers: list[types.GenerateContentResponse], thought: bool = False) -> str:
    return "".join(
        part.text or "" for each in answers for part in parts(each) if bool(part.thought) is thought
    )


def calls(answers: list[types.GenerateContentResponse]) -> list[tuple[str | None, Any]]:
    found = (part.function_call for each in answers for part in parts(each))
    return [(call.name, call.args) for call in found if call]


def signatures(answers: list[types.GenerateContentResponse]) -> list[bytes]:
    return [part.thought_signature for each in answers for part in parts(each) if part.thought_signature]


@pytest.mark.parametrize("model", WELL)
def test_whole_and_streamed_say_the_same(client: genai.Client, model: str) -> None:
    config = types.GenerateContentConfig(tools=TOOLS)
    whole = client.models.generate_content(model=model, contents="Hi", config=config)
    streamed = list(client.models.generate_content_stream(model=model, contents="Hi", config=config))
    for thought in (False, True):
        assert said(streamed, thought) == said([whole], thought)
    assert calls(streamed) == calls([whole])
    assert signatures(streamed) == signatures([whole])
    assert finish(streamed[-1]) == finish(whole)
    assert not any(finish(each) for each in streamed[:-1])
    assert streamed[-1].usage_metadata == whole.usage_metadata


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("model", WELL)
def test_answers_are_what_the_sdk_knows(port: int, path: str, model: str) -> None:
    body = {
        "contents": HI,
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": WEATHER}]}],
    }
    if model == "gzip":
        return
    status, headers, data = ask(port, path.format(model, "generateContent"), body)
    assert (status, headers["content-type"]) == (200, "application/json; charset=UTF-8")
    answer = types.GenerateContentResponse.model_validate(json.loads(data))
    used = answer.usage_metadata
    assert used
    thoughts = used.thoughts_token_count or 0
    assert (
        used.total_token_count
        == (used.prompt_token_count or 0) + (used.candidates_token_count or 0) + thoughts
    )
    _, headers, data = ask(port, path.format(model, "streamGenerateContent?alt=sse"), body)
    assert headers["content-type"] == "text/event-stream"
    for name, event in sse_events(data):
        assert name is None
        types.GenerateContentResponse.model_validate(json.loads(event))


@pytest.mark.parametrize("model", ["hello", "error-first", "error-mid", "no-finish"])
def test_a_stream_that_is_not_of_events_is_an_array(port: int, model: str) -> None:
    method = "streamGenerateContent"
    _, headers, data = ask(port, GEMINI.format(model, method), {"contents": HI})
    assert headers["content-type"] == "application/json; charset=UTF-8"
    _, _, events = ask(port, GEMINI.format(model, f"{method}?alt=sse"), {"contents": HI})
    assert json.loads(data) == [json.loads(event) for _, event in sse_events(events)]


def test_hello_says_what_it_saw(client: genai.Client) -> None:
    picture = types.Part.from_bytes(data=b"png", mime_type="image/png")
    asked: Any = [picture, "What is this?"]
    config = types.GenerateContentConfig(system_instruction="Be brief.")
    assert client.models.generate_content(model="hello", contents=asked, config=config).text == (
        'Hello from the demo! You said: "What is this?". I saw 1 message, a system prompt and 1 image.'
    )


def test_tools_are_called_and_their_answer_quoted(client: genai.Client) -> None:
    config = types.GenerateContentConfig(tools=TOOLS)
    called = client.models.generate_content(model="parallel-tools", contents="Hi", config=config)
    assert [call.name for call in called.function_calls or []] == ["get_weather", "get_forecast"]
    assert [bool(part.thought_signature) for part in parts(called)] == [True, False]
    for call in called.function_calls or []:
        jsonschema.validate(call.args, WEATHER)
    answered = [
        types.Part(function_response=types.FunctionResponse(id=call.id, name=call.name, response=response))
        for call, response in zip(called.function_calls or [], [{"output": "warm"}, {"cold": 1}], strict=True)
    ]
    turn = (called.candidates or [])[0].content
    turns: Any = [
        types.Content(role="user", parts=[types.Part(text="Hi")]),
        turn,
        types.Content(role="user", parts=answered),
    ]
    told = client.models.generate_content(model="parallel-tools", contents=turns, config=config)
    assert told.text == 'The tool answered "warm" and "{"cold":1}".'


def test_a_signature_is_taken_back_on_the_call_that_it_came_with(client: genai.Client) -> None:
    config = types.GenerateContentConfig(tools=TOOLS)
    called = client.models.generate_content(model="tools", contents="Hi", config=config)
    turn: Any = (called.candidates or [])[0].content
    response = types.FunctionResponse(name="get_weather", response={"output": "warm"})
    turns: Any = [
        types.Content(role="user", parts=[types.Part(text="Hi")]),
        turn,
        types.Content(role="user", parts=[types.Part(function_response=response)]),
    ]
    for good in (turn.parts[0].thought_signature, None, b"skip_thought_signature_validator"):
        turn.parts[0].thought_signature = good
        assert client.models.generate_content(model="hello", contents=turns, config=config).text
    turn.parts[0].thought_signature = b"another"
    with pytest.raises(errors.ClientError, match="Thought signature is not valid"):
        client.models.generate_content(model="hello", contents=turns, config=config)


def test_thoughts_go_back_with_their_signature(client: genai.Client) -> None:
    thought = client.models.generate_content(model="thinking", contents="Hi")
    assert [bool(part.thought) for part in parts(thought)] == [True, False]
    assert parts(thought)[1].thought_signature
    turns: Any = [HI[0], (thought.candidates or [])[0].content, HI[0]]
    assert client.models.generate_content(model="hello", contents=turns).text


@pytest.mark.parametrize(
    ("calling", "called"),
    [
        ({"mode": "NONE"}, []),
        ({"mode": "ANY"}, ["get_weather"]),
        ({"mode": "ANY", "allowed_function_names": ["get_forecast"]}, ["get_forecast"]),
    ],
)
def test_tool_choice(client: genai.Client, calling: dict[str, Any], called: list[str]) -> None:
    choice = types.ToolConfig(function_calling_config=types.FunctionCallingConfig(**calling))
    config = types.GenerateContentConfig(tools=TOOLS, tool_config=choice)
    answer = client.models.generate_content(model="hello", contents="Hi", config=config)
    assert [call.name for call in answer.function_calls or []] == called


SCHEMA = {
    "type": "OBJECT",
    "properties": {"city": {"type": "STRING"}, "days": {"type": "ARRAY", "items": {"type": "INTEGER"}}},
    "required": ["city", "days"],
}


def test_json_fits_the_schema(client: genai.Client) -> None:
    for schema in ({"response_schema": SCHEMA}, {"response_json_schema": WEATHER}):
        config = types.GenerateContentConfig(response_mime_type="application/json", **schema)
        told = json.loads(
            client.models.generate_content(model="hello", contents="Hi", config=config).text or ""
        )
        assert isinstance(told["city"], str)
    jsonschema.validate(told, WEATHER)


def test_limits_candidates_and_logprobs(client: genai.Client) -> None:
    config = types.GenerateContentConfig(
        max_output_tokens=3, candidate_count=2, response_logprobs=True, logprobs=2
    )
    cut = client.models.generate_content(model="hello", contents="Hi", config=config)
    first, second = cut.candidates or []
    assert first.content and first.content.parts and first.content.parts[0].text == "Hello from the"
    assert (finish(cut), second.index) == ("MAX_TOKENS", 1)
    assert first.logprobs_result and len(first.logprobs_result.chosen_candidates or []) == 3
    streamed = client.models.generate_content_stream(model="hello", contents="Hi", config=config)
    assert {each.index or 0 for chunk in streamed for each in chunk.candidates or []} == {0, 1}
    config = types.GenerateContentConfig(stop_sequences=["word3"])
    stopped = client.models.generate_content(model="long-9", contents="Hi", config=config)
    assert (stopped.text, finish(stopped)) == ("word1 word2 ", "STOP")


def test_a_refusal_holds_the_answer_back(client: genai.Client) -> None:
    refused = client.models.generate_content(model="refusal", contents="Hi")
    ratings = (refused.candidates or [])[0].safety_ratings or []
    assert (refused.text, finish(refused)) == (None, "SAFETY")
    assert [rating.blocked for rating in ratings] == [True]


@pytest.mark.parametrize("model", ["error-first", "error-mid"])
def test_streams_that_break_off(client: genai.Client, model: str) -> None:
    chunks: list[Any] = []
    with pytest.raises(errors.ServerError, match="503 UNAVAILABLE"):
        chunks.extend(client.models.generate_content_stream(model=model, contents="Hi"))
    assert len(chunks) == (0 if model == "error-first" else 4)


def test_streams_that_do_not_finish(client: genai.Client) -> None:
    chunks = list(client.models.generate_content_stream(model="no-finish", contents="Hi"))
    assert not any(map(finish, chunks))
    assert finish(client.models.generate_content(model="no-finish", contents="Hi")) is None


@pytest.mark.parametrize("status", [name for name in MODELS if name.isdecimal()])
def test_errors_on_demand(client: genai.Client, status: str) -> None:
    with pytest.raises(errors.APIError) as whole:
        client.models.generate_content(model=status, contents="Hi")
    with pytest.raises(errors.APIError) as streamed:
        list(client.models.generate_content_stream(model=status, contents="Hi"))
    for told in (whole.value, streamed.value):
        assert told.code == int(status)
        assert told.status and told.status.isupper()
        assert told.message
    if status == "429":
        assert whole.value.status == "RESOURCE_EXHAUSTED"
