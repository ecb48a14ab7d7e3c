import gzip
import json
from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.connection import Server
from mitmproxy.proxy import server_hooks
from mitmproxy.test import tflow

from addons.credentials import Credentials
from addons.demo.addon import Demo
from addons.seal import Seal, check_egress
from tests.addons.calls import MESSAGES, Chain, a_config, a_request, an_answer, asking

KEYS = {"a": b"Bearer key-of-a", "b": b"Bearer key-of-b", "anth": b"key-of-anth"}


def ready(provider: str = "a", **fields: Any) -> tuple[Seal, http.HTTPFlow]:
    """An attempt that has passed all addons."""
    chain = Chain()
    call, attempt = chain.first(a_request(asking(f"{provider}/m", **fields)))
    call.stay(attempt)
    return chain.seal, attempt


def connected(seal: Seal, host: str, port: int) -> Server:
    """A server after the hook that may refuse it."""
    server = Server(address=(host, port))
    seal.server_connect(server_hooks.ServerConnectionHookData(server=server, client=tflow.tclient_conn()))
    return server


# What goes on the wire


@pytest.mark.parametrize(
    ("provider", "header"), [("a", "authorization"), ("b", "authorization"), ("anth", "x-api-key")]
)
def test_the_key_is_put_on_a_copy(provider: str, header: str) -> None:
    seal, attempt = ready(provider)
    before = attempt.request.headers.fields
    wire = seal.seal(attempt)
    assert wire.headers[header].encode() == KEYS[provider]
    assert wire is not attempt.request and attempt.request.headers.fields == before
    assert "key-of" not in str(attempt.get_state())


@pytest.mark.parametrize("provider", ["free", "demo", "demo-claude"])
def test_who_asks_for_no_key_gets_none(provider: str) -> None:
    seal, attempt = ready(provider)
    assert not {"authorization", "x-api-key"} & {name.lower() for name in seal.seal(attempt).headers}


def test_what_people_have_edited_is_sent_and_measured() -> None:
    seal, attempt = ready()
    attempt.request.data.content = b"edited by hand"
    attempt.request.headers["transfer-encoding"] = "chunked"
    attempt.request.headers["x-note"] = "by hand"
    wire = seal.seal(attempt)
    assert wire.raw_content == b"edited by hand"
    assert wire.headers["content-length"] == "14" and "transfer-encoding" not in wire.headers
    assert wire.headers["x-note"] == "by hand"


def test_a_key_that_was_put_there_by_hand_is_replaced() -> None:
    seal, attempt = ready()
    attempt.request.headers["authorization"] = "Bearer somebody else's"
    assert seal.seal(attempt).headers.get_all("authorization") == ["Bearer key-of-a"]


# What does not


def test_what_admit_has_not_passed() -> None:
    seal, attempt = ready()
    call = Chain().call(a_request(asking()))
    for flow in (call.flow, tflow.tflow(), attempt.copy()):
        with pytest.raises(PermissionError):
            seal.seal(flow)


@pytest.mark.parametrize("undone", ["checked", "admitted", "tries", "attempt"])
def test_what_was_undone(undone: str) -> None:
    chain = Chain()
    call, attempt = chain.first(a_request(asking()))
    match undone:
        case "checked":
            call.checked.clear()
        case "admitted":
            call.admitted = False
        case "tries":
            call.tries.clear()
        case _:
            attempt.metadata["attempt"] = 0
    with pytest.raises(PermissionError):
        chain.seal.seal(attempt)


@pytest.mark.parametrize("header", ["authorization", "x-note", "user-agent"])
def test_the_clients_secret_in_an_edit_by_hand(header: str) -> None:
    chain = Chain()
    _, attempt = chain.first(a_request(asking(), authorization="Bearer canary"))
    attempt.request.headers[header] = "Bearer canary"
    with pytest.raises(PermissionError, match="credentials"):
        chain.seal.seal(attempt)


@pytest.mark.parametrize(
    "edit",
    [
        {"host": "b.example"},
        {"host": "a.example.evil.example"},
        {"host": "127.0.0.1"},
        {"port": 80},
        {"scheme": "http"},
        {"path": "/v2/chat/completions"},
        {"path": "/v1"},
        {"path": "/v1x/chat"},
        {"path": "/v1/../admin"},
        {"path": "/v1/.."},
        {"path": "//evil.example/v1/x"},
        {"path": "https://evil.example/v1/x"},
        {"path": ""},
        {"authority": "evil.example:443"},
    ],
)
def test_another_place(edit: dict[str, Any]) -> None:
    seal, attempt = ready()
    for name, value in edit.items():
        setattr(attempt.request, name, value)
    with pytest.raises(PermissionError):
        seal.seal(attempt)


def test_another_path_below_the_base_url_is_fine() -> None:
    seal, attempt = ready("b")
    attempt.request.path = "/base/v1/other?x=1"
    assert seal.seal(attempt).path == "/base/v1/other?x=1"


