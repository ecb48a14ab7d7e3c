"""AWS Bedrock's errors: JSON with the name of the exception in a header, or a frame of its own in a stream.

https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html
"""

from addons.demo import eventstream
from addons.demo.answer import Content, Failure
from addons.demo.wire import dump

ERRORS: dict[int, tuple[str, str]] = {
    400: ("ValidationException", "The request is not valid."),
    401: ("UnrecognizedClientException", "The security token included in the request is invalid."),
    403: ("AccessDeniedException", "You don't have access to the model with the specified model ID."),
    404: ("ResourceNotFoundException", "Could not resolve the foundation model from the model ID: {model}"),
    405: ("UnknownOperationException", "The requested operation is not there for this method."),
    413: ("RequestEntityTooLargeException", "The request is larger than 20 MB."),
    422: ("ValidationException", "The request cannot be processed."),
    429: ("ThrottlingException", "Too many requests, please wait before trying again."),
    500: ("InternalServerException", "The system encountered an unexpected error during processing."),
    502: ("ServiceUnavailableException", "The service is not reachable."),
    503: ("ServiceUnavailableException", "Bedrock is unable to process your request."),
    529: ("ServiceUnavailableException", "The model is overloaded."),
}
"""Status -> exception, message."""


def headers(digest: str) -> list[tuple[str, str]]:
    """AWS names the request in the form of a UUID."""
    digits = f"{digest:0<32}"
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return [("x-amzn-requestid", "-".join(parts))]


def write(failure: Failure, _digest: str) -> Content:
    kind, message = ERRORS[failure.status]
    said = failure.message or message.format(model=failure.model)
    return Content(dump({"message": said}), headers=(("x-amzn-errortype", failure.code or kind),))


class Breaks:
    """How a stream breaks off: throttled as long as nothing was said, and after that by the model's fault."""

    def __init__(self) -> None:
        self._begun = False

    def begin(self) -> None:
        self._begun = True

    def frame(self) -> bytes:
        if not self._begun:
            return eventstream.exception("throttlingException", {"message": ERRORS[429][1]})
        said = "The model stopped in the middle of its answer."
        told = {"message": said, "originalStatusCode": 500, "originalMessage": "Internal server error"}
        return eventstream.exception("modelStreamErrorException", told)
