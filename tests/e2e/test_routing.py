"""Which provider gets which request: rules, shares, load, pauses, edits, and what clients decide."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import pytest

from tests.e2e import answers
from tests.e2e.answers import error, saying, streamed, streaming, whole
from tests.e2e.client import CHAT, MESSAGES, Answer, chat, messages, post
from tests.e2e.client import streaming as reading
from tests.gateway import Gateway, eventually, running, standard_config
from tests.upstream import PATIENCE, Hold, Peer, Upstream, hang

Json = dict[str, Any]
AB = [{"provider": "a"}, {"provider": "b"}]
FIRST_A = [{"provider": "a"}, {"provider": "b", "priority": 1}]
HASTY = {"backoff": {"base": "10ms", "max": "30s"}}
ROUTES: list[Json] = [
    {
        "name": "gold",
        "models": ["m"],
        "headers": {"x-tier": {"regex": "^g"}},
        "backends": [{"provider": "b"}],
    },
    {
        "name": "acme",
        "models": ["m", "n-*"],
        "headers": {"X-Tenant": "acme"},
        "backends": [{"provider": "c"}],
    },
    {"name": "exact", "models": ["m"], "backends": [{"provider": "a"}]},
    {"name": "glob", "models": ["n-[12]*"], "backends": [{"provider": "b"}]},
    {"models": ["shares"], "backends": [{"provider": "a", "weight": 3}, {"provider": "b"}]},
    {"models": ["busy"], "balance": "least_in_flight", "backends": AB},
    *({"models": [f"fast-{number}"], "balance": "lowest_latency", "backends": AB} for number in range(10)),
    {"models": ["again"], "backends": [{"provider": "a"}], "retry": {"attempts": 3, **HASTY}},
    {"models": ["hurry"], "backends": [{"provider": "a"}], "timeouts": {"total": "20s"}, "retry": HASTY},
    {"models": ["fallback"], "backends": FIRST_A, "timeouts": {"first_byte": "30s"}},
    {
        "models": ["edited"],
        "headers": {"set": {"x-r": "route", "x-rb": "route"}, "remove": ["x-p"]},
        "body": {"set": {"user": "route", "seed": 2}, "remove": ["top_p"]},
        "backends": [
            {
                "provider": "edits",
                "model": "up",
                "headers": {"set": {"x-rb": "backend"}},
                "body": {"set": {"seed": 3}, "remove": ["n"]},
            }
        ],
    },
]


@pytest.fixture(scope="module")
def routing(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with these routes; clients may decide whatever there is to decide."""
    config = standard_config(loopback.url)
    config["server"]["allow_overrides"] = ["provider", "timeout", "attempts"]
    config["providers"]["edits"] = {
        "type": "openai",
        "base_url": f"{loopback.url}/edits/v1",
        "headers": {"set": {"x-p": "provider", "x-r": "provider", "x-own": "provider"}},
        "body": {"set": {"user": "provider", "seed": 1, "n": 1, "service_tier": "flex"}},
    }
    with running(config | {"routes": ROUTES}, tmp_path_factory.mktemp("routing")) as shared:
        yield shared


def ask(gateway: Gateway, model: str, headers: dict[str, str] | None = None, **fields: Any) -> Answer:
    return post(gateway.url, CHAT, chat(model, **fields), headers)


def answering(upstream: Upstream, *providers: str) -> None:
    for provider in providers:
        upstream.script(provider, whole(saying(provider, f"from {provider}")))


@pytest.mark.parametrize(
    ("model", "headers", "provider"),
    [
        ("m", {}, "a"),
        ("m", {"x-tier": "gold"}, "b"),
        ("m", {"x-tier": "big"}, "a"),
        ("m", {"x-tenant": "acme"}, "c"),
        ("m", {"x-tenant": "acme", "x-tier": "gold"}, "b"),
        ("m", {"x-tenant": "acme2"}, "a"),
        ("n-1x", {}, "b"),
        ("n-3", {"X-TENANT": "acme"}, "c"),
    ],
)
def test_the_first_route_that_matches(
    upstream: Upstream, routing: Gateway, model: str, headers: dict[str, str], provider: str
) -> None:
    for path, body in ((CHAT, chat(model)), (MESSAGES, messages(model))):
        answering(upstream, provider)
        assert post(routing.url, path, body, headers).headers["x-dragoman-provider"] == provider


