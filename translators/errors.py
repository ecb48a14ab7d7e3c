"""What can go wrong in a translation.

GatewayError
├── BadRequest    the client's body is malformed, or a field is missing or of the wrong type (400)
├── Unsupported   the request is well-formed, but the chosen provider has no word for a field (422)
└── BadUpstream   the provider's answer can't be read (502)
"""


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


class BadUpstream(GatewayError):
    """The provider answered what its own documentation does not allow."""
