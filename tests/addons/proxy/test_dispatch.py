import asyncio
import logging
from typing import Any

import pytest
from mitmproxy import exceptions, http
from mitmproxy.addons.stickycookie import StickyCookie
from mitmproxy.proxy.layers.http._hooks import HttpRequestHook, HttpResponseHook
from mitmproxy.test import taddons, tflow

from addons.proxy import AttemptHook, Exchange
from addons.proxy.dispatch import Dispatch


class Notes:
    """An addon that notes what it sees."""

    def __init__(self, name: str = "notes") -> None:
        self.name = name
        self.seen: list[str] = []

    def request(self, flow: http.HTTPFlow) -> None:
        self.seen.append("request")

    def attempt(self, exchange: Exchange) -> None:
        self.seen.append("attempt")

    def update(self, flows: list[http.HTTPFlow]) -> None:
        self.seen.append(f"update {len(flows)}")


class Slow(Notes):
    async def request(self, flow: http.HTTPFlow) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        self.seen.append("request")


class Raises:
    """An addon that fails, in whichever way it is told to."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def request(self, flow: http.HTTPFlow) -> None:
        raise self.error

    def attempt(self, exchange: Exchange) -> None:
        raise self.error


class RaisesSlowly(Raises):
    async def request(self, flow: http.HTTPFlow) -> None:  # type: ignore[override]
        await asyncio.sleep(0)
        raise self.error


def dispatch(*addons: Any) -> Dispatch:
    return Dispatch(taddons.context(*addons, loadcore=False).master.addons)


def live_flow() -> tuple[http.HTTPFlow, Exchange]:
    flow = tflow.tflow()
    exchange = Exchange(flow)
    exchange.bind(flow)
    return flow, exchange


def test_plain_handlers_run_inline_in_their_order_and_update_after_them() -> None:
    first, second = Notes("first"), Notes("second")
    second.seen = first.seen
    assert dispatch(first, second).run_inline(HttpRequestHook(tflow.tflow()))
    assert first.seen == ["request", "request", "update 1", "update 1"]


def test_with_a_coroutine_among_them_they_go_the_long_way() -> None:
    plain, slow = Notes("plain"), Slow("slow")
    both = dispatch(plain, slow)
    assert not both.run_inline(HttpRequestHook(tflow.tflow()))
    assert plain.seen == []
    asyncio.run(both.handle_lifecycle(HttpRequestHook(tflow.tflow())))
    assert plain.seen == slow.seen == ["request", "update 1"]
    assert both.run_inline(HttpResponseHook(tflow.tflow())), "of other hooks it is none"


def test_a_retry_never_runs_inline() -> None:
    _, exchange = live_flow()
    notes = Notes()
    assert dispatch(notes).run_inline(AttemptHook(exchange))
    exchange.attempts.append(tflow.tflow())
    assert not dispatch(notes).run_inline(AttemptHook(exchange))
    assert notes.seen == ["attempt"]


def test_addons_that_come_and_go_are_noticed() -> None:
    first, second = Notes("first"), Notes("second")
    context = taddons.context(first)
    one = Dispatch(context.master.addons)
    one.run_inline(HttpRequestHook(tflow.tflow()))
    context.master.addons.add(second)
    one.run_inline(HttpRequestHook(tflow.tflow()))
    context.master.addons.remove(first)
    one.run_inline(HttpRequestHook(tflow.tflow()))
    assert (first.seen.count("request"), second.seen.count("request")) == (2, 2)


def test_an_addon_of_mitmproxys_is_asked_as_soon_as_it_has_something_to_do() -> None:
    context = taddons.context(StickyCookie())
    one = Dispatch(context.master.addons)
    assert not one._lookup("request")[0]
    context.options.update(stickycookie=".*")
    assert one._lookup("request")[0]


@pytest.mark.parametrize("kind", [Raises, RaisesSlowly])
def test_an_exception_marks_the_exchange_and_the_others_go_on(
    kind: type[Raises], caplog: pytest.LogCaptureFixture
) -> None:
    flow, exchange = live_flow()
    notes = Notes()
    asyncio.run(dispatch(kind(RuntimeError("canary")), notes).handle_lifecycle(HttpRequestHook(flow)))
    assert exchange.faults == ["RuntimeError in request"]
    assert notes.seen == ["request", "update 1"]
    assert "RuntimeError in request at test_dispatch.py:" in caplog.text and "canary" not in caplog.text


@pytest.mark.parametrize(
    "error", [RuntimeError(), KeyError("x"), AssertionError(), RecursionError(), StopIteration()]
)
def test_inline_it_is_no_different(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    flow, exchange = live_flow()
    failing = dispatch(Raises(error))
    assert failing.run_inline(HttpRequestHook(flow))
    assert failing.run_inline(AttemptHook(exchange))
    assert exchange.faults == [f"{type(error).__name__} in request", f"{type(error).__name__} in attempt"]


def test_an_attempts_exception_is_its_exchanges() -> None:
    _, exchange = live_flow()
    attempt = tflow.tflow()
    exchange.bind(attempt)
    dispatch(Raises(RuntimeError())).run_inline(HttpRequestHook(attempt))
    assert exchange.faults


def test_a_flow_without_an_exchange_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    dispatch(Raises(RuntimeError())).run_inline(HttpRequestHook(tflow.tflow()))
    assert "An addon failed" in caplog.text


@pytest.mark.parametrize("kind", [Raises, RaisesSlowly])
def test_an_addon_may_say_that_the_others_need_not_look(kind: type[Raises]) -> None:
    flow, exchange = live_flow()
    notes = Notes()
    one = dispatch(kind(exceptions.AddonHalt()), notes)
    asyncio.run(one.trigger_event(HttpRequestHook(flow)))
    one.run_inline(HttpRequestHook(flow))
    assert notes.seen in ([], ["update 1"]) and exchange.faults == []


def test_errors_of_options_are_mitmproxys_own() -> None:
    with pytest.raises(exceptions.OptionsError):
        asyncio.run(dispatch(Raises(exceptions.OptionsError())).trigger_event(HttpRequestHook(tflow.tflow())))


def test_uninstalled_the_manager_has_its_own_back() -> None:
    context = taddons.context()
    stock = type(context.master.addons).trigger_event
    one = Dispatch(context.master.addons)
    assert context.master.addons.trigger_event == one.trigger_event
    one.uninstall()
    one.uninstall()
    assert context.master.addons.trigger_event.__func__ is stock  # type: ignore[attr-defined]


class Waits(Notes):
    """A plain handler that returns something to wait for, when there is something."""

    def __init__(self, wait: bool = True, error: Exception | None = None) -> None:
        super().__init__("waits")
        self.wait, self.error = wait, error

    def request(self, flow: http.HTTPFlow) -> Any:
        self.seen.append("asked")
        return self._later() if self.wait else None

    async def _later(self) -> None:
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        self.seen.append("request")


def test_one_that_has_to_wait_goes_the_long_way_from_where_it_is() -> None:
    first, waits, last = Notes("first"), Waits(), Notes("last")
    one, event = dispatch(first, waits, last), HttpRequestHook(tflow.tflow())
    assert not one.run_inline(event)
    assert (first.seen, waits.seen, last.seen) == (["request"], ["asked"], [])
    asyncio.run(one.handle_lifecycle(event))
    assert waits.seen == ["asked", "request", "update 1"]
    assert first.seen == last.seen == ["request", "update 1"]


def test_one_that_need_not_wait_this_time_stays_inline() -> None:
    waits = Waits(wait=False)
    assert dispatch(waits).run_inline(HttpRequestHook(tflow.tflow()))
    assert waits.seen == ["asked", "update 1"]


def test_what_is_waited_for_may_fail(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    flow, exchange = live_flow()
    one, event = dispatch(Waits(error=RuntimeError())), HttpRequestHook(flow)
    assert not one.run_inline(event)
    asyncio.run(one.handle_lifecycle(event))
    assert exchange.faults == ["RuntimeError in request"]
