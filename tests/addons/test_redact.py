import gzip
import json

import pytest
from mitmproxy import flow, http

from addons.config import Config
from addons.redact import Redact, address_to_gateway, secrets_in
from tests.addons.calls import Chain, a_config, a_request, an_answer, asking

CONFIG = """
providers:
  a:
    {type: openai, base_url: "https://a.example/v1", api_key: "key-of-a/\\"x"}
  b: {type: openai, base_url: "https://b.example/v1", api_key: key-of-b}
server: {allow_direct: true, api_keys: [client-one, {key: client-two, name: two}]}
routes: [{models: [one], backends: [{provider: a}]}]
"""


class Redacting(Chain):
    """Our addons, and copies of what they make."""

    def __init__(self) -> None:
        super().__init__(CONFIG)
        self.redact = Redact(lambda: self.config)


@pytest.fixture
def chain() -> Redacting:
    return Redacting()


def a_client(body: object = None, path: str = "/v1/chat/completions", **headers: str) -> http.Request:
    return a_request(body or asking("one"), path, **{"authorization": "Bearer client-one"} | headers)


def state(flow: http.HTTPFlow) -> str:
    """All that a file would hold of it."""
    return str(flow.get_state())


def test_every_secret_of_a_configuration_is_known() -> None:
    config = a_config(CONFIG)
    found = set(secrets_in((config.server, config.providers)))
    assert found == {'key-of-a/"x', "key-of-b", "client-one", "client-two"}


def test_a_key_is_taken_out_wherever_it_stands(chain: Redacting) -> None:
    body = asking("one", user='key-of-a/"x', metadata={"client-two": "key-of-b"})
    call, attempt = chain.first(a_client(body, x_note="client-two", x_api_key="what-the-client-made-up"))
    told = {"choices": [], "error": {"message": 'no key-of-a/"x, no what-the-client-made-up'}}
    attempt.response = an_answer(told, set_cookie="session=1", x_echo="key-of-b")
    call.flow.response = an_answer(told)
    call.flow.comment, call.flow.error = "client-one was here", flow.Error("key-of-b broke")
    call.flow.request.path += "?key=from-the-query&note=client-two"
    whole = state(chain.redact.copy(call.flow)) + state(chain.redact.copy(attempt))
    for secret in ("key-of", "client-one", "client-two", "made-up", "session=1", "from-the-query"):
        assert secret not in whole
    assert "[redacted]" in whole


def test_the_flow_itself_stays_as_it_is(chain: Redacting) -> None:
    call, _ = chain.first(a_client(asking("one", user="key-of-b")))
    before = state(call.flow)
    copy = chain.redact.copy(call.flow)
    assert state(call.flow) == before and copy.id == call.flow.id
    assert b"key-of-b" in (call.flow.request.content or b"")


def test_a_body_that_is_encoded(chain: Redacting) -> None:
    _, attempt = chain.first(a_client())
    attempt.response = an_answer(gzip.compress(b'{"said": "key-of-b"}'), content_encoding="gzip")
    assert chain.redact.copy(attempt).response.content == b'{"said": "[redacted]"}'  # type: ignore[union-attr]
    attempt.response = an_answer(packed := gzip.compress(b"{}"), content_encoding="gzip")
    assert chain.redact.copy(attempt).response.raw_content == packed  # type: ignore[union-attr]
    attempt.response = an_answer(b"\x1f\x8b" + b"nonsense" * 3, content_encoding="gzip")
    assert b"can't be decoded" in chain.redact.copy(attempt).response.content  # type: ignore[union-attr, operator]


def test_a_client_is_addressed_to_where_it_found_us(chain: Redacting) -> None:
    call, attempt = chain.first(a_client(host="elsewhere.example"))
    call.flow.client_conn.sockname = ("127.0.0.1", 1975)
    copy = chain.redact.copy(call.flow)
    assert copy.request.pretty_url == "http://127.0.0.1:1975/v1/chat/completions" == copy.request.url
    assert chain.redact.copy(attempt).request.pretty_url == "https://a.example/v1/chat/completions"


def test_where_the_client_came_in_is_not_known(chain: Redacting) -> None:
    call = chain.call(a_client())
    call.flow.client_conn.sockname = None  # type: ignore[assignment]
    address_to_gateway(call.flow, chain.config)
    assert call.flow.request.pretty_url.startswith("http://127.0.0.1:1975/")


def test_a_stream_that_is_kept_to_be_looked_at(chain: Redacting) -> None:
    call, attempt = chain.first(a_client(asking("one", stream=True)))
    pieces = "".join(f"data: {json.dumps({'delta': piece})}\n\n" for piece in ("the key-", "of", "-b is"))
    for flow_of_it in (call.flow, attempt):
        flow_of_it.response = an_answer(
            f"{pieces}data: key-of-b\n\n".encode(), content_type="text/event-stream"
        )
        flow_of_it.response.stream = True
        chain.redact.response(flow_of_it)
        assert flow_of_it.response.content == (
            b'data: {"delta":"the ****"}\n\ndata: {"delta":"**"}\n\ndata: {"delta":"** is"}\n\n'
            b"data: [redacted]\n\n"
        )


def test_another_configuration_has_other_secrets(chain: Redacting) -> None:
    configs: list[Config] = [a_config(CONFIG), a_config(CONFIG.replace("key-of-b", "another"))]
    redact = Redact(lambda: configs[0])
    call = chain.call(a_client(asking("one", user="another")))
    assert b"another" in (redact.copy(call.flow).request.content or b"")
    configs.pop(0)
    assert b"another" not in (redact.copy(call.flow).request.content or b"")
