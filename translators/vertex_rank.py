"""Google Cloud's ranking API, which knows records by their ids.

https://cloud.google.com/generative-ai-app-builder/docs/reference/rest/v1/projects.locations.rankingConfigs/rank
"""

from collections.abc import Iterator

from translators.canonical import Done, Json, JsonValue, Ranked, RerankRequest, Started, Told
from translators.cohere_rerank import said
from translators.fields import Lack, Lacks
from translators.pick import entries
from translators.unstreamed import Unstreamed

LACKS: Lacks = {
    "RerankRequest.user": Lack("dropped"),
    "RerankRequest.max_tokens_per_doc": Lack("dropped"),
}


def write_request(request: RerankRequest) -> Json:
    """The ids are the documents' positions, which is all that has to come back."""
    records: list[JsonValue] = [
        {"id": str(at), "content": document.text} for at, document in enumerate(request.documents)
    ]
    return {
        "model": request.model,
        "query": request.query,
        "records": records,
        "ignoreRecordDetailsInResponse": True,
        **said(topN=request.top_n),
    }


def read_response(body: Json) -> list[Told]:
    """Nothing is said about what it took."""
    if "records" not in body:
        raise TypeError("no records")
    return [Started("", ""), *_ranked(body), Done()]


def _ranked(body: Json) -> Iterator[Ranked]:
    for record in entries(body, "records"):
        score = record.get("score")
        if not isinstance(score, int | float):
            raise TypeError("no score")
        yield Ranked(int(str(record["id"])), float(score))


VERTEX_RANK = Unstreamed[RerankRequest](
    "vertex_rank", "rerank", "google", write_request=write_request, read_response=read_response, lacks=LACKS
)
