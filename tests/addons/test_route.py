from collections import Counter
from typing import Any

import pytest
from mitmproxy.test import tflow

from addons.call import Call
from addons.proxy import Exchange, Failure, Recorded
from addons.route import retried, usable
from tests.addons.calls import MESSAGES, Chain, a_call, a_request, asking, told
from translators.canonical import Failed

CONNECT = Failure("connect", "connection failed")
RESET = Failure("reset", "connection closed")
TIMEOUT = Failure("timeout", "first byte timeout")


def status(code: int, retry_after: float | None = None) -> Failure:
    return Failure("status", f"status {code}", code, retry_after)


def routed(*backends: str, retry: str = "{}") -> Chain:
    """A chain with one route for model `m`; each backend is what stands in its braces."""
    return Chain(
        f"""
providers:
  a: {{type: openai}}
  b: {{type: openai}}
  c: {{type: openai}}
  anth: {{type: anthropic}}
  off: {{type: openai, api_key: "${{NOT_SET}}"}}
routes: [{{name: r, models: [m], retry: {retry}, backends: [{", ".join(f"{{{b}}}" for b in backends)}]}}]
"""
    )


def order(chain: Chain, *failures: Failure, **fields: Any) -> list[str]:
    """Who is asked, while this goes wrong."""
    call = chain.call(a_request(asking("m", **fields)))
    chain.attempt(call)
    for failure in failures:
        if not chain.fail(call, failure):
            break
    return [attempt.provider for attempt in call.tries]


def given_up(chain: Chain, *failures: Failure, path: str = "/v1/chat/completions") -> Call:
    """A call after its last attempt has failed."""
    call = chain.call(a_request(asking("m", path), path))
    chain.attempt(call)
    for failure in failures:
        assert not call.over
        chain.fail(call, failure)
    assert call.over
    return call


# Which route


def test_a_model_that_there_is_not() -> None:
    call = routed("provider: a").call(a_request(asking("nope")))
    error = told(call.flow.response)["error"]
    assert call.flow.response and call.flow.response.status_code == 404
    assert (error["code"], error["param"]) == ("model_not_found", "model")
    assert "nope" in error["message"] and "/v1/models" in error["message"]


def test_a_route_without_a_backend() -> None:
    call = routed("provider: off").call(a_request(asking("m"), x_request_id="mine"))
    assert call.flow.response and call.flow.response.status_code == 503
    assert call.flow.response.headers["x-request-id"] == "mine"


def test_a_request_that_was_answered_is_not_routed() -> None:
    assert routed("provider: a").call(a_request(b"", "/v1/models", "GET")).rule is None


def test_a_call_without_a_route_gets_no_attempt() -> None:
    """Without an exception the layer would ask again and again."""
    chain = routed("provider: a")
    for exchange in (a_call(config=chain.config), Exchange(a_call().flow)):
        with pytest.raises(LookupError):
            chain.route.attempt(exchange)


# Who is next


def test_lower_priorities_come_first() -> None:
    chain = routed("provider: b, priority: 5", "provider: c, priority: 9", "provider: a")
    assert order(chain, CONNECT, CONNECT) == ["a", "b", "c"]


def test_nobody_is_asked_again_while_another_is_left() -> None:
    chain = routed("provider: a", "provider: b", retry="{attempts: 4, backoff: {base: 0s}}")
    asked = order(chain, CONNECT, RESET, TIMEOUT)
    assert len(asked) == 4
    assert set(asked[:2]) == set(asked[2:]) == {"a", "b"}


def test_a_second_round_is_like_the_first() -> None:
    chain = routed("provider: a", "provider: b, priority: 1", retry="{attempts: 5, backoff: {base: 0s}}")
    assert order(chain, *[CONNECT] * 4) == ["a", "b", "a", "b", "a"]


def test_one_backend_is_tried_twice() -> None:
    assert order(routed("provider: a"), CONNECT, CONNECT) == ["a", "a"]


