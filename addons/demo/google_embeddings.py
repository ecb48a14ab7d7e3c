"""Google's embeddings: `embedContent` and `batchEmbedContents`, and Vertex AI's `predict`.

https://ai.google.dev/api/embeddings
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api
"""

import re
from collections.abc import Callable, Iterable
from functools import partial

from addons.demo import google_errors
from addons.demo.answer import Answer, Ask, Content, Endpoint, Incoming, Rejected
from addons.demo.gemini_conversation import check_parts
from addons.demo.gemini_fields import Api, Fields
from addons.demo.gemini_generate import PLACES
from addons.demo.gemini_request import body_of, parts_of
from addons.demo.vectors import embedding
from addons.demo.wire import Json, count, digest, dump, items, members, text, words

DIMENSIONS = 3072
MOST_INSTANCES = 250
PREDICT_FIELDS = {"instances", "parameters", "labels"}


def read(api: Api, message: str, request: Incoming) -> Ask:
    body = Fields(api).read(message, body_of(request))
    asked = [members(each) for each in items(body["requests"])] if "requests" in body else [body]
    for number, each in enumerate(asked):
        path = f"requests[{number}].content" if "requests" in body else "content"
        if "content" not in each:
            raise Rejected(f"* EmbedContentRequest.{path}: contents is not specified", path)
        check_parts(members(each["content"]), path, api)
    if not asked:
        raise Rejected("* BatchEmbedContentsRequest.requests: requests is not specified", "requests")
    texts = [
        "\n".join(text(part.get("text")) for part in parts_of(members(each["content"]))) for each in asked
    ]
    return _ask(request, body, texts, [_size(each) for each in asked])


def _size(asked: Json) -> int | None:
    config = members(asked.get("embedContentConfig"))
    return count(asked.get("outputDimensionality", config.get("outputDimensionality")))


def _ask(request: Incoming, body: Json, texts: list[str], sizes: list[int | None]) -> Ask:
    if any(size is not None and not 0 < size <= DIMENSIONS for size in sizes):
        said = f"output_dimensionality must be in the range [1, {DIMENSIONS}]."
        raise Rejected(said, "output_dimensionality")
    return Ask(
        model=request.named["model"],
        body={**body, "sizes": [size or DIMENSIONS for size in sizes]},
        digest=digest(request.path.encode(), request.body),
        texts=tuple(texts),
        tokens=max(1, sum(len(words(each)) for each in texts)),
    )


def _vectors(ask: Ask) -> list[Json]:
    return [
        {"values": embedding(said, size)} for said, size in zip(ask.texts, ask.body["sizes"], strict=True)
    ]


def write(api: Api, ask: Ask, _answer: Answer) -> Content:
    used = {"usageMetadata": {"promptTokenCount": ask.tokens}}
    if "requests" in ask.body:
        return Content(dump({"embeddings": _vectors(ask), **used}), google_errors.JSON)
    more = {"truncated": False} if api == "vertex" else {}
    return Content(dump({"embedding": _vectors(ask)[0], **used, **more}), google_errors.JSON)


def read_predict(request: Incoming) -> Ask:
    body = body_of(request)
    if unknown := [name for name in body if name not in PREDICT_FIELDS]:
        raise Rejected(f'Invalid JSON payload received. Unknown name "{unknown[0]}": Cannot find field.', "")
    instances = [members(each) for each in items(body.get("instances"))]
    if not 0 < len(instances) <= MOST_INSTANCES:
        raise Rejected(f"instances must hold 1 to {MOST_INSTANCES} items.", "instances")
    if not all(text(each.get("content")) for each in instances):
        raise Rejected("The text content is empty.", "instances.content")
    size = count(members(body.get("parameters")).get("outputDimensionality"))
    texts = [text(each["content"]) for each in instances]
    return _ask(request, body, texts, [size] * len(instances))


def write_predict(ask: Ask, _answer: Answer) -> Content:
    predictions = [
        {"embeddings": {**vector, "statistics": {"truncated": False, "token_count": len(words(said))}}}
        for vector, said in zip(_vectors(ask), ask.texts, strict=True)
    ]
    billed = {"billableCharacterCount": sum(map(len, ask.texts))}
    return Content(dump({"predictions": predictions, "metadata": billed}), google_errors.JSON)


def _endpoint(
    path: str, read: Callable[[Incoming], Ask], write: Callable[[Ask, Answer], Content]
) -> Endpoint:
    return Endpoint(
        path=re.compile(path),
        read=read,
        write=write,
        error=google_errors.write,
        headers=google_errors.headers,
    )


def _embedding(api: Api) -> Iterable[Endpoint]:
    methods = {"embedContent": "EmbedContentRequest"}
    if api == "gemini":
        methods["batchEmbedContents"] = "BatchEmbedContentsRequest"
    for method, message in methods.items():
        yield _endpoint(f"{PLACES[api]}:{method}", partial(read, api, message), partial(write, api))


ENDPOINTS = (
    *_embedding("gemini"),
    *_embedding("vertex"),
    _endpoint(f"{PLACES['vertex']}:predict", read_predict, write_predict),
)
