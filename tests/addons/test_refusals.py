from typing import get_args

import pytest
from mitmproxy.test import tflow

from addons.refusals import KINDS, Refusals, family_of
from tests.addons.calls import CHAT, MESSAGES, Chain, a_call, a_config, a_request, asking, told
from tests.oracles import check_anthropic_error, check_openai_error
from translators.canonical import ErrorKind, Failed
from translators.errors import STATUS

CONFIG = a_config()
REFUSALS = Refusals(lambda: CONFIG)
PREFIXED = a_config("endpoints: {root: /ai, openai: /oa, anthropic: /oa/claude}")


@pytest.mark.parametrize("status", [400, 404, 405, 408, 413, 415, 431, 500, 502, 504])
def test_refusals_are_json_in_the_clients_dialect(status: int) -> None:
    for path, check in (
        (CHAT, check_openai_error),
        (MESSAGES, check_anthropic_error),
        ("/", check_openai_error),
    ):
        response = REFUSALS.refusal(status, "No.", path)
        assert response.status_code == status
        assert response.headers["content-type"] == "application/json"
        assert check(status, told(response)) == []
        assert told(response)["error"]["message"] == "No."


@pytest.mark.parametrize("kind", get_args(ErrorKind))
def test_every_kind_of_error_has_a_status(kind: ErrorKind) -> None:
    for path, check in ((CHAT, check_openai_error), (MESSAGES, check_anthropic_error)):
        call = a_call(a_request(asking(path=path), path))
        response = REFUSALS.refuse(call, Failed(kind, "No."))
        assert response.status_code == STATUS[kind]
        assert check(STATUS[kind], told(response)) == []
        assert call.refusal and call.refusal.kind == kind


def test_every_status_has_a_kind_that_leads_back() -> None:
    assert set(KINDS.values()) <= STATUS.keys()


def test_a_status_of_its_own_wins() -> None:
    assert REFUSALS.refuse(a_call(), Failed("server", "No.", 502)).status_code == 502


def test_a_fault_tells_nothing() -> None:
    call, attempt = Chain().first(a_request(asking(path=MESSAGES), MESSAGES, x_request_id="mine"))
    for flow in (call.flow, attempt):
        response = REFUSALS.fault(flow)
        assert response.status_code == 500
        assert check_anthropic_error(500, told(response)) == []
        assert response.headers["x-request-id"] == told(response)["request_id"] == "mine"
    assert call.refusal and call.refusal.status == 500


def test_a_fault_over_a_flow_that_nobody_knows() -> None:
    assert REFUSALS.fault(tflow.tflow()).status_code == 500


def test_the_dialect_is_the_clients_also_where_its_path_is_none() -> None:
    call = Chain().call(a_request(b"", "/anthropic/v1/nope"))
    assert check_anthropic_error(404, told(call.flow.response)) == []


@pytest.mark.parametrize(
    ("path", "family"),
    [
        ("/ai/oa/v1/x", "openai"),
        ("/ai/oa/claude/v1/x", "anthropic"),
        ("/ai/oa/claudex", "openai"),
        ("/ai/oa", "openai"),
        ("/x", "openai"),
        ("", "openai"),
    ],
)
def test_the_longest_prefix_wins(path: str, family: str) -> None:
    assert family_of(path, PREFIXED) == family
