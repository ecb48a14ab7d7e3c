"""The vendors' own clients at every type of provider, through the real process: text, tools and streams."""

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import anthropic
import boto3
import openai
import pytest
from botocore.config import Config as BotoConfig
from botocore.exceptions import ClientError, EventStreamError
from google import genai
from google.genai import errors as google_errors

from tests.gateway import Gateway, running
from tests.provider_cases import CITY, NAMES, SAID, Body, chat, converse, messages
from tests.provider_matrix import PROVIDERS

SCENARIOS = ("hello", "tools", "429", "error-mid")
HELLO = f'Hello from the demo! You said: "{SAID}". I saw 1 message.'
CALL = (NAMES[0], {"city": "Paris"})

type Told = tuple[str, list[tuple[str, Any]]]
"""What was said, and the tools that were called."""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    providers = {name: {**one.options, "base_url": "demo"} for name, one in PROVIDERS.items()}
    routes: list[Body] = [
        {
            "models": [f"{name}-{scenario}"],
            "backends": [{"provider": name, "model": scenario}],
            "retry": {"attempts": 1},
        }
        for name in providers
        for scenario in SCENARIOS
    ]
    throttled = [
        {"provider": "aws-bedrock", "model": "error-first"},
        {"provider": "gemini", "model": "hello", "priority": 1},
    ]
    backoff = {"base": "1ms", "max": "2ms"}
    routes.append({"models": ["throttled"], "backends": throttled, "retry": {"backoff": backoff}})
    config = {"server": {"health": "off"}, "providers": providers, "routes": routes}
    with running(config, tmp_path_factory.mktemp("providers")) as shared:
        yield shared


CLOSING: Any = {"headers": {"connection": "close"}}
"""Clients take long to make and are kept; but not their connections, which the gateway may close."""


@functools.cache
def openai_client(url: str) -> openai.OpenAI:
    client = openai.DefaultHttpxClient(**CLOSING)
    return openai.OpenAI(base_url=f"{url}/v1", api_key="unused", max_retries=0, http_client=client)


@functools.cache
def anthropic_client(url: str) -> anthropic.Anthropic:
    url, client = f"{url}/anthropic", anthropic.DefaultHttpxClient(**CLOSING)
    return anthropic.Anthropic(base_url=url, api_key="unused", max_retries=0, http_client=client)


@functools.cache
def google_client(url: str) -> genai.Client:
    return genai.Client(api_key="unused", http_options={"base_url": f"{url}/gemini", **CLOSING})


def by_openai(url: str, model: str, case: str, stream: bool) -> Told:
    client = openai_client(url)
    asked: Any = {"model": model, **chat(case)}
    if stream:
        with client.chat.completions.stream(**asked) as events:
            answer: Any = events.get_final_completion()
    else:
        answer = client.chat.completions.create(**asked)
    message = answer.choices[0].message
    calls = [call.function for call in message.tool_calls or ()]
    return message.content or "", [(call.name, json.loads(call.arguments)) for call in calls]


def by_anthropic(url: str, model: str, case: str, stream: bool) -> Told:
    client = anthropic_client(url)
    asked: Any = {"model": model, **messages(case)}
    if stream:
        with client.messages.stream(**asked) as events:
            answer: Any = events.get_final_message()
    else:
        answer = client.messages.create(**asked)
    said = "".join(block.text for block in answer.content if block.type == "text")
    return said, [(block.name, block.input) for block in answer.content if block.type == "tool_use"]


def by_google(url: str, model: str, case: str, stream: bool) -> Told:
    client = google_client(url)
    declared: Any = [{"name": name, "parameters_json_schema": CITY} for name in NAMES]
    config: Any = {"automatic_function_calling": {"disable": True}}
    if case == "tools":
        config["tools"] = [{"function_declarations": declared}]
    if stream:
        chunks: Any = [*client.models.generate_content_stream(model=model, contents=SAID, config=config)]
    else:
        chunks = [client.models.generate_content(model=model, contents=SAID, config=config)]
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts or ()]
    called = [part.function_call for part in parts if part.function_call]
    return "".join(part.text or "" for part in parts), [(call.name, call.args) for call in called]


def by_boto(url: str, model: str, case: str, stream: bool) -> Told:
    client: Any = boto3.client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=f"{url}/bedrock",
        aws_access_key_id="unused",
        aws_secret_access_key="unused",
        config=BotoConfig(retries={"total_max_attempts": 1}),
    )
    asked: Any = {"modelId": model, **converse(case)}
    if not stream:
        content = client.converse(**asked)["output"]["message"]["content"]
        used = [block["toolUse"] for block in content if "toolUse" in block]
        said = "".join(block.get("text", "") for block in content)
        return said, [(call["name"], call["input"]) for call in used]
    said, names, arguments = "", list[str](), ""
    for event in client.converse_stream(**asked)["stream"]:
        delta = event.get("contentBlockDelta", {}).get("delta", {})
        said += delta.get("text", "")
        arguments += delta.get("toolUse", {}).get("input", "")
        if start := event.get("contentBlockStart", {}).get("start", {}).get("toolUse"):
            names.append(start["name"])
    return said, [(name, json.loads(arguments)) for name in names]


SDKS: Mapping[str, Callable[[str, str, str, bool], Told]] = {
    "openai": by_openai,
    "anthropic": by_anthropic,
    "google-genai": by_google,
    "boto3": by_boto,
}
ERRORS = (openai.APIError, anthropic.APIError, google_errors.APIError, ClientError)
every_client = pytest.mark.parametrize("sdk", SDKS)
every_provider = pytest.mark.parametrize("provider", PROVIDERS)
both = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@both
@every_provider
@every_client
def test_text_and_tools(gateway: Gateway, sdk: str, provider: str, stream: bool) -> None:
    ask = SDKS[sdk]
    assert ask(gateway.url, f"{provider}-hello", "text", stream) == (HELLO, [])
    assert ask(gateway.url, f"{provider}-tools", "tools", stream) == ("", [CALL])


@every_provider
@every_client
def test_errors_are_the_clients_own(gateway: Gateway, sdk: str, provider: str) -> None:
    with pytest.raises(ERRORS) as raised:
        SDKS[sdk](gateway.url, f"{provider}-429", "text", False)
    match raised.value:
        case openai.RateLimitError() | anthropic.RateLimitError():
            assert raised.value.response.headers["retry-after"] == "1"
        case google_errors.APIError(code=code, status=status):
            assert (code, status) == (429, "RESOURCE_EXHAUSTED")
        case ClientError(response=response):
            assert response["Error"]["Code"] == "ThrottlingException"
        case other:
            raise AssertionError(other)


@every_provider
@every_client
def test_a_stream_that_breaks_off_is_no_answer(gateway: Gateway, sdk: str, provider: str) -> None:
    with pytest.raises((*ERRORS, EventStreamError)):
        SDKS[sdk](gateway.url, f"{provider}-error-mid", "text", True)


@every_client
@both
def test_who_is_throttled_in_the_first_frame_is_replaced(gateway: Gateway, sdk: str, stream: bool) -> None:
    """The status was 200, and an exception came instead of the beginning."""
    assert SDKS[sdk](gateway.url, "throttled", "text", stream) == (HELLO, [])
