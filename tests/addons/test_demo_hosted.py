"""The embedded provider speaks Anthropic as AWS and Google host it, to the clients of each."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from botocore.exceptions import ClientError, EventStreamError

from addons.demo import MODELS
from tests.addons.demo_server import MESSAGE_TOOLS, ask, message, running_demo
from tests.addons.test_demo_converse import bedrock_client, frames
from tests.oracles import check_anthropic_response, check_anthropic_stream

AWS = "/model/{}/invoke"
GCP = "/v1/projects/p/locations/l/publishers/anthropic/models/{}:{}"
HI: Any = [{"role": "user", "content": "Hi there"}]
TOOLS: Any = MESSAGE_TOOLS
WELL = ["hello", "tools", "parallel-tools", "text-and-tools", "thinking", "redacted", "json", "refusal"]
WELL += ["length", "cached", "long-100", "utf8", "gzip"]

type Client = anthropic.AnthropicBedrock | anthropic.AnthropicVertex


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_demo() as port:
        yield port


@pytest.fixture(scope="module", params=["aws", "gcp"])
def client(port: int, request: pytest.FixtureRequest) -> Client:
    url = f"http://127.0.0.1:{port}"
    if request.param == "aws":
        return anthropic.AnthropicBedrock(
            aws_access_key="a", aws_secret_key="b", aws_region="us-east-1", base_url=url, max_retries=0
        )
    return anthropic.AnthropicVertex(
        project_id="p", region="l", access_token="demo", base_url=f"{url}/v1", max_retries=0
    )


def hosted(version: str, **more: Any) -> dict[str, Any]:
    body = {**message("", **more), "anthropic_version": version}
    del body["model"]
    return body


def aws(**more: Any) -> dict[str, Any]:
    return hosted("bedrock-2023-05-31", **more)


def gcp(**more: Any) -> dict[str, Any]:
    return hosted("vertex-2023-10-16", **more)


def contents(answer: Any) -> list[Any]:
    blocks = answer.model_dump()["content"]
    return [{name: block[name] for name in block if name not in ("id", "parsed_output")} for block in blocks]


@pytest.mark.parametrize("model", WELL)
def test_whole_and_streamed_say_the_same(client: Client, model: str) -> None:
    asked: Any = {"model": model, "max_tokens": 1000, "messages": HI, "tools": TOOLS}
    whole = client.messages.create(**asked)
    with client.messages.stream(**asked) as stream:
        final = stream.get_final_message()
    assert contents(final) == contents(whole)
    assert (final.stop_reason, final.usage.output_tokens) == (whole.stop_reason, whole.usage.output_tokens)
    assert not check_anthropic_response(json.loads(whole.model_dump_json()), nulls=True)


def test_calls_go_back(client: Client) -> None:
    asked: Any = {"model": "parallel-tools", "max_tokens": 1000, "tools": TOOLS}
    called = client.messages.create(messages=HI, **asked)
    results: Any = [
        {"type": "tool_result", "tool_use_id": block.id, "content": "warm"}
        for block in called.content
        if block.type == "tool_use"
    ]
    turns: Any = [*HI, {"role": "assistant", "content": called.content}, {"role": "user", "content": results}]
    answer: Any = client.messages.create(messages=turns, **asked)
    assert answer.content[0].text == 'The tool answered "warm" and "warm".'


def test_a_thought_is_taken_back_only_with_its_signature(client: Client) -> None:
    asked: Any = {"model": "thinking", "max_tokens": 1000}
    thought: Any = client.messages.create(messages=HI, **asked)
    turns: Any = [*HI, {"role": "assistant", "content": thought.content}, *HI]
    assert client.messages.create(messages=turns, **asked).content
    thought.content[0].signature = "another"
    with pytest.raises(anthropic.BadRequestError, match=r"messages\.1\.content\.0: Invalid `signature`"):
        client.messages.create(messages=turns, **asked)


@pytest.mark.parametrize("status", [name for name in MODELS if name.isdecimal()])
def test_errors_on_demand(client: Client, status: str) -> None:
    with pytest.raises(anthropic.APIStatusError) as told:
        client.messages.create(model=status, max_tokens=9, messages=HI)
    body: Any = told.value.body
    assert told.value.status_code == int(status)
    if isinstance(client, anthropic.AnthropicBedrock):
        assert body["message"]
        assert told.value.response.headers["x-amzn-errortype"].endswith("Exception")
    elif status in {"401", "403", "404", "429", "503"}:
        assert body["error"]["code"] == int(status)
    else:
        assert (body["type"], "type" in body["error"]) == ("error", True)


@pytest.mark.parametrize("model", ["error-first", "error-mid"])
def test_streams_that_break_off(client: Client, model: str) -> None:
    asked: Any = {"model": model, "max_tokens": 1000, "messages": HI}
    with pytest.raises(anthropic.APIStatusError), client.messages.stream(**asked) as stream:
        stream.get_final_message()


def test_boto3_invokes(port: int) -> None:
    client = bedrock_client(port)
    answer = client.invoke_model(modelId="hello", body=json.dumps(aws()))
    assert json.loads(answer["body"].read())["content"][0]["type"] == "text"
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amzn-bedrock-input-token-count"] == "2"
    stream = client.invoke_model_with_response_stream(modelId="hello", body=json.dumps(aws()))["body"]
    events = [json.loads(event["chunk"]["bytes"]) for event in stream]
    assert events[0]["type"] == "message_start"
    assert events[-1]["amazon-bedrock-invocationMetrics"]["inputTokenCount"] == 2
    for model, code in (("error-first", "throttlingException"), ("error-mid", "modelStreamErrorException")):
        broken = client.invoke_model_with_response_stream(modelId=model, body=json.dumps(aws()))["body"]
        with pytest.raises(EventStreamError) as told:
            list(broken)
        assert told.value.response["Error"]["Code"] == code
    with pytest.raises(ClientError) as refused:
        client.invoke_model(modelId="429", body=json.dumps(aws()))
    assert refused.value.response["Error"]["Code"] == "ThrottlingException"


def test_awss_stream_is_of_chunks(port: int) -> None:
    _, headers, data = ask(port, "/model/hello/invoke-with-response-stream", aws())
    assert headers["content-type"] == "application/vnd.amazon.eventstream"
    assert headers["x-amzn-bedrock-content-type"] == "application/json"
    read = frames(data)
    assert {name for name, _ in read} == {"chunk"}
    kinds = [json.loads(base64.b64decode(chunk["bytes"]))["type"] for _, chunk in read]
    assert (kinds[0], kinds[-1], "ping" in kinds) == ("message_start", "message_stop", False)


def test_googles_stream_is_anthropics(port: int) -> None:
    for body in (gcp(), gcp(stream=True)):
        _, headers, data = ask(port, GCP.format("hello", "streamRawPredict"), body)
        assert headers["content-type"].startswith("text/event-stream")
        assert not check_anthropic_stream(data)


def test_tokens_are_counted_at_google(port: int, client: Client) -> None:
    if isinstance(client, anthropic.AnthropicVertex):
        assert client.messages.count_tokens(model="hello", messages=HI).input_tokens == 2


BAD = [
    ({"model": "hello"}, "model: Extra inputs are not permitted"),
    ({"anthropic_version": None}, "anthropic_version: Field required"),
    ({"anthropic_version": "2020-01-01"}, "anthropic_version: Input should be"),
    ({"service_tier": "auto"}, "service_tier: Extra inputs are not permitted"),
    ({"max_tokens": None}, "max_tokens: Field required"),
    ({"messages": []}, "messages: at least one message is required"),
]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        *BAD,
        ({"stream": True}, "stream: Extra inputs are not permitted"),
        ({"anthropic_beta": "a"}, "anthropic_beta: Input should be a valid list"),
        ({"anthropic_beta": ["computer-use-2025-01-24", "a"]}, "anthropic_beta: invalid beta flag: a"),
    ],
)
@pytest.mark.parametrize("operation", ["invoke", "invoke-with-response-stream"])
def test_bad_requests_at_aws(port: int, operation: str, more: Any, said: str) -> None:
    status, headers, data = ask(port, f"/model/hello/{operation}", aws() | more)
    assert (status, headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert json.loads(data)["message"].startswith(said)


@pytest.mark.parametrize(("more", "said"), [*BAD, ({"anthropic_beta": []}, "anthropic_beta: Extra inputs")])
@pytest.mark.parametrize("method", ["rawPredict", "streamRawPredict"])
def test_bad_requests_at_google(port: int, method: str, more: Any, said: str) -> None:
    status, _, data = ask(port, GCP.format("hello", method), gcp() | more)
    error = json.loads(data)["error"]
    assert (status, error["type"]) == (400, "invalid_request_error")
    assert error["message"].startswith(said)


def test_known_betas_are_taken_at_aws(port: int) -> None:
    assert ask(port, AWS.format("hello"), aws(anthropic_beta=["interleaved-thinking-2025-05-14"]))[0] == 200
