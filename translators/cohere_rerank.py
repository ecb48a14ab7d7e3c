"""Cohere's Rerank, version 2, with the fields that version 1 had for documents.

https://docs.cohere.com/reference/rerank
"""

from collections.abc import Iterator, Sequence

import orjson

from translators.canonical import (
    Done,
    Json,
    JsonValue,
    Opaque,
    Ranked,
    Ranking,
    RerankRequest,
    Started,
    Told,
    Usage,
    Used,
)
from translators.errors import Unsupported
from translators.fields import Lack, Lacks, Means, Own, Reads
from translators.foreign import Record, known, strangers
from translators.openai_native import ChunkReader, Native, chunk_failure
from translators.pick import inner, number, text

OWNER = "cohere"

READS: Reads = {
    "model": Means("RerankRequest.model"),
    "query": Means("RerankRequest.query"),
    "documents": Means("RerankRequest.documents", "texts, or objects whose fields become a text"),
    "documents[].text": Means("Ranking.text"),
    "top_n": Means("RerankRequest.top_n"),
    "max_tokens_per_doc": Means("RerankRequest.max_tokens_per_doc"),
    "return_documents": Means("RerankRequest.return_documents", "those of the request, if need be"),
    "rank_fields": Means("RerankRequest.rank_fields"),
    "priority": Own("dropped"),
    "max_chunks_per_doc": Own("dropped"),
    "relevant_spans": Own("dropped"),
}

LACKS: Lacks = {"RerankRequest.user": Lack("dropped")}


# --- the request ------------------------------------------------------------------------------------


def check(top: Record) -> None:
    """What no server could make anything of."""
    top.text("model")
    if not isinstance(query := top.must(top.data.get, "query"), str | dict) or not query:
        raise top.bad("query", "must be a string")
    documents = top.must(top.items, "documents")
    if not documents:
        raise top.bad("documents", "must not be empty")
    for at, document in enumerate(documents):
        if not isinstance(document, str | dict):
            raise top.bad(f"documents[{at}]", "must be a string or an object")
    if (wanted := top.integer("top_n")) is not None and wanted < 1:
        raise top.bad("top_n", "must be at least 1")
    top.flag("return_documents")


def read_request(body: Json, reads: Reads = READS, owner: str = OWNER) -> RerankRequest:
    """The canonical form. Raises `BadRequest`, and `Unsupported` for what is no text."""
    top = Record(body)
    check(top)
    fields = top.texts("rank_fields")
    return RerankRequest(
        model=top.text("model") or "",
        query=_query(top.data["query"]),
        documents=tuple(_document(item, fields) for item in top.items("documents") or ()),
        top_n=top.integer("top_n"),
        max_tokens_per_doc=top.integer("max_tokens_per_doc"),
        return_documents=top.flag("return_documents"),
        rank_fields=fields,
        user=top.text("user") if "user" in reads else None,
        opaque=tuple(_own(top, reads, owner)),
    )


def _query(query: JsonValue) -> str:
    match query:
        case str(text) | {"text": str(text)}:
            return text
        case _:
            raise Unsupported("RerankRequest.query", "must be a text")


def _document(item: JsonValue, fields: Sequence[str] | None) -> Ranking:
    match item:
        case str(text):
            return Ranking(text)
        case {"text": str(text), **rest} if not rest:
            return Ranking(text, {"text": text})
        case dict():
            kept = {name: value for name, value in item.items() if fields is None or name in fields}
            return Ranking("\n".join(f"{name}: {_plain(value)}" for name, value in kept.items()), item)
        case _:
            raise Unsupported("RerankRequest.documents", "must be texts")


