"""The embedded provider speaks Converse: boto3 asks it, and botocore's own model judges what it answers."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import boto3
import botocore.session
import jsonschema
import pytest
from botocore.config import Config
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from botocore.exceptions import ClientError, EventStreamError
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from addons.demo import MODELS, eventstream
from tests.addons.demo_server import WEATHER, ask, running_demo

TOOLS = [
    {"toolSpec": {"name": name, "description": name, "inputSchema": {"json": WEATHER}}}
    for name in ("get_weather", "get_forecast")
]
HI: list[Any] = [{"role": "user", "content": [{"text": "Hi there"}]}]
WELL = ["hello", "tools", "parallel-tools", "text-and-tools", "thinking", "redacted", "json", "refusal"]
WELL += ["length", "cached", "long-100", "utf8", "us.anthropic.hello-v1:0"]
MODEL = botocore.session.Session().get_service_model("bedrock-runtime")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_demo() as port:
        yield port


@pytest.fixture(scope="module")
def client(port: int) -> Any:
    return bedrock_client(port)


def bedrock_client(port: int, service: str = "bedrock-runtime") -> Any:
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="demo",
        aws_secret_access_key="demo",
        config=Config(retries={"total_max_attempts": 1}),
    )


def folded(stream: Any) -> dict[str, Any]:
    """The answer that a stream amounts to, in the form of one that is not streamed."""
    blocks: dict[int, dict[str, Any]] = {}
    answer: dict[str, Any] = {}
    for event in stream:
        ((name, said),) = event.items()
        match name:
            case "messageStart":
                answer["role"] = said["role"]
            case "contentBlockStart":
                blocks[said["contentBlockIndex"]] = {"toolUse": {**said["start"]["toolUse"], "input": ""}}
            case "contentBlockDelta":
                add(blocks.setdefault(said["contentBlockIndex"], {}), said["delta"])
            case "contentBlockStop":
                assert said["contentBlockIndex"] in blocks
            case _:
                answer |= said
    for block in blocks.values():
        if "toolUse" in block:
            block["toolUse"]["input"] = json.loads(block["toolUse"]["input"])
    return {**answer, "content": list(blocks.values())}


def add(block: dict[str, Any], delta: dict[str, Any]) -> None:
    match delta:
        case {"text": text}:
            block["text"] = block.get("text", "") + text
        case {"toolUse": {"input": text}}:
            block["toolUse"]["input"] += text
        case {"reasoningContent": {"redactedContent": data}}:
            block["reasoningContent"] = {"redactedContent": data}
        case {"reasoningContent": said}:
            thought = block.setdefault("reasoningContent", {"reasoningText": {}})["reasoningText"]
            for name, text in said.items():
                thought[name] = thought.get(name, "") + text


@pytest.mark.parametrize("model", WELL)
def test_whole_and_streamed_say_the_same(client: Any, model: str) -> None:
    asked = {"modelId": model, "messages": HI, "toolConfig": {"tools": TOOLS}}
    whole = client.converse(**asked)
    final = folded(client.converse_stream(**asked)["stream"])
    assert final["stopReason"] == whole["stopReason"]
    assert final["usage"] == whole["usage"]
    said, streamed = whole["output"]["message"]["content"], final["content"]
    for block in [*said, *streamed]:
        block.get("toolUse", {}).pop("toolUseId", None)  # follows from the request's path
    assert streamed == said


@pytest.mark.parametrize("model", WELL)
def test_answers_are_what_the_model_of_the_service_says(port: int, model: str) -> None:
    body = {"messages": HI, "toolConfig": {"tools": TOOLS}}
    status, headers, data = ask(port, f"/model/{model}/converse", body)
    answer = json.loads(data)
    shape = MODEL.operation_model("Converse").output_shape
    assert (status, headers["content-type"]) == (200, "application/json")
    assert len(headers["x-amzn-requestid"]) == 36
    assert not ParamValidator().validate(answer, shape).generate_report()
    assert answer["stopReason"] in shape.members["stopReason"].enum
    used = answer["usage"]
    cached = used["cacheReadInputTokens"] + used["cacheWriteInputTokens"]
    assert used["totalTokens"] == used["inputTokens"] + used["outputTokens"] + cached


def test_a_stream_is_of_checked_frames(port: int) -> None:
    body = {"messages": HI, "toolConfig": {"tools": TOOLS}}
    _, headers, data = ask(port, "/model/parallel-tools/converse-stream", body)
    assert headers["content-type"] == "application/vnd.amazon.eventstream"
    names = [name for name, _ in frames(data)]
    assert names[0] == "messageStart"
    assert names[-2:] == ["messageStop", "metadata"]
    assert names.count("contentBlockStart") == 2
    assert "contentBlockStart" not in [
        name for name, _ in frames(ask(port, "/model/thinking/converse-stream", {"messages": HI})[2])
    ]
    with pytest.raises(ChecksumMismatch):
        list(frames(data[:30] + b"!" + data[31:]))


def frames(data: bytes) -> list[tuple[str, dict[str, Any]]]:
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    read = [message.to_response_dict() for message in buffer]
    return [
        (
            frame["headers"].get(":event-type", frame["headers"].get(":exception-type")),
            json.loads(frame["body"]),
        )
        for frame in read
    ]


@given(st.dictionaries(st.text(max_size=9), st.text(), max_size=3))
def test_any_payload_can_be_framed(payload: dict[str, str]) -> None:
    ((name, read),) = frames(eventstream.exception("a", payload))
    assert (name, read) == ("a", payload)


def test_hello_says_what_it_saw(client: Any) -> None:
    said = [{"image": {"format": "png", "source": {"bytes": b"png"}}}, {"text": "What is this?"}]
    answer = client.converse(
        modelId="hello", system=[{"text": "Be brief."}], messages=[{"role": "user", "content": said}]
    )
    assert answer["output"]["message"]["content"] == [
        {
            "text": 'Hello from the demo! You said: "What is this?". I saw 1 message, a system prompt and 1 '
            "image."
        }
    ]


def test_tools_are_called_and_their_answer_quoted(client: Any) -> None:
    turns, config = list(HI), {"tools": TOOLS}
    called = client.converse(modelId="parallel-tools", messages=turns, toolConfig=config)
    calls = [block["toolUse"] for block in called["output"]["message"]["content"]]
    assert [call["name"] for call in calls] == ["get_weather", "get_forecast"]
    for call in calls:
        jsonschema.validate(call["input"], WEATHER)
    told: list[Any] = [{"json": {"warm": True}}], [{"text": "cold"}]
    results = [
        {"toolResult": {"toolUseId": call["toolUseId"], "content": content, "status": "success"}}
        for call, content in zip(calls, told, strict=True)
    ]
    turns += [called["output"]["message"], {"role": "user", "content": results}]
    answer = client.converse(modelId="parallel-tools", messages=turns, toolConfig=config)
    assert answer["output"]["message"]["content"] == [
        {"text": 'The tool answered "{"warm":true}" and "cold".'}
    ]


@pytest.mark.parametrize(
    ("model", "choice", "called"),
    [
        ("hello", {"auto": {}}, []),
        ("hello", {"any": {}}, ["get_weather"]),
        ("hello", {"tool": {"name": "get_forecast"}}, ["get_forecast"]),
    ],
)
def test_tool_choice(client: Any, model: str, choice: Any, called: list[str]) -> None:
    answer = client.converse(modelId=model, messages=HI, toolConfig={"tools": TOOLS, "toolChoice": choice})
    content = answer["output"]["message"]["content"]
    assert [block["toolUse"]["name"] for block in content if "toolUse" in block] == called


def test_parallel_calls_can_be_forbidden(client: Any) -> None:
    native = {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}
    answer = client.converse(
        modelId="parallel-tools",
        messages=HI,
        toolConfig={"tools": TOOLS},
        additionalModelRequestFields=native,
    )
    assert len(answer["output"]["message"]["content"]) == 1


def test_a_thought_is_taken_back_only_with_its_signature(client: Any) -> None:
    thought = client.converse(modelId="thinking", messages=HI)["output"]["message"]
    more = [*HI, thought, {"role": "user", "content": [{"text": "Go on"}]}]
    assert client.converse(modelId="thinking", messages=more)["stopReason"] == "end_turn"
    thought["content"][0]["reasoningContent"]["reasoningText"]["text"] += "!"
    with pytest.raises(ClientError, match=r"messages\.1\.content\.0: Invalid `signature`"):
        client.converse(modelId="thinking", messages=more)


def test_json_fits_the_schema(client: Any) -> None:
    structure = {"jsonSchema": {"schema": json.dumps(WEATHER), "name": "weather"}}
    config = {"textFormat": {"type": "json_schema", "structure": structure}}
    answer = client.converse(modelId="hello", messages=HI, outputConfig=config)
    jsonschema.validate(json.loads(answer["output"]["message"]["content"][0]["text"]), WEATHER)


def test_limits(client: Any) -> None:
    cut = client.converse(modelId="hello", messages=HI, inferenceConfig={"maxTokens": 3})
    assert cut["output"]["message"]["content"] == [{"text": "Hello from the"}]
    assert cut["stopReason"] == "max_tokens"
    stopped = client.converse(
        modelId="long-9",
        messages=HI,
        inferenceConfig={"stopSequences": ["word3"]},
        additionalModelResponseFieldPaths=["/stop_sequence"],
    )
    assert stopped["stopReason"] == "stop_sequence"
    assert stopped["additionalModelResponseFields"] == {"stop_sequence": "word3"}


def test_cache_points_are_written_then_read(client: Any) -> None:
    point = {"cachePoint": {"type": "default", "ttl": "1h"}}
    system = [{"text": "one two three"}, point]
    first = client.converse(modelId="hello", system=system, messages=HI)["usage"]
    assert (first["cacheWriteInputTokens"], first["inputTokens"]) == (3, 2)
    assert first["cacheDetails"] == [{"ttl": "1h", "inputTokens": 3}]
    turns = [*HI, {"role": "assistant", "content": [{"text": "Hello"}]}, *HI]
    later = client.converse(modelId="hello", system=system, messages=turns)["usage"]
    assert (later["cacheReadInputTokens"], later["cacheWriteInputTokens"]) == (3, 0)


def test_streams_that_break_off(client: Any) -> None:
    with pytest.raises(EventStreamError) as first:
        list(client.converse_stream(modelId="error-first", messages=HI)["stream"])
    assert first.value.response["Error"]["Code"] == "throttlingException"
    events: list[Any] = []
    with pytest.raises(EventStreamError) as middle:
        events.extend(client.converse_stream(modelId="error-mid", messages=HI)["stream"])
    assert middle.value.response["Error"]["Code"] == "modelStreamErrorException"
    unfinished = list(client.converse_stream(modelId="no-finish", messages=HI)["stream"])
    assert list(unfinished[-1]) == ["contentBlockStop"]


def test_encodings_leave_the_frames_whole(port: int) -> None:
    _, _, data = ask(port, "/model/crlf/converse-stream", {"messages": HI})
    assert frames(data)[-1][0] == "metadata"
    assert ask(port, "/model/gzip/converse-stream", {"messages": HI})[1]["content-encoding"] == "gzip"
    with pytest.raises(ChecksumMismatch):
        frames(ask(port, "/model/garbage/converse-stream", {"messages": HI})[2])


def test_the_model_in_the_path_is_decoded_once(port: int) -> None:
    arn = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fhello"
    assert ask(port, f"/model/{arn}/converse", {"messages": HI})[0] == 200
    assert ask(port, "/model/42%39/converse", {"messages": HI})[0] == 429
    assert ask(port, "/model/42%2539/converse", {"messages": HI})[0] == 200


USE = {"toolUse": {"toolUseId": "t", "name": "get_weather", "input": {}}}
RESULT = {"toolResult": {"toolUseId": "t", "content": [{"text": "r"}]}}
CALLED = [*HI, {"role": "assistant", "content": [USE]}]
ANSWERED = [*CALLED, {"role": "user", "content": [RESULT]}]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "must start with a user message"),
        ({"messages": HI, "stream": True}, "'stream'"),
        ({"messages": HI, "modelId": "hello"}, "'modelId'"),
        ({"messages": HI, "inferenceConfig": {"topK": 3}}, "'inferenceConfig.topK'"),
        ({"messages": HI, "inferenceConfig": {"maxTokens": "3"}}, "'inferenceConfig.maxTokens'"),
        ({"messages": HI, "inferenceConfig": {"temperature": 1.5}}, "'inferenceConfig.temperature'"),
        ({"messages": [{"role": "tool", "content": []}]}, "'messages.1.member.role'"),
        ({"messages": [{"role": "user"}]}, "'messages.1.member.content'"),
        ({"messages": [{"role": "user", "content": "Hi"}]}, "'messages.1.member.content'"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]}, "content.1.member"),
        ({"messages": [{"role": "user", "content": []}]}, "messages.0 is empty"),
        ({"messages": [{"role": "user", "content": [{"text": " "}]}]}, "messages.0.content.0 is blank"),
        ({"messages": [*HI, *HI]}, "must alternate"),
        ({"messages": [{"role": "user", "content": [USE]}]}, "messages.0.content.0"),
        ({"messages": ANSWERED}, "The toolConfig field must be defined"),
        ({"messages": [*CALLED, *HI], "toolConfig": {"tools": TOOLS}}, "following Ids: t"),
        ({"messages": [{"role": "user", "content": [RESULT]}]}, "messages.0.content exceeds"),
        ({"messages": HI, "toolConfig": {"tools": []}}, "'toolConfig.tools'"),
        ({"messages": HI, "toolConfig": {"tools": TOOLS, "toolChoice": {"none": {}}}}, "toolChoice"),
        (
            {"messages": HI, "toolConfig": {"tools": TOOLS, "toolChoice": {"tool": {"name": "x"}}}},
            "The tool x",
        ),
        (b"{", "JSON"),
    ],
)
def test_bad_requests(port: int, body: Any, said: str) -> None:
    status, headers, data = ask(port, "/model/hello/converse", body)
    assert (status, list(json.loads(data))) == (400, ["message"])
    assert said in json.loads(data)["message"]
    assert headers["x-amzn-errortype"] in ("ValidationException", "SerializationException")


def test_results_are_taken_with_their_tools(port: int) -> None:
    body = {"messages": ANSWERED, "toolConfig": {"tools": TOOLS}}
    assert ask(port, "/model/hello/converse", body)[0] == 200


def test_media_are_base64(port: int) -> None:
    def image(data: str) -> dict[str, Any]:
        content = [{"image": {"format": "png", "source": {"bytes": data}}}]
        return {"messages": [{"role": "user", "content": content}]}

    assert ask(port, "/model/hello/converse", image(base64.b64encode(b"png").decode()))[0] == 200
    assert ask(port, "/model/hello/converse", image("no base64"))[0] == 400


@pytest.mark.parametrize("status", [name for name in MODELS if name.isdecimal()])
@pytest.mark.parametrize("operation", ["converse", "converse_stream"])
def test_errors_on_demand(client: Any, status: str, operation: str) -> None:
    with pytest.raises(ClientError) as told:
        getattr(client, operation)(modelId=status, messages=HI)
    answer = told.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == int(status)
    assert answer["Error"]["Code"].endswith("Exception")
    assert answer["Error"]["Message"]
    if status == "429":
        assert isinstance(told.value, client.exceptions.ThrottlingException)


def test_unknown_paths_are_refused_in_the_words_of_aws(port: int) -> None:
    status, headers, data = ask(port, "/model/hello/other", {})
    assert (status, headers["x-amzn-errortype"]) == (404, "ResourceNotFoundException")
    assert list(json.loads(data)) == ["message"]
