"""What the gateway refuses by itself: bodies, paths, methods, models and keys; in the client's dialect."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.answers import saying, whole
from tests.e2e.client import CHAT, MESSAGES, chat, messages, post, raw, request
from tests.e2e.test_abuse import assert_refusal, head, parsed
from tests.gateway import Gateway, running, standard_config
from tests.upstream import Upstream

both = pytest.mark.parametrize("path", [CHAT, MESSAGES])

TURNS = b'"max_tokens":9,"messages":[{"role":"user","content":"x"}]'
MALFORMED = {
    "empty": b"",
    "not JSON": b"hello",
    "cut": b'{"model":"a"',
    "two values": b'{"model":"a"} {"model":"a"}',
    "not an object": b'["a"]',
    "string": b'"a"',
    "null": b"null",
    "deep lists": b'{"model":"a","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"model":"a","x":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
    "infinity": b'{"model":"a","max_tokens":10,"messages":[],"temperature":1e400}',
    "NaN": b'{"model":"a","max_tokens":10,"messages":[],"temperature":NaN}',
    "duplicate model": b'{"model":"a",%s,"model":"b"}' % TURNS,
    "escaped duplicate": b'{"model":"a",%s,"m\\u006fdel":"b"}' % TURNS,
    "lone surrogate": b'{"model":"a","max_tokens":10,"messages":[{"role":"user","content":"\\ud800"}]}',
    "bad UTF-8": b'{"model":"a","max_tokens":10,"messages":[{"role":"user","content":"\xff\xfe"}]}',
    "control character": b'{"model":"a","max_tokens":10,"messages":[{"role":"user","content":"a\nb"}]}',
    "UTF-16": '{"model":"a"}'.encode("utf-16"),
    "model is a number": b'{"model":1,%s}' % TURNS,
    "messages is a string": b'{"model":"a","max_tokens":10,"messages":"x"}',
    "stream is a string": b'{"model":"a",%s,"stream":"yes"}' % TURNS,
}


@both
@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_bodies(upstream: Upstream, gateway: Gateway, path: str, case: str) -> None:
    assert_refusal(path, post(gateway.url, path, MALFORMED[case]), 400)
    assert not upstream.received


@both
@pytest.mark.parametrize("field", ["messages", "model"])
def test_a_missing_field_is_named(upstream: Upstream, gateway: Gateway, path: str, field: str) -> None:
    body: dict[str, Any] = chat("a") if path == CHAT else messages("a")
    del body[field]
    answer = post(gateway.url, path, body)
    assert_refusal(path, answer, 400)
    assert field in answer.message


@pytest.mark.parametrize("model", ["anth_a", "a"])
def test_a_wrong_type_deep_inside_is_named(upstream: Upstream, gateway: Gateway, model: str) -> None:
    """By the gateway where it translates; where bytes pass, the provider would say so."""
    other = {"anth_a": CHAT, "a": MESSAGES}[model]
    turn = {"role": "user", "content": [{"type": "text", "text": 5}]}
    answer = post(gateway.url, other, messages(model) | {"messages": [turn]})
    assert_refusal(other, answer, 400)
    assert "messages[0].content[0].text" in answer.message
    assert not upstream.received


@both
@pytest.mark.parametrize(
    "model",
    ["a\r\nx-injected: 1", "a\x00", "../a", "a%2f..", "a?x=1", "a#b", "nope", "A", "", " a", "a" * 5000],
)
def test_unknown_models(upstream: Upstream, gateway: Gateway, path: str, model: str) -> None:
    answer = post(gateway.url, path, chat(model) if path == CHAT else messages(model))
    assert answer.status in (400, 404)
    assert_refusal(path, answer, answer.status)
    assert not any("injected" in name for name in answer.headers)
    assert not upstream.received


@both
def test_an_unknown_model_is_told_how_to_see_the_others(gateway: Gateway, path: str) -> None:
    answer = post(gateway.url, path, chat("nope") if path == CHAT else messages("nope"))
    assert_refusal(path, answer, 404)
    assert "nope" in answer.message and "/v1/models" in answer.message


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("POST", "/v1/nope", 404),
        ("GET", "/", 404),
        ("GET", "/v1/chat/completions/../../metrics", 404),
        ("POST", "//v1/chat/completions", 404),
        ("POST", "/V1/chat/completions", 404),
        ("GET", CHAT, 405),
        ("DELETE", MESSAGES, 405),
        ("POST", "/v1/models", 405),
        ("GET", "/metrics", 404),
        ("GET", "/ready", 404),
    ],
)
def test_paths_and_methods(
    upstream: Upstream, gateway: Gateway, method: str, target: str, status: int
) -> None:
    answer = request(gateway.url, method, target, b"{}", {"content-type": "application/json"})
    dialect = MESSAGES if target.startswith("/anthropic") else CHAT
    assert_refusal(dialect, answer, status)
    assert not upstream.received


def test_405_says_what_is_allowed(gateway: Gateway) -> None:
    assert request(gateway.url, "GET", CHAT).headers["allow"] == "POST"


@both
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/html"])
def test_content_types(upstream: Upstream, gateway: Gateway, path: str, kind: str) -> None:
    body = chat("a") if path == CHAT else messages("a")
    assert_refusal(path, post(gateway.url, path, body, {"content-type": kind}), 415)


def test_a_charset_is_fine(upstream: Upstream, gateway: Gateway) -> None:
    upstream.script("a", whole(saying("a")))
    kind = {"content-type": "application/json; charset=utf-8"}
    assert post(gateway.url, CHAT, chat("a"), kind).status == 200


@both
def test_a_request_id_is_given_on_errors_too(gateway: Gateway, path: str) -> None:
    answer = post(gateway.url, path, b"{", {"x-request-id": "mine-2"})
    assert answer.headers["x-request-id"] == "mine-2"
    assert path == CHAT or answer.json()["request_id"] == "mine-2"


def test_a_request_id_is_not_a_way_in(upstream: Upstream, gateway: Gateway) -> None:
    """An endless or unprintable one is not repeated."""
    answer = post(gateway.url, CHAT, b"{", {"x-request-id": "x" * 5000})
    assert len(answer.headers["x-request-id"]) < 300
    reply = raw(gateway.port, head("X-Request-Id: a\xffb", "Content-Length: 1", "Connection: close") + b"{")
    assert parsed(reply).headers["x-request-id"].isascii()


# Keys


KEYS = ["canary-client-first", "canary-client-second"]


@pytest.fixture(scope="module")
def locked(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway that wants a key."""
    config = standard_config(loopback.url)
    config["server"] |= {"api_keys": KEYS}
    with running(config, tmp_path_factory.mktemp("locked")) as gateway:
        yield gateway


