"""Cohere: rerank, embeddings, and chat in OpenAI's form. https://docs.cohere.com/reference/about"""

import base64
import re
from dataclasses import replace
from typing import Any

from addons.demo import openai_chat, openai_errors, openai_request
from addons.demo.answer import Answer, Ask, Content, Endpoint, Failure, Incoming, Rejected
from addons.demo.vectors import embedding, floats, ranked
from addons.demo.wire import Json, count, digest, dump, items, members, parse, text, words

INPUT_TYPES = ("search_document", "search_query", "classification", "clustering", "image")
EMBEDDING_TYPES = ("float", "int8", "uint8", "binary", "ubinary", "base64")
DIMENSIONS = 256
SIZES = (256, 512, 1024, 1536)
MOST_TEXTS = 96
MOST_DOCUMENTS = 1000


def headers(digest: str) -> list[tuple[str, str]]:
    return [("x-debug-trace-id", digest), ("x-api-version", "2")]


def error(failure: Failure, digest: str) -> Content:
    said = openai_errors.body(failure)["error"]["message"]
    return Content(dump({"id": digest, "message": said}))


def _body(request: Incoming) -> Json:
    try:
        body: Any = parse(request.body)
    except ValueError:
        raise Rejected("invalid request: the body is not JSON") from None
    checked = members(body)
    if not text(checked.get("model")):
        raise Rejected("invalid request: model is required", "model")
    return checked


def read_rerank(request: Incoming) -> Ask:
    body = _body(request)
    documents = items(body.get("documents"))
    if not text(body.get("query")):
        raise Rejected("invalid request: query must be a non-empty string", "query")
    if not 0 < len(documents) <= MOST_DOCUMENTS:
        raise Rejected(f"invalid request: documents must hold 1 to {MOST_DOCUMENTS} items", "documents")
    if not all(isinstance(each, str) or text(members(each).get("text")) for each in documents):
        raise Rejected("invalid request: documents must be strings", "documents")
    if body.get("top_n") is not None and (count(body["top_n"]) or 0) < 1:
        raise Rejected("invalid request: top_n must be a positive integer", "top_n")
    texts = tuple(each if isinstance(each, str) else text(members(each)["text"]) for each in documents)
    return Ask(
        model=body["model"],
        body=body,
        digest=digest(request.path.encode(), request.body),
        texts=texts,
        tokens=sum(len(words(body["query"])) + len(words(each)) for each in texts),
    )


def _ranked(ask: Ask) -> list[Json]:
    found = ranked(ask.body["query"], list(ask.texts), count(ask.body.get("top_n")))
    return [{"index": number, "relevance_score": score} for number, score in found]


def write_rerank(ask: Ask, _answer: Answer) -> Content:
    meta = {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}}
    return Content(dump({"id": ask.digest, "results": _ranked(ask), "meta": meta}))


def write_rerank_plain(ask: Ask, _answer: Answer) -> Content:
    """As vLLM and Jina write it: with the documents, unless they are not wanted, and with tokens."""
    results: list[Json] = _ranked(ask)
    if ask.body.get("return_documents") is not False:
        for each in results:
            each["document"] = {"text": ask.texts[each["index"]]}
    used = {"prompt_tokens": ask.tokens, "total_tokens": ask.tokens}
    return Content(
        dump({"id": f"rerank-{ask.digest}", "model": ask.model, "usage": used, "results": results})
    )


def read_embed(request: Incoming) -> Ask:
    return ask_embed(request, _body(request))


def ask_embed(request: Incoming, body: Json) -> Ask:
    """What is embedded, in Cohere's own API or as AWS hosts it."""
    inputs = [
        [members(part) for part in items(members(each).get("content"))] for each in items(body.get("inputs"))
    ]
    joined = ["\n".join(map(_said, parts)) for parts in inputs]
    texts = [*items(body.get("texts")), *items(body.get("images")), *joined]
    if body.get("input_type") not in INPUT_TYPES:
        raise Rejected(f"invalid request: input_type must be one of {', '.join(INPUT_TYPES)}", "input_type")
    if not 0 < len(texts) <= MOST_TEXTS or not all(isinstance(each, str) for each in texts):
        raise Rejected(f"invalid request: texts must hold 1 to {MOST_TEXTS} strings", "texts")
    if unknown := [each for each in items(body.get("embedding_types")) if each not in EMBEDDING_TYPES]:
        raise Rejected(f"invalid request: embedding_types: unknown type {unknown[0]}", "embedding_types")
    if body.get("output_dimension") not in (None, *SIZES):
        raise Rejected(f"invalid request: output_dimension must be one of {SIZES}", "output_dimension")
    return Ask(
        model=body["model"],
        body=body,
        digest=digest(request.path.encode(), request.body),
        texts=tuple(texts),
        tokens=max(1, sum(len(words(each)) for each in texts)),
    )


def _said(part: Json) -> str:
    """A text, or the address of a picture, which AWS has as it is and Cohere inside of an object."""
    shown = part.get("image_url")
    return text(part.get("text")) or text(members(shown).get("url")) or text(shown)


def vectors(ask: Ask) -> list[list[float]]:
    size = count(ask.body.get("output_dimension")) or DIMENSIONS
    return [embedding(each, size) for each in ask.texts]


def by_type(ask: Ask) -> Json:
    wanted = items(ask.body.get("embedding_types")) or ["float"]
    return {kind: [_written(vector, kind) for vector in vectors(ask)] for kind in wanted}


def _written(vector: list[float], kind: str) -> Any:
    match kind:
        case "int8":
            return [round(127 * value) for value in vector]
        case "uint8":
            return [round(127 * value) + 128 for value in vector]
        case "ubinary":
            return _bits(vector)
        case "binary":
            return [byte - 128 for byte in _bits(vector)]
        case "base64":
            return base64.b64encode(floats(vector)).decode()
        case _:
            return vector


def _bits(vector: list[float]) -> list[int]:
    """A bit for each sign, eight to a byte."""
    signs = ["1" if value > 0 else "0" for value in vector]
    return [int("".join(signs[at : at + 8]), 2) for at in range(0, len(signs), 8)]


def write_embed(ask: Ask, _answer: Answer) -> Content:
    meta = {"api_version": {"version": "2"}, "billed_units": {"input_tokens": ask.tokens}}
    said = {"texts": items(ask.body.get("texts")), "response_type": "embeddings_by_type"}
    return Content(dump({"id": ask.digest, "embeddings": by_type(ask), **said, "meta": meta}))


ENDPOINTS = (
    *(replace(each, path=re.compile("/compatibility" + each.path.pattern)) for each in openai_chat.ENDPOINTS),
    Endpoint(
        path=re.compile("/v2/rerank"), read=read_rerank, write=write_rerank, error=error, headers=headers
    ),
    Endpoint(
        path=re.compile("(/v1)?/rerank"),
        read=read_rerank,
        write=write_rerank_plain,
        error=openai_errors.write,
        headers=openai_request.headers,
    ),
    Endpoint(path=re.compile("/v2/embed"), read=read_embed, write=write_embed, error=error, headers=headers),
)
