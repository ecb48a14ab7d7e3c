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
from tests.gateway import Gateway, eventually, get, run_command, running, standard_config
from tests.ports import free_port
from tests.upstream import Hold, Step, Upstream, reset

FAILURES: dict[str, Callable[[], list[Step]]] = {
    "reset": lambda: [reset],
    "500": lambda: whole(answers.openai_error(), 500),
    "an error event first": lambda: streamed([sse(answers.openai_error()), answers.DONE]),
}
BREAKS: dict[str, Callable[[], list[Step]]] = {
    "reset": lambda: streamed([*answers.openai_stream("one")[:2], reset]),
    "no finish": lambda: streamed(answers.openai_stream("one")[:2]),
    "an error event": lambda: streamed([*answers.openai_stream("one")[:2], sse(answers.openai_error())]),
}


@contextmanager
def healthy(upstream: Upstream, folder: Path, **health: Any) -> Iterator[Gateway]:
    """A gateway that takes a backend out after two failures in a row, for ever where nothing else is said."""
    config = standard_config(upstream.url)
    config["server"]["health"] = {"consecutive": 2, "cooldown": {"base": "1h", "max": "1h"}, **health}
    with running(config, folder) as gateway:
        yield gateway


def ask(gateway: Gateway, model: str = "a-b", **fields: Any) -> Answer:
    return post(gateway.url, CHAT, chat(model, **fields))


def answering(upstream: Upstream, provider: str, times: int = 1) -> None:
    upstream.script(provider, *(whole(saying(provider, f"from {provider}")) for _ in range(times)))


def is_healthy(gateway: Gateway, provider: str, model: str = "a-b") -> bool:
    line = f'dragoman_backend_healthy{{model="{model}",provider="{provider}"}} '
    (value,) = [it.removeprefix(line) for it in gateway.metrics().splitlines() if it.startswith(line)]
    return float(value) == 1


@pytest.mark.parametrize("fault", FAILURES)
def test_who_fails_again_and_again_is_not_asked_any_more(
    upstream: Upstream, tmp_path: Path, fault: str
) -> None:
    with healthy(upstream, tmp_path) as gateway:
        upstream.script("a", FAILURES[fault](), FAILURES[fault]())
        upstream.script("b", *(streamed(streaming("b", "from b")) for _ in range(4)))
        told = [ask(gateway, stream=True).headers["x-dragoman-attempts"] for _ in range(4)]
        assert told == ["2", "2", "1", "1"]
        assert len(upstream.of("a")) == 2
        assert not is_healthy(gateway, "a") and is_healthy(gateway, "b")
        ejections = 'dragoman_backend_ejections_total{model="a-b",provider="a",reason="consecutive"} 1.0'
        assert ejections in gateway.metrics()
        assert "a/a-b is left out" in gateway.output()


@pytest.mark.parametrize("fault", BREAKS)
def test_streams_that_break_count_although_they_begin_well(
    upstream: Upstream, tmp_path: Path, fault: str
) -> None:
    with healthy(upstream, tmp_path) as gateway:
        upstream.script("a", BREAKS[fault](), BREAKS[fault]())
        for _ in range(2):
            assert b"error" in ask(gateway, stream=True).body
        answering(upstream, "b")
        assert ask(gateway).headers["x-dragoman-provider"] == "b"


@pytest.mark.parametrize("status", [400, 401, 404, 413, 422])
def test_the_clients_own_faults_do_not_count(upstream: Upstream, tmp_path: Path, status: int) -> None:
    with healthy(upstream, tmp_path) as gateway:
        upstream.script("a", *(whole(answers.openai_error(), status) for _ in range(5)))
        assert [ask(gateway).status for _ in range(5)] == [status] * 5
        assert is_healthy(gateway, "a")


@pytest.mark.parametrize("header", [{"retry-after": "600"}, {"retry-after-ms": "600000"}])
def test_a_limit_with_a_pause_counts_at_once(
    upstream: Upstream, tmp_path: Path, header: dict[str, str]
) -> None:
    with healthy(upstream, tmp_path) as gateway:
        upstream.script("a", whole(error("a"), 429, header))
        answering(upstream, "b", 2)
        assert [ask(gateway).headers["x-dragoman-attempts"] for _ in range(2)] == ["2", "1"]


