"""Errors: a message in the body, and their name beside it.

https://docs.aws.amazon.com/bedrock/latest/APIReference/CommonErrors.html
"""

from typing import Any, cast

import orjson

from translators.aws_errors import bare, kind_of, message_of, status_of
from translators.canonical import ErrorKind, Failed, Json

_NAMES: dict[ErrorKind, str] = {
    "invalid_request": "ValidationException",
    "authentication": "UnrecognizedClientException",
    "billing": "AccessDeniedException",
    "permission": "AccessDeniedException",
    "not_found": "ResourceNotFoundException",
    "too_large": "ValidationException",
    "unsupported": "ValidationException",
    "rate_limit": "ThrottlingException",
    "overloaded": "ServiceUnavailableException",
    "timeout": "ModelTimeoutException",
    "server": "InternalServerException",
}
_IN_STREAMS: dict[ErrorKind, str] = {
    "invalid_request": "validationException",
    "too_large": "validationException",
    "unsupported": "validationException",
    "rate_limit": "throttlingException",
    "overloaded": "serviceUnavailableException",
    "timeout": "modelStreamErrorException",
}
"""The few that a stream may tell; `internalServerException` is for all others."""


def read_error(status: int, body: bytes) -> Failed:
    """Any error body, JSON or not. The name is in its `__type`, where the header's was put too."""
    try:
        answer: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        answer = None
    told = cast(Json, answer) if isinstance(answer, dict) else {}
    named = [name for key in ("__type", "code") if isinstance(name := told.get(key), str)]
    name = bare(named[0]) or None if named else None
    message = message_of(told) or f"The provider answered with status {status}."
    return Failed(kind_of(name, status), message, status, name)


def read_exception(name: str, told: object) -> Failed:
    """One that came in a stream, with the status that it would have had before it."""
    message = (
        message_of(cast(Json, told)) if isinstance(told, dict) else ""
    ) or "The provider reported an error."
    return Failed(kind_of(name), message, status_of(name), bare(name))


def write_error(failed: Failed, request_id: str) -> Json:
    """AWS tells the name in a header, but clients read it from the body, too; the id has no place in it."""
    return {"message": failed.message, "__type": _NAMES[failed.kind]}


def write_exception(failed: Failed) -> tuple[str, Json]:
    """The name and the fields of an exception in a stream."""
    return _IN_STREAMS.get(failed.kind, "internalServerException"), {"message": failed.message}
