"""Clients that leave, and clients that read slowly."""

import http.client
import json
import socket
import time
from typing import Any

import pytest

from tests.e2e import answers
from tests.e2e.answers import streamed, streaming
from tests.e2e.client import CHAT, MESSAGES, chat, messages
from tests.e2e.client import streaming as reading
from tests.gateway import Gateway, eventually
from tests.upstream import PATIENCE, Flood, Hold, Upstream, hang

every_pair = pytest.mark.parametrize(
    ("path", "provider"), [(CHAT, "a"), (CHAT, "anth_a"), (MESSAGES, "a"), (MESSAGES, "anth_a")]
)


def asking(path: str, model: str, **fields: Any) -> Any:
    return chat(model, **fields) if path == CHAT else messages(model, **fields)


@every_pair
def test_a_client_that_leaves_in_the_middle(
    upstream: Upstream, gateway: Gateway, path: str, provider: str
) -> None:
    frames = streaming(provider, "first", "second")
    upstream.script(provider, streamed([*frames[:-3], hang]))
    with reading(gateway.url, path, asking(path, provider, stream=True), {"x-request-id": path}) as stream:
        stream.until(b"first")
    assert upstream.only().gone.wait(PATIENCE)


@every_pair
@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_before_the_answer(
    upstream: Upstream, gateway: Gateway, path: str, provider: str, stream: bool
) -> None:
    upstream.script(provider, [hang])
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
    body = json.dumps(asking(path, provider, stream=stream))
    connection.request("POST", path, body, {"content-type": "application/json"})
    request = upstream.wait_for(provider)
    connection.close()
    assert request.gone.wait(PATIENCE)


def test_no_second_provider_is_asked_for_a_client_that_left(upstream: Upstream, gateway: Gateway) -> None:
    upstream.script("a", [hang])
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
    connection.request("POST", CHAT, json.dumps(chat("a-b")), {"content-type": "application/json"})
    request = upstream.wait_for("a")
    connection.close()
    assert request.gone.wait(PATIENCE)
    gateway.settled()
    assert not upstream.of("b")


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_what_a_client_that_left_has_used_is_accounted(
    upstream: Upstream, gateway: Gateway, path: str
) -> None:
    """Anthropic tells the input tokens at once; the output is not known any more."""
    frames = answers.anthropic_stream("first", "second")
    upstream.script("anth_a", streamed([*frames[:-3], hang]))
    request_id = f"left{path.replace('/', '-')}"
    body = asking(path, "anth_a", stream=True)
    with reading(gateway.url, path, body, {"x-request-id": request_id}) as stream:
        stream.until(b"first")
    line = gateway.logged(request_id)
    assert line["usage_source"] == "partial"
    assert line["input_tokens"] == 20


@every_pair
def test_a_slow_reader_pauses_the_provider(
    upstream: Upstream, gateway: Gateway, path: str, provider: str
) -> None:
    """Of 200 MB only what fits into buffers leaves the provider; the rest stays there until it is read."""
    text = "x" * 8000
    first, *_ = streaming(provider, "first")
    flood = Flood(answers.chunk(_content(provider, text)), 25_000)
    before, reading_on = gateway.memory(), Hold()
    opening = (
        first if provider == "a" else first + answers.anthropic_block(0, {"type": "text", "text": ""})[0]
    )
    upstream.script(provider, streamed([opening, reading_on, flood]))
    with _unread(gateway, path, asking(path, provider, stream=True)) as connection:
        connection.recv(100)
        reading_on.release()
        assert _settled(flood) < 40 << 20
        assert gateway.memory() - before < 60 << 20
    assert upstream.only().gone.wait(PATIENCE)


def _content(provider: str, text: str) -> bytes:
    if provider == "a":
        return answers.openai_delta(content=text)
    delta = {"type": "text_delta", "text": text}
    return answers.anthropic_event("content_block_delta", index=0, delta=delta)


def _unread(gateway: Gateway, path: str, body: Any) -> socket.socket:
    """A connection with a request sent and a small window."""
    connection = socket.socket()
    connection.settimeout(PATIENCE)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", gateway.port))
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(data)}"
    connection.sendall(f"{head}\r\n\r\n".encode() + data)
    return connection


def _settled(flood: Flood) -> int:
    """How much the provider could send until nothing more was taken for half a second."""
    history: list[int] = []

    def still() -> bool:
        time.sleep(0.1)
        history.append(flood.sent)
        return history[-1] > 0 and len(history) > 5 and history[-1] == history[-6]

    eventually(still, f"it goes on for ever: {flood.sent} bytes")
    return flood.sent
