from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from mitmproxy import flow, flowfilter, http
from mitmproxy.addons.view import View
from mitmproxy.test import taddons, tflow, tutils

from addons.call import Call, Try
from addons.config_load import parse
from addons.endpoints import ENDPOINTS
from addons.label import BAD, GOOD, Label, trim
from addons.proxy import Failure
from translators import DIALECTS
from translators.canonical import Failed, Usage, Used
from translators.translator import Translator

CONFIG = parse(
    """
server: {keep_flows: 5}
providers:
  a: {type: openai}
  b: {type: openai, base_url: "http://b.example/v1", prices: {m: {input: 1, output: 2}}}
""",
    {},
)
CHAT = DIALECTS["openai_chat"]


def client(model: str = "small", status: int = 200) -> Call:
    flow = tflow.tflow(resp=tutils.tresp(status_code=status), live=True)
    flow.comment = ""
    call = Call(flow=flow, config=CONFIG, model=model)
    call.bind(flow)
    return call


def attempt(call: Call, provider: str, status: int = 200, dropped: tuple[str, ...] = ()) -> http.HTTPFlow:
    flow = tflow.tflow(resp=tutils.tresp(status_code=status))
    flow.metadata = {"attempt_of": call.flow.id, "attempt": len(call.attempts) + 1}
    flow.comment = f"attempt of {call.flow.id[:8]}"
    call.bind(flow)
    call.attempts.append(flow)
    call.tries.append(Try(provider, "m", Translator(CHAT, CHAT), dropped))
    if status == 429:
        call.failures.append(Failure("status", "status 429", status))
    return flow


@contextmanager
def label(*others: object) -> Iterator[Label]:
    with taddons.context(addon := Label(), *others):
        yield addon


def shown(flow: http.HTTPFlow, call: Call) -> str:
    return flow.comment.removesuffix(f" · #{call.flow.id[:8]}")


def test_an_attempt_while_it_runs() -> None:
    call = client()
    flow = attempt(call, "a", dropped=("seed", "n"))
    with label() as addon:
        addon.request(flow)
    assert flow.comment == f"attempt 1 · a/m · without seed, n · #{call.flow.id[:8]}"
    assert not flow.marked


def test_an_attempt_that_has_ended() -> None:
    call = client()
    good, bad = attempt(call, "a"), attempt(call, "b", 404)
    with label() as addon:
        addon.response(good)
        addon.response(bad)
    assert (shown(good, call), good.marked) == ("attempt 1/2 · a/m · ok", GOOD)
    assert (shown(bad, call), bad.marked) == ("attempt 2/2 · b/m · 404", BAD)


@pytest.mark.parametrize(("failure", "told"), [({"failure": "timeout"}, "timeout"), ({}, "it broke")])
def test_an_attempt_that_broke(failure: dict[str, str], told: str) -> None:
    call = client()
    flow_of_attempt = attempt(call, "a")
    flow_of_attempt.metadata |= failure
    flow_of_attempt.error = flow.Error("it broke")
    with label() as addon:
        addon.error(flow_of_attempt)
    assert shown(flow_of_attempt, call) == f"attempt 1 · a/m · {told}"
    assert flow_of_attempt.marked == BAD


def test_a_call_that_has_ended() -> None:
    call = client()
    failed, good = attempt(call, "a", 429), attempt(call, "b")
    call.tries[1].translator.outcome.used = Used(Usage(input=9, output=21))
    call.cost = 0.000051
    with label() as addon:
        addon.response(call.flow)
    assert (shown(call.flow, call), call.flow.marked) == (
        "small → b/m · 2 attempts · 200 · 9+21 tokens · $0.000051",
        GOOD,
    )
    assert (shown(failed, call), failed.marked) == ("attempt 1/2 · a/m · 429", BAD)
    assert (shown(good, call), good.marked) == ("attempt 2/2 · b/m · ok · 9+21 tokens · $0.000051", GOOD)


