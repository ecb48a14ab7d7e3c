import json
from typing import Any

import pytest
from mitmproxy import http

from addons.outgoing import base_url_of, host_of, request_to
from tests.addons.calls import CHAT, MESSAGES, Chain, a_config, a_request, asking
from tests.e2e.client import CLIENT_SECRETS
from tests.gateway import PROVIDER_KEY

PROVIDERS = """
server: {allow_direct: true}
providers:
  a: {type: openai, base_url: "https://a.example/v1", api_key: key-of-a}
  anth: {type: anthropic, base_url: "https://anth.example", api_key: key-of-anth}
  demo: {type: demo}
  demo-claude: {type: demo, dialect: anthropic_messages}
"""


def sent(request: http.Request, text: str = PROVIDERS) -> http.Request:
    """The first attempt's request, before the seal."""
    return Chain(text).first(request)[1].request


def with_edits(provider: str = "", route: str = "", backend: str = "") -> str:
    return f"""
providers: {{a: {{type: openai, {provider}}}}}
routes: [{{models: [m], {route} backends: [{{provider: a, {backend}}}]}}]
"""


def names(request: http.Request) -> set[str]:
    return {name.lower() for name in request.headers}


def content(request: http.Request) -> Any:
    return json.loads(request.raw_content or b"")


# Where it goes


@pytest.mark.parametrize(
    ("provider", "path", "url", "host"),
    [
        ("a", CHAT, "https://a.example/v1/chat/completions", "a.example"),
        ("a", MESSAGES, "https://a.example/v1/chat/completions", "a.example"),
        ("anth", MESSAGES, "https://anth.example/v1/messages", "anth.example"),
        ("anth", CHAT, "https://anth.example/v1/messages", "anth.example"),
        ("demo", CHAT, "http://demo.invalid/v1/chat/completions", "demo.invalid"),
        ("demo-claude", CHAT, "http://demo.invalid/v1/messages", "demo.invalid"),
    ],
)
def test_an_attempt_goes_to_its_provider(provider: str, path: str, url: str, host: str) -> None:
    request = sent(a_request(asking(f"{provider}/m", path), path + "?beta=true"))
    assert (request.method, request.url, request.headers["host"]) == ("POST", url, host)
    assert request.authority == ""
    assert request.headers["content-length"] == str(len(request.raw_content or b""))


@pytest.mark.parametrize(
    ("url", "address", "host"),
    [
        ("https://x.example/v1/y", ("https", "x.example", 443), "x.example"),
        ("https://x.example:443/y", ("https", "x.example", 443), "x.example"),
        ("https://x.example:80/y", ("https", "x.example", 80), "x.example:80"),
        ("http://x.example/y", ("http", "x.example", 80), "x.example"),
        ("http://127.0.0.1:8080/y", ("http", "127.0.0.1", 8080), "127.0.0.1:8080"),
        ("http://[::1]:8080/y", ("http", "::1", 8080), "[::1]:8080"),
        ("https://[::1]/y", ("https", "::1", 443), "[::1]"),
    ],
)
def test_addresses(url: str, address: tuple[str, str, int], host: str) -> None:
    request = request_to(url, {}, b"x")
    assert (request.scheme, request.host, request.port) == address
    assert request.headers["host"] == host


def test_a_provider_has_a_host_and_a_place() -> None:
    providers = a_config(PROVIDERS).providers
    assert host_of(providers["a"]).label == "openai"
    assert host_of(providers["demo-claude"]).paths.keys() == {"anthropic_messages", "anthropic_count"}
    assert base_url_of(providers["demo"]) == "http://demo.invalid"


# Headers


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
@pytest.mark.parametrize("provider", ["a", "anth", "demo", "demo-claude"])
@pytest.mark.parametrize("name", CLIENT_SECRETS)
def test_no_secret_of_the_client_is_in_an_attempt(name: str, provider: str, path: str) -> None:
    chain = Chain(PROVIDERS)
    secrets = {name: CLIENT_SECRETS[name], "x-goog-user-project": "canary", "x-amz-date": "canary"}
    _, attempt = chain.first(a_request(asking(f"{provider}/m", path), path, **secrets))
    wire = chain.seal.seal(attempt)
    for request in (attempt.request, wire):
        assert "canary" not in str(request.headers) + request.url
    assert name not in names(attempt.request)
    assert PROVIDER_KEY not in str(wire.headers)


def test_only_what_is_named_is_copied() -> None:
    request = a_request(
        asking("a/m"),
        user_agent="me/1",
        idempotency_key="once",
        traceparent="00-1",
        x_forwarded_for="10.0.0.1",
        accept="text/html",
        accept_encoding="br",
        x_team="ml",
        connection="keep-alive, x-team",
    )
    copied = {"user-agent", "idempotency-key", "traceparent"}
    assert names(sent(request)) == copied | {
        "host",
        "content-type",
        "content-length",
        "accept",
        "accept-encoding",
    }
    assert sent(request).headers["accept-encoding"] == "identity"
    assert sent(request).headers["user-agent"] == "me/1"


