"""Errors: any shape is read, and OpenAI's is written."""

import json
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import oracles
from translators import DIALECTS
from translators.canonical import ErrorKind, Failed
from translators.openai_chat import read_error, write_error
from translators.openai_chat.errors import read_failure


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request"),
        (401, "authentication"),
        (402, "billing"),
        (403, "permission"),
        (404, "not_found"),
        (408, "timeout"),
        (413, "too_large"),
        (422, "invalid_request"),
        (429, "rate_limit"),
        (500, "server"),
        (502, "server"),
        (503, "overloaded"),
        (504, "timeout"),
        (529, "overloaded"),
    ],
)
def test_a_status_has_a_meaning(status: int, kind: ErrorKind) -> None:
    failed = read_error(status, b'{"error": {"message": "m"}}')
    assert (failed.kind, failed.status, failed.message) == (kind, status, "m")


def read(body: Any, status: int = 400) -> Failed:
    return read_error(status, json.dumps(body).encode())


def test_openais_own() -> None:
    error = {"message": "m", "type": "invalid_request_error", "param": "messages[0]", "code": "bad"}
    assert read({"error": error}) == Failed(
        "invalid_request", "m", 400, "invalid_request_error", "bad", "messages[0]"
    )


def test_an_empty_purse_is_no_rate_limit() -> None:
    assert read({"error": {"message": "m", "code": "insufficient_quota"}}, 429).kind == "billing"


@pytest.mark.parametrize(
    "body",
    [
        {"error": "told"},
        {"error": {"message": "told", "code": 400}},
        {"error": {"message": "told", "status": "INVALID_ARGUMENT"}},  # Gemini
        [{"error": {"message": "told"}}],  # Gemini, sometimes
        {"type": "error", "error": {"type": "invalid_request_error", "message": "told"}},  # Anthropic
        {"object": "error", "message": "told", "type": "BadRequestError"},  # vLLM
        {"object": "error", "message": {"detail": [{"msg": "told", "loc": ["body"]}]}},  # Mistral
        {"detail": "told"},  # FastAPI
        {"detail": [{"msg": "told"}]},
        {"errors": [{"message": "told"}]},
        {"message": "told"},  # AWS
        {"Message": "told"},
        "told",
    ],
)
def test_others(body: Any) -> None:
    assert read(body).message == "told"


@pytest.mark.parametrize("body", [b"<html>secret</html>", b"", b"\xff secret", b"null", b"[]", b"{}", b"5"])
def test_what_tells_nothing_is_not_quoted(body: bytes) -> None:
    failed = read_error(502, body)
    assert failed == Failed("server", "The provider reported an error (502).", 502)


@given(
    st.integers(100, 999),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["error", "message", "detail", "errors", "type"]), inner)
        ),
    ),
)
def test_anything_is_read(status: int, body: Any) -> None:
    assert read_error(status, json.dumps(body).encode()).message


@pytest.mark.parametrize("kind", get_args(ErrorKind))
def test_the_sdk_reads_what_we_write(kind: ErrorKind) -> None:
    body: Any = write_error(Failed(kind, 'Say "please"\n\u2028', type="overloaded_error"), "req_1")
    error = body["error"]
    assert oracles.check_openai_error(int(error["code"]), {"error": error}) == []
    assert error["message"] == 'Say "please"\n\u2028'
    assert error["type"] != "overloaded_error"  # which is another vendor's word
    assert isinstance(error["code"], str) and error["param"] is None and body["type"] == "error"


def test_openais_words_are_kept() -> None:
    failed = read({"error": {"message": "m", "type": "insufficient_quota", "code": 7, "param": "p"}}, 429)
    assert write_error(failed, "") == {
        "type": "error",
        "error": {"type": "insufficient_quota", "code": "7", "message": "m", "param": "p"},
    }


FILTERED = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": True}}}
BY_FILTER = {"message": "Filtered.", "type": None, "param": "prompt", "code": "content_filter", "status": 400}


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (
            400,
            {"error": {**BY_FILTER, "innererror": FILTERED}},
            ("invalid_request_error", "INVALID_ARGUMENT", "ValidationException"),
        ),
        (
            401,
            {"error": {"code": "401", "message": "Access denied."}},
            ("authentication_error", "UNAUTHENTICATED", "UnrecognizedClientException"),
        ),
        (
            401,
            {"statusCode": 401, "message": "Access token is missing."},
            ("authentication_error", "UNAUTHENTICATED", "UnrecognizedClientException"),
        ),
        (
            404,
            {"error": {"code": "DeploymentNotFound", "message": "No such deployment."}},
            ("not_found_error", "NOT_FOUND", "ResourceNotFoundException"),
        ),
        (
            429,
            {"error": {"code": "429", "message": "Please retry after 6 seconds."}},
            ("rate_limit_error", "RESOURCE_EXHAUSTED", "ThrottlingException"),
        ),
    ],
)
def test_what_others_are_told_of_azures(status: int, body: Any, told: tuple[str, str, str]) -> None:
    failed = read_error(status, orjson.dumps(body))
    written: list[Any] = [
        DIALECTS[name].write_error(failed, "id")
        for name in ("anthropic_messages", "gemini_generate", "bedrock_converse")
    ]
    anthropic, gemini, bedrock = written
    assert (anthropic["error"]["type"], gemini["error"]["status"], bedrock["__type"]) == told
    assert anthropic["error"]["message"] == gemini["error"]["message"] == bedrock["message"]
    assert bedrock["message"] == failed.message and gemini["error"]["code"] == status


def test_a_filter_within_a_stream_is_the_requests_fault() -> None:
    failed = read_failure({"error": {"code": "content_filter", "message": "Filtered."}})
    assert (failed.kind, failed.status) == ("invalid_request", None)
