"""It fails closed, in four ways that do not need each other.

A flow over which an addon has failed goes nowhere; the seal sends nothing that a policy has not passed and
nothing to another place than its provider; the reverse target can't be reached; and no address is connected
to but those of providers. Each is tried with the others broken down, by an addon that comes after ours.
"""

import http.client
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.answers import saying, streamed, streaming, whole
from tests.e2e.client import CHAT, CLIENT_SECRETS, MESSAGES, Answer, chat, messages, post
from tests.e2e.sabotage import RAW
from tests.e2e.test_abuse import assert_refusal
from tests.gateway import PROVIDER_KEY, Gateway, running_stock, standard_config
from tests.upstream import Upstream

both = pytest.mark.parametrize("path", [CHAT, MESSAGES])
BEFORE = ["client.requestheaders", "client.request", "attempt", "attempt.requestheaders", "attempt.request"]
AFTER = ["attempt.responseheaders", "attempt.response", "client.responseheaders", "client.response"]
SCRIPTS = ["tests/e2e/sabotage.py", "tests/e2e/sabotage_slowly.py"]


@pytest.fixture(scope="module", params=SCRIPTS, ids=["inline", "in tasks"])
def gateway(
    request: pytest.FixtureRequest, loopback: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    """Stock mitmdump with our script and a saboteur."""
    folder = tmp_path_factory.mktemp("sabotage")
    with running_stock(standard_config(loopback.url), folder, "-s", request.param) as sabotaged:
        yield sabotaged


@pytest.fixture
def elsewhere() -> Iterator[Upstream]:
    """A server that is nobody's provider. It answers, if it is asked."""
    server = Upstream()
    yield server
    server.close()


def ask(gateway: Gateway, path: str, model: str, *acts: str, **fields: Any) -> Answer:
    make = chat if path == CHAT else messages
    headers = {"x-sabotage": " ".join(acts), "x-request-id": f"req-{' '.join(acts)}".replace(" ", "-")}
    return post(gateway.url, path, make(model, **fields), CLIENT_SECRETS | headers)


def assert_fault(path: str, answer: Answer, gateway: Gateway) -> None:
    """A 500 that tells nothing, and a line in the log that says so."""
    assert_refusal(path, answer, 500)
    assert RAW not in answer.body and "RuntimeError" not in answer.message
    assert gateway.logged(answer.headers["x-request-id"])["status"] == 500


def test_without_sabotage_all_is_well(upstream: Upstream, gateway: Gateway) -> None:
    upstream.script("a", whole(saying("a")))
    assert ask(gateway, CHAT, "a").status == 200


# 1: an addon fails


@both
@pytest.mark.parametrize("hook", BEFORE)
def test_nothing_is_sent_after_an_addon_failed(
    upstream: Upstream, gateway: Gateway, path: str, hook: str
) -> None:
    answer = ask(gateway, path, "a-b", f"boom.{hook}", "unseal", "connect")
    assert_fault(path, answer, gateway)
    assert not upstream.received


@both
@pytest.mark.parametrize("provider", ["a", "anth_a"])
@pytest.mark.parametrize("hook", AFTER)
def test_an_answer_over_which_an_addon_failed_is_not_shown(
    upstream: Upstream, gateway: Gateway, path: str, hook: str, provider: str
) -> None:
    upstream.script(provider, whole(saying(provider, RAW.decode())))
    assert_fault(path, ask(gateway, path, provider, f"boom.{hook}"), gateway)
    assert "has crashed" not in gateway.output()


@both
@pytest.mark.parametrize("provider", ["a", "anth_a"])
@pytest.mark.parametrize("hook", ["attempt.responseheaders", "client.responseheaders"])
def test_a_stream_over_which_an_addon_failed_does_not_begin(
    upstream: Upstream, gateway: Gateway, path: str, hook: str, provider: str
) -> None:
    upstream.script(provider, streamed(streaming(provider, RAW.decode())))
    assert_fault(path, ask(gateway, path, provider, f"boom.{hook}", stream=True), gateway)


@both
@pytest.mark.parametrize("provider", ["a", "anth_a"])
def test_a_stream_that_an_addon_breaks_does_not_look_whole(
    upstream: Upstream, gateway: Gateway, path: str, provider: str
) -> None:
    """What was sent can't be taken back, but nobody will take it for an answer."""
    upstream.script(provider, streamed(streaming(provider, RAW.decode())))
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        ask(gateway, path, provider, "stream", stream=True)
    assert RAW.decode() not in gateway.output() and "has crashed" not in gateway.output()


def test_an_addon_that_fails_is_no_reason_to_ask_others(upstream: Upstream, gateway: Gateway) -> None:
    upstream.script("a", whole({}, 500))
    assert_fault(CHAT, ask(gateway, CHAT, "a-b", "boom.attempt.responseheaders"), gateway)
    assert [request.provider for request in upstream.received] == ["a"]


def test_the_next_request_is_none_the_worse(upstream: Upstream, gateway: Gateway) -> None:
    ask(gateway, CHAT, "a", "boom.client.request")
    upstream.script("a", whole(saying("a")))
    assert ask(gateway, CHAT, "a").status == 200


def test_logs_say_where_but_not_what(gateway: Gateway) -> None:
    ask(gateway, CHAT, "a", "boom.attempt.request")
    assert "An addon failed: RuntimeError in request at sabotage.py:" in gateway.output()
    assert RAW.decode() not in gateway.output()


# 2: the seal


@both
@pytest.mark.parametrize(
    "act",
    [
        "uncheck",
        "unadmit",
        "edit.host.localhost",
        "edit.port.{port}",
        "edit.scheme.https",
        "edit.path./b/v1/chat/completions",
        "edit.path./a/v1/../../b/v1/chat/completions",
        "edit.authority.localhost:{port}",
        "leak.x-note",
        "leak.authorization",
    ],
)
def test_what_is_not_sealed_is_not_sent(
    upstream: Upstream, elsewhere: Upstream, gateway: Gateway, path: str, act: str
) -> None:
    answer = ask(gateway, path, "a-b", act.format(port=elsewhere.port), "connect")
    assert_fault(path, answer, gateway)
    assert not upstream.received and not elsewhere.received


@both
def test_the_clients_own_request_is_not_sealed(upstream: Upstream, gateway: Gateway, path: str) -> None:
    assert_fault(path, ask(gateway, path, "a-b", "own", "connect"), gateway)
    assert not upstream.received


@both
def test_a_refusal_that_is_taken_back_leads_nowhere(upstream: Upstream, gateway: Gateway, path: str) -> None:
    assert_fault(path, ask(gateway, path, "nope", "unrefuse"), gateway)
    assert not upstream.received


# 3: the reverse target


@both
@pytest.mark.parametrize("acts", [("stock",), ("stock", "connect"), ("own", "unseal", "connect")])
def test_the_reverse_target_can_not_be_reached(
    upstream: Upstream, gateway: Gateway, path: str, acts: tuple[str, ...]
) -> None:
    answer = ask(gateway, path, "a-b", *acts)
    assert answer.status == 502
    assert "canary" not in answer.body.decode()
    assert not upstream.received


# 4: addresses


@both
def test_no_other_address_is_connected_to(
    upstream: Upstream, elsewhere: Upstream, gateway: Gateway, path: str
) -> None:
    answer = ask(gateway, path, "a", f"elsewhere.{elsewhere.port}", "unseal")
    assert_refusal(path, answer, 502)
    assert str(elsewhere.port) not in answer.message
    assert not upstream.received and not elsewhere.received


def test_only_this_line_has_held(elsewhere: Upstream, gateway: Gateway) -> None:
    elsewhere.script("a", whole(saying("a")), whole(saying("a")))
    ask(gateway, CHAT, "a", f"elsewhere.{elsewhere.port}", "unseal", "connect")
    assert elsewhere.received


def test_not_even_so_is_anything_of_the_client_or_of_a_provider_told(
    elsewhere: Upstream, gateway: Gateway
) -> None:
    elsewhere.script("a", whole(saying("a")))
    ask(gateway, CHAT, "a", f"elsewhere.{elsewhere.port}", "unseal", "connect")
    told = str(elsewhere.only().headers)
    assert PROVIDER_KEY not in told and "canary-client" not in told
