"""A client of HTTP/2, which the gateway speaks over TLS with a certificate of mitmproxy's own authority."""

import asyncio
import ssl
from collections.abc import Iterable, Iterator
from typing import Any

import httpx
import pytest

from tests.e2e.answers import anthropic_message, saying, streamed, streaming, whole
from tests.e2e.client import CHAT, chat
from tests.gateway import Gateway
from tests.upstream import Upstream

both = pytest.mark.parametrize("provider", ["a", "anth_a"])


class Http2Alone(ssl.SSLContext):
    """Does not know the authority, so that it takes any certificate; and offers nothing but HTTP/2."""

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        super().set_alpn_protocols(["h2"])


def settings(gateway: Gateway) -> dict[str, Any]:
    context = Http2Alone(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return {"base_url": gateway.url.replace("http://", "https://"), "http2": True, "verify": context}


@pytest.fixture
def client(gateway: Gateway) -> Iterator[httpx.Client]:
    with httpx.Client(**settings(gateway)) as connected:
        yield connected


@both
def test_an_answer(upstream: Upstream, client: httpx.Client, provider: str) -> None:
    upstream.script(provider, whole(saying(provider, "Hello there")))
    answer = client.post(CHAT, json=chat(provider))
    assert (answer.http_version, answer.status_code) == ("HTTP/2", 200)
    assert answer.json()["choices"][0]["message"]["content"] == "Hello there"
    assert upstream.only().path.startswith(f"/{provider}/")


@both
def test_a_stream(upstream: Upstream, client: httpx.Client, provider: str) -> None:
    upstream.script(provider, streamed(streaming(provider, "Hello", " there")))
    with client.stream("POST", CHAT, json=chat(provider, stream=True)) as answer:
        lines = [line for line in answer.iter_lines() if line.startswith("data: ")]
    assert answer.http_version == "HTTP/2" and lines[-1] == "data: [DONE]"
    assert any('"Hello"' in line for line in lines) and any('" there"' in line for line in lines)


def test_several_at_once_on_one_connection(upstream: Upstream, gateway: Gateway) -> None:
    upstream.script("anth_a", *[whole(anthropic_message(f"Answer {number}")) for number in range(8)])

    async def ask() -> list[httpx.Response]:  # (not in threads: one TLS connection is not safe among them)
        async with httpx.AsyncClient(**settings(gateway)) as client:
            bodies = [chat("anth_a", f"Question {number}") for number in range(8)]
            return await asyncio.gather(*(client.post(CHAT, json=body) for body in bodies))

    told = [each.json()["choices"][0]["message"]["content"] for each in asyncio.run(ask())]
    assert sorted(told) == [f"Answer {number}" for number in range(8)]


def test_an_error_of_the_gateways_own(client: httpx.Client) -> None:
    answer = client.post(CHAT, content=b"not JSON", headers={"content-type": "application/json"})
    assert (answer.http_version, answer.status_code) == ("HTTP/2", 400)
    assert answer.json()["error"]["type"] == "invalid_request_error"