@pytest.mark.parametrize("attempts", [1, 2, 3])
def test_attempts_are_counted_all_together(attempts: int) -> None:
    chain = routed("provider: a", "provider: b", "provider: c", retry=f"{{attempts: {attempts}}}")
    assert len(order(chain, *[CONNECT] * 5)) == attempts


def test_a_priority_may_be_left_early() -> None:
    backends = ("provider: a", "provider: b", "provider: c, priority: 1")
    asked = order(routed(*backends, retry="{per_priority: 1, attempts: 5}"), *[CONNECT] * 5)
    assert len(asked) == 2 and asked[1] == "c"


def test_a_weight_of_nothing_is_never_asked() -> None:
    assert order(routed("provider: a, weight: 0", "provider: b"), CONNECT, CONNECT) == ["b", "b"]


def test_shares_are_met_exactly() -> None:
    chain = routed("provider: a, weight: 4", "provider: b, weight: 1")
    asked = [order(chain)[0] for _ in range(100)]
    assert Counter(asked) == {"a": 80, "b": 20}
    assert all(Counter(asked[start : start + 5])["b"] == 1 for start in range(0, 100, 5))


def test_the_same_requests_go_the_same_way() -> None:
    backends = ("provider: a, weight: 3", "provider: b, weight: 2", "provider: c, weight: 1")
    first, second = routed(*backends), routed(*backends)
    assert [order(first)[0] for _ in range(20)] == [order(second)[0] for _ in range(20)]


def test_a_backend_that_can_not_do_it_is_passed_over() -> None:
    assert order(routed("provider: anth", "provider: a, priority: 1"), n=2) == ["a"]


# What is retried


@pytest.mark.parametrize(
    "failure", [CONNECT, RESET, TIMEOUT, status(429), status(500), status(503), status(599)]
)
def test_by_default_what_may_pass_is_retried(failure: Failure) -> None:
    assert order(routed("provider: a", "provider: b"), failure) == ["a", "b"]


@pytest.mark.parametrize(
    "failure",
    [status(400), status(401), status(404), Failure("killed", "not sent"), Failure("total", "total")],
)
def test_and_nothing_else(failure: Failure) -> None:
    assert order(routed("provider: a", "provider: b"), failure) == ["a"]


def test_a_route_says_what_is_retried() -> None:
    rule = routed("provider: a", retry='{on: [connect, "404", 4xx]}').config.routes[0]
    assert retried(CONNECT, rule) and retried(status(404), rule) and retried(status(418), rule)
    assert not retried(RESET, rule) and not retried(status(500), rule)


def test_an_error_at_the_head_of_a_stream_counts_by_its_status() -> None:
    rule = routed("provider: a").config.routes[0]
    assert retried(Failure("stream", "error in stream", 529), rule)
    assert not retried(Failure("stream", "error in stream", 400), rule)


def test_the_layer_is_told_which_statuses_to_hold_back() -> None:
    chain = routed("provider: a")
    call, _ = chain.first(a_request(asking("m")))
    assert call.retries(429) and call.retries(502) and not call.retries(400) and not call.retries(200)


# How long it waits


def waiting(*failures: Failure, backoff: str = "{base: 1s, max: 4s}", backends: int = 1) -> list[float]:
    names = ["provider: a", "provider: b"][:backends]
    chain = routed(*names, retry=f"{{attempts: 9, backoff: {backoff}}}")
    call = chain.call(a_request(asking("m")))
    chain.attempt(call)
    waits = []
    for failure in failures:
        if not chain.fail(call, failure):
            break
        waits.append(call.delay)
    return waits


def test_each_pause_before_the_same_backend_is_longer_up_to_a_limit() -> None:
    waits = waiting(*[CONNECT] * 5)
    for wait, longest in zip(waits, [1, 2, 4, 4, 4], strict=True):
        assert longest / 2 <= wait <= longest


def test_another_backend_is_asked_at_once() -> None:
    assert waiting(CONNECT, backends=2) == [0]
    assert waiting(status(429, 60), backends=2) == [0]


def test_a_provider_that_names_its_pause_gets_it() -> None:
    assert waiting(status(429, 3)) == [3]


