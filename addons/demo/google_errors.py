"""Google's errors, as Gemini and Vertex AI write them. https://cloud.google.com/apis/design/errors"""

from addons.demo.answer import Content, Failure
from addons.demo.wire import Json, dump

JSON = "application/json; charset=UTF-8"
ERRORS: dict[int, tuple[str, str]] = {
    400: ("INVALID_ARGUMENT", "Request contains an invalid argument."),
    401: ("UNAUTHENTICATED", "Request had invalid authentication credentials."),
    403: ("PERMISSION_DENIED", "The caller does not have permission."),
    404: ("NOT_FOUND", "models/{model} is not found, or is not supported for this method."),
    405: ("UNIMPLEMENTED", "The method is not allowed on this path."),
    413: ("INVALID_ARGUMENT", "Request payload size exceeds the limit: 20971520 bytes."),
    422: ("FAILED_PRECONDITION", "The request cannot be processed."),
    429: ("RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
    500: ("INTERNAL", "An internal error has occurred. Please retry."),
    502: ("UNAVAILABLE", "The service is not reachable."),
    503: ("UNAVAILABLE", "The model is overloaded. Please try again later."),
    529: ("UNAVAILABLE", "The model is overloaded. Please try again later."),
}
"""Status -> name, message."""


def headers(_digest: str) -> list[tuple[str, str]]:
    """Google gives a request no id; what it is served by is its mark."""
    return [("server", "scaffolding on HTTPServer2"), ("vary", "Origin, X-Origin, Referer")]


def body(failure: Failure) -> Json:
    status, message = ERRORS[failure.status]
    said = failure.message or message.format(model=failure.model)
    error: Json = {"code": failure.status, "message": said, "status": failure.code or status}
    if failure.param is not None:
        violation = {"field": failure.param, "description": said}
        error["details"] = [
            {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
        ]
    if failure.status == 429:
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"}]
    return {"error": error}


def write(failure: Failure, _digest: str) -> Content:
    return Content(dump(body(failure)), JSON)