def test_a_stream_that_failed_in_its_middle() -> None:
    call = client("a/m")
    answered = attempt(call, "a")
    with label() as addon:
        addon.response(answered)
        call.flow.error = flow.Error("broke off")
        addon.error(call.flow)
    assert (shown(call.flow, call), call.flow.marked) == ("a/m · 200", BAD)
    assert (shown(answered, call), answered.marked) == ("attempt 1 · a/m · broken", BAD)


def test_a_refusal_says_why() -> None:
    call = client("nope", 404)
    call.refusal = Failed("not_found", "There is no such model.", 404)
    with label() as addon:
        addon.request(call.flow)
        assert shown(call.flow, call) == "nope · There is no such model."
        addon.response(call.flow)
    assert (shown(call.flow, call), call.flow.marked) == ("nope · 404 · There is no such model.", BAD)


def test_what_a_person_wrote_stays() -> None:
    call = client()
    flow_of_attempt = attempt(call, "a")
    for each in (call.flow, flow_of_attempt):
        each.comment, each.marked = "look at this", ":rocket:"
    with label() as addon:
        for each in (flow_of_attempt, call.flow):
            addon.request(each)
            addon.response(each)
    assert {(each.comment, each.marked) for each in (call.flow, flow_of_attempt)} == {
        ("look at this", ":rocket:")
    }


def test_a_name_is_short_and_printable() -> None:
    call = client("a\u202eb" * 1000)
    with label() as addon:
        addon.request(call.flow)
    assert call.flow.comment.startswith(r"a\u202eba\u202eb")
    assert call.flow.comment.isprintable()
    assert len(call.flow.comment) < 1000


def test_other_flows_are_left_alone() -> None:
    loaded = tflow.tflow(resp=True)
    loaded.comment = ""
    with label() as addon:
        for hook in (addon.request, addon.response, addon.error):
            hook(loaded)
    assert (loaded.comment, loaded.marked) == ("", "")


def test_mitmweb_is_told_of_what_changed_and_of_nothing_else() -> None:
    view, updated = View(), list[str]()
    call = client()
    one, two = attempt(call, "a", 429), attempt(call, "b")

    def note(flow: flow.Flow) -> None:
        updated.append(flow.id)

    with label(view) as addon:
        view.add([one, two])
        addon.response(two)
        view.sig_view_update.connect(note)
        addon.response(call.flow)
    assert updated == [one.id]


def test_the_oldest_flows_that_are_over_are_let_go() -> None:
    view, call = View(), client()
    flows = [tflow.tflow(resp=True, live=number == 1) for number in range(8)]
    with label(view) as addon:
        view.add([*flows, call.flow])
        addon.response(call.flow)
        assert list(view.resolve("@all")) == [flows[1], *flows[5:], call.flow]
        trim(view, 5)
        assert view.store_count() == 5


def test_mitmweb_shows_comments_unless_other_columns_were_asked_for() -> None:
    with taddons.context(addon := Label()) as context:
        addon.running()  # mitmdump has no such option
        context.options.add_option("web_columns", list, ["path"], "")
        addon.running()
        assert context.options.web_columns == ["path", "comment"]
        context.options.web_columns = ["size"]
        addon.running()
        assert context.options.web_columns == ["size"]


def test_the_formats_of_both_sides_are_noted() -> None:
    call = client()
    call.endpoint = next(it for it in ENDPOINTS if it.dialect == "anthropic_messages")
    asked = attempt(call, "a")
    with label() as addon:
        addon.request(call.flow)
        addon.request(asked)
    assert call.flow.metadata["dragoman_dialect"] == "anthropic_messages"
    assert asked.metadata["dragoman_dialect"] == "openai_chat"
    assert flowfilter.match("~meta provider:.a", asked) and not flowfilter.match(
        "~meta provider:.a", call.flow
    )
