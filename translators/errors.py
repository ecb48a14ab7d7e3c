"""What can go wrong in a translation.

GatewayError
├── BadRequest    the client's body is malformed, or a field is missing or of the wrong type (400)
├── Unsupported   the request is well-formed, but the chosen provider has no word for a field (422)
├── Wanted        the provider takes no addresses: these files have to be fetched first
├── Declined      the provider's answer is that it won't (its own status)
└── BadUpstream   the provider's answer can't be read (502)
"""

from collections.abc import Mapping

from translators.canonical import ErrorKind, Failed

STATUS: Mapping[ErrorKind, int] = {
    "invalid_request": 400,
    "authentication": 401,
    "billing": 402,
    "permission": 403,
    "not_found": 404,
    "too_large": 413,
    "unsupported": 422,
    "rate_limit": 429,
    "server": 500,
    "overloaded": 503,
    "timeout": 504,
}
"""The HTTP status of an error that has none of its own."""


class GatewayError(Exception):
    """Anything that the gateway itself refuses; rendered once, in the client's dialect."""


class BadRequest(GatewayError):
    """`field` is the client's own spelling, such as `messages[2].content`; empty for the body as a whole."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


class Unsupported(GatewayError):
    """`meaning` is a canonical attribute such as `Request.n`, later said in the client's words."""

    def __init__(self, meaning: str, reason: str = "") -> None:
        super().__init__(f"{meaning}: {reason}" if reason else meaning)
        self.meaning = meaning
        self.reason = reason


class Wanted(GatewayError):
    """`addresses` of files that the client has named and the provider wants to be given; `meaning` is what
    they are, such as `Image.source`."""

    def __init__(self, addresses: list[str], meaning: str) -> None:
        super().__init__("files have to be fetched first")
        self.addresses, self.meaning = addresses, meaning


class Declined(GatewayError):
    """`failed` is what the provider says, and what the client is told."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.message)
        self.failed = failed


class BadUpstream(GatewayError):
    """The provider answered what its own documentation does not allow."""