def test_headers_that_mean_something_to_one_vendor() -> None:
    request = a_request(asking("a/m"), openai_beta="x", anthropic_beta="y")
    assert names(sent(request)) & {"openai-beta", "anthropic-beta"} == {"openai-beta"}
    request = a_request(asking("anth/m", MESSAGES), MESSAGES, openai_beta="x", anthropic_beta="y")
    assert names(sent(request)) & {"openai-beta", "anthropic-beta"} == {"anthropic-beta"}
    translated = a_request(asking("anth/m"), openai_beta="x", anthropic_beta="y")
    assert not names(sent(translated)) & {"openai-beta", "anthropic-beta"}


def test_a_version_is_always_told_and_the_clients_own_wins() -> None:
    assert sent(a_request(asking("anth/m"))).headers["anthropic-version"] == "2023-06-01"
    request = a_request(asking("anth/m", MESSAGES), MESSAGES, anthropic_version="2030-01-01")
    assert sent(request).headers.get_all("anthropic-version") == ["2030-01-01"]


def test_more_headers_may_be_forwarded() -> None:
    text = with_edits("forward_headers: [X-Tenant]")
    assert sent(a_request(asking("m"), x_tenant="acme"), text).headers["x-tenant"] == "acme"
    assert "x-tenant" not in names(sent(a_request(asking("m")), text))


def test_what_is_accepted_says_whether_it_streams() -> None:
    assert sent(a_request(asking("a/m", stream=True))).headers["accept"] == "text/event-stream"
    assert "json" in sent(a_request(asking("a/m"))).headers["accept"]


def test_headers_are_removed_and_set_from_the_widest_to_the_narrowest() -> None:
    text = with_edits(
        "headers: {set: {x-a: provider, x-b: provider, x-c: provider}, remove: [user-agent]}",
        "headers: {set: {x-b: route}, remove: [x-c]},",
        "headers: {set: {x-d: backend}}",
    )
    headers = sent(a_request(asking("m"), user_agent="me"), text).headers
    assert [headers.get(f"x-{letter}") for letter in "abcd"] == ["provider", "route", None, "backend"]
    assert "user-agent" not in headers


def test_values_of_any_bytes_pass() -> None:
    request = a_request(asking("a/m"))
    request.headers.fields += ((b"user-agent", b"caf\xe9 \xf0\x9f\x8c\x8d"),)
    assert (b"user-agent", b"caf\xe9 \xf0\x9f\x8c\x8d") in sent(request).headers.fields


# The body


def test_a_body_passes_untouched_where_nothing_is_to_be_done() -> None:
    raw = b'{ "messages":[{"role":"user","content":"x"}], "model" : "m","x":1.50 }'
    assert sent(a_request(raw), with_edits()).raw_content == raw


def test_a_body_is_edited_from_the_widest_to_the_narrowest() -> None:
    text = with_edits(
        "body: {set: {a: provider, b: provider}, remove: [internal]}",
        "body: {set: {b: route, c: route}},",
        "body: {remove: [c], set: {temperature: 0}}",
    )
    request = sent(a_request(asking("m", internal=1, c=1, a="client")), text)
    added = {key: value for key, value in content(request).items() if key not in ("model", "messages")}
    assert added == {"a": "provider", "b": "route", "temperature": 0}
    assert request.headers["content-length"] == str(len(request.raw_content or b""))


def test_edits_are_made_to_what_was_translated() -> None:
    text = PROVIDERS.replace("api_key: key-of-anth", "body: {set: {top_k: 5}, remove: [max_tokens]}")
    request = content(sent(a_request(asking("anth/m", max_tokens=7)), text))
    assert request["top_k"] == 5 and "max_tokens" not in request


def test_a_form_keeps_its_type() -> None:
    form = b'--x\r\ncontent-disposition: form-data; name="model"\r\n\r\na/whisper\r\n--x--\r\n'
    kind = "multipart/form-data; boundary=x"
    request = sent(a_request(form, "/v1/audio/transcriptions", content_type=kind))
    assert request.headers["content-type"] == kind
    assert request.raw_content == form.replace(b"a/whisper", b"whisper")


def test_fields_of_a_form_are_edited_too() -> None:
    form = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n' % each
        for each in ((b"model", b"m"), (b"language", b"en"), (b"prompt", b"p"))
    )
    text = with_edits(provider="body: {remove: [prompt], set: {language: de, temperature: 0.5}}")
    asked = a_request(
        form + b"--x--\r\n",
        "/v1/audio/transcriptions",
        content_type="multipart/form-data; boundary=x",
    )
    told = (sent(asked, text).raw_content or b"").decode().replace("\r\n", " ")
    assert 'name="language"  de ' in told and 'name="temperature"  0.5 ' in told and "prompt" not in told
