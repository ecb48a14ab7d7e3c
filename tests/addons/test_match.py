from typing import Any

import pytest

from addons.call import Call
from addons.match import paths
from tests.addons.calls import CHAT, MESSAGES, Chain, a_config, a_request, asking, told
from tests.oracles import check_anthropic_error, check_openai_error

PREFIXED = """
endpoints: {root: /ai, openai: /oa, anthropic: /oa/claude}
providers: {demo: {type: demo}}
"""


def call(body: Any = None, path: str = CHAT, method: str = "POST", text: str = "", **headers: str) -> Call:
    content = asking(path=path) if body is None else body
    return (Chain(text) if text else Chain()).call(a_request(content, path, method, **headers))


def refusal(call: Call, status: int) -> str:
    """The message of a refusal in the client's dialect."""
    response = call.flow.response
    assert response and response.status_code == status, response
    check = check_anthropic_error if "/anthropic" in call.flow.request.path else check_openai_error
    assert check(status, told(response)) == []
    assert call.refusal and response.headers["x-request-id"] == call.request_id
    message: str = told(response)["error"]["message"]
    return message


# Which endpoint


@pytest.mark.parametrize(("path", "operation"), [(CHAT, "chat"), (MESSAGES, "messages")])
def test_an_endpoint_is_found_by_its_path(path: str, operation: str) -> None:
    found = call(path=path).endpoint
    assert found and found.operation == operation
    found = call(asking(path=path), path + "?beta=true").endpoint
    assert found and found.operation == operation


@pytest.mark.parametrize(
    ("path", "family"),
    [
        ("/ai/oa/v1/chat/completions", "openai"),
        ("/ai/oa/claude/v1/messages", "anthropic"),
        ("/ai/oa/v1/messages", None),
        ("/ai/oa/claude/v1/chat/completions", None),
        ("/v1/chat/completions", None),
        ("/ai/v1/chat/completions", None),
        ("/ai/oax/v1/chat/completions", None),
    ],
)
def test_prefixes(path: str, family: str | None) -> None:
    found = paths(a_config(PREFIXED).endpoints).get(path)
    assert (found and found.family) == family


@pytest.mark.parametrize(
    "path",
    ["/", "/v1", "/V1/chat/completions", "//v1/chat/completions", CHAT + "/", "/v1/chat/completions/.."],
)
def test_other_paths_are_none(path: str) -> None:
    message = refusal(call(path=path), 404)
    assert CHAT in message and MESSAGES in message


def test_a_path_is_not_repeated_without_end() -> None:
    assert len(refusal(call(path="/" + "x" * 5000), 404)) < 1500


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"])
def test_other_methods_are_told_which(method: str) -> None:
    refused = call(method=method)
    refusal(refused, 405)
    assert refused.flow.response and refused.flow.response.headers["allow"] == "POST"


# What it says


def test_model_and_stream() -> None:
    found = call(asking("three", stream=True))
    assert (found.model, found.stream) == ("three", True)
    assert call(asking(stream=None)).stream is False


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/a+json", None]
)
def test_content_types(kind: str | None) -> None:
    request = a_request(asking())
    del request.headers["content-type"]
    if kind:
        request.headers["content-type"] = kind
    assert Chain().call(request).model == "one"


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "json"])
def test_other_content_types(kind: str) -> None:
    refusal(call(content_type=kind), 415)


def test_a_body_that_is_none() -> None:
    assert "JSON" in refusal(call(b"{"), 400)
    assert "messages" in refusal(call({"model": "one"}), 400)
    assert "twice" in refusal(call(b'{"model":"one","model":"two"}'), 400)


@pytest.mark.parametrize("model", [5, ["one"], {"a": 1}, True])
def test_a_model_is_a_string(model: Any) -> None:
    refused = call(asking() | {"model": model})
    assert refusal(refused, 400).startswith("model: must be a string")
    assert told(refused.flow.response)["error"]["param"] == "model"


@pytest.mark.parametrize("name", ["x_dragoman_model", "x_ai_eg_model"])
def test_a_model_may_come_in_a_header(name: str) -> None:
    body = {key: value for key, value in asking().items() if key != "model"}
    assert call(body, **{name: "three"}).model == "three"
    assert call(body | {"model": ""}, **{name: "three"}).model == "three"
    assert call(asking("one"), **{name: "three"}).model == "one"
    assert "is required" in refusal(call(body), 400)


@pytest.mark.parametrize("model", ["a\r\nx: y", "a\0", "\x7f", "\ta"])
def test_a_model_has_no_control_characters(model: str) -> None:
    assert "control characters" in refusal(call(asking(model)), 400)
    assert call(asking("grün 🌍")).model == "grün 🌍"


@pytest.mark.parametrize("stream", ["true", 1, [], {}])
def test_stream_is_true_or_false(stream: Any) -> None:
    assert "stream" in refusal(call(asking(stream=stream)), 400)


def test_errors_are_in_the_clients_words() -> None:
    assert "JSON" in refusal(call(b"{", MESSAGES), 400)
    refusal(call(path="/anthropic/nope"), 404)


def test_a_form_has_a_model_too() -> None:
    path = "/v1/audio/transcriptions"
    form = b'--x\r\ncontent-disposition: form-data; name="model"\r\n\r\none\r\n--x--\r\n'
    kind = "multipart/form-data; boundary=x"
    assert call(form, path, content_type=kind).model == "one"
    assert call(form.replace(b"model", b"other"), path, content_type=kind, x_dragoman_model="h").model == "h"
    refusal(call(form, path, content_type="application/json"), 415)
    refusal(call(b"junk", path, content_type=kind), 400)
    assert "model" in refusal(call(form.replace(b"model", b"other"), path, content_type=kind), 400)
    stream = form.replace(b"--x--", form.replace(b"model", b"stream").replace(b"one", b"true"))
    assert call(stream, path, content_type=kind).stream


def test_images_to_edit_come_in_a_form_or_in_json() -> None:
    path, edit = "/v1/images/edits", {"model": "one", "prompt": "p", "images": [{"image_url": "https://x"}]}
    assert call(edit, path).model == "one"
    assert "images" in refusal(call({**edit, "images": []}, path), 400)
    assert "multipart/form-data or application/json" in refusal(call(edit, path, content_type="text/x"), 415)
    form = b'--x\r\ncontent-disposition: form-data; name="model"\r\n\r\none\r\n--x--\r\n'
    assert "prompt" in refusal(call(form, path, content_type="multipart/form-data; boundary=x"), 400)
    refusal(call(edit, "/v1/images/variations"), 415)


# Lists of models


def test_lists_of_models_are_answered_by_the_gateway() -> None:
    response = call(b"", "/v1/models", "GET").flow.response
    assert [model["id"] for model in told(response)["data"]][:3] == ["one", "renamed", "three"]
    assert told(call(b"", "/v1/models/one", "GET").flow.response)["id"] == "one"
    assert told(call(b"", "/anthropic/v1/models?limit=1", "GET").flow.response)["has_more"]


def test_a_model_that_there_is_not() -> None:
    assert "nope" in refusal(call(b"", "/v1/models/nope", "GET"), 404)
    assert "nope" in refusal(call(b"", "/anthropic/v1/models/nope", "GET"), 404)
    assert "limit" in refusal(call(b"", "/anthropic/v1/models?limit=x", "GET"), 400)


def test_lists_can_only_be_read() -> None:
    refused = call(path="/v1/models")
    refusal(refused, 405)
    assert refused.flow.response and refused.flow.response.headers["allow"] == "GET"
