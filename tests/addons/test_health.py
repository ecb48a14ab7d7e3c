from typing import Any

import pytest
from mitmproxy import flow as mitmflow
from mitmproxy import http
from prometheus_client import CollectorRegistry

from addons.call import Call
from addons.health import Health, keys_of
from addons.proxy import Failure
from tests.addons.calls import Chain, a_config, a_request, an_answer, asking
from tests.e2e import answers

RESET = Failure("reset", "connection closed")
SERVER = """
server: {allow_direct: true, health: {consecutive: 2, cooldown: {base: 10s}}}
providers: {a: {type: openai}, b: {type: openai}, anth: {type: anthropic}}
"""
ROUTES = "routes: [{models: [m], backends: [{provider: a}, {provider: b, priority: 1}]}]"


def a_chain(routes: str = ROUTES, server: str = SERVER) -> Chain:
    return Chain(server + routes)


def asked(chain: Chain, model: str = "m", **fields: Any) -> Call:
    """A call that has got its first attempt."""
    return chain.first(a_request(asking(model, **fields)))[0]


def ended(chain: Chain, call: Call, response: http.Response | None = None) -> Call:
    """The call's last attempt is answered, and its client has it all."""
    chain.answer(call, response or an_answer(answers.openai_chat()))
    chain.settle(call)
    return call


def sick(chain: Chain) -> Chain:
    """After two requests, at both of which `a` has failed."""
    for _ in range(2):
        call = asked(chain)
        assert call.tries[0].provider == "a"
        chain.fail(call, RESET)
        ended(chain, call)
    return chain


def standing(chain: Chain, provider: str = "a", model: str = "m") -> Any:
    return chain.health._standings[provider, model]


def test_who_fails_again_and_again_is_left_out_and_comes_back() -> None:
    chain = sick(a_chain())
    assert ended(chain, asked(chain)).tries[0].provider == "b"
    chain.now += 10
    assert ended(chain, asked(chain)).tries[0].provider == "a"
    assert standing(chain).state() == "well"


def test_while_one_tries_the_others_go_elsewhere() -> None:
    chain = sick(a_chain())
    chain.now += 10
    probe = asked(chain)
    assert probe.tries[0].provider == "a" and standing(chain).state() == "probing"
    assert asked(chain).tries[0].provider == "b"
    chain.answer(probe, an_answer(answers.openai_chat()))
    assert asked(chain).tries[0].provider == "a"


def test_a_probe_that_fails_goes_on_to_the_next() -> None:
    chain = sick(a_chain())
    chain.now += 10
    probe = asked(chain)
    chain.fail(probe, RESET)
    assert [attempt.provider for attempt in probe.tries] == ["a", "b"]
    assert standing(chain).until == chain.now + 20


def test_a_probe_whose_client_leaves_leaves_its_place_to_another() -> None:
    chain = sick(a_chain())
    chain.now += 10
    probe = asked(chain)
    probe.flow.error = mitmflow.Error("Client disconnected.")
    chain.run("error", probe.flow)
    assert asked(chain).tries[0].provider == "a"


def test_a_probe_that_is_passed_over_leaves_its_place_to_another() -> None:
    chain = a_chain("routes: [{models: [m], backends: [{provider: anth}, {provider: a, priority: 1}]}]")
    chain.health._standings["anth", "m"].out = True
    assert asked(chain, n=2).tries[0].provider == "a"
    assert standing(chain, "anth").state() == "out" and standing(chain, "anth").in_flight == 0


def test_the_last_one_is_asked_all_the_same() -> None:
    chain = a_chain("routes: [{models: [m], retry: {attempts: 1}, backends: [{provider: a}]}]")
    for _ in range(5):
        chain.fail(asked(chain), RESET)
    assert standing(chain).state() == "out"
    ended(chain, asked(chain))
    assert standing(chain).state() == "well"