@pytest.mark.parametrize("model", ["n-3", "M", "mm", "n-"])
def test_no_route_matches(routing: Gateway, model: str) -> None:
    assert ask(routing, model).status == 404


def test_shares(upstream: Upstream, routing: Gateway) -> None:
    answering(upstream, *"aaaaaabb")
    told = [ask(routing, "shares").headers["x-dragoman-provider"] for _ in range(8)]
    assert Counter(told[:4]) == Counter(told[4:]) == {"a": 3, "b": 1}


def test_a_stream_is_in_flight_until_it_ends_or_its_client_leaves(
    upstream: Upstream, routing: Gateway
) -> None:
    hold = Hold()
    first, *rest = streaming("a", "one")
    upstream.script("a", streamed([first, hold, *rest]))
    answering(upstream, *"bbb")
    with reading(routing.url, CHAT, chat("busy", stream=True)) as stream:
        stream.until(b"assistant")
        assert stream.headers["x-dragoman-provider"] == "a"
        for _ in range(3):
            assert ask(routing, "busy").headers["x-dragoman-provider"] == "b"
            is_free(routing, "b")
    is_free(routing, "a")
    answering(upstream, *"aabb")
    told = list[str]()
    for _ in range(4):
        told.append(ask(routing, "busy").headers["x-dragoman-provider"])
        is_free(routing, told[-1])
    assert Counter(told) == {"a": 2, "b": 2}


def is_free(gateway: Gateway, provider: str) -> None:
    """Wait until it serves no request for `busy` any more."""
    line = f'dragoman_backend_inflight_requests{{model="busy",provider="{provider}"}} 0.0'
    eventually(lambda: line in gateway.metrics(), "it is in flight for ever")


def slowly(peer: Peer) -> None:
    time.sleep(1)


def test_the_faster_of_two(upstream: Upstream, routing: Gateway) -> None:
    """Once more where `b` was the slower one, as the machine was busy."""
    for number in range(10):
        upstream.finish()
        upstream.script("a", *([slowly, *whole(saying("a"))] for _ in range(7)))
        answering(upstream, *"bbbbbbb")
        seconds: dict[str, list[float]] = {"a": [], "b": []}
        told = list[str]()
        for _ in range(8):
            started = time.monotonic()
            told.append(ask(routing, f"fast-{number}").headers["x-dragoman-provider"])
            seconds[told[-1]].append(time.monotonic() - started)
        assert set(told[:2]) == {"a", "b"}
        if max(seconds["b"]) < 0.5:
            break
    assert Counter(told) == {"a": 1, "b": 7}


@pytest.mark.parametrize(
    "pause",
    [{"retry-after": "1"}, {"retry-after-ms": "900", "retry-after": "60"}, {"retry-after": "date"}],
)
def test_a_pause_that_the_provider_asks_for_is_kept(
    upstream: Upstream, routing: Gateway, pause: dict[str, str]
) -> None:
    now = time.time()
    if pause["retry-after"] == "date":
        pause = {"retry-after": formatdate(now + 1, usegmt=True), "date": formatdate(now, usegmt=True)}
    upstream.script("a", whole(error("a"), 429, pause))
    answering(upstream, "a")
    assert ask(routing, "again").headers["x-dragoman-attempts"] == "2"
    assert time.time() - now >= 0.9


@pytest.mark.parametrize(
    ("model", "pause"),
    [("again", "31"), ("hurry", "25"), ("again", "a date")],
)
def test_a_pause_that_is_too_long_is_the_clients_to_keep(
    upstream: Upstream, routing: Gateway, model: str, pause: str
) -> None:
    if pause == "a date":
        pause = formatdate(time.time() + 90, usegmt=True)
    """Longer than the route ever waits, or than there is time left."""
    upstream.script("a", whole(error("a"), 429, {"retry-after": pause}))
    answer = ask(routing, model)
    assert (answer.status, answer.headers["retry-after"]) == (429, pause)
    assert answer.headers["x-dragoman-attempts"] == "1"