def test_another_providers_place_is_another_place() -> None:
    config = a_config()
    _, attempt = ready("a")
    check_egress(config.providers["a"], attempt.request)
    for other in ("b", "anth", "free", "demo"):
        with pytest.raises(PermissionError):
            check_egress(config.providers[other], attempt.request)


# Answers that quote a key


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_a_key_is_blotted_out(encoding: str) -> None:
    seal, attempt = ready()
    body = json.dumps({"error": {"message": "Incorrect API key: key-of-a, I said key-of-a."}}).encode()
    encoded = gzip.compress(body) if encoding else body
    attempt.response = an_answer(encoded, 401, content_encoding=encoding)
    seal.response(attempt)
    content = attempt.response.raw_content or b""
    assert content == body.replace(b"key-of-a", b"[redacted]")
    assert attempt.response.headers["content-length"] == str(len(content))
    assert not attempt.response.headers.get("content-encoding")


def test_a_key_that_is_no_secret_stays_in_words() -> None:
    chain = Chain('providers: {a: {type: openai, base_url: "https://a.example/v1", api_key: y}}')
    _, attempt = chain.first(a_request(asking("a/m")))
    attempt.response = an_answer(b'{"x": "you may"}')
    chain.seal.response(attempt)
    assert attempt.response.raw_content == b'{"x": "you may"}'


def test_a_stream_goes_through_what_blots_them_out() -> None:
    seal, attempt = ready()
    attempt.response = an_answer(b"")
    attempt.response.stream = True
    seal.responseheaders(attempt)
    assert callable(attempt.response.stream)
    assert [*attempt.response.stream(b"data: key-of-a\n\n")] == [b"data: [redacted]\n\n"]


def test_an_answer_that_quotes_none_is_not_touched() -> None:
    seal, attempt = ready()
    for body, encoding in (
        (b'{"x":"key-of-b"}', ""),
        (gzip.compress(b"{}"), "gzip"),
        (b"\x1f\x8bbroken", "gzip"),
    ):
        attempt.response = an_answer(body, 401, content_encoding=encoding)
        before = attempt.response.copy()
        seal.response(attempt)
        assert attempt.response.data == before.data


def test_the_key_of_the_provider_that_was_asked() -> None:
    chain = Chain()
    call, _ = chain.first(a_request(asking("three", MESSAGES), MESSAGES))
    second = chain.attempt(call)
    assert second
    second.response = an_answer(b'{"x": "key-of-b key-of-a"}', 401)
    chain.seal.response(second)
    assert second.response.raw_content == b'{"x": "[redacted] key-of-a"}'


def test_the_clients_flow_is_none_of_its_business() -> None:
    chain = Chain()
    call, _ = chain.first(a_request(asking()))
    call.flow.response = an_answer(b"key-of-a")
    chain.seal.response(call.flow)
    assert call.flow.response.raw_content == b"key-of-a"


# Addresses


@pytest.mark.parametrize(
    ("host", "port", "good"),
    [
        ("a.example", 443, True),
        ("b.example", 8080, True),
        ("anth.example", 443, True),
        ("a.example", 80, False),
        ("b.example", 443, False),
        ("127.0.0.1", 1, False),
        ("169.254.169.254", 80, False),
        ("demo.invalid", 443, False),
        ("", 0, False),
    ],
)
def test_only_addresses_of_providers(host: str, port: int, good: bool) -> None:
    assert (connected(Chain().seal, host, port).error is None) is good


def test_before_a_configuration_is_known_nothing_is_connected_to() -> None:
    assert connected(Seal(Demo(), Credentials()), "a.example", 443).error


def test_a_provider_that_is_disabled_has_no_address() -> None:
    seal = Seal(Demo(), Credentials())
    seal.use(
        a_config('providers: {off: {type: openai, base_url: "http://x.example/v1", api_key: "${NOT_SET}"}}')
    )
    assert connected(seal, "x.example", 80).error


def test_another_configuration_adds_addresses_while_the_old_are_in_use() -> None:
    seal = Chain().seal
    seal.use(a_config('providers: {n: {type: openai, base_url: "http://new.example/v1"}}'))
    assert not connected(seal, "new.example", 80).error
    assert not connected(seal, "a.example", 443).error


def test_the_demos_name_leads_to_it_while_it_runs() -> None:
    demo = Demo()
    seal = Seal(demo, Credentials())
    assert connected(seal, "demo.invalid", 80).error
    demo.address = ("127.0.0.1", 5)
    assert connected(seal, "demo.invalid", 80).address == ("127.0.0.1", 5)
    assert connected(seal, "127.0.0.1", 5).error


def test_it_seals_every_call() -> None:
    chain = Chain()
    call, attempt = chain.first(a_request(asking()))
    assert call.seal and call.seal(attempt).headers["authorization"] == "Bearer key-of-a"
