"""Rerank as Jina has it, and vLLM and Voyage after it.

https://jina.ai/reranker
https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#re-rank-api
https://docs.voyageai.com/reference/reranker-api
"""

from collections.abc import Sequence

from translators import cohere_rerank
from translators.canonical import Done, Json, JsonValue, Ranked, RerankRequest, Started, Told, Used
from translators.cohere_rerank import own, ranked, result_of, said
from translators.fields import Lack, Lacks, Means, Own, Reads
from translators.foreign import Record
from translators.openai_chat.errors import is_error, read_failure
from translators.openai_chat.fields import OWNER
from translators.openai_chat.usage import told
from translators.openai_native import ChunkReader, Native, chunk_failure

READS: Reads = {
    "model": Means("RerankRequest.model"),
    "query": Means("RerankRequest.query"),
    "documents": Means("RerankRequest.documents", "texts, or objects whose fields become a text"),
    "documents[].text": Means("Ranking.text"),
    "top_n": Means("RerankRequest.top_n"),
    "top_k": Means("RerankRequest.top_n", "Voyage's name"),
    "return_documents": Means("RerankRequest.return_documents", "they are returned where nothing is said"),
    "max_tokens_per_doc": Means("RerankRequest.max_tokens_per_doc"),
    "rank_fields": Means("RerankRequest.rank_fields"),
    "user": Means("RerankRequest.user"),
    "truncation": Own("dropped", harmless=(True,), note="an extension of Voyage's"),
    "truncate_prompt_tokens": Own("dropped", note="an extension of vLLM's"),
    "priority": Own("dropped", harmless=(0,), note="an extension of vLLM's"),
}

LACKS: Lacks = {"RerankRequest.max_tokens_per_doc": Lack("dropped")}


def check(top: Record) -> None:
    cohere_rerank.check(top)
    top.integer("top_k")


def read_request(body: Json) -> RerankRequest:
    """The canonical form. Raises `BadRequest`, and `Unsupported` for what is no text."""
    top = Record(body)
    check(top)
    wanted = top.integer("top_k") if top.integer("top_n") is None else top.integer("top_n")
    returns = top.flag("return_documents")
    asked: Json = {**body, "top_n": wanted, "return_documents": True if returns is None else returns}
    return cohere_rerank.read_request(asked, READS, OWNER)


def write_request(request: RerankRequest) -> Json:
    return {
        "model": request.model,
        "query": request.query,
        "documents": [document.text for document in request.documents],
        **said(top_n=request.top_n, user=request.user),
        **({} if request.return_documents else {"return_documents": False}),
        **own(request, OWNER),
    }


def read_response(body: Json) -> list[Told]:
    """Results are called `data` at Voyage."""
    if is_error(body) and "results" not in body:
        return [read_failure(body)]
    results = body["data"] if "data" in body else body["results"]
    head = [] if "model" in body or "id" in body else [Started("", "")]
    return [*head, *told(body), *ranked(results, "relevance_score"), Done()]


def write_response(events: Sequence[Told], *, created: int) -> Json:
    """`created` has no place here. Usage is left out where the provider has not said."""
    body: Json = {"id": "", "model": "", "usage": {}, "results": []}
    results, usage = list[JsonValue](), dict[str, JsonValue]()
    for event in events:
        match event:
            case Started(id, model):
                body |= {"id": id, "model": model}
            case Ranked():
                results.append(result_of(event))
            case Used(used) if used.input is not None:
                usage = {"prompt_tokens": used.input, "total_tokens": used.input}
            case _:
                pass
    return {**body, "usage": usage, "results": results}


class JinaRerank(Native):
    """Passed where a provider has it, and translated where not."""

    def __init__(self) -> None:
        super().__init__("jina_rerank", check, ChunkReader, chunk_failure)
        self.KIND: str = "rerank"
        self.READS: Reads = READS
        self.LACKS: Lacks = LACKS
        self.MOST: int | None = None

    def read_request(self, body: Json) -> RerankRequest:
        return read_request(body)

    def write_request(self, request: RerankRequest) -> Json:
        return write_request(request)

    def read_response(self, body: Json) -> list[Told]:
        return read_response(body)

    def write_response(self, events: Sequence[Told], *, created: int) -> Json:
        return write_response(events, created=created)
