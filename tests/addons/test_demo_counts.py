"""The embedded provider counts tokens for each vendor's own client, and is as strict as the vendor."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import openai
import pytest
from botocore.exceptions import ClientError
from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials

from tests.addons.demo_server import ask, running_demo
from tests.addons.test_demo_converse import bedrock_client

SAID = "one two three"
HI: Any = [{"role": "user", "content": SAID}]
CONTENTS = [{"role": "user", "parts": [{"text": SAID}]}]
GEMINI, VERTEX = "/v1beta/models/m:countTokens", "/v1/publishers/google/models/m:countTokens"
CONVERSE = {"messages": [{"role": "user", "content": [{"text": SAID}]}], "system": [{"text": "be brief"}]}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_demo() as port:
        yield port


def test_anthropic_and_openai(port: int) -> None:
    url = f"http://127.0.0.1:{port}"
    claude = anthropic.Anthropic(base_url=url, api_key="k")
    assert claude.messages.count_tokens(model="m", messages=HI).input_tokens == 3
    counting = openai.OpenAI(base_url=f"{url}/v1", api_key="k").responses.input_tokens
    assert counting.count(model="m", input=SAID, instructions="be brief").input_tokens == 5


def test_amazon(port: int) -> None:
    client = bedrock_client(port)
    assert client.count_tokens(modelId="m", input={"converse": CONVERSE})["inputTokens"] == 5
    body = json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 1, "messages": HI})
    assert client.count_tokens(modelId="m", input={"invokeModel": {"body": body}})["inputTokens"] == 3
    with pytest.raises(ClientError, match="support counting"):
        client.count_tokens(modelId="us.anthropic.m", input={"converse": CONVERSE})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"input": {}},
        {"input": {"converse": {**CONVERSE, "inferenceConfig": {"maxTokens": 1}}}},
        {"input": {"converse": {"messages": []}}},
        {"input": {"invokeModel": {"body": base64.b64encode(b'{"messages": []}').decode()}}},
        {"input": {"invokeModel": {"body": "no base64!"}}},
    ],
)
def test_amazon_is_strict(port: int, body: Any) -> None:
    status, headers, _ = ask(port, "/model/m/count-tokens", body)
    assert (status, headers["x-amzn-errortype"]) == (400, "ValidationException")


def test_google(port: int) -> None:
    options = types.HttpOptions(base_url=f"http://127.0.0.1:{port}")
    studio = genai.Client(api_key="demo", http_options=options)
    assert studio.models.count_tokens(model="m", contents=SAID).total_tokens == 3
    signed_in: Any = Credentials(token="demo")  # type: ignore[no-untyped-call]
    cloud = genai.Client(
        vertexai=True, project="p", location="l", credentials=signed_in, http_options=options
    )
    config = types.CountTokensConfig(system_instruction="be brief")
    assert cloud.models.count_tokens(model="m", contents=SAID, config=config).total_tokens == 5


def test_a_whole_request_is_counted_by_the_gemini_api_alone(port: int) -> None:
    whole = {"generateContentRequest": {"model": "models/m", "contents": CONTENTS}}
    status, _, body = ask(port, GEMINI, whole)
    assert (status, json.loads(body)["totalTokens"]) == (200, 3)
    assert ask(port, VERTEX, whole)[0] == 400
    assert ask(port, GEMINI, {**whole, "contents": CONTENTS})[0] == 400
    assert ask(port, GEMINI, {"contents": CONTENTS, "tools": []})[0] == 400
    assert (
        ask(port, GEMINI, {"generateContentRequest": {"model": "models/x", "contents": CONTENTS}})[0] == 400
    )


def test_vllm(port: int) -> None:
    status, _, body = ask(port, "/tokenize", {"model": "m", "prompt": SAID, "return_token_strs": True})
    told = {"count": 3, "max_model_len": 32768, "tokens": [0, 1, 2], "token_strs": ["one", " two", " three"]}
    assert (status, json.loads(body)) == (200, told)
    assert json.loads(ask(port, "/tokenize", {"model": "m", "messages": HI})[2])["count"] == 3


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"prompt": ["x"]},
        {"messages": []},
        {"messages": HI, "continue_final_message": True},
        {"prompt": "x", "add_special_tokens": 1},
    ],
)
def test_vllm_is_strict(port: int, body: Any) -> None:
    assert ask(port, "/tokenize", {"model": "m", **body})[0] == 400


def test_openai_counts_nothing_that_has_no_part_in_it(port: int) -> None:
    status, _, body = ask(port, "/v1/responses/input_tokens", {"model": "m", "input": "x", "stream": True})
    assert status == 400 and json.loads(body)["error"]["param"] == "stream"
