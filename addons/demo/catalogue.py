"""The list of models, in OpenAI's or, for those who send `anthropic-version`, in Anthropic's form."""

import re
from collections.abc import Callable
from dataclasses import replace

from addons.demo import (
    anthropic_messages,
    azure,
    bedrock_errors,
    google_errors,
    openai_errors,
    openai_request,
)
from addons.demo.answer import Answer, Ask, Content, Endpoint, Failure, Incoming
from addons.demo.scenario import MODELS
from addons.demo.wire import CREATED, digest, dump


def speaks_anthropic(request: Incoming) -> bool:
    return "anthropic-version" in request.headers or request.path.startswith("/v1/messages")


def read(request: Incoming) -> Ask:
    return Ask(
        model="",
        body={"anthropic": speaks_anthropic(request)},
        digest=digest(request.path.encode()),
        texts=("",),
    )


def write(ask: Ask, _answer: Answer) -> Content:
    if not ask.body["anthropic"]:
        card = {"object": "model", "created": CREATED, "owned_by": "demo"}
        return Content(dump({"object": "list", "data": [{"id": name, **card} for name in MODELS]}))
    unknown = {"capabilities": None, "max_input_tokens": None, "max_tokens": None}
    card = {"type": "model", "created_at": "2025-01-01T00:00:00Z", **unknown}
    listed = [{"id": name, "display_name": name, **card} for name in MODELS]
    ends = {"first_id": listed[0]["id"], "last_id": listed[-1]["id"], "has_more": False}
    return Content(dump({"data": listed, **ends}))


def error(failure: Failure, request: Incoming) -> Content:
    """An error about the request as HTTP, before any wire format has read it."""
    known = digest(request.path.encode())
    if speaks_anthropic(request):
        return anthropic_messages.error(failure, known)
    for path, writes in VENDORS.items():
        if request.path.startswith(path):
            return writes(replace(failure, code=None), known)  # the code is OpenAI's
    return openai_errors.write(failure, known)


VENDORS: dict[str, Callable[[Failure, str], Content]] = {
    "/model/": bedrock_errors.write,
    "/v1/projects/": google_errors.write,
    "/v1beta": google_errors.write,
    "/openai/": azure.error,
}
"""How a path begins -> whose words an unknown path is refused in; OpenAI's where it begins with none."""


ENDPOINTS = (
    Endpoint(
        path=re.compile("/v1/models"),
        method="GET",
        read=read,
        write=write,
        error=openai_errors.write,
        headers=openai_request.headers,
    ),
)
