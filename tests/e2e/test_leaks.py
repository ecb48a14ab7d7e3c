"""Secrets stay where they belong: a client's never reach a provider, a provider's never reach anyone else."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import answers
from tests.e2e.answers import saying, streamed, streaming, whole
from tests.e2e.client import CHAT, CLIENT_SECRETS, MESSAGES, chat, messages, post
from tests.gateway import BIN, PROVIDER_KEY, Gateway, running, running_stock, standard_config
from tests.upstream import PATIENCE, Received, Upstream, reset

both = pytest.mark.parametrize("path", [CHAT, MESSAGES])
CLIENT_CANARY = "canary-client"


def asking(path: str, model: str, **fields: Any) -> Any:
    return chat(model, **fields) if path == CHAT else messages(model, **fields)


def assert_clean(request: Received) -> None:
    """The provider's own key, and nothing of the client's secrets under any name."""
    everything = json.dumps([request.path, request.headers, request.body.decode()])
    assert CLIENT_CANARY not in everything
    key = f"{PROVIDER_KEY}-{request.provider}"
    name, value = (
        ("x-api-key", key) if request.provider.startswith("anth") else ("authorization", f"Bearer {key}")
    )
    assert request.header(name) == value
    assert everything.count(PROVIDER_KEY) == 1


@both
@pytest.mark.parametrize("provider", ["a", "anth_a"])
@pytest.mark.parametrize("stream", [False, True])
def test_to_a_provider(upstream: Upstream, gateway: Gateway, path: str, provider: str, stream: bool) -> None:
    good = streamed(streaming(provider, "Hi")) if stream else whole(saying(provider))
    upstream.script(provider, good)
    assert post(gateway.url, path, asking(path, provider, stream=stream), CLIENT_SECRETS).status == 200
    assert_clean(upstream.only())


@both
@pytest.mark.parametrize("chain", ["a-b", "anth_a-anth_b", "a-anth_a", "anth_a-a"])
def test_on_fallback(upstream: Upstream, gateway: Gateway, path: str, chain: str) -> None:
    first, second = chain.split("-")
    upstream.script(first, whole(answers.error(first), 429))
    upstream.script(second, whole(saying(second)))
    assert post(gateway.url, path, asking(path, chain), CLIENT_SECRETS).status == 200
    assert len(upstream.received) == 2
    for request in upstream.received:
        assert_clean(request)


def test_headers_that_connection_names_or_that_belong_to_the_hop(
    upstream: Upstream, gateway: Gateway
) -> None:
    upstream.script("a", whole(saying("a")))
    hop = {"connection": "keep-alive, x-hop", "x-hop": "1", "te": "trailers", "x-forwarded-for": "10.1.2.3"}
    post(gateway.url, CHAT, chat("a"), hop | {"user-agent": "my-app/1.0"})
    names = {name for name, _ in upstream.only().headers}
    assert not names & {"x-hop", "te", "x-forwarded-for", "via", "forwarded"}
    assert upstream.only().header("user-agent") == "my-app/1.0"


def test_headers_of_a_provider_that_are_no_business_of_clients(upstream: Upstream, gateway: Gateway) -> None:
    secret = {
        "set-cookie": "provider=1",
        "openai-organization": "org-secret",
        "x-ratelimit-limit-requests": "5",
    }
    upstream.script("a", whole(saying("a"), headers=secret))
    answer = post(gateway.url, CHAT, chat("a"))
    assert "set-cookie" not in answer.headers and "openai-organization" not in answer.headers


@pytest.fixture(scope="module")
def recorded(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gateway, Path]]:
    """A talkative gateway that records everything, and its file."""
    folder = tmp_path_factory.mktemp("leaks")
    flows = folder / "flows"
    config = standard_config(loopback.url)
    config["server"]["api_keys"] = ["canary-client-bearer"]
    with running(config, folder, "--record", str(flows), "-v") as gateway:
        yield gateway, flows


def test_what_is_written_down(upstream: Upstream, recorded: tuple[Gateway, Path], tmp_path: Path) -> None:
    """Logs, metrics, flow files and what is made of them, after good answers, failures and refusals."""
    gateway, flows = recorded
    upstream.script("a", whole(saying("a")), streamed(streaming("a", "Hi")), [reset], [reset])
    bodies: list[Any] = [chat("a"), chat("a", stream=True), chat("a"), chat("refused"), chat("nope")]
    bodies += [b"{", b'{"model":"canary-client-x"}']
    seen = [post(gateway.url, CHAT, body, CLIENT_SECRETS).body for body in bodies]
    written = gateway.output() + gateway.metrics() + b"".join(seen).decode()
    split = streaming("a", f"It is {PROVIDER_KEY}-a, or canary-pro", "vider-key-a", f" {PROVIDER_KEY}", "-b")
    cookie = {"set-cookie": f"key={PROVIDER_KEY}"}
    upstream.script("a", streamed(split), whole(saying("a", f"No, {PROVIDER_KEY}-b"), headers=cookie))
    for stream in (True, False):
        body = chat("a", f"Is it canary-client-bearer or {PROVIDER_KEY}-b?", stream=stream)
        post(gateway.url, f"{CHAT}?api_key=canary-client-query", body, CLIENT_SECRETS)
    gateway.terminate()
    gateway.process.wait(PATIENCE)
    written += gateway.output() + flows.read_bytes().decode("latin-1")
    assert flows.stat().st_size > 1000
    run = [str(BIN / "mitmdump"), "-q", "-nr", str(flows), "--set", f"hardump={tmp_path / 'har'}"]
    subprocess.run(run, check=True, timeout=60)
    written += (tmp_path / "har").read_text()
    assert "Is it [redacted] or [redacted]?" in written
    assert PROVIDER_KEY not in written and "canary-client-query" not in written
    for secret in CLIENT_SECRETS.values():
        assert secret.split()[-1] not in written


def test_a_har_of_what_was_long_over(upstream: Upstream, tmp_path: Path) -> None:
    """A key that only the client knows, quoted in what it says: the file is made when the gateway ends."""
    har = tmp_path / "all.har"
    upstream.script("a", whole(saying("a")), streamed(streaming("a", "Hi")))
    with running_stock(standard_config(upstream.url), tmp_path, "--set", f"hardump={har}") as gateway:
        for model, stream in (("a", False), ("a", True), ("refused", False), ("nope", False)):
            body = chat(model, "Is it canary-client-bearer?", stream=stream)
            post(gateway.url, CHAT, body, {"authorization": "Bearer canary-client-bearer"})
        gateway.process.terminate()
        gateway.process.wait(PATIENCE)
    written = har.read_text()
    assert written.count("Is it [redacted]?") == 8 and "canary-client" not in written


@both
@pytest.mark.parametrize("provider", ["a", "anth_a"])
def test_a_provider_that_quotes_our_key(
    upstream: Upstream, gateway: Gateway, path: str, provider: str
) -> None:
    quoting = f"Incorrect API key provided: {PROVIDER_KEY}-{provider}"
    error = answers.error(provider)
    error["error"]["message"] = quoting
    upstream.script(provider, whole(error, 401))
    answer = post(gateway.url, path, asking(path, provider))
    assert answer.status == 401 and "Incorrect API key" in answer.message
    assert PROVIDER_KEY not in answer.body.decode() + gateway.output()
