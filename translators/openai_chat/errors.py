"""Errors of OpenAI's API, and of all the servers that only resemble it.

https://platform.openai.com/docs/guides/error-codes
"""

import re

import orjson

from translators.canonical import ErrorKind, Failed, Json, JsonValue
from translators.errors import STATUS

KINDS: dict[int, ErrorKind] = {
    401: "authentication",
    402: "billing",
    403: "permission",
    404: "not_found",
    408: "timeout",
    413: "too_large",
    429: "rate_limit",
    498: "overloaded",  # Groq's flex tier
    503: "overloaded",
    504: "timeout",
    524: "timeout",  # Cloudflare's
    529: "overloaded",  # Anthropic's
}
"""What a status means; other 4xx are `invalid_request`, all else is `server`."""

_WORDS: dict[str, ErrorKind] = {
    "authentication_error": "authentication",
    "invalid_api_key": "authentication",
    "billing_error": "billing",
    "billing_hard_limit_reached": "billing",
    "billing_not_active": "billing",
    "credit_balance_exhausted": "billing",
    "insufficient_quota": "billing",
    "permission_error": "permission",
    "model_not_found": "not_found",
    "not_found_error": "not_found",
    "request_too_large": "too_large",
    "rate_limit_error": "rate_limit",
    "rate_limit_exceeded": "rate_limit",
    "requests": "rate_limit",
    "tokens": "rate_limit",
    "too_many_requests": "rate_limit",
    "overloaded_error": "overloaded",
    "server_is_overloaded": "overloaded",
    "service_unavailable_error": "overloaded",
    "slow_down": "overloaded",
    "timeout_error": "timeout",
    "invalid_request_error": "invalid_request",
    "BadRequestError": "invalid_request",  # vLLM's
    "context_length_exceeded": "invalid_request",
    "content_filter": "invalid_request",  # Azure's, of a prompt
    "DeploymentNotFound": "not_found",
}
"""Types and codes that tell more than a status does, or stand where there is none."""

_TYPES: dict[ErrorKind, str] = {
    "invalid_request": "invalid_request_error",
    "authentication": "authentication_error",
    "billing": "insufficient_quota",
    "permission": "permission_error",
    "not_found": "not_found_error",
    "too_large": "invalid_request_error",
    "unsupported": "invalid_request_error",
    "rate_limit": "rate_limit_error",
    "overloaded": "service_unavailable_error",
    "timeout": "server_error",
    "server": "server_error",
}


def read_error(status: int, body: bytes) -> Failed:
    """Any error, in whatever shape. A body that is not JSON is never quoted: it may be anybody's."""
    try:
        return read_failure(orjson.loads(body), status)
    except orjson.JSONDecodeError:
        return Failed(kind_of(status), _untold(status), status)


def read_failure(body: JsonValue, status: int | None = None) -> Failed:
    """The error in a JSON body or in a stream, where there may be no status."""
    error = _innermost(body)
    type, code, param = _text(error.get("type")), _text(error.get("code")), _text(error.get("param"))
    if status is None and code and re.fullmatch("[45][0-9]{2}", code):
        status = int(code)  # OpenRouter and vLLM put it there
    named = _WORDS.get(code or "") or _WORDS.get(type or "")
    kind = named if named and (status is None or named == "billing") else kind_of(status)
    return Failed(kind, _message(error) or _untold(status), status, type, code, param)


def is_error(body: JsonValue) -> bool:
    """Whether a payload of a stream tells of an error instead of an answer."""
    match body:
        case {"error": error} if error:
            return True
        case {"object": "error"} | {"type": "error"}:
            return True
        case {"choices": _} | {"object": _} | {"type": _}:
            return False
        case {"message": str()}:  # the bare object after `event: error`
            return True
        case _:
            return False


def kind_of(status: int | None) -> ErrorKind:
    """What a status means by itself."""
    if status is None or status >= 500 or status < 400:
        return KINDS.get(status or 0, "server")
    return KINDS.get(status, "invalid_request")


def write_error(failed: Failed, request_id: str) -> Json:
    """An error in OpenAI's shape; `request_id` is for those that have a place for it."""
    own = failed.type if failed.type in _TYPES.values() else None
    status = failed.status or STATUS[failed.kind]
    return {
        "type": "error",
        "error": {
            "type": own or _TYPES[failed.kind],
            "code": failed.code or str(status),
            "message": failed.message,
            "param": failed.param,
        },
    }


def _innermost(body: JsonValue) -> Json:
    """The object that tells: under `error`, in a list of one (Gemini), under `message` (Mistral), or all."""
    match body:
        case {"error": dict(error)} | [{"error": dict(error)}, *_] | {"errors": [dict(error), *_]}:
            return error
        case {"error": str(told)} | str(told) | {"errors": [str(told), *_]}:
            return {"message": told}
        case {"message": dict(inner)}:
            return {"message": _message(inner)}
        case dict():
            return body
        case _:
            return {}


def _message(error: Json) -> str:
    match error:
        case {"message": str(text)} | {"Message": str(text)} | {"detail": str(text)} if text:
            return text
        case {"detail": [{"msg": str(text)}, *_]}:  # FastAPI's
            return text
        case _:
            return ""


def _text(value: JsonValue) -> str | None:
    match value:
        case bool() | None:
            return None
        case str() | int():
            return str(value)
        case _:
            return None


def _untold(status: int | None) -> str:
    return "The provider reported an error" + (f" ({status})." if status else ".")