def test_a_share_of_failures_counts_too(upstream: Upstream, tmp_path: Path) -> None:
    with healthy(upstream, tmp_path, consecutive=100, min_requests=6, error_rate=0.5) as gateway:
        for good in (True, False) * 3:
            upstream.script("a", whole(saying("a")) if good else whole(error("a"), 500))
        answering(upstream, "b", 4)
        assert [ask(gateway).headers["x-dragoman-provider"] for _ in range(7)] == [*"abababb"]


def test_one_request_at_a_time_finds_out_whether_it_is_well_again(upstream: Upstream, tmp_path: Path) -> None:
    cooldown = {"base": "400ms", "max": "400ms"}
    with healthy(upstream, tmp_path, cooldown=cooldown) as gateway, ThreadPoolExecutor() as pool:
        hold = Hold()
        upstream.script("a", [reset], [reset], [hold, *whole(saying("a", "from a"))])
        answering(upstream, "b", 1000)
        while not hold.reached.is_set():
            probe = pool.submit(ask, gateway)
            eventually(lambda it=probe: it.done() or hold.reached.is_set(), "no answer")
        for _ in range(3):
            assert ask(gateway).headers["x-dragoman-provider"] == "b"
        assert len(upstream.of("a")) == 3 and not is_healthy(gateway, "a")
        hold.release()
        assert b"from a" in probe.result().body
        assert is_healthy(gateway, "a")
        answering(upstream, "a")
        assert ask(gateway).headers["x-dragoman-provider"] == "a"


def test_the_last_backend_is_asked_all_the_same(upstream: Upstream, tmp_path: Path) -> None:
    with healthy(upstream, tmp_path) as gateway:
        upstream.script("a", *([reset] for _ in range(6)))
        assert [ask(gateway, "a").status for _ in range(3)] == [502] * 3
        answering(upstream, "a")
        assert ask(gateway, "a").status == 200
        assert is_healthy(gateway, "a", "a")


def test_off_is_off(upstream: Upstream, gateway: Gateway) -> None:
    upstream.script("a", *([reset] for _ in range(8)))
    answering(upstream, "b", 8)
    assert [ask(gateway).headers["x-dragoman-attempts"] for _ in range(8)] == ["2"] * 8


def test_status_tells_how_a_running_gateway_is(upstream: Upstream, tmp_path: Path) -> None:
    with healthy(upstream, tmp_path) as gateway:
        hold = Hold()
        upstream.script("a", [reset], [reset])
        first, *rest = streaming("b", "one")
        answering(upstream, "b", 2)
        for _ in range(2):
            ask(gateway)
        upstream.script("b", streamed([first, hold, *rest]))
        with reading(gateway.url, CHAT, chat("a-b", stream=True)) as stream:
            stream.until(b"assistant")
            shown = run_command("status", "--config", str(tmp_path / "config.yaml"), folder=tmp_path)
            told = run_command("status", "--admin", gateway.admin[7:], "--json", folder=tmp_path).stdout
            hold.release()
            stream.rest()
    assert shown.returncode == 0, shown.stderr
    assert "generation 1" in shown.stdout and "1 in flight" in shown.stdout
    (route,) = [route for route in json.loads(told)["routes"] if route["name"] == "a-b"]
    a, b = route["backends"]
    assert (a["provider"], a["health"], a["in_flight"]) == ("a", "cooling", 0) and a["seconds_left"] > 3000
    assert (b["provider"], b["health"], b["in_flight"], b["priority"]) == ("b", "healthy", 1, 1)
    assert b["first_byte_ms"] > 0
    assert "canary" not in told + shown.stdout and "127.0.0.1" not in told


def test_status_where_no_gateway_runs(tmp_path: Path) -> None:
    ended = run_command("status", "--admin", f"127.0.0.1:{free_port()}", folder=tmp_path)
    assert ended.returncode == 1 and "no gateway answers" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_status_is_not_for_clients(gateway: Gateway) -> None:
    assert get(gateway.url + "/status")[0] == 404
