"""Google's count of tokens, of the Gemini API and of Vertex AI. https://ai.google.dev/api/tokens"""

import re
from collections.abc import Callable, Iterable

from addons.demo import google_errors
from addons.demo.answer import Answer, Ask, Content, Endpoint, Incoming, Rejected
from addons.demo.gemini_fields import Api, Fields
from addons.demo.gemini_generate import PLACES
from addons.demo.gemini_request import ask_of, body_of
from addons.demo.wire import Json, dump, members


def reader(api: Api) -> Callable[[Incoming], Ask]:
    fields = Fields(api)

    def read(request: Incoming) -> Ask:
        body = fields.read("CountTokensRequest", body_of(request))
        return ask_of(request, _inner(request, body), api, stream=False)

    return read


def _inner(request: Incoming, body: Json) -> Json:
    """The request that is counted: contents alone, or a whole one, which has to name its model again."""
    if "generateContentRequest" not in body:
        return body
    if "contents" in body:
        raise Rejected("contents and generate_content_request are mutually exclusive.", "contents")
    inner = members(body["generateContentRequest"])
    if inner.get("model") != f"models/{request.named['model']}":
        where = "generate_content_request.model"
        raise Rejected("* CountTokensRequest.model: the model must be the one of the path.", where)
    return inner


def write(ask: Ask, _answer: Answer) -> Content:
    details = [{"modality": "TEXT", "tokenCount": ask.tokens}]
    return Content(dump({"totalTokens": ask.tokens, "promptTokensDetails": details}), google_errors.JSON)


def _endpoints() -> Iterable[Endpoint]:
    for api in PLACES:
        yield Endpoint(
            path=re.compile(f"{PLACES[api]}:countTokens"),
            read=reader(api),
            write=write,
            error=google_errors.write,
            headers=google_errors.headers,
        )


ENDPOINTS = tuple(_endpoints())
