"""Providers that fail again and again: left out, tried again one request at a time, and asked again."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import answers
from tests.e2e.answers import error, saying, sse, streamed, streaming, whole
from tests.e2e.client import CHAT, Answer, chat, post
from tests.e2e.client import streaming as reading
from tests.gateway import Gateway, Json, eventually, get, run_command, running, standard_config
from tests.ports import free_port
from tests.upstream import Hold, Step, Upstream, reset

FAILURES: dict[str, Callable[[], list[Step]]] = {
    "reset": lambda: [reset],
    "500": lambda: whole(answers.openai_error(), 500),
    "an error event first": lambda: streamed([sse(answers.openai_error()), answers.DONE]),
}
BREAKS: dict[str, list[Step]] = {
    "reset": [reset],
    "no finish": [],
    "an error event": [sse(answers.openai_error())],
}
FOR_EVER = {"base": "1h", "max": "1h"}
PAIRS = [f"pair-{number}" for number in range(30)]
"""Models that `a` is asked for, and then `b`: each is well or not by itself, so each test takes another."""

ALONE = "alone"
"""A model that nobody but `a` is asked for."""


@contextmanager
def running_with(upstream: Upstream, folder: Path, **health: Any) -> Iterator[Gateway]:
    """A gateway that takes a backend out after two failures in a row, for ever where nothing else is said."""
    config = standard_config(upstream.url)
    config["server"]["health"] = {"consecutive": 2, "cooldown": FOR_EVER, **health}
    first: Json = next(route for route in config["routes"] if route["name"] == "a-b")
    config["routes"] = [first | {"name": model, "models": [model]} for model in PAIRS]
    config["routes"].append({"models": [ALONE], "backends": [{"provider": "a"}]})
    with running(config, folder) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def healthy(loopback: Upstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running_with(loopback, tmp_path_factory.mktemp("health")) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def untouched() -> Iterator[str]:
    return iter(PAIRS)


@pytest.fixture
def pair(untouched: Iterator[str]) -> str:
    """A model that has never been asked for."""
    return next(untouched)


def ask(gateway: Gateway, model: str, **fields: Any) -> Answer:
    return post(gateway.url, CHAT, chat(model, **fields))


def asked(gateway: Gateway, model: str, **fields: Any) -> Answer:
    """The answer, once its end has been counted too."""
    answer = ask(gateway, model, **fields)
    gateway.settled()
    return answer


def providers(gateway: Gateway, model: str, times: int) -> list[str]:
    return [asked(gateway, model).headers["x-dragoman-provider"] for _ in range(times)]


def attempts(gateway: Gateway, model: str, times: int) -> list[str]:
    return [asked(gateway, model).headers["x-dragoman-attempts"] for _ in range(times)]


def answering(upstream: Upstream, provider: str, times: int = 1) -> None:
    upstream.script(provider, *(whole(saying(provider, f"from {provider}")) for _ in range(times)))


def is_healthy(gateway: Gateway, provider: str, model: str) -> bool:
    line = f'dragoman_backend_healthy{{model="{model}",provider="{provider}"}} '
    (value,) = [it.removeprefix(line) for it in gateway.metrics().splitlines() if it.startswith(line)]
    return float(value) == 1


@pytest.mark.parametrize("fault", FAILURES)
def test_who_fails_again_and_again_is_not_asked_any_more(
    upstream: Upstream, healthy: Gateway, pair: str, fault: str
) -> None:
    upstream.script("a", FAILURES[fault](), FAILURES[fault]())
    upstream.script("b", *(streamed(streaming("b", "from b")) for _ in range(4)))
    told = [asked(healthy, pair, stream=True).headers["x-dragoman-attempts"] for _ in range(4)]
    assert told == ["2", "2", "1", "1"]
    assert len(upstream.of("a")) == 2
    assert not is_healthy(healthy, "a", pair) and is_healthy(healthy, "b", pair)
    ejections = f'dragoman_backend_ejections_total{{model="{pair}",provider="a",reason="consecutive"}} 1.0'
    assert ejections in healthy.metrics()
    eventually(lambda: f"a/{pair} is left out" in healthy.output(), "the log does not say so")


@pytest.mark.parametrize("fault", BREAKS)
def test_streams_that_break_count_although_they_begin_well(
    upstream: Upstream, healthy: Gateway, pair: str, fault: str
) -> None:
    for _ in range(2):
        hold = Hold()
        upstream.script("a", streamed([*answers.openai_stream("one")[:2], hold, *BREAKS[fault]]))
        with reading(healthy.url, CHAT, chat(pair, stream=True)) as stream:
            stream.until(b"one")
            hold.release()
            assert b"error" in stream.rest()
    healthy.settled()
    answering(upstream, "b")
    assert providers(healthy, pair, 1) == ["b"]


@pytest.mark.parametrize("status", [400, 401, 404, 413, 422])
def test_the_clients_own_faults_do_not_count(
    upstream: Upstream, healthy: Gateway, pair: str, status: int
) -> None:
    upstream.script("a", *(whole(answers.openai_error(), status) for _ in range(5)))
    assert [asked(healthy, pair).status for _ in range(5)] == [status] * 5
    assert is_healthy(healthy, "a", pair)


@pytest.mark.parametrize("header", [{"retry-after": "600"}, {"retry-after-ms": "600000"}])
def test_a_limit_with_a_pause_counts_at_once(
    upstream: Upstream, healthy: Gateway, pair: str, header: dict[str, str]
) -> None:
    upstream.script("a", whole(error("a"), 429, header))
    answering(upstream, "b", 2)
    assert attempts(healthy, pair, 2) == ["2", "1"]


def test_a_share_of_failures_counts_too(upstream: Upstream, tmp_path: Path, pair: str) -> None:
    with running_with(upstream, tmp_path, consecutive=100, min_requests=6, error_rate=0.5) as gateway:
        for good in (True, False) * 3:
            upstream.script("a", whole(saying("a")) if good else whole(error("a"), 500))
        answering(upstream, "b", 4)
        assert providers(gateway, pair, 7) == [*"abababb"]


def test_one_request_at_a_time_finds_out_whether_it_is_well_again(
    upstream: Upstream, tmp_path: Path, pair: str
) -> None:
    cooldown = {"base": "400ms", "max": "400ms"}
    with running_with(upstream, tmp_path, cooldown=cooldown) as gateway, ThreadPoolExecutor() as pool:
        hold = Hold()
        upstream.script("a", [reset], [reset], [hold, *whole(saying("a", "from a"))])
        answering(upstream, "b", 1000)
        while not hold.reached.is_set():
            probe = pool.submit(ask, gateway, pair)
            eventually(lambda it=probe: it.done() or hold.reached.is_set(), "no answer")
        for _ in range(3):
            assert ask(gateway, pair).headers["x-dragoman-provider"] == "b"
        assert len(upstream.of("a")) == 3 and not is_healthy(gateway, "a", pair)
        hold.release()
        assert b"from a" in probe.result().body
        gateway.settled()
        assert is_healthy(gateway, "a", pair)
        answering(upstream, "a")
        assert providers(gateway, pair, 1) == ["a"]


def test_the_last_backend_is_asked_all_the_same(upstream: Upstream, healthy: Gateway) -> None:
    upstream.script("a", *([reset] for _ in range(6)))
    assert [asked(healthy, ALONE).status for _ in range(3)] == [502] * 3
    assert not is_healthy(healthy, "a", ALONE)
    answering(upstream, "a")
    assert asked(healthy, ALONE).status == 200
    assert is_healthy(healthy, "a", ALONE)


def test_off_is_off(upstream: Upstream, gateway: Gateway) -> None:
    upstream.script("a", *([reset] for _ in range(8)))
    answering(upstream, "b", 8)
    assert attempts(gateway, "a-b", 8) == ["2"] * 8


def test_status_tells_how_a_running_gateway_is(
    upstream: Upstream, healthy: Gateway, pair: str, tmp_path: Path
) -> None:
    hold = Hold()
    upstream.script("a", [reset], [reset])
    first, *rest = streaming("b", "one")
    answering(upstream, "b", 2)
    attempts(healthy, pair, 2)
    upstream.script("b", streamed([first, hold, *rest]))
    with reading(healthy.url, CHAT, chat(pair, stream=True)) as stream:
        stream.until(b"assistant")
        shown = run_command("status", "--config", str(healthy.folder / "config.yaml"), folder=tmp_path)
        told = run_command("status", "--admin", healthy.admin[7:], "--json", folder=tmp_path).stdout
        hold.release()
        stream.rest()
    assert shown.returncode == 0, shown.stderr
    assert "generation 1" in shown.stdout and "1 in flight" in shown.stdout
    (route,) = [route for route in json.loads(told)["routes"] if route["name"] == pair]
    a, b = route["backends"]
    assert (a["provider"], a["health"], a["in_flight"]) == ("a", "cooling", 0)
    assert 0 < a["seconds_left"] <= 3600
    assert (b["provider"], b["health"], b["in_flight"], b["priority"]) == ("b", "healthy", 1, 1)
    assert b["first_byte_ms"] > 0
    assert "canary" not in told + shown.stdout and "127.0.0.1" not in told


def test_status_where_no_gateway_runs(tmp_path: Path) -> None:
    ended = run_command("status", "--admin", f"127.0.0.1:{free_port()}", folder=tmp_path)
    assert ended.returncode == 1 and "no gateway answers" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_status_is_not_for_clients(gateway: Gateway) -> None:
    assert get(gateway.url + "/status")[0] == 404
