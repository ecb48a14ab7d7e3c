"""Providers behind TLS: whom the gateway trusts, whom it does not, and how it says who it is."""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import oracles
from tests.e2e.answers import saying, streamed, streaming, whole
from tests.e2e.client import CHAT, MESSAGES, Answer, chat, messages, post
from tests.gateway import Gateway, run_command, running
from tests.tls import DAY, Authority, Pair, TlsFront
from tests.upstream import Upstream

Json = dict[str, Any]

HOSTS = ("localhost", "127.0.0.1")
GOOD = ("trusted", "by_address", "anth_trusted")
BAD = ("untrusted", "stranger", "misnamed", "misaddressed", "nameless", "expired", "anonymous", "foreigner")
KNOWN = ("known", "known_by_one_file")


class World:
    """A private authority, a stranger to it, a TLS server for each provider, and the gateway's providers."""

    def __init__(self, folder: Path, upstream: Upstream, stack: ExitStack) -> None:
        self.fronts: dict[str, TlsFront] = {}
        self.providers: Json = {"plain": {"type": "openai", "base_url": f"{upstream.url}/plain/v1"}}
        self.private, self.stranger = Authority("private", folder), Authority("stranger", folder)
        self._upstream, self._stack = upstream, stack
        self.us, self.foreigner = self.private.issue("dragoman"), self.stranger.issue("dragoman")

    def add(
        self,
        name: str,
        pair: Pair,
        tls: Json,
        host: str = "localhost",
        insisting: ssl.VerifyMode = ssl.CERT_OPTIONAL,
    ) -> None:
        """A provider, behind a server that shows this certificate and asks for one, or insists on it."""
        front = self.fronts[name] = TlsFront(pair, self._upstream.port, self.private, insisting)
        self._stack.callback(front.stop)
        url = f"https://{host}:{front.port}/{name}"
        if not (is_anthropic := name.startswith("anth")):
            url += "/v1"
        options = {key: str(file) for key, file in tls.items()}
        self.providers[name] = {
            "type": "anthropic" if is_anthropic else "openai",
            "base_url": url,
            "tls": options,
        }

    def config(self) -> Json:
        """Each provider has a route of its own, and one that falls back to `plain`."""
        names = [name for name in self.providers if name != "plain"]
        chains = [*([name] for name in names), *([name, "plain"] for name in names)]
        return {"providers": self.providers, "routes": [route(chain) for chain in chains]}


def route(chain: list[str]) -> Json:
    backends = [{"provider": name, "priority": place} for place, name in enumerate(chain)]
    retry = {"attempts": len(chain), "backoff": {"base": "1ms", "max": "1ms"}}
    return {"models": ["-".join(chain)], "backends": backends, "retry": retry}


