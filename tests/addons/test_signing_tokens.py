"""Entra ID and Google, against a token server on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import SecretStr

from addons.config_clouds import Entra
from addons.signing import entra, google
from tests.upstream import Received, Upstream


@pytest.fixture
def server() -> Iterator[Upstream]:
    started = Upstream()
    yield started
    assert not started.finish()
    started.close()


def answering(body: Any, status: int = 200) -> list[bytes]:
    told = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} OK\r\ncontent-type: application/json\r\ncontent-length: {len(told)}\r\n\r\n"
    return [head.encode() + told]


def form_of(received: Received) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(received.body.decode()).items()}


def options(server: Upstream, **more: Any) -> Entra:
    return Entra(tenant_id="dir", client_id="app", authority=f"{server.url}/entra", **more)


def test_an_applications_secret(server: Upstream) -> None:
    server.script("entra", answering({"access_token": "T", "expires_in": 3599}))
    lease = entra.fetch(options(server, client_secret=SecretStr("canary")))
    assert lease.value == "T" and set(lease.secrets) == {"T", "canary"} and lease.expires
    assert server.only().path == "/entra/dir/oauth2/v2.0/token"
    assert form_of(server.only()) == {
        "grant_type": "client_credentials",
        "client_id": "app",
        "scope": "https://cognitiveservices.azure.com/.default",
        "client_secret": "canary",
    }


def test_a_federated_token_is_read_anew(server: Upstream, tmp_path: Path) -> None:
    file = tmp_path / "token"
    for token in ("one", "two"):
        file.write_text(token + "\n")
        server.script("entra", answering({"access_token": "T", "expires_in": 3599}))
        entra.fetch(options(server, token_file=file))
        form = form_of(server.received[-1])
        assert form["client_assertion"] == token and "client_secret" not in form
        assert form["client_assertion_type"].endswith(":jwt-bearer")


def test_a_refusal_says_no_more_than_its_status(server: Upstream) -> None:
    server.script("entra", answering({"error_description": "canary"}, 401))
    with pytest.raises(PermissionError, match=r"^Entra ID answered 401\.$"):
        entra.fetch(options(server, client_secret=SecretStr("canary")))


def service_account(server: Upstream, folder: Path) -> Path:
    """A key file as Google hands them out, with a token server of our own."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "account.json"
    account = {"type": "service_account", "client_email": "me@p.iam", "private_key": key.decode()}
    file.write_text(json.dumps(account | {"token_uri": f"{server.url}/google/token"}))
    return file


def test_a_service_account(server: Upstream, tmp_path: Path) -> None:
    file = service_account(server, tmp_path)
    for fetch in (google.from_service_account, google.from_file):
        server.script("google", answering({"access_token": "G", "expires_in": 3599, "token_type": "Bearer"}))
        lease = fetch(file)
        assert lease.value == "G" and lease.secrets == ("G",) and lease.expires
    assert "assertion" in form_of(server.received[-1])


def test_application_default_credentials(
    server: Upstream, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(service_account(server, tmp_path)))
    server.script("google", answering({"access_token": "G", "expires_in": 3599, "token_type": "Bearer"}))
    assert google.from_machine().value == "G"


def test_workload_identity_federation(server: Upstream, tmp_path: Path) -> None:
    (tmp_path / "subject").write_text("federated")
    file = tmp_path / "external.json"
    identity = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{server.url}/sts/token",
        "credential_source": {"file": str(tmp_path / "subject")},
    }
    file.write_text(json.dumps(identity))
    server.script(
        "sts",
        answering(
            {
                "access_token": "W",
                "expires_in": 3599,
                "token_type": "Bearer",
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            }
        ),
    )
    assert google.from_file(file).value == "W"
    assert form_of(server.only())["subject_token"] == "federated"
