"""Credentials that are fetched: once for all who wait, again after a refusal, and never told to anyone."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.addons.test_signing_aws import STS
from tests.addons.test_signing_tokens import service_account
from tests.e2e.answers import saying, whole
from tests.e2e.client import CHAT, chat, post
from tests.gateway import Gateway, running, standard_config
from tests.sigv4 import is_signed
from tests.upstream import PATIENCE, Hold, Received, Step, Upstream, close

KINDS = ["azure", "aws", "google", "federated"]
ROLE_KEYS = ("AKIDROLE", "canary-role", "canary-session")
CANARIES = ("canary-app", "canary-role", "canary-session", "canary-federated", "canary-token")


def entra(url: str, name: str) -> dict[str, Any]:
    return {
        "type": "azure-openai",
        "base_url": f"{url}/{name}",
        "api_version": "2025-01-01-preview",
        "entra": {
            "tenant_id": "dir",
            "client_id": "app",
            "client_secret": "canary-app",
            "authority": f"{url}/{name}-tokens",
        },
    }


AZURES = ["azure", "storm", "down", "ended", "ended2", "many", "hopeless", "slow"]


def configuration(loopback: Upstream, folder: Path) -> dict[str, Any]:
    (folder / "token").write_text("canary-federated")
    (folder / "external.json").write_text(
        json.dumps(
            {
                "type": "external_account",
                "audience": "//iam.googleapis.com/a-pool",
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                "token_url": f"{loopback.url}/federated-tokens/token",
                "credential_source": {"file": str(folder / "token")},
            }
        )
    )
    account = json.loads(service_account(loopback, folder).read_text())
    account["token_uri"] = f"{loopback.url}/google-tokens/token"
    (folder / "account.json").write_text(json.dumps(account))
    vertex = {"type": "gcp-anthropic", "project": "p", "location": "us-east5"}
    config = standard_config(loopback.url)
    config["providers"] |= {name: entra(loopback.url, name) for name in AZURES} | {
        "aws": {
            "type": "aws-anthropic",
            "region": "eu-west-1",
            "base_url": f"{loopback.url}/aws",
            "credentials": {
                "role_arn": "arn:aws:iam::123456789012:role/r",
                "web_identity_token_file": str(folder / "token"),
            },
        },
        "google": {
            **vertex,
            "base_url": f"{loopback.url}/google",
            "credentials": {"service_account_file": str(folder / "account.json")},
        },
        "federated": {
            **vertex,
            "base_url": f"{loopback.url}/federated",
            "credentials": {"credentials_file": str(folder / "external.json")},
        },
    }
    backends = [{"provider": "down"}, {"provider": "b", "priority": 1}]
    config["routes"].append({"models": ["down-b"], "backends": backends})
    config["server"]["allow_direct"] = True
    return config


@pytest.fixture(scope="module")
def clouds(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("credentials")
    env = {"AWS_ENDPOINT_URL_STS": f"{loopback.url}/aws-tokens"}
    with running(configuration(loopback, folder), folder, "-v", env=env) as gateway:
        yield gateway
        written = gateway.output() + gateway.metrics()
    assert not [canary for canary in CANARIES if canary in written]


def token(value: str = "canary-token") -> list[Step]:
    return whole({"access_token": value, "expires_in": 3600, "token_type": "Bearer"})


def tokens_of(kind: str) -> list[Step]:
    if kind != "aws":
        return token()
    head = f"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {len(STS)}\r\n\r\n"
    return [head.encode() + STS.encode()]


def answer_of(kind: str) -> list[Step]:
    return whole(saying("a" if kind not in ("aws", "google", "federated") else "anth_a"))


def bearer(request: Received) -> str | None:
    return request.header("authorization")


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_fetched_once(upstream: Upstream, clouds: Gateway, kind: str) -> None:
    upstream.script(f"{kind}-tokens", tokens_of(kind))
    upstream.script(kind, answer_of(kind), answer_of(kind))
    for _ in range(2):
        assert post(clouds.url, CHAT, chat(f"{kind}/m")).status == 200
    assert len(upstream.of(f"{kind}-tokens")) == 1
    for request in upstream.of(kind):
        if kind == "aws":
            assert is_signed(
                request.path, dict(request.headers), request.body, keys=ROLE_KEYS, region="eu-west-1"
            )
        else:
            assert bearer(request) == "Bearer canary-token"
        assert request.header("api-key") is None


def test_it_is_fetched_once_for_all_who_wait_and_others_go_on(upstream: Upstream, clouds: Gateway) -> None:
    hold = Hold()
    upstream.script("many-tokens", [hold, *token()])
    upstream.script("many", *(answer_of("many") for _ in range(8)))
    upstream.script("b", whole(saying("b")))
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(post, clouds.url, CHAT, chat("many/m")) for _ in range(8)]
        assert hold.reached.wait(PATIENCE)
        assert post(clouds.url, CHAT, chat("b/m")).status == 200
        hold.release()
        assert [each.result().status for each in waiting] == [200] * 8
    assert len(upstream.of("many-tokens")) == 1


def test_without_credentials_the_next_one_is_asked(upstream: Upstream, clouds: Gateway) -> None:
    upstream.script("down-tokens", whole({"error_description": "canary-app is wrong"}, 401))
    upstream.script("b", whole(saying("b")))
    answer = post(clouds.url, CHAT, chat("down-b"))
    assert (answer.status, answer.headers["x-dragoman-provider"]) == (200, "b")
    assert upstream.of("down") == []


def test_without_credentials_and_without_another(upstream: Upstream, clouds: Gateway) -> None:
    upstream.script("hopeless-tokens", *(whole({"error_description": "canary-app"}, 400) for _ in range(2)))
    answer = post(clouds.url, CHAT, chat("hopeless/m"))
    assert answer.status == 502
    assert "hopeless: no credentials" in answer.message and "canary" not in answer.message


@pytest.mark.parametrize(("name", "status"), [("ended", 401), ("ended2", 403)])
def test_a_token_that_is_refused_is_renewed_once(
    upstream: Upstream, clouds: Gateway, name: str, status: int
) -> None:
    upstream.script(f"{name}-tokens", token("canary-token-1"), token("canary-token-2"))
    refusal = whole({"error": {"code": str(status), "message": "expired"}}, status)
    upstream.script(name, answer_of(name), refusal, answer_of(name))
    assert post(clouds.url, CHAT, chat(f"{name}/m")).status == 200
    answer = post(clouds.url, CHAT, chat(f"{name}/m"))
    assert (answer.status, answer.headers["x-dragoman-attempts"]) == (200, "2")
    shown = [bearer(request) for request in upstream.of(name)]
    assert shown == ["Bearer canary-token-1", "Bearer canary-token-1", "Bearer canary-token-2"]
    # and when that is refused too, so is the client
    upstream.script(name, refusal)
    assert post(clouds.url, CHAT, chat(f"{name}/m")).status == status
    assert len(upstream.of(f"{name}-tokens")) == 2


def test_many_refusals_share_one_renewal(upstream: Upstream, clouds: Gateway) -> None:
    upstream.script("storm-tokens", token("canary-token-1"), token("canary-token-2"))
    upstream.script("storm", answer_of("storm"))
    post(clouds.url, CHAT, chat("storm/m"))
    hold = Hold()
    refusal = whole({"error": {"code": "401", "message": "expired"}}, 401)
    upstream.script("storm", *([hold, *refusal] for _ in range(6)))
    with ThreadPoolExecutor(6) as pool:
        waiting = [pool.submit(post, clouds.url, CHAT, chat("storm/m")) for _ in range(6)]
        upstream.wait_for("storm", 7)
        upstream.script("storm", *(answer_of("storm") for _ in range(6)))
        hold.release()
        assert [each.result().status for each in waiting] == [200] * 6
    assert len(upstream.of("storm-tokens")) == 2


def test_a_stream_that_quotes_its_token(upstream: Upstream, clouds: Gateway) -> None:
    upstream.script("slow-tokens", token())
    event = json.dumps({"choices": [], "note": "canary-token"}).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
    text = b"data: " + event + b"\n\ndata: [DONE]\n\n"
    first, second = Hold(), text.index(b"canary") + 7
    upstream.script("slow", [head + text[:second], first, text[second:], close])
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(post, clouds.url, CHAT, chat("slow/m", stream=True))
        assert first.reached.wait(PATIENCE)
        first.release()
        body = waiting.result().body
    assert b"[redacted]" in body and b"canary" not in body