def test_a_provider_that_names_too_long_a_pause_is_not_asked_again() -> None:
    assert waiting(status(429, 5)) == []


def test_each_gets_the_pause_that_it_has_named_itself() -> None:
    to_b, to_b_again, to_a = waiting(status(429, 3), CONNECT, CONNECT, backends=2)
    assert to_b == 0 and to_b_again <= 1 and to_a == 3
    assert max(waiting(*[status(429, 5), CONNECT, RESET, RESET], backends=2)) <= 4  # only `b` is asked


def test_a_pause_for_which_there_is_no_time_is_not_made() -> None:
    chain = routed("provider: a", retry="{attempts: 9}, timeouts: {total: 4s}")
    call = chain.call(a_request(asking("m")))
    chain.attempt(call)
    chain.now = call.started + 1.5
    assert chain.fail(call, status(429, 2))
    assert not chain.fail(call, status(429, 3))
    assert call.over and call.response is None


def test_nor_is_one_of_our_own() -> None:
    chain = routed("provider: a", retry="{attempts: 9, backoff: {base: 8s}}, timeouts: {total: 5s}")
    call = chain.call(a_request(asking("m")))
    chain.attempt(call)
    chain.now = call.started + 1.5
    assert not chain.fail(call, CONNECT)
    assert call.response and call.response.status_code == 502


def test_the_first_attempt_does_not_wait() -> None:
    chain = routed("provider: a")
    call, _ = chain.first(a_request(asking("m")))
    assert call.delay == 0


def choosing(provider: str, server: str = "allow_overrides: [provider]") -> Call:
    text = """
providers: {a: {type: openai}, b: {type: openai}, c: {type: openai}}
routes: [{models: [m], backends: [{provider: a}, {provider: b, weight: 0}]}]
"""
    chain = Chain(f"server: {{{server}}}{text}")
    call = chain.call(a_request(asking("m"), x_dragoman_provider=provider))
    if not call.flow.response:
        chain.attempt(call)
    return call


@pytest.mark.parametrize("provider", ["a", "b"])
def test_a_client_may_ask_by_name(provider: str) -> None:
    """Also for who has no weight, and so is never asked otherwise."""
    call = choosing(provider)
    assert [attempt.provider for attempt in call.tries] == [provider]


@pytest.mark.parametrize(
    ("provider", "server"), [("c", "allow_overrides: [provider]"), ("a", "allow_overrides: [timeout]")]
)
def test_but_not_for_anyone(provider: str, server: str) -> None:
    call = choosing(provider, server)
    assert call.flow.response and call.flow.response.status_code == 400
    assert told(call.flow.response)["error"]["param"] == "x-dragoman-provider"


def test_with_direct_use_a_client_may_ask_for_anyone() -> None:
    call = choosing("c", "allow_overrides: [provider], allow_direct: true")
    assert [attempt.provider for attempt in call.tries] == ["c"]


def test_a_client_may_have_less_patience() -> None:
    chain = Chain(
        "server: {allow_overrides: [timeout, attempts]}\nproviders: {a: {type: openai}}\n"
        "routes: [{models: [m], backends: [{provider: a}], retry: {attempts: 5}}]"
    )
    call, _ = chain.first(a_request(asking("m"), x_dragoman_timeout="5s", x_dragoman_attempts="1"))
    assert call.timeouts.total == 5
    assert not chain.fail(call, CONNECT) and call.over


def test_a_route_without_any_weight() -> None:
    call = routed("provider: a, weight: 0").call(a_request(asking("m")))
    assert call.flow.response and call.flow.response.status_code == 503


def test_who_is_usable() -> None:
    chain = routed("provider: a", "provider: b, weight: 0", "provider: anth")
    call = chain.call(a_request(asking("m")))
    assert call.rule
    assert [backend.provider for backend in usable(call, call.rule)] == ["a", "anth"]
    call.unsupported.append(("a", "n", ""))
    assert [backend.provider for backend in usable(call, call.rule)] == ["anth"]


