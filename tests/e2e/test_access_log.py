"""Every request has one line in the log, whatever became of it, in text and in JSON."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from addons.account import FIELDS
from tests.e2e import answers
from tests.e2e.answers import saying, whole
from tests.e2e.client import CHAT, MESSAGES, chat, messages, post, raw, request
from tests.gateway import Gateway, Json, eventually, running, standard_config
from tests.upstream import Upstream, hang, reset

KEY = {"authorization": "Bearer canary-of-ann"}


@pytest.fixture(scope="module")
def strict(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that refuses much."""
    config = standard_config(loopback.url)
    config["server"] |= {
        "api_keys": [{"name": "ann", "key": "canary-of-ann"}],
        "max_request_bytes": "10KiB",
        "max_header_bytes": "4KiB",
    }
    with running(config, tmp_path_factory.mktemp("strict")) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def hasty(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway for those who are too slow."""
    config = standard_config(loopback.url)
    config["server"] |= {"api_keys": ["canary-of-ann"], "header_timeout": "500ms"}
    with running(config, tmp_path_factory.mktemp("hasty")) as gateway:
        yield gateway


ASKED: list[tuple[str, str, Any, dict[str, str], int]] = [
    ("GET", "/v1/models", None, KEY, 200),
    ("POST", CHAT, chat("a"), {}, 401),
    ("POST", CHAT, chat("a"), {"authorization": "Bearer canary-of-nobody"}, 401),
    ("POST", CHAT, b"{", KEY, 400),
    ("POST", MESSAGES, messages("nope"), KEY, 404),
    ("POST", "/v1/nope?key=canary-of-nobody", b"{}", KEY, 404),
    ("GET", CHAT, None, KEY, 405),
    ("POST", CHAT, chat("a", "canary-body " * 1000), KEY, 413),
    ("POST", CHAT, b"x", KEY | {"content-type": "text/plain"}, 415),
    ("POST", CHAT, chat("anth_a", n=2), KEY, 422),
    ("POST", CHAT, chat("refused"), KEY, 502),
    ("POST", CHAT, chat("hasty-a"), KEY, 504),
]


@pytest.mark.parametrize("case", ASKED, ids=lambda case: f"{case[4]}-{case[1]}")
def test_whatever_becomes_of_it(upstream: Upstream, strict: Gateway, case: Any) -> None:
    method, path, body, headers, status = case
    if status == 504:
        upstream.script("a", [hang], [hang])
    name = f"asked-{method}-{path.partition('?')[0].replace('/', '-')}-{status}-{len(str(headers))}"
    fields = {"content-type": "application/json", "x-request-id": name, **headers}
    assert request(strict.url, method, path, body, fields).status == status
    line = strict.logged(name)
    assert tuple(line) == FIELDS
    assert line["status"] == status
    assert line["endpoint"].endswith(path.partition("?")[0].removeprefix("/anthropic"))
    assert line["client_key"] == ("ann" if headers.get("authorization") == KEY["authorization"] else None)
    assert line["usage_source"] == "none" and line["cost_usd"] is None
    assert "canary" not in json.dumps(line)
    assert len([other for other in strict.access_log() if other["request_id"] == name]) == 1


AUTH = b"Authorization: Bearer canary-of-ann\r\n"
SHORT = b"Host: x\r\nAuthorization: Bearer canary-of-ann\r\nContent-Length: 5"


def lines_of(gateway: Gateway, status: int) -> list[Json]:
    return [line for line in gateway.access_log() if line["status"] == status]


@pytest.mark.parametrize(
    ("sent", "status", "told"),
    [
        (b"GET /v1/x HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400, ("GET", "/v1/x", "Folded")),
        (
            b"GET /v1/x?key=canary HTTP/1.1\r\nHost: x\r\nX-Big: " + b"a" * 9000 + b"\r\n\r\n",
            *(431, ("GET", "/v1/x", "too large")),
        ),
        (b"GET http://ann:canary@x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, ("GET", None, "target")),
        (b"POST /v1/x HTTP/1.1\r\nHost: x\r\ncanary\r\n\r\ncanary /canary x", 400, ("POST", "/v1/x", "head")),
        (b"POST /v1/x HTTP/1.1\r\n%s: y\r\n\r\nab /canary c" % SHORT, 400, ("POST", "/v1/x", "head")),
        (b"canary canary\r\n\r\n", 400, (None, None, "target")),
    ],
)
def test_what_never_became_a_request(
    strict: Gateway, sent: bytes, status: int, told: tuple[str | None, str | None, str]
) -> None:
    assert_is_told(strict, sent, status, told)


def test_a_head_that_never_ends(hasty: Gateway) -> None:
    sent = b"POST /v1/x?key=canary HTTP/1.1\r\n" + AUTH
    assert_is_told(hasty, sent, 408, ("POST", "/v1/x", "too long"))


def assert_is_told(
    gateway: Gateway, sent: bytes, status: int, told: tuple[str | None, str | None, str]
) -> None:
    before, refused = len(lines_of(gateway, status)), refusals(gateway, status)
    assert raw(gateway.port, sent).startswith(b"HTTP/1.1 %d " % status)
    eventually(lambda: len(lines_of(gateway, status)) > before, f"no line about a {status}")
    line = lines_of(gateway, status)[-1]
    assert tuple(line) == FIELDS and (line["method"], line["endpoint"]) == told[:2]
    assert told[2] in line["reason"] and "canary" not in json.dumps(line)
    assert refusals(gateway, status) == refused + 1


def test_a_body_that_never_comes(hasty: Gateway) -> None:
    before = len(lines_of(hasty, 408))
    assert raw(hasty.port, b"POST /v1/chat/completions HTTP/1.1\r\n%s\r\n\r\nab" % SHORT)
    eventually(lambda: len(lines_of(hasty, 408)) == before + 1, "no line about a 408")
    line = lines_of(hasty, 408)[-1]
    assert line["endpoint"] == CHAT and line["request_id"] and "canary" not in json.dumps(line)


def refusals(gateway: Gateway, status: int) -> float:
    """How many requests were refused so that had no endpoint, as the metrics have it."""
    sample = f'dragoman_refused_requests_total{{status="{status}"}} '
    lines = gateway.metrics().splitlines()
    return next((float(line.removeprefix(sample)) for line in lines if line.startswith(sample)), 0)


def test_text(upstream: Upstream, strict: Gateway, tmp_path: Any) -> None:
    upstream.script("a", [reset])
    upstream.script("anth_a", whole(answers.anthropic_message()))
    config = standard_config(upstream.url)
    with running(config, tmp_path, "--log-format", "text") as gateway:
        post(gateway.url, CHAT, chat("a-anth_a", "canary-body", seed=1), {"x-request-id": "text-1"})
        output = gateway.folder / "stdout"
        (line,) = eventually(
            lambda: [text for text in output.read_text().splitlines() if "request_id=text-1" in text],
            "no line",
        )
    for word in ("status=200", "attempts=a:reset,anth_a:ok", "input_tokens=20", "dropped=seed"):
        assert f" {word}" in line
    assert "canary" not in line


def test_a_whole_line(upstream: Upstream, strict: Gateway) -> None:
    upstream.script("a", whole(saying("a")))
    answer = post(strict.url, CHAT, chat("renamed-a"), KEY)
    line = strict.logged(answer.headers["x-request-id"])
    assert tuple(line) == FIELDS
    assert (line["client_key"], line["provider"], line["upstream_model"]) == ("ann", "a", "up-model")