def test_backend_over_route_over_provider(upstream: Upstream, routing: Gateway) -> None:
    answering(upstream, "edits")
    ask(routing, "edited", top_p=0.5)
    sent = upstream.only()
    expected = {"x-own": "provider", "x-r": "route", "x-rb": "backend", "x-p": None}
    assert {name: sent.header(name) for name in expected} == expected
    body = json.loads(sent.body)
    assert body | {"messages": []} == {
        "model": "up",
        "messages": [],
        "user": "route",
        "seed": 3,
        "service_tier": "flex",
    }


# What clients decide


def test_a_client_chooses_the_provider(upstream: Upstream, routing: Gateway) -> None:
    answering(upstream, "b")
    answer = ask(routing, "fallback", {"x-dragoman-provider": "b"})
    assert answer.headers["x-dragoman-provider"] == "b"
    assert upstream.only().header("x-dragoman-provider") is None


@pytest.mark.parametrize("provider", ["c", "edits", "nobody", "../a"])
def test_but_only_one_that_the_route_has(routing: Gateway, upstream: Upstream, provider: str) -> None:
    answer = ask(routing, "fallback", {"x-dragoman-provider": provider})
    assert answer.status == 400 and answer.json()["error"]["param"] == "x-dragoman-provider"


def test_a_client_chooses_how_often(upstream: Upstream, routing: Gateway) -> None:
    upstream.script("a", whole(error("a"), 500))
    answer = ask(routing, "fallback", {"x-dragoman-attempts": "1"})
    assert (answer.status, answer.headers["x-dragoman-attempts"]) == (500, "1")
    upstream.script("a", *(whole(error("a"), 500) for _ in range(2)))
    upstream.script("b", whole(error("b"), 500))
    answering(upstream, "b")
    answer = ask(routing, "fallback", {"x-dragoman-attempts": "4"})
    assert (answer.status, answer.headers["x-dragoman-attempts"]) == (200, "4")


def test_a_client_chooses_for_how_long(upstream: Upstream, routing: Gateway) -> None:
    upstream.script("a", [hang])
    answer = ask(routing, "fallback", {"x-dragoman-timeout": "300ms"})
    assert answer.status == 504
    assert upstream.only().gone.wait(PATIENCE)


@pytest.mark.parametrize(("name", "value"), [("timeout", "soon"), ("timeout", "0"), ("attempts", "0")])
@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_what_can_not_be_is_refused(
    upstream: Upstream, routing: Gateway, name: str, value: str, path: str
) -> None:
    body = chat("m") if path == CHAT else messages("m")
    answer = post(routing.url, path, body, {f"x-dragoman-{name}": value})
    assert answer.status == 400 and f"x-dragoman-{name}" in answer.message


@pytest.mark.parametrize(("name", "value"), [("provider", "a"), ("timeout", "5s"), ("attempts", "1")])
def test_nothing_of_it_is_allowed_where_nobody_says_so(
    upstream: Upstream, gateway: Gateway, name: str, value: str
) -> None:
    answer = ask(gateway, "a-b", {f"x-dragoman-{name}": value})
    assert answer.status == 400 and f"x-dragoman-{name}" in answer.message


def test_with_direct_use_any_provider_may_be_chosen(upstream: Upstream, tmp_path: Any) -> None:
    config = standard_config(upstream.url)
    config["server"] |= {"allow_overrides": ["provider"], "allow_direct": True}
    with running(config, tmp_path) as gateway:
        answering(upstream, "c", "c")
        for model in ("a-b", "unknown"):
            answer = ask(gateway, model, {"x-dragoman-provider": "c"})
            assert answer.headers["x-dragoman-provider"] == "c"
            assert answer.headers["x-dragoman-model"] == model
        assert ask(gateway, "a-b", {"x-dragoman-provider": "nobody"}).status == 400
    assert answers.json.loads(upstream.of("c")[1].body)["model"] == "unknown"
