"""Amazon's Rerank, which its agents' runtime serves; a model is called by its ARN.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_Rerank.html
"""

from translators.canonical import Done, Json, JsonValue, Ranking, RerankRequest, Started, Told
from translators.cohere_rerank import ranked
from translators.fields import Lack, Lacks
from translators.unstreamed import Unstreamed

LACKS: Lacks = {
    "RerankRequest.user": Lack("dropped"),
    "RerankRequest.max_tokens_per_doc": Lack("dropped"),
}


def write_request(request: RerankRequest) -> Json:
    """Documents with fields stay what they are, but for the fields that do not count."""
    config: Json = {"modelConfiguration": {"modelArn": request.model}}
    if request.top_n is not None:
        config["numberOfResults"] = min(request.top_n, len(request.documents))
    return {
        "queries": [{"type": "TEXT", "textQuery": {"text": request.query}}],
        "sources": [
            {"type": "INLINE", "inlineDocumentSource": _source(document, request.rank_fields)}
            for document in request.documents
        ],
        "rerankingConfiguration": {
            "type": "BEDROCK_RERANKING_MODEL",
            "bedrockRerankingConfiguration": config,
        },
    }


def _source(document: Ranking, fields: tuple[str, ...] | None) -> JsonValue:
    if document.fields is None or document.fields == {"text": document.text}:
        return {"type": "TEXT", "textDocument": {"text": document.text}}
    kept: Json = {name: value for name, value in document.fields.items() if fields is None or name in fields}
    return {"type": "JSON", "jsonDocument": kept}


def read_response(body: Json) -> list[Told]:
    """Nothing is said about what it took."""
    return [Started("", ""), *ranked(body["results"], "relevanceScore"), Done()]


BEDROCK_RERANK = Unstreamed[RerankRequest](
    "bedrock_rerank",
    "rerank",
    "amazon",
    write_request=write_request,
    read_response=read_response,
    lacks=LACKS,
)
