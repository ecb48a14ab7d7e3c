"""The openai SDK for Node as a client: tests/node/chat.mjs asks, and prints what the SDK made of it."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.gateway import REPOSITORY, Gateway, eventually, running
from tests.launch import SLOWEST, environment

Json = dict[str, Any]

FOLDER = REPOSITORY / "tests" / "node"
NODE = shutil.which("node")
MISSING = (
    "there is no node on this machine"
    if not NODE
    else "tests/node has no openai module: run `npm install` there"
    if not (FOLDER / "node_modules" / "openai").is_dir()
    else ""
)

pytestmark = pytest.mark.skipif(bool(MISSING) and not os.environ.get("CI"), reason=MISSING)

SPEAKS_OPENAI: Json = {"type": "demo"}
SPEAKS_ANTHROPIC: Json = {"type": "demo", "dialect": "anthropic_messages"}
PROVIDERS = {"demo": SPEAKS_OPENAI, "demo-claude": SPEAKS_ANTHROPIC}
HELLO = 'Hello from the demo! You said: "Hi from Node". I saw 1 message.'
UTF8 = "Grüße aus Zürich, 你好世界, こんにちは, Привет мир, שלום, 🐉🧑‍🚀 naïve café: “Hi from Node”"


@pytest.fixture(scope="module")
def demo_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with nothing but the embedded provider, once in each wire format."""
    assert not MISSING, MISSING
    with running({"providers": PROVIDERS}, tmp_path_factory.mktemp("gateway")) as demo:
        yield demo


@pytest.fixture(scope="module", params=PROVIDERS)
def sdk(request: pytest.FixtureRequest, demo_gateway: Gateway, tmp_path_factory: Any) -> Json:
    """What the SDK got from the gateway through this provider."""
    home: Path = tmp_path_factory.mktemp("home")
    command = [NODE or "node", "chat.mjs", f"{demo_gateway.url}/v1", request.param]
    ended = subprocess.run(
        command,
        cwd=FOLDER,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=SLOWEST,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    got: Json = json.loads(ended.stdout)
    return got


def test_whole(sdk: Json) -> None:
    (choice,) = sdk["whole"]["choices"]
    assert sdk["whole"]["object"] == "chat.completion"
    assert choice["message"]["content"] == HELLO
    assert choice["finish_reason"] == "stop"
    assert sdk["whole"]["usage"]["total_tokens"] == 16


def test_streamed(sdk: Json) -> None:
    streamed = sdk["streamed"]
    assert len(streamed["ids"]) == 1
    assert len(streamed["pieces"]) == 13
    assert "".join(streamed["pieces"]) == HELLO
    assert streamed["finishes"] == ["stop"]
    assert streamed["usage"]["total_tokens"] == sdk["whole"]["usage"]["total_tokens"]


def test_all_scripts(sdk: Json) -> None:
    whole, streamed = sdk["utf8"]
    assert whole["choices"][0]["message"]["content"] == "".join(streamed["pieces"]) == UTF8


def test_tools(sdk: Json) -> None:
    (choice,) = sdk["tools"]["choices"]
    calls = choice["message"]["tool_calls"]
    assert choice["finish_reason"] == "tool_calls"
    assert [call["function"]["name"] for call in calls] == ["weather", "weather"]
    assert [json.loads(call["function"]["arguments"]) for call in calls] == [{"city": "Paris"}] * 2
    assert len({call["id"] for call in calls}) == 2


def test_streamed_tools(sdk: Json) -> None:
    """The index counts calls alone, and each call's arguments come in pieces that belong together."""
    streamed = sdk["streamed_tools"]
    calls = streamed["calls"]
    assert streamed["finishes"] == ["tool_calls"]
    assert [call["name"] for call in calls] == ["weather", "weather"]
    assert [json.loads(call["arguments"]) for call in calls] == [{"city": "Paris"}] * 2
    assert all(call["fragments"] > 1 for call in calls)
    assert len({call["id"] for call in calls}) == 2


def test_text_beside_a_tool(sdk: Json) -> None:
    streamed = sdk["text_and_tools"]
    assert "".join(streamed["pieces"]) == "Let me look that up."
    assert [json.loads(call["arguments"]) for call in streamed["calls"]] == [{"city": "Paris"}]


def test_the_sdks_own_accumulation(sdk: Json) -> None:
    (choice,) = sdk["accumulated"]
    (call,) = choice["message"]["tool_calls"]
    (by_hand,) = sdk["text_and_tools"]["calls"]
    assert choice["message"]["content"] == "Let me look that up."
    assert call["function"] == {"name": by_hand["name"], "arguments": by_hand["arguments"]}


def test_the_sdk_runs_the_tool(sdk: Json) -> None:
    ran = {"content": 'The tool answered "sunny in Paris".', "called": [{"city": "Paris"}]}
    assert sdk["ran"] == [ran, ran]


def test_leaving_in_the_middle(sdk: Json, demo_gateway: Gateway) -> None:
    assert sdk["left"] == {"pieces": 2, "aborted": True}
    eventually(lambda: demo_gateway.in_flight() == 0, "what the client has left is still served")


def test_errors_are_the_sdks_own(sdk: Json) -> None:
    assert (sdk["rate_limited"]["raised"], sdk["rate_limited"]["status"]) == ("RateLimitError", 429)
    assert "rate limit" in sdk["rate_limited"]["message"].lower()
    assert sdk["broken_off"]["raised"] == "APIError"
    assert (sdk["unknown"]["raised"], sdk["unknown"]["status"]) == ("NotFoundError", 404)


def test_models(sdk: Json) -> None:
    assert {"demo/hello", "demo-claude/hello"} <= set(sdk["models"])
