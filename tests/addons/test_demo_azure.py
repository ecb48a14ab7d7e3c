"""The embedded provider at Azure's paths, asked by OpenAI's client of Azure."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.addons.demo_server import ask, chat, running_demo
from tests.oracles import check_openai_chat_response, check_openai_stream

CHAT = "/openai/deployments/{}/chat/completions?api-version=2024-10-21"
HI: Any = [{"role": "user", "content": "Hi there"}]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running_demo() as port:
        yield port


@pytest.fixture(scope="module")
def client(port: int) -> openai.AzureOpenAI:
    return openai.AzureOpenAI(
        api_key="demo", api_version="2024-10-21", azure_endpoint=f"http://127.0.0.1:{port}", max_retries=0
    )


def test_a_deployment_chats(client: openai.AzureOpenAI) -> None:
    answer = client.chat.completions.create(model="hello", messages=HI)
    assert answer.choices[0].message.content == 'Hello from the demo! You said: "Hi there". I saw 1 message.'
    streamed = client.chat.completions.create(model="hello", messages=HI, stream=True)
    said = "".join(chunk.choices[0].delta.content or "" for chunk in streamed)
    assert said == answer.choices[0].message.content


def test_a_deployment_completes_embeds_and_draws(client: openai.AzureOpenAI) -> None:
    assert client.completions.create(model="hello", prompt="Hi").choices[0].text
    assert len(client.embeddings.create(model="hello", input=["a", "b"]).data) == 2
    assert client.images.generate(model="hello", prompt="a cat").data
    heard = client.audio.transcriptions.create(model="hello", file=("a.wav", b"RIFF"))
    assert "a.wav" in heard.text


def test_the_deployment_goes_before_the_model(port: int) -> None:
    body = chat("hello")
    assert ask(port, CHAT.format("429"), body)[0] == 429
    del body["model"]
    status, headers, data = ask(port, CHAT.format("hello"), body)
    assert (status, "apim-request-id" in headers) == (200, True)
    assert not check_openai_chat_response(json.loads(data))
    assert not check_openai_stream(ask(port, CHAT.format("hello"), {**body, "stream": True})[2])


def test_the_later_paths_are_openais(port: int) -> None:
    client = openai.OpenAI(api_key="demo", base_url=f"http://127.0.0.1:{port}/openai/v1", max_retries=0)
    assert client.chat.completions.create(model="hello", messages=HI).choices[0].message.content
    assert client.responses.create(model="hello", input="Hi").output_text
    assert client.embeddings.create(model="hello", input="a").data


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "401"), (404, "DeploymentNotFound"), (429, "429"), (500, "InternalServerError")],
)
def test_errors_are_azures(port: int, status: int, code: str) -> None:
    got, headers, data = ask(port, CHAT.format(status), chat("x"))
    assert (got, json.loads(data)["error"]["code"]) == (status, code)
    assert headers.get("retry-after") == ("1" if status == 429 else None)


def test_bad_requests(port: int) -> None:
    status, _, data = ask(port, CHAT.format("hello"), {"messages": []})
    assert (status, json.loads(data)["error"]["param"]) == (400, "messages")
    status, _, data = ask(port, CHAT.format("hello").partition("?")[0], chat("x"))
    assert (status, json.loads(data)["error"]["code"]) == (404, "404")
    assert ask(port, "/openai/other", {})[0] == 404
