"""OpenAI's errors, in its own words. https://platform.openai.com/docs/guides/error-codes"""

from addons.demo.answer import Content, Failure
from addons.demo.wire import Json, dump, sse

ERRORS: dict[int, tuple[str, str | None, str]] = {
    400: ("invalid_request_error", None, "We could not understand your request."),
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided: demo."),
    403: ("insufficient_permissions", "forbidden", "You have insufficient permissions for this operation."),
    404: (
        "invalid_request_error",
        "model_not_found",
        "The model `{model}` does not exist or you do not have access to it.",
    ),
    405: ("invalid_request_error", "method_not_supported", "Not allowed to use this method on this path."),
    413: ("invalid_request_error", "request_too_large", "The request is larger than 50 MB."),
    422: ("invalid_request_error", "unprocessable_entity", "The request was well-formed but cannot be done."),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for `{model}` on requests per min (RPM)."),
    500: ("server_error", None, "The server had an error while processing your request. Sorry about that!"),
    502: ("server_error", "bad_gateway", "Bad gateway."),
    503: ("server_error", "service_unavailable", "The engine is overloaded, please try again later."),
    529: ("server_error", "overloaded", "The engine is overloaded, please try again later."),
}
"""Status -> type, code, message."""


def body(failure: Failure) -> Json:
    kind, code, message = ERRORS[failure.status]
    return {
        "error": {
            "message": failure.message or message.format(model=failure.model),
            "type": kind,
            "param": failure.param,
            "code": failure.code if failure.message else code,
        }
    }


def write(failure: Failure, _digest: str) -> Content:
    return Content(dump(body(failure)))


def event() -> bytes:
    """An error in the middle of a stream: it ends with this, and without its DONE."""
    return sse(body(Failure(500)))


DONE = b"data: [DONE]\n\n"