# Giving up


@pytest.mark.parametrize(
    ("failures", "code"),
    [
        ((CONNECT, CONNECT), 502),
        ((CONNECT, TIMEOUT), 504),
        ((TIMEOUT, RESET), 502),
        ((Failure("total", "total"),), 504),
    ],
)
def test_when_every_attempt_has_failed(failures: tuple[Failure, ...], code: int) -> None:
    call = given_up(routed("provider: a", "provider: b"), *failures)
    assert call.response and call.response.status_code == code
    message = told(call.response)["error"]["message"]
    for name, failure in zip("ab", failures, strict=False):
        assert f"{name}: {failure.reason}" in message


def test_a_providers_own_answer_is_the_clients() -> None:
    assert given_up(routed("provider: a", "provider: b"), CONNECT, status(429)).response is None
    assert given_up(routed("provider: a"), status(404)).response is None


def test_an_error_at_the_head_of_the_last_stream_is_told() -> None:
    chain = routed("provider: a")
    call = chain.call(a_request(asking("m", MESSAGES, stream=True), MESSAGES))
    chain.attempt(call)
    call.head_error = Failed("overloaded", "try later", 529)
    chain.fail(call, Failure("stream", "error in stream", 429))
    chain.fail(call, Failure("stream", "error in stream", 529))
    assert call.response and call.response.status_code == 529
    assert told(call.response)["error"] == {"type": "overloaded_error", "message": "try later"}


def test_what_nobody_can_do_is_told_with_field_and_provider() -> None:
    chain = routed("provider: anth")
    call = chain.call(a_request(asking("m", n=2)))
    assert chain.attempt(call) is None
    assert call.response and call.response.status_code == 422
    error = told(call.response)["error"]
    assert error["param"] == "n" and "anth" in error["message"]


def test_giving_up_tells_no_address() -> None:
    message = told(given_up(routed("provider: a"), CONNECT, CONNECT).response)["error"]["message"]
    assert "http" not in message and ":443" not in message


def test_it_is_the_clients_dialect_also_in_the_end() -> None:
    response = given_up(routed("provider: a"), CONNECT, CONNECT, path=MESSAGES).response
    assert told(response)["type"] == "error" and told(response)["error"]["type"] == "api_error"


# In a replay


def repeating(chain: Chain, *recorded: tuple[str, str]) -> list[str]:
    """Who is asked by a call whose recorded attempts went to these providers and models, and all failed."""
    call = chain.call(a_request(asking("m")))
    attempts = [tflow.tflow() for _ in recorded]
    for flow, (provider, model) in zip(attempts, recorded, strict=True):
        flow.metadata = {"provider": provider, "model": model}
    call.recorded = Recorded(call.flow, tuple(attempts))
    chain.attempt(call)
    while not call.over:
        chain.fail(call, Failure("reset", "reset"))
    return [f"{attempt.provider}/{attempt.model}" for attempt in call.tries]


def test_a_replay_asks_whom_the_recording_has_asked() -> None:
    backends = (
        "provider: a",
        "provider: b",
        "provider: b, model: x, priority: 1",
        "provider: c, priority: 1",
    )
    for recorded in (["b/x", "c/m", "a/m", "b/m"], ["c/m", "b/m", "b/x", "a/m"]):
        told = [(name.partition("/")[0], name.partition("/")[2]) for name in recorded]
        assert repeating(routed(*backends), *told) == recorded


def test_a_replay_plans_as_ever_where_the_recording_is_of_no_help() -> None:
    assert repeating(routed("provider: a", "provider: b, priority: 1"), ("gone", "m")) == ["a/m", "b/m"]
    assert repeating(routed("provider: a", "provider: b, priority: 1"), ("b", "old")) == ["b/m", "a/m"]


def test_what_is_not_in_the_recording_is_not_found() -> None:
    call = given_up(routed("provider: a", "provider: b"), Failure("unrecorded", "not in the recording"))
    assert call.response and call.response.status_code == 404
    assert "not in the recording" in told(call.response)["error"]["message"]
