"""A replay signs nothing: it needs no key, no token server and no network, not even for what was renewed."""

import json
from pathlib import Path
from typing import Any

from mitmproxy import http
from mitmproxy.test import tflow

from tests.e2e.answers import anthropic_message
from tests.e2e.client import CHAT, chat, post
from tests.flows.__main__ import write
from tests.gateway import run_command, running

CONFIG: dict[str, Any] = {
    "server": {"api_keys": ["${CLIENT_KEY}"]},
    "providers": {
        "vertex": {
            "type": "gcp-anthropic",
            "project": "p",
            "location": "global",
            "credentials": {"service_account_file": "/no/such/file.json"},
        },
        "bedrock": {"type": "aws-anthropic", "region": "us-east-1"},
        "keyed": {"type": "anthropic", "api_key": "${KEY}", "base_url": "${URL}"},
    },
    "routes": [
        {
            "models": ["m"],
            "backends": [
                {"provider": "vertex"},
                {"provider": "bedrock", "priority": 1},
                {"provider": "keyed", "priority": 2},
            ],
            "retry": {"on": ["429"]},
        }
    ],
}
ANSWERS = [("vertex", 401), ("vertex", 429), ("bedrock", 429), ("keyed", 200)]
"""The first one's token had ended: it was asked once more, with another."""


def recording(file: Path) -> None:
    """A call as it was recorded where there were credentials; what was asked then is of no interest here."""
    request = http.Request.make("POST", f"http://127.0.0.1:1975{CHAT}", json.dumps(chat("m")))
    request.headers["content-type"] = "application/json"
    request.headers["authorization"] = "[redacted]"
    client = tflow.tflow(req=request)
    client.response = http.Response.make(200, b"{}", {"x-request-id": "mine"})
    flows = [client]
    for number, (provider, status) in enumerate(ANSWERS, 1):
        attempt = tflow.tflow(req=http.Request.make("POST", "http://127.0.0.1/then"))
        attempt.metadata = {"attempt_of": client.id, "attempt": number, "provider": provider, "model": "m"}
        body = json.dumps(anthropic_message() if status == 200 else {"type": "error"})
        attempt.response = http.Response.make(status, body, {"content-type": "application/json"})
        flows.append(attempt)
    write(file, flows)


def test_no_credentials_are_needed(tmp_path: Path) -> None:
    file, config = tmp_path / "a.flow", tmp_path / "config.yaml"
    recording(file)
    config.write_text(json.dumps(CONFIG))
    arguments = ("test", "--json", str(file), "--config", str(config))
    (case,) = json.loads(run_command(*arguments, folder=tmp_path).stdout)
    assert case["verdict"] == "differs"
    places = [difference["where"] for difference in case["differences"]]
    assert {"attempt 1, path", "attempt 4, body"} <= set(places)
    assert not [place for place in places if place.endswith((", provider", ", model", "status"))]
    assert run_command(*arguments, "--update", folder=tmp_path).returncode == 0
    assert run_command(*arguments, folder=tmp_path).returncode == 0

    with running(CONFIG, tmp_path / "locked", "--replay", str(file)) as gateway:
        for guess in ("stand-in-for-a-variable", "${CLIENT_KEY}", "[redacted]", ""):
            assert post(gateway.url, CHAT, chat("m"), {"authorization": f"Bearer {guess}"}).status == 401
    key, env = {"authorization": "Bearer mine"}, {"CLIENT_KEY": "mine"}
    with running(CONFIG, tmp_path / "replay", "--replay", str(file), env=env) as gateway:
        answer = post(gateway.url, CHAT, chat("m"), key)
        assert (answer.status, answer.headers["x-dragoman-attempts"]) == (200, "4"), answer.body
        assert answer.headers["x-dragoman-provider"] == "keyed"
        assert post(gateway.url, CHAT, chat("m"), key).status == 404, "each answer is given once"
