from mitmproxy.test import tflow

from addons.call import Call, Try, attempt_call, client_call
from addons.proxy import Exchange
from tests.addons.calls import Chain, a_call, a_config, a_request, asking
from translators import DIALECTS
from translators.translator import Translator


def test_a_flow_knows_its_call() -> None:
    call, attempt = Chain().first(a_request(asking()))
    assert client_call(call.flow) is call and attempt_call(call.flow) is None
    assert attempt_call(attempt) is call and client_call(attempt) is None


def test_a_flow_from_a_file_has_none() -> None:
    call, attempt = Chain().first(a_request(asking()))
    for flow in (call.flow, attempt):
        assert client_call(flow.copy()) is None and attempt_call(flow.copy()) is None
    assert client_call(tflow.tflow()) is None


def test_another_exchange_is_no_call() -> None:
    flow = tflow.tflow()
    Exchange(flow).bind(flow)
    assert client_call(flow) is None


def test_calls_are_told_apart() -> None:
    one, other = a_call(), a_call()
    assert one != other and len({one, other}) == 2
    one.checked.add("x")
    assert not other.checked


def test_the_current_try_is_the_last() -> None:
    call = Call(flow=tflow.tflow(), config=a_config())
    assert call.current is None
    for name in "ab":
        call.tries.append(Try(name, "m", Translator(DIALECTS["openai_chat"], DIALECTS["openai_chat"])))
    assert call.current and call.current.provider == "b"
