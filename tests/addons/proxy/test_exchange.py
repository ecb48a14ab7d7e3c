from pathlib import Path

import pytest
from mitmproxy import http, io
from mitmproxy.test import tflow

from addons.proxy import Exchange, Failure, is_attempt
from addons.proxy.exchange import refused


def exchange() -> tuple[Exchange, http.HTTPFlow]:
    """An exchange with one attempt."""
    client, attempt = tflow.tflow(), tflow.tflow()
    one = Exchange(client)
    one.bind(client)
    one.bind(attempt)
    one.attempts.append(attempt)
    attempt.metadata = {"attempt_of": client.id, "attempt": 1}
    return one, attempt


def test_flows_know_their_exchange() -> None:
    one, attempt = exchange()
    assert Exchange.of(one.flow) is Exchange.of(attempt) is one
    assert Exchange.of_client(one.flow) is one and Exchange.of_client(attempt) is None
    assert Exchange.of_attempt(attempt) is one and Exchange.of_attempt(one.flow) is None
    assert Exchange.of(tflow.tflow()) is None


def test_copies_and_files_do_not() -> None:
    one, attempt = exchange()
    for flow in (one.flow, attempt):
        copy = flow.copy()
        assert isinstance(copy, http.HTTPFlow) and Exchange.of(copy) is None
        read = http.HTTPFlow.from_state(flow.get_state())
        assert isinstance(read, http.HTTPFlow) and Exchange.of(read) is None


def test_a_flow_can_be_saved(tmp_path: Path) -> None:
    _, attempt = exchange()
    with open(tmp_path / "flows", "wb") as file:
        io.FlowWriter(file).add(attempt)
    with open(tmp_path / "flows", "rb") as file:
        (read,) = io.FlowReader(file).stream()
    assert isinstance(read, http.HTTPFlow) and is_attempt(read)
    assert not is_attempt(exchange()[0].flow)


def test_the_last_attempt_has_failed_when_there_are_as_many_failures() -> None:
    one, _ = exchange()
    assert not one.failed
    one.failures.append(Failure("connect", "x"))
    assert one.failed


@pytest.mark.parametrize(
    ("header", "wait"),
    [("3", 3.0), ("0", 0.0), ("", None), ("soon", None), ("-1", None), ("1.5", None), ("\u00b2", None)],
)
def test_an_answer_that_is_held_back(header: str, wait: float | None) -> None:
    response = http.Response.make(429)
    response.headers["retry-after"] = header
    assert refused(response) == Failure("status", "status 429", 429, wait)


def test_by_default_nothing_is_retried_streamed_or_looked_at() -> None:
    one, _ = exchange()
    response = http.Response.make()
    assert not one.retries(500) and not one.streams(response) and one.peek(one, response) is None
    assert one.seal is None