@both
@pytest.mark.parametrize("headers", [("authorization", "Bearer {}"), ("x-api-key", "{}"), ("api-key", "{}")])
@pytest.mark.parametrize("key", KEYS)
def test_a_key_opens(
    upstream: Upstream, locked: Gateway, path: str, headers: tuple[str, str], key: str
) -> None:
    name, form = headers
    upstream.script("a", whole(saying("a")))
    body = chat("a") if path == CHAT else messages("a")
    assert post(locked.url, path, body, {name: form.format(key)}).status == 200
    assert key not in json.dumps(upstream.only().headers)


@both
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": KEYS[0]},
        {"authorization": f"Basic {KEYS[0]}"},
        {"authorization": "Bearer "},
        {"x-api-key": KEYS[0] + "x"},
        {"x-api-key": KEYS[0][:-1]},
        {"api-key": ""},
        {"x-other-key": KEYS[0]},
        {"authorization": "Bearer w\u00f6rong"},
    ],
)
def test_no_key_or_a_wrong_one(
    upstream: Upstream, locked: Gateway, path: str, headers: dict[str, str]
) -> None:
    body = chat("a") if path == CHAT else messages("a")
    answer = post(locked.url, path, body, headers)
    assert_refusal(path, answer, 401)
    assert "canary" not in answer.body.decode()
    assert not upstream.received


@pytest.mark.parametrize("target", ["/v1/models", "/anthropic/v1/models", "/v1/nope"])
def test_nothing_is_told_without_a_key(locked: Gateway, target: str) -> None:
    assert request(locked.url, "GET", target).status == 401


def test_a_key_is_asked_for_before_a_body_is_read(upstream: Upstream, locked: Gateway) -> None:
    assert parsed(raw(locked.port, head("Content-Length: 1000000"))).status == 401
