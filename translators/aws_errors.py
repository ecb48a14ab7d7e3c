"""Errors of Amazon's APIs: what their names mean, as answers, streams and the signature's check have them.

https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
"""

import re
from collections.abc import Mapping

from translators.canonical import ErrorKind, Json

_NAMED: Mapping[str, tuple[ErrorKind, int]] = {
    "Validation": ("invalid_request", 400),
    "Serialization": ("invalid_request", 400),
    "MalformedInput": ("invalid_request", 400),
    "Conflict": ("invalid_request", 409),
    "UnrecognizedClient": ("authentication", 403),
    "InvalidClientTokenId": ("authentication", 403),
    "InvalidSignature": ("authentication", 403),
    "SignatureDoesNotMatch": ("authentication", 403),
    "IncompleteSignature": ("authentication", 403),
    "MissingAuthenticationToken": ("authentication", 403),
    "ExpiredToken": ("authentication", 403),
    "RequestExpired": ("authentication", 403),
    "OptInRequired": ("permission", 403),
    "NotAuthorized": ("permission", 403),
    "AccessDenied": ("permission", 403),
    "ResourceNotFound": ("not_found", 404),
    "UnknownOperation": ("not_found", 404),
    "RequestEntityTooLarge": ("too_large", 413),
    "ModelTimeout": ("timeout", 408),
    "Throttling": ("rate_limit", 429),
    "TooManyRequests": ("rate_limit", 429),
    "ServiceQuotaExceeded": ("rate_limit", 429),
    "ModelNotReady": ("overloaded", 429),
    "ServiceUnavailable": ("overloaded", 503),
    "ModelError": ("server", 424),
    "ModelStreamError": ("server", 424),
    "InternalServer": ("server", 500),
    "InternalFailure": ("server", 500),
    "InternalError": ("server", 500),
}
"""Names without `Exception`, what they mean, and the HTTP status that they have or would have had."""

_STATUSES: Mapping[int, ErrorKind] = {
    401: "authentication",
    402: "billing",
    403: "permission",
    404: "not_found",
    408: "timeout",
    413: "too_large",
    424: "server",
    429: "rate_limit",
    503: "overloaded",
    504: "timeout",
}


def bare(name: str) -> str:
    """A name as the documentation has it: without the `:http://…` and `namespace#` that may be around it."""
    return name.partition(":")[0].rpartition("#")[2].strip()


def kind_of(name: str | None, status: int | None = None) -> ErrorKind:
    """What an error means: by its name, and where that tells nothing, by its status."""
    if named := _known(name):
        return named[0]
    other: ErrorKind = "invalid_request" if status and 400 <= status < 500 else "server"
    return _STATUSES.get(status or 0, other)


def message_of(told: Json) -> str:
    """What an error says of itself; empty where it says nothing."""
    message = told.get("message") or told.get("Message")
    return message if isinstance(message, str) else ""


def status_of(name: str) -> int | None:
    """The HTTP status that an error in a stream would have had as an answer."""
    named = _known(name)
    return named[1] if named else None


def _known(name: str | None) -> tuple[ErrorKind, int] | None:
    word = re.sub(r"(Exception|Error)$", "", bare(name or ""))
    return _NAMED.get(word[:1].upper() + word[1:]) or _NAMED.get(f"{word[:1].upper()}{word[1:]}Error")
