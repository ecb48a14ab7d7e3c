import time
from pathlib import Path
from typing import Any

import pytest

from addons.outgoing import request_to
from addons.signing import aws
from tests.sigv4 import botocores
from tests.upstream import Upstream
from translators.hosts import HOSTS

KEYS = ("AKIDEXAMPLE", "canary-secret", "canary-token")
NOW = 1767323045.0
STAMP = "20260102T030405Z"
ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2+c3"
STS = """<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>AKIDROLE</AccessKeyId>
<SecretAccessKey>canary-role</SecretAccessKey><SessionToken>canary-session</SessionToken>
<Expiration>2031-01-02T03:04:05Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>
</AssumeRoleWithWebIdentityResponse>"""


@pytest.fixture(autouse=True)
def nobodys_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("CONFIG_FILE", "SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(f"AWS_{name}", str(tmp_path / name))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.parametrize("keys", [KEYS, (*KEYS[:2], None)])
@pytest.mark.parametrize(
    "url", ["https://bedrock-runtime.us-east-1.amazonaws.com", "http://127.0.0.1:8080/base"]
)
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "model",
    ["anthropic.claude-sonnet-4-20250514-v1:0", ARN, "us.anthropic.x-v1:0", "a@b~c"],
)
def test_our_signature_is_botocores(model: str, stream: bool, url: str, keys: Any) -> None:
    path = HOSTS["aws-bedrock"].paths["bedrock_converse"].to(model, stream, {})
    headers = {"content-type": "application/json", "x-amzn-bedrock-trace": "ENABLED", "accept": "x"}
    request = request_to(url + path, headers, b'{"a": "\xc3\xa9"}')
    aws.sign(request, aws.Keys(*keys), "us-east-1", NOW)
    given = {name: request.headers[name] for name in ("host", "content-type", "x-amzn-bedrock-trace")}
    theirs = botocores(url + path, given, b'{"a": "\xc3\xa9"}', keys=keys, region="us-east-1", stamp=STAMP)
    assert request.headers["authorization"] == theirs["Authorization"]
    assert request.headers["x-amz-date"] == STAMP == theirs["X-Amz-Date"]
    assert request.headers.get("x-amz-security-token") == keys[2]
    assert "content-length" not in request.headers["authorization"]


def test_what_is_signed_twice_is_signed_anew() -> None:
    request = request_to("https://x.example/model/m/converse", {}, b"{}")
    aws.sign(request, aws.Keys(*KEYS), "us-east-1", NOW)
    first = request.headers["authorization"]
    aws.sign(request, aws.Keys(*KEYS), "us-east-1", NOW)
    assert request.headers.get_all("authorization") == [first]
    aws.sign(request, aws.Keys(*KEYS), "eu-west-1", NOW)
    assert request.headers["authorization"] != first


def test_keys_that_are_written_down() -> None:
    signer = aws.Static(aws.Keys(*KEYS), "us-east-1", lambda: NOW)
    request = request_to("https://x.example/model/m/converse", {}, b"{}")
    signer.sign(request)
    assert request.headers["x-amz-date"] == STAMP
    assert signer.fresh and not signer.renewable and not signer.refused(None)
    assert set(signer.secrets()) == {"canary-secret", "canary-token"}


def test_the_default_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-env")
    lease = aws.from_chain(None, "us-east-1")
    assert (lease.value, lease.expires) == (aws.Keys("AKIDENV", "canary-env"), None)


def test_a_default_chain_that_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(PermissionError):
        aws.from_chain(None, "us-east-1")


def test_a_profile_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "SHARED_CREDENTIALS_FILE"
    for secret in ("one", "two"):
        file.write_text(f"[work]\naws_access_key_id = AKIDWORK\naws_secret_access_key = {secret}\n")
        assert aws.from_chain("work", "us-east-1").value == aws.Keys("AKIDWORK", secret)


def test_a_role_by_the_token_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Upstream()
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", f"{server.url}/sts")
    file = tmp_path / "token"
    head = f"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: {len(STS)}\r\n\r\n"
    for token in ("first", "second"):
        file.write_text(token + "\n")
        server.script("sts", [head.encode(), STS.encode()])
        lease = aws.from_web_identity("arn:aws:iam::1:role/r", file, "eu-west-1")
        assert lease.value == aws.Keys("AKIDROLE", "canary-role", "canary-session")
        assert time.strftime("%Y", time.gmtime(lease.expires)) == "2031"
        assert f"WebIdentityToken={token}".encode() in server.received[-1].body
        assert server.received[-1].header("authorization") is None
    assert not server.finish()
    server.close()
