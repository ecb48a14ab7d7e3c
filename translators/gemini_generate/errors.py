"""Errors, as all of Google's APIs have them. https://cloud.google.com/apis/design/errors"""

from collections.abc import Mapping

import orjson

from translators.canonical import ErrorKind, Failed, Json, JsonValue
from translators.errors import STATUS
from translators.pick import entries, number, text

_KINDS: Mapping[str, ErrorKind] = {
    "INVALID_ARGUMENT": "invalid_request",
    "FAILED_PRECONDITION": "invalid_request",
    "OUT_OF_RANGE": "invalid_request",
    "ALREADY_EXISTS": "invalid_request",
    "UNAUTHENTICATED": "authentication",
    "PERMISSION_DENIED": "permission",
    "NOT_FOUND": "not_found",
    "RESOURCE_EXHAUSTED": "rate_limit",
    "UNIMPLEMENTED": "unsupported",
    "UNAVAILABLE": "overloaded",
    "DEADLINE_EXCEEDED": "timeout",
    "CANCELLED": "timeout",
    "ABORTED": "server",
    "INTERNAL": "server",
    "UNKNOWN": "server",
    "DATA_LOSS": "server",
}
_STATUSES: Mapping[int, ErrorKind] = {
    401: "authentication",
    402: "billing",
    403: "permission",
    404: "not_found",
    408: "timeout",
    413: "too_large",
    429: "rate_limit",
    503: "overloaded",
    504: "timeout",
}
_WORDS: Mapping[ErrorKind, str] = {
    "invalid_request": "INVALID_ARGUMENT",
    "authentication": "UNAUTHENTICATED",
    "billing": "FAILED_PRECONDITION",
    "permission": "PERMISSION_DENIED",
    "not_found": "NOT_FOUND",
    "too_large": "INVALID_ARGUMENT",
    "unsupported": "INVALID_ARGUMENT",
    "rate_limit": "RESOURCE_EXHAUSTED",
    "overloaded": "UNAVAILABLE",
    "timeout": "DEADLINE_EXCEEDED",
    "server": "INTERNAL",
}


def read_error(status: int, body: bytes) -> Failed:
    """Any error body, JSON or not. Never raises, and never quotes a body that is not JSON."""
    try:
        answer: JsonValue = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = None
    return read_failure(answer, status)


def is_error(answer: JsonValue) -> bool:
    """Whether a payload tells of an error instead of an answer."""
    match answer:
        case {"error": error} | [{"error": error}, *_] if error:
            return True
        case _:
            return False


def read_failure(answer: JsonValue, status: int | None = None) -> Failed:
    """An error as JSON: the object, or a list of it, as streams without events have it."""
    match answer:
        case {"error": dict(error)} | [{"error": dict(error)}, *_]:
            told: Json = error
        case {"error": str(message)} | [{"error": str(message)}, *_] | {"message": str(message)}:
            told = {"message": message}
        case _:
            told = {}
    code = number(told, "code")
    if status is None and code is not None and 400 <= code < 600:
        status = code
    word = text(told, "status")
    kind = "authentication" if _reason(told) == "API_KEY_INVALID" else _KINDS.get(word) or _kind_of(status)
    return Failed(kind, _message(told, status), status, word or None)


def write_error(failed: Failed, request_id: str) -> Json:
    """An error in Google's shape, which has no place for the request's id."""
    word = failed.type if failed.type in _KINDS else _WORDS[failed.kind]
    code = failed.status or STATUS[failed.kind]
    return {"error": {"code": code, "message": failed.message, "status": word}}


def _reason(error: Json) -> str:
    return next((reason for detail in entries(error, "details") if (reason := text(detail, "reason"))), "")


def _message(error: Json, status: int | None) -> str:
    """What the error says, and how long to wait, which stands beside it."""
    message = text(error, "message")
    if not message:
        return f"The provider answered with {f'status {status}' if status else 'an error'}."
    delay = next((wait for detail in entries(error, "details") if (wait := text(detail, "retryDelay"))), "")
    return f"{message} Retry in {delay}." if delay and "retry in" not in message.lower() else message


def _kind_of(status: int | None) -> ErrorKind:
    if status is None or not 400 <= status < 600:
        return "server"
    return _STATUSES.get(status, "invalid_request" if status < 500 else "server")