def test_who_is_left_out_is_asked_before_anyone_is_asked_twice() -> None:
    chain = sick(a_chain())
    call = asked(chain)
    chain.fail(call, RESET)
    assert [attempt.provider for attempt in call.tries] == ["b", "a"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_what_is_the_requests_fault_does_not_count(status: int) -> None:
    chain = a_chain()
    for _ in range(5):
        ended(chain, asked(chain), an_answer(answers.openai_error(), status))
    assert standing(chain).streak == 0


@pytest.mark.parametrize("status", [429, 500, 503, 529])
def test_statuses_that_count_whether_they_are_retried_or_not(status: int) -> None:
    chain = a_chain(ROUTES.replace("[m],", "[m], retry: {on: [connect]},"))
    for _ in range(2):
        ended(chain, asked(chain), an_answer(answers.openai_error(), status))
    assert standing(chain).state() == "out"


def test_a_config_may_let_other_failures_count() -> None:
    chain = a_chain(server=SERVER.replace("consecutive: 2", 'consecutive: 2, on: ["401"]'))
    for _ in range(2):
        ended(chain, asked(chain), an_answer(answers.openai_error(), 401))
    assert standing(chain).state() == "out"


def test_a_limit_with_a_pause_counts_at_once_and_for_so_long() -> None:
    chain = a_chain()
    chain.fail(asked(chain), Failure("status", "status 429", 429, 7.0))
    assert (standing(chain).state(), standing(chain).until) == ("out", 7)


def test_a_stream_that_breaks_counts_although_it_began_well() -> None:
    chain = a_chain()
    for _ in range(2):
        call = asked(chain, stream=True)
        frames = b"".join(answers.openai_stream("one", "two")[:2])
        ended(chain, call, an_answer(frames, content_type="text/event-stream"))
        assert call.current and call.current.translator.outcome.failed
    assert standing(chain).state() == "out"


def test_an_answer_that_can_not_be_read_counts() -> None:
    chain = a_chain("routes: [{models: [m], backends: [{provider: anth}, {provider: a}]}]")
    chain.health._standings["a", "m"].out = True
    ended(chain, asked(chain), an_answer(b"<html>"))
    assert standing(chain, "anth").streak == 1


@pytest.mark.parametrize("message", ["Client disconnected.", "Connection killed.", "total timeout"])
def test_what_others_have_ended_says_nothing(message: str) -> None:
    chain = a_chain()
    for _ in range(5):
        call = asked(chain)
        call.attempts[-1].response = an_answer(b"{")
        call.flow.error = mitmflow.Error(message)
        chain.run("error", call.flow)
    assert standing(chain).streak == 0 and standing(chain).in_flight == 0


def test_a_stream_that_has_no_end_is_in_flight() -> None:
    chain = a_chain()
    first, second = asked(chain), asked(chain)
    assert standing(chain).in_flight == 2
    chain.answer(first, an_answer(answers.openai_chat()))
    assert standing(chain).in_flight == 2
    chain.settle(first)
    chain.run("error", first.flow)
    assert standing(chain).in_flight == 1
    chain.fail(second, RESET)
    assert standing(chain).in_flight == 0 and standing(chain, "b").in_flight == 1


def test_the_time_to_the_first_byte_is_measured() -> None:
    chain = a_chain()
    call = asked(chain)
    chain.now += 0.25
    ended(chain, call)
    assert standing(chain).latency(chain.now) == 0.25


@pytest.mark.parametrize(
    ("routes", "server"),
    [
        (ROUTES, SERVER.replace("{consecutive: 2, cooldown: {base: 10s}}", "off")),
        (ROUTES.replace("[m],", "[m], health: off,"), SERVER),
    ],
)
def test_off_is_off(routes: str, server: str) -> None:
    chain = a_chain(routes, server)
    for _ in range(9):
        call = asked(chain)
        assert call.tries[0].provider == "a"
        chain.fail(call, RESET)
    assert standing(chain).state() == "well"


def test_one_standing_for_all_routes() -> None:
    chain = sick(
        a_chain(ROUTES[:-1] + ", {models: [n], backends: [{provider: a, model: m}, {provider: b}]}]")
    )
    assert asked(chain, "n").tries[0].provider == "b"


def test_models_that_only_clients_can_name_share_one() -> None:
    chain = a_chain("routes: [{models: [m, 'x-*'], backends: [{provider: a}, {provider: b}]}]")
    (route,) = chain.config.routes
    assert list(keys_of(route, route.backends[0])) == [("a", "m"), ("a", "*")]
    assert chain.health.standing("x-1", route.backends[0]) is standing(chain, "a", "*")
    assert len(chain.health._standings) == 4
    asked(chain, "a/anything")
    assert len(chain.health._standings) == 4


def test_another_configuration_keeps_what_is_still_there() -> None:
    registry = CollectorRegistry()
    health = Health(registry)
    health.use(a_config(SERVER + ROUTES))
    kept = health._standings["a", "m"]
    kept.out = True
    health.use(a_config(SERVER + ROUTES.replace("provider: b", "provider: anth")))
    assert health._standings["a", "m"] is kept
    assert registry.get_sample_value("dragoman_backend_healthy", {"provider": "a", "model": "m"}) == 0
    assert registry.get_sample_value("dragoman_backend_healthy", {"provider": "anth", "model": "m"}) == 1
    assert registry.get_sample_value("dragoman_backend_healthy", {"provider": "b", "model": "m"}) is None
    moved = SERVER.replace("a: {type: openai}", 'a: {type: openai, base_url: "http://else.example/v1"}')
    health.use(a_config(moved + ROUTES))
    assert health._standings["a", "m"] is not kept
