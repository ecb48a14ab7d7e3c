"""The fake provider by itself: the real SDKs read what it says, and it does what scripts tell it to."""

import json
import socket
from collections.abc import Iterator
from itertools import product

import anthropic
import openai
import pytest

from tests import oracles
from tests.e2e import answers
from tests.e2e.client import CHAT, chat, post, streaming
from tests.upstream import PATIENCE, Flood, Hold, Step, Upstream, hang, reset


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    server = Upstream()
    yield server
    assert not server.finish()
    server.close()


def test_answers_are_what_the_vendors_say() -> None:
    tools = answers.PARIS_AND_ROME
    assert oracles.check_openai_chat_response(answers.openai_chat(tools=tools)) == []
    assert oracles.check_anthropic_response(answers.anthropic_message(tools=tools, thinking="hm")) == []
    assert oracles.check_openai_stream(b"".join(answers.openai_stream("a", tools=tools)), True) == []
    assert oracles.check_openai_stream(b"".join(answers.openai_stream("a", usage=False)), False) == []
    stream = b"".join(answers.anthropic_stream("a", tools=tools, thinking="hm"))
    assert oracles.check_anthropic_stream(stream) == []
    assert oracles.check_openai_error(429, answers.openai_error()) == []
    assert oracles.check_anthropic_error(429, answers.anthropic_error()) == []


STREAM = answers.openai_stream("Grüße", " 🌍")
SHAPES: dict[str, list[Step]] = {
    "plain": [*STREAM],
    "crlf": answers.crlf(STREAM),
    "comments": answers.commented(STREAM),
    "bytewise": answers.cut_every(STREAM, 1),
    "no last blank line": answers.without_last_blank_line(STREAM),
}


@pytest.mark.parametrize(("shape", "encoding"), list(product(SHAPES, ["", "gzip", "deflate"])))
def test_openai_sdk(upstream: Upstream, shape: str, encoding: str) -> None:
    upstream.script("a", answers.streamed(SHAPES[shape], encoding))
    sdk = openai.OpenAI(base_url=f"{upstream.url}/a/v1", api_key="k", max_retries=0)
    chunks = sdk.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}], stream=True)
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(texts) == "Grüße 🌍"
    assert upstream.only().header("authorization") == "Bearer k"


def test_anthropic_sdk(upstream: Upstream) -> None:
    upstream.script("a", answers.whole(answers.anthropic_message("Hi"), encoding="gzip"))
    sdk = anthropic.Anthropic(base_url=f"{upstream.url}/a", api_key="k", max_retries=0)
    answer = sdk.messages.create(model="m", max_tokens=1, messages=[{"role": "user", "content": "x"}])
    assert answer.content[0].text == "Hi"  # type: ignore[union-attr]
    assert json.loads(upstream.only().body)["max_tokens"] == 1


def test_a_hold_holds(upstream: Upstream) -> None:
    hold = Hold()
    upstream.script("a", answers.streamed([answers.sse("one"), hold, answers.sse("two")]))
    with streaming(upstream.url, "/a" + CHAT, chat("m")) as stream:
        assert b"two" not in stream.until(b"one")
        hold.release()
        assert b"two" in stream.rest()


def test_a_reset_resets_and_a_client_that_leaves_is_noticed(upstream: Upstream) -> None:
    upstream.script("a", [reset], [hang])
    with pytest.raises(ConnectionResetError):
        post(upstream.url, "/a/x", {})
    with socket.create_connection(("127.0.0.1", upstream.port)) as client:
        client.sendall(b"GET /a/y HTTP/1.1\r\n\r\n")
        received = upstream.wait_for("a", 2)
        assert not received.gone.is_set()
    assert received.gone.wait(PATIENCE)


def test_a_flood_counts_what_was_taken(upstream: Upstream) -> None:
    flood = Flood(b"x" * 1000, 10)
    after = Hold()
    upstream.script("a", [answers.head(200, {"content-length": "10000"}), flood, after])
    assert post(upstream.url, "/a/x", {}).body == b"x" * 10_000
    assert after.reached.wait(PATIENCE) and flood.sent == 10_000
