"""Errors. https://platform.claude.com/docs/en/api/errors"""

from typing import Any, cast

import orjson

from translators.canonical import ErrorKind, Failed, Json

_TYPES: dict[ErrorKind, str] = {
    "invalid_request": "invalid_request_error",
    "authentication": "authentication_error",
    "billing": "billing_error",
    "permission": "permission_error",
    "not_found": "not_found_error",
    "too_large": "request_too_large",
    "unsupported": "invalid_request_error",
    "rate_limit": "rate_limit_error",
    "overloaded": "overloaded_error",
    "timeout": "timeout_error",
    "server": "api_error",
}
_KINDS: dict[str, ErrorKind] = {type: kind for kind, type in _TYPES.items() if kind != "unsupported"}
_STATUSES: dict[int, ErrorKind] = {
    401: "authentication",
    402: "billing",
    403: "permission",
    404: "not_found",
    408: "timeout",
    413: "too_large",
    429: "rate_limit",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}


def read_error(status: int, body: bytes) -> Failed:
    """Any error body, JSON or not. Never raises, and never quotes a body that is not JSON."""
    try:
        answer: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = None
    return read_failure(answer, status)


def read_failure(answer: Any, status: int | None = None) -> Failed:
    """An error as JSON, in Anthropic's shape or in one that proxies and other vendors use."""
    match answer:
        case [first, *_] if isinstance(first, dict):  # as Google does
            told = cast(dict[str, Any], first)
        case dict():
            told = cast(dict[str, Any], answer)
        case _:
            told = {}
    error: Any = told.get("error", told)
    inner = cast(dict[str, Any], error) if isinstance(error, dict) else {"message": error}
    message = _text(inner.get("message")) or _text(inner.get("detail")) or _text(told.get("message"))
    kind = _text(inner.get("type"))
    named = _KINDS.get(kind or "")
    return Failed(
        named if named and named != "server" else _kind_of(status),
        message or f"The provider answered with {f'status {status}' if status else 'an error'}.",
        status,
        kind,
        _text(inner.get("code")),
        _text(inner.get("param")),
    )


def write_error(failed: Failed, request_id: str) -> Json:
    return {
        "type": "error",
        "error": {"type": _TYPES[failed.kind], "message": failed.message},
        "request_id": request_id or None,
    }


def _kind_of(status: int | None) -> ErrorKind:
    if status in _STATUSES:
        return _STATUSES[status]
    return "invalid_request" if status and 400 <= status < 500 else "server"


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, str | int) and value != "" else None
