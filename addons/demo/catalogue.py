"""The list of models, in OpenAI's or, for those who send `anthropic-version`, in Anthropic's form."""

import re

from addons.demo import anthropic_messages, openai_errors, openai_request
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
    writes = anthropic_messages.error if speaks_anthropic(request) else openai_errors.write
    return writes(failure, digest(request.path.encode()))


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
