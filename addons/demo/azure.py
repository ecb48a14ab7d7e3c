"""Azure's OpenAI: the same bodies at other paths, where the deployment stands for the model.

https://learn.microsoft.com/azure/ai-services/openai/reference
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace

from addons.demo import (
    openai_audio,
    openai_chat,
    openai_completions,
    openai_embeddings,
    openai_errors,
    openai_images,
    openai_responses,
)
from addons.demo.answer import Ask, Content, Endpoint, Failure, Incoming, Rejected
from addons.demo.wire import dump

DEPLOYED = (
    *openai_chat.ENDPOINTS,
    *openai_completions.ENDPOINTS,
    *openai_embeddings.ENDPOINTS,
    *openai_images.ENDPOINTS,
    *openai_audio.ENDPOINTS,
)
"""What a deployment answers; responses are asked for by the name of the model alone."""
ERRORS: dict[int, tuple[str, str]] = {
    401: (
        "401",
        "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid "
        "key for an active subscription and use a correct regional API endpoint for your resource.",
    ),
    403: ("PermissionDenied", "The principal lacks the required data action to perform this operation."),
    404: ("DeploymentNotFound", "The API deployment for this resource does not exist."),
    429: ("429", "Requests to {model} have exceeded the call rate limit. Please retry after 1 second."),
    500: ("InternalServerError", "The server had an error processing your request. Sorry about that!"),
    502: ("BadGateway", "Bad gateway."),
    503: ("ServiceUnavailable", "The service is temporarily unable to process your request."),
}
"""Status -> code, message, where Azure answers itself; the rest are OpenAI's."""


def error(failure: Failure, digest: str) -> Content:
    if failure.status not in ERRORS:
        return openai_errors.write(failure, digest)
    code, message = ERRORS[failure.status]
    said = failure.message or message.format(model=failure.model)
    return Content(dump({"error": {"code": failure.code or code, "message": said}}))


def headers(digest: str) -> list[tuple[str, str]]:
    return [("apim-request-id", digest), ("x-request-id", f"req_{digest}"), ("x-ms-region", "Demo")]


def _versioned(read: Callable[[Incoming], Ask]) -> Callable[[Incoming], Ask]:
    """Without `api-version` nothing is found there."""

    def versioned(request: Incoming) -> Ask:
        if not request.query.get("api-version"):
            raise Rejected("Resource not found", code="404", status=404)
        return read(request)

    return versioned


def _endpoints() -> Iterable[Endpoint]:
    for each in DEPLOYED:
        path = "/openai/deployments/(?P<model>[^/]+)" + each.path.pattern.removeprefix("/v1")
        yield replace(each, path=re.compile(path), read=_versioned(each.read), error=error, headers=headers)
    for each in (*DEPLOYED, *openai_responses.ENDPOINTS):
        yield replace(each, path=re.compile("/openai" + each.path.pattern), error=error, headers=headers)


ENDPOINTS = tuple(_endpoints())
