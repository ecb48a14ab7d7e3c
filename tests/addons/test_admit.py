import pytest
from mitmproxy import http

from addons.admit import REDACTED, Admit, check_credentials, known, redact, shown
from addons.call import Call
from addons.config import ApiKey
from addons.refusals import Refusals
from tests.addons.calls import CONFIG, Chain, a_call, a_config, a_request, asking, told

LOCKED = CONFIG.replace("server: {", "server: {api_keys: [first-key, {name: ann, key: second-key}], ")
SECRETS = {
    "authorization": "Bearer canary-1",
    "proxy-authorization": "Basic canary-2",
    "x-api-key": "canary-3",
    "api-key": "canary-4",
    "cookie": "a=canary-5",
    "x-amz-security-token": "canary-6",
    "x-amz-date": "canary-7",
    "x-goog-api-key": "canary-8",
    "X-Goog-User-Project": "canary-9",
}
KEYS = [ApiKey.model_validate("first-key"), ApiKey.model_validate({"name": "ann", "key": "second-key"})]


def admitted(text: str = CONFIG, **headers: str) -> tuple[bool, http.Response | None]:
    config = a_config(text)
    call = a_call(a_request(asking(), **headers), config)
    Admit(Refusals(lambda: config)).requestheaders(call.flow)
    return call.admitted, call.flow.response


# Keys


def test_without_keys_everybody_may_ask() -> None:
    assert admitted() == (True, None)


@pytest.mark.parametrize("name", ["first-key", "second-key"])
def test_a_key_may_be_shown_in_any_way(name: str) -> None:
    for header, value in (("authorization", f"Bearer {name}"), ("x_api_key", name), ("api_key", name)):
        assert admitted(LOCKED, **{header: value}) == (True, None)


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Bearer wrong", "first-key", "Basic first-key"])
def test_anything_else_is_refused(value: str) -> None:
    good, response = admitted(LOCKED, authorization=value)
    assert not good and response and response.status_code == 401
    assert told(response)["error"]["code"] == "invalid_api_key"


def test_a_key_in_a_query_does_not_open() -> None:
    call = Chain(LOCKED).call(a_request(asking(), "/v1/chat/completions?key=first-key"))
    assert not call.admitted


def test_the_key_has_a_name_for_the_log() -> None:
    assert known(["first-key"], KEYS) == "key-1"
    assert known(["wrong", "second-key"], KEYS) == "ann"
    assert known(["wrong"], KEYS) is None
    assert known([], KEYS) is None
    assert known(["\udcff"], KEYS) is None


def test_what_is_shown() -> None:
    headers = http.Headers(authorization="bearer  a ", x_api_key="b", api_key="c")
    assert shown(headers) == ["a", "b", "c"]
    assert shown(http.Headers(authorization="Basic a")) == []


def test_someone_at_the_gateway_needs_no_key_to_replay() -> None:
    config = a_config(LOCKED)
    call = a_call(config=config)
    call.flow.is_replay = "request"
    Admit(Refusals(lambda: config)).requestheaders(call.flow)
    assert call.admitted


# Request ids


@pytest.mark.parametrize(("asked", "kept"), [("mine", True), ("x" * 200, True), ("x" * 201, False)])
def test_a_request_id_is_the_clients_or_new(asked: str, kept: bool) -> None:
    call = Chain().call(a_request(asking(), x_request_id=asked))
    assert (call.request_id == asked) is kept
    assert call.request_id.startswith("req_") is not kept


@pytest.mark.parametrize("asked", ["a b", "a\nb", "\u00fc", ""])
def test_a_request_id_that_is_no_word_is_not_repeated(asked: str) -> None:
    assert Chain().call(a_request(asking(), x_request_id=asked)).request_id.startswith("req_")


# Secrets


@pytest.mark.parametrize("name", SECRETS)
def test_secrets_are_taken_out_of_the_clients_flow(name: str) -> None:
    request = a_request(asking(), **{name: SECRETS[name]})
    assert redact(request) == {SECRETS[name]}
    assert request.headers[name] == REDACTED.decode()


def test_every_one_of_several() -> None:
    request = a_request(asking())
    request.headers.set_all("cookie", ["a=1", "b=2", ""])
    assert redact(request) == {"a=1", "b=2"}
    assert request.headers.get_all("cookie") == [REDACTED.decode(), REDACTED.decode(), ""]


def test_other_headers_stay() -> None:
    request = a_request(asking(), x_team="ml", user_agent="me")
    before = request.headers.fields
    assert redact(request) == frozenset()
    assert request.headers.fields == before


@pytest.mark.parametrize(
    ("path", "after"),
    [
        ("/x?key=canary&alt=sse", "/x?key=[redacted]&alt=sse"),
        ("/x?alt=sse&api_key=canary", "/x?alt=sse&api_key=[redacted]"),
        ("/x?X-Amz-Signature=canary&a=b", "/x?X-Amz-Signature=[redacted]&a=b"),
        ("/x?access_token=canary", "/x?access_token=[redacted]"),
        ("/x?monkey=1&limit=2", "/x?monkey=1&limit=2"),
    ],
)
def test_secrets_in_a_query(path: str, after: str) -> None:
    request = a_request(asking(), path)
    redact(request)
    assert request.path == after


@pytest.mark.parametrize("name", SECRETS)
def test_an_attempt_that_carries_one_is_not_passed(name: str) -> None:
    chain = Chain()
    call, attempt = chain.first(a_request(asking(), **{name: SECRETS[name]}))
    call.checked.clear()
    attempt.request.headers["x-note"] = SECRETS[name]
    with pytest.raises(PermissionError):
        chain.run("request", attempt)
    assert not call.checked
    with pytest.raises(PermissionError):
        check_credentials(call, attempt.request)


def test_an_attempt_that_carries_none_is_passed() -> None:
    call, attempt = Chain().first(a_request(asking(), **SECRETS))
    assert call.checked == {attempt.id}


def test_a_call_that_is_made_again_keeps_its_id() -> None:
    chain = Chain()
    flow = a_call(a_request(asking())).flow
    call = Call(flow=flow, config=chain.config, request_id="as-it-was")
    call.bind(flow)
    Admit(Refusals(lambda: chain.config)).requestheaders(flow)
    assert call.request_id == "as-it-was"


@pytest.mark.parametrize("name", ["x-goog-api-client", "x-amz-user-agent"])
def test_the_name_of_an_sdk_is_no_secret(name: str) -> None:
    """Google's SDK says it twice, and `user-agent` goes on to providers."""
    call = a_call(a_request(**{name: "an-sdk/1.0", "user-agent": "an-sdk/1.0", "x-goog-api-key": "canary"}))
    call.credentials = redact(call.flow.request)
    assert call.credentials == {"canary"}
    assert call.flow.request.headers[name] == "an-sdk/1.0"
    check_credentials(call, a_request(**{"user-agent": "an-sdk/1.0"}))