def _plain(value: JsonValue) -> str:
    """A value as YAML has it, which is what these models know structured documents by."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _own(top: Record, reads: Reads, owner: str) -> Iterator[Opaque]:
    for name, value in top.data.items():
        if isinstance(reads.get(name), Own) and value is not None:
            yield Opaque(owner, name, value)
    top_level = {name: value for name, value in top.data.items() if name not in ("documents", "query")}
    for name, value in strangers(top_level, known(reads)):
        yield Opaque(owner, name, value)


def write_request(request: RerankRequest) -> Json:
    """Texts only, as this version has it: what is to be ranked by was seen to when they were read."""
    return {
        "model": request.model,
        "query": request.query,
        "documents": [document.text for document in request.documents],
        **said(top_n=request.top_n, max_tokens_per_doc=request.max_tokens_per_doc),
        **own(request, OWNER),
    }


def said(**fields: JsonValue) -> Json:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}


def own(request: RerankRequest, owner: str) -> Json:
    """What only the vendor understands, for the vendor."""
    return {opaque.field: opaque.data for opaque in request.opaque if opaque.owner == owner}


# --- the answer -------------------------------------------------------------------------------------


def read_response(body: Json) -> list[Told]:
    return [Started(text(body, "id"), ""), *ranked(body["results"], "relevance_score"), *_used(body), Done()]


def ranked(results: JsonValue, score: str) -> Iterator[Ranked]:
    """One list of results; `score` is what each calls its own."""
    if not isinstance(results, list):
        raise TypeError("no results")
    for result in results:
        if not isinstance(result, dict):
            raise TypeError("no result")
        index, value = result.get("index"), result.get(score)
        if not isinstance(index, int) or not isinstance(value, int | float):
            raise TypeError("no result")
        yield Ranked(index, float(value), _told(result.get("document")))


def _told(document: JsonValue) -> Json | None:
    match document:
        case str(text):
            return {"text": text}
        case dict():
            return document
        case _:
            return None


def _used(body: Json) -> Iterator[Used]:
    meta = inner(body, "meta")
    usage = Usage(
        input=number(inner(meta, "tokens"), "input_tokens"),
        output=number(inner(meta, "tokens"), "output_tokens"),
        search_units=number(inner(meta, "billed_units"), "search_units"),
    )
    if usage != Usage():
        yield Used(usage)


def write_response(events: Sequence[Told], *, created: int) -> Json:
    """`created` has no place here."""
    body: Json = {"id": "", "results": [], "meta": {"api_version": {"version": "2"}}}
    results = list[JsonValue]()
    for event in events:
        match event:
            case Started(id=id):
                body["id"] = id
            case Ranked():
                results.append(result_of(event))
            case Used(usage):
                body["meta"] = {"api_version": {"version": "2"}, **_meta(usage)}
            case _:
                pass
    body["results"] = results
    return body


def result_of(event: Ranked) -> Json:
    """One result, with its document where there is one."""
    told: Json = {"index": event.index, "relevance_score": event.score}
    return told if event.document is None else {**told, "document": event.document}


def _meta(usage: Usage) -> Json:
    told: Json = {}
    if usage.search_units is not None:
        told["billed_units"] = {"search_units": usage.search_units}
    if tokens := said(input_tokens=usage.input, output_tokens=usage.output):
        told["tokens"] = tokens
    return told


class Rerank(Native):
    """Passed where a provider has it, and translated where not."""

    def __init__(self) -> None:
        super().__init__("cohere_rerank", check, ChunkReader, chunk_failure)
        self.KIND, self.OWNER = "rerank", OWNER
        self.READS: Reads = READS
        self.LACKS: Lacks = LACKS
        self.MOST: int | None = None

    def told(self, body: Json) -> Iterator[Started | Used]:
        yield Started(text(body, "id"), "")
        yield from _used(body)

    def read_request(self, body: Json) -> RerankRequest:
        return read_request(body)

    def write_request(self, request: RerankRequest) -> Json:
        return write_request(request)

    def read_response(self, body: Json) -> list[Told]:
        return read_response(body)

    def write_response(self, events: Sequence[Told], *, created: int) -> Json:
        return write_response(events, created=created)