@pytest.fixture(scope="module")
def world(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with ExitStack() as stack:
        world = World(tmp_path_factory.mktemp("certificates"), loopback, stack)
        private = world.private
        good, ca = private.issue("localhost", HOSTS), {"ca_file": private.file}
        world.add("trusted", good, ca)
        world.add("by_address", good, ca, host="127.0.0.1")
        world.add("anth_trusted", good, ca)
        world.add("untrusted", good, {})
        world.add("stranger", good, {"ca_file": world.stranger.file})
        world.add("misnamed", private.issue("localhost", ["other.example", "127.0.0.1"]), ca)
        world.add("misaddressed", private.issue("127.0.0.1", ["localhost"]), ca, host="127.0.0.1")
        world.add("nameless", private.issue("localhost"), ca)
        world.add("expired", private.issue("localhost", HOSTS, lasting=-DAY), ca)
        add_insisting(world, good)
        yield world


def add_insisting(world: World, good: Pair) -> None:
    """Providers who talk only to those whom they know."""
    ca, us, foreigner = {"ca_file": world.private.file}, world.us, world.foreigner
    apart = {"client_cert": us.certificate, "client_key": us.key}
    required = ssl.CERT_REQUIRED
    world.add("known", good, ca | apart, insisting=required)
    world.add("known_by_one_file", good, ca | {"client_cert": us.both}, insisting=required)
    world.add("anonymous", good, ca, insisting=required)
    world.add("foreigner", good, ca | {"client_cert": foreigner.both}, insisting=required)


@pytest.fixture(scope="module")
def gateway(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with the providers of `world`."""
    with running(world.config(), tmp_path_factory.mktemp("gateway")) as gateway:
        yield gateway


def asked(gateway: Gateway, path: str, model: str, **fields: Any) -> Answer:
    body = chat(model, **fields) if path == CHAT else messages(model, **fields)
    return post(gateway.url, path, body)


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
@pytest.mark.parametrize("provider", [*GOOD, *KNOWN])
def test_a_private_authority_is_trusted(
    upstream: Upstream, gateway: Gateway, provider: str, path: str
) -> None:
    upstream.script(provider, whole(saying(provider, "over TLS")))
    answer = asked(gateway, path, provider)
    assert answer.status == 200 and b"over TLS" in answer.body
    assert answer.headers["x-dragoman-attempts"] == "1"


@pytest.mark.parametrize("provider", ["trusted", "anth_trusted", "known"])
def test_streams_too(upstream: Upstream, gateway: Gateway, provider: str) -> None:
    upstream.script(provider, streamed(streaming(provider, "over", " TLS")))
    assert oracles.check_openai_stream(asked(gateway, CHAT, provider, stream=True).body) == []


@pytest.mark.parametrize("provider", BAD)
def test_the_next_provider_is_asked(upstream: Upstream, gateway: Gateway, provider: str) -> None:
    upstream.script("plain", whole(saying("plain", "from plain")))
    answer = asked(gateway, CHAT, f"{provider}-plain")
    assert answer.status == 200 and b"from plain" in answer.body
    assert upstream.only().provider == "plain"
    assert answer.headers["x-dragoman-attempts"] == "2"


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
@pytest.mark.parametrize("provider", BAD)
def test_without_a_next_one_it_is_an_error(
    upstream: Upstream, gateway: Gateway, provider: str, path: str
) -> None:
    answer = asked(gateway, path, provider)
    check = oracles.check_openai_error if path == CHAT else oracles.check_anthropic_error
    assert answer.status == 502
    assert check(502, answer.json()) == []
    assert provider in answer.message
    for secret in ("127.0.0.1", "localhost", ".pem", "Traceback"):
        assert secret not in answer.message
    assert upstream.received == []


@pytest.mark.parametrize("provider", BAD[:-2])
def test_it_is_a_failure_to_connect(gateway: Gateway, provider: str) -> None:
    """Who insists on a certificate, with TLS 1.3, says no only after the connection stands."""
    line = gateway.logged(asked(gateway, CHAT, provider).headers["x-request-id"])
    assert line["attempts"] == [f"{provider}:connect"]


@pytest.mark.parametrize(
    ("provider", "name"), [*((provider, "dragoman") for provider in KNOWN), *((it, "") for it in GOOD)]
)
def test_only_some_are_told_who_we_are(
    upstream: Upstream, gateway: Gateway, world: World, provider: str, name: str
) -> None:
    """All of them ask."""
    upstream.script(provider, whole(saying(provider)))
    assert asked(gateway, CHAT, provider).status == 200
    assert set(world.fronts[provider].clients) == {name}


# The configuration


def provider(**tls: str | Path) -> Json:
    options = {key: str(file) for key, file in tls.items()}
    return {"type": "openai", "base_url": "https://localhost:1/v1", "tls": options}


def said_of(folder: Path, **providers: Json) -> str:
    """What is said about a configuration with these providers, which is not taken."""
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump({"providers": providers}))
    ended = run_command("check", "--config", str(file), folder=folder)
    assert ended.returncode == 1
    said: str = ended.stderr
    assert "Traceback" not in said and "config.yaml:" in said
    return said


def test_files_must_be_there(tmp_path: Path) -> None:
    assert "a.tls.ca_file" in said_of(tmp_path, a=provider(ca_file=tmp_path / "none.pem"))


@pytest.mark.parametrize("name", ["ca_file", "client_cert"])
def test_files_must_hold_certificates(tmp_path: Path, name: str) -> None:
    (tmp_path / "not.pem").write_text("not a certificate")
    assert "a.tls" in said_of(tmp_path, a=provider(**{name: tmp_path / "not.pem"}))


def test_a_key_must_belong_to_its_certificate(tmp_path: Path, world: World) -> None:
    wrong = provider(client_cert=world.us.certificate, client_key=world.foreigner.key)
    assert "key values mismatch" in said_of(tmp_path, a=wrong)


def test_a_certificate_has_a_key(tmp_path: Path, world: World) -> None:
    assert "a.tls" in said_of(tmp_path, a=provider(client_cert=world.us.certificate))


def test_one_address_has_one_set_of_certificates(tmp_path: Path, world: World) -> None:
    """Else a connection made with one provider's certificate could carry another's requests."""
    us, nobody = provider(ca_file=world.private.file, client_cert=world.us.both), provider()
    assert "b.tls" in said_of(tmp_path, a=us, b=nobody)
