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
from addons.demo.wire import Json, count, digest, dump, items, members, parse, text, words

DIMENSIONS = 3072
MOST_INSTANCES = 250
SIZES = (128, 256, 512, 1408)
"""Of vectors that pictures have, too."""
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
    texts = ["\n".join(map(_said, parts_of(members(each["content"])))) for each in asked]
    return _ask(request, body, texts, [_size(each) for each in asked])


def _said(part: Json) -> str:
    """A text, or a picture as its data or address."""
    data, file = members(part.get("inlineData")), members(part.get("fileData"))
    return text(part.get("text")) or text(data.get("data")) or text(file.get("fileUri"))


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


def _is_multimodal(request: Incoming) -> bool:
    """Texts by themselves are asked for at the same place, as `content`."""
    try:
        asked = items(members(parse(request.body)).get("instances"))
    except ValueError:
        return False
    return any(not {"text", "image", "video"}.isdisjoint(members(each)) for each in asked)


def read_multimodal(request: Incoming) -> Ask:
    """`multimodalembedding`: a text, a picture, or a vector for each of them."""
    body = body_of(request)
    instances = [members(each) for each in items(body.get("instances"))]
    if len(instances) != 1:
        raise Rejected("Only 1 instance is allowed per prediction.", "instances")
    image = members(instances[0].get("image"))
    shown = [text(image[name]) for name in ("bytesBase64Encoded", "gcsUri") if name in image]
    if "image" in instances[0] and len(shown) != 1:
        raise Rejected("image must have one of bytesBase64Encoded and gcsUri.", "instances.image")
    size = members(body.get("parameters")).get("dimension")
    if size not in (None, *SIZES):
        raise Rejected(f"dimension must be one of {SIZES}.", "parameters.dimension")
    said = {"textEmbedding": text(instances[0].get("text")), "imageEmbedding": "".join(shown)}
    if not any(said.values()):
        raise Rejected("The instance is empty.", "instances")
    return Ask(
        model=request.named["model"],
        body={"said": {name: told for name, told in said.items() if told}, "size": size or SIZES[-1]},
        digest=digest(request.path.encode(), request.body),
        texts=tuple(told for told in said.values() if told),
    )


def write_multimodal(ask: Ask, _answer: Answer) -> Content:
    """It does not tell what it has counted."""
    made = {name: embedding(told, ask.body["size"]) for name, told in ask.body["said"].items()}
    return Content(dump({"predictions": [made], "deployedModelId": "demo"}), google_errors.JSON)


def _endpoint(
    path: str,
    read: Callable[[Incoming], Ask],
    write: Callable[[Ask, Answer], Content],
    speaks: Callable[[Incoming], bool] = lambda _request: True,
) -> Endpoint:
    return Endpoint(
        path=re.compile(path),
        speaks=speaks,
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
    _endpoint(f"{PLACES['vertex']}:predict", read_multimodal, write_multimodal, _is_multimodal),
    _endpoint(f"{PLACES['vertex']}:predict", read_predict, write_predict),
)
