"""What is asked of a provider beside the ordinary: flags of Anthropic's betas, files by address, paths."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.addons.demo_server import running_demo
from tests.provider_cases import SAID, generate, messages
from tests.provider_matrix import CLIENTS, Client, Gateway

BETA, UNKNOWN = "context-1m-2025-08-07", "no-such-beta-2026-01-01"
FLAGS = {"anthropic-beta": f"{BETA},{UNKNOWN}"}
PICTURE = "https://pictures.example/a.png"
BYTES_ONLY = ("aws-bedrock", "aws-anthropic", "gcp-anthropic")


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with running_demo() as port:
        yield Gateway(port)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("provider", ["aws-anthropic", "aws-bedrock"])
def test_aws_gets_the_betas_that_it_knows_in_the_body(gateway: Gateway, provider: str, stream: bool) -> None:
    asked = gateway.ask(CLIENTS["messages"], provider, "text", messages("text"), stream, **FLAGS)
    assert asked.status == 200, asked.body
    sent = asked.sent.get("additionalModelRequestFields", asked.sent)
    assert sent["anthropic_beta"] == [BETA]
    assert "anthropic-beta" in asked.dropped or "betas" in asked.dropped


def test_google_gets_them_in_a_header(gateway: Gateway) -> None:
    asked = gateway.ask(CLIENTS["messages"], "gcp-anthropic", "text", messages("text"), False, **FLAGS)
    assert asked.status == 200 and "anthropic_beta" not in asked.sent and asked.dropped == ""
    assert asked.wire["anthropic-beta"] == FLAGS["anthropic-beta"]


def test_nobody_else_does(gateway: Gateway) -> None:
    asked = gateway.ask(CLIENTS["messages"], "openai", "text", messages("text"), False, **FLAGS)
    assert asked.status == 200 and asked.dropped and "anthropic-beta" not in asked.wire


@pytest.mark.parametrize("provider", BYTES_ONLY)
@pytest.mark.parametrize("name", ["chat", "messages"])
def test_files_by_address_are_refused_with_what_would_help(
    gateway: Gateway, name: str, provider: str
) -> None:
    source = {"type": "url", "url": PICTURE}
    part: dict[str, Any] = {
        "chat": {"type": "image_url", "image_url": {"url": PICTURE}},
        "messages": {"type": "image", "source": source},
    }[name]
    client: Client = CLIENTS[name]
    content = [part, {"type": "text", "text": SAID}]
    body = {**client.ask("text"), "messages": [{"role": "user", "content": content}]}
    asked = gateway.ask(client, provider, "text", body, False)
    assert asked.status == 422 and asked.sent is None
    told = asked.json["error"]["message"]
    assert "server.fetch_images" in told and provider in told


@pytest.mark.parametrize("query", ["", "?alt=json"])
def test_googles_streams_are_served_as_events_only(gateway: Gateway, query: str) -> None:
    path = CLIENTS["gemini"].paths[1].partition("?")[0] + query
    odd = replace(CLIENTS["gemini"], paths=(path, path))
    asked = gateway.ask(odd, "gemini", "text", generate("text"), True)
    assert asked.status == 400 and asked.sent is None
    assert "alt=sse" in asked.json["error"]["message"]
