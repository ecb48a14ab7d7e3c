"""Google's embeddings: Vertex AI's `predict` and `embedContent`, and `batchEmbedContents` of the Gemini API.

https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/multimodal-embeddings-api
https://ai.google.dev/api/embeddings
"""

from collections.abc import Callable, Iterator, Mapping

from translators.bedrock_titan_embed import text_of
from translators.canonical import (
    Data,
    Done,
    Embedded,
    EmbeddingRequest,
    Image,
    Input,
    Json,
    JsonValue,
    Purpose,
    Started,
    Text,
    Told,
    Url,
    Usage,
    Used,
)
from translators.errors import Unsupported
from translators.fields import Lack, Lacks
from translators.pick import entries, inner, number
from translators.unstreamed import Unstreamed
from translators.vectors import read_vector

OWNER = "google"
TASKS: Mapping[Purpose, str] = {
    "query": "RETRIEVAL_QUERY",
    "document": "RETRIEVAL_DOCUMENT",
    "similarity": "SEMANTIC_SIMILARITY",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
    "question_answering": "QUESTION_ANSWERING",
    "fact_verification": "FACT_VERIFICATION",
    "code_query": "CODE_RETRIEVAL_QUERY",
}


def _elsewhere(source: object) -> bool:
    """Whether a picture is neither data nor in Google's own storage."""
    return not (isinstance(source, Data) or (isinstance(source, Url) and source.url.startswith("gs://")))


_LACKS: Lacks = {
    "Tokens": Lack("refused", note="texts, and no tokens"),
    "EmbeddingRequest.user": Lack("dropped"),
}
_CUT: Lacks = {
    "EmbeddingRequest.truncate": Lack("refused", note="only at the end", only=lambda where: where == "start")
}
PREDICT_LACKS: Lacks = {**_LACKS, **_CUT, "Image": Lack("refused", note="texts, and no pictures")}
CONTENT_LACKS: Lacks = {
    **_LACKS,
    **_CUT,
    "Image.source": Lack("refused", note="only as data or gs://", only=_elsewhere),
    "Image.detail": Lack("dropped"),
}
MULTIMODAL_LACKS: Lacks = {
    **_LACKS,
    **dict.fromkeys(
        ("EmbeddingRequest.purpose", "Input.purpose", "EmbeddingRequest.title", "Input.title"),
        Lack("dropped"),
    ),
    "EmbeddingRequest.truncate": Lack(
        "refused", harmless=("end",), note="texts are cut at their end, after 32 tokens"
    ),
    "Image.source": Lack("refused", note="only as data or gs://", only=_elsewhere),
    "Image.detail": Lack("dropped"),
}
BATCH_LACKS: Lacks = {
    **_LACKS,
    "EmbeddingRequest.truncate": Lack("dropped"),
    "Image.source": Lack("refused", note="only as data", only=lambda source: not isinstance(source, Data)),
    "Image.detail": Lack("dropped"),
}


# --- predict ----------------------------------------------------------------------------------------


def write_predict(request: EmbeddingRequest) -> Json:
    instances: list[JsonValue] = [
        _said(content=text_of(each), task_type=task, title=title) for each, task, title in _each(request)
    ]
    parameters = _said(outputDimensionality=request.dimensions, autoTruncate=_cuts(request))
    return {"instances": instances, **({"parameters": parameters} if parameters else {})}


def read_predict(body: Json) -> list[Told]:
    """Tokens are counted for each input: known where all are."""
    told = [inner(prediction, "embeddings") for prediction in entries(body, "predictions")]
    counts = [number(inner(each, "statistics"), "token_count") for each in told]
    known = [count for count in counts if count is not None]
    used = [Used(Usage(input=sum(known)))] if known and len(known) == len(counts) else []
    vectors = (_vector(at, each, inner(each, "statistics")) for at, each in enumerate(told))
    return [Started("", ""), *vectors, *used, Done()]


def write_multimodal(request: EmbeddingRequest) -> Json:
    """`multimodalembedding` takes one instance, and makes a vector of its text and another of its picture."""
    parameters = _said(dimension=request.dimensions)
    return {"instances": [_instance(request.inputs[0])], **({"parameters": parameters} if parameters else {})}


def _instance(each: Input) -> Json:
    match each.parts:
        case (Image(Data(media_type, base64)),):
            return {"image": {"bytesBase64Encoded": base64, "mimeType": media_type}}
        case (Image(Url(url)),):
            return {"image": {"gcsUri": url}}
        case parts if all(isinstance(part, Text) for part in parts):
            return {"text": text_of(each)}
        case _:
            raise Unsupported("Image", "must be the only part of its input: texts have vectors of their own")


def read_multimodal(body: Json) -> list[Told]:
    """It does not tell what it has counted."""
    vectors = (
        Embedded(at, read_vector(told.get("textEmbedding") or told.get("imageEmbedding")))
        for at, told in enumerate(entries(body, "predictions"))
    )
    return [Started("", ""), *vectors, Done()]


# --- contents ---------------------------------------------------------------------------------------


def write_content(request: EmbeddingRequest) -> Json:
    """One input, and what is wanted of it."""
    ((each, task, title),) = _each(request)
    config = _said(
        taskType=task, title=title, outputDimensionality=request.dimensions, autoTruncate=_cuts(request)
    )
    return {"content": _content(each), **({"embedContentConfig": config} if config else {})}


def read_content(body: Json) -> list[Told]:
    return [Started("", ""), _vector(0, inner(body, "embedding"), body), *_used(body), Done()]


def write_batch(request: EmbeddingRequest) -> Json:
    """Each of the requests names the model, though all have to name the same."""
    requests: list[JsonValue] = [
        {
            "model": f"models/{request.model}",
            "content": _content(each),
            **_said(taskType=task, title=title, outputDimensionality=request.dimensions),
        }
        for each, task, title in _each(request)
    ]
    return {"requests": requests}


def read_batch(body: Json) -> list[Told]:
    vectors = (_vector(at, each, {}) for at, each in enumerate(entries(body, "embeddings")))
    return [Started("", ""), *vectors, *_used(body), Done()]


# --- what they share --------------------------------------------------------------------------------


def _each(request: EmbeddingRequest) -> Iterator[tuple[Input, str | None, str | None]]:
    """Each input with its task and title."""
    for each, purpose, title in zip(request.inputs, request.purposes(), request.titles(), strict=True):
        yield each, TASKS[purpose] if purpose else None, title


def _said(**fields: JsonValue) -> Json:
    return {name: value for name, value in fields.items() if value is not None}


def _cuts(request: EmbeddingRequest) -> bool | None:
    return None if request.truncate is None else request.truncate == "end"


def _content(each: Input) -> Json:
    return {"parts": [_part(part) for part in each.parts]}


def _part(part: object) -> JsonValue:
    match part:
        case Text(text):
            return {"text": text}
        case Image(Data(media_type, base64)):
            return {"inlineData": {"mimeType": media_type, "data": base64}}
        case Image(Url(url)):
            return {"fileData": {"fileUri": url, "mimeType": _kind(url)}}
        case _:
            raise Unsupported("Input.parts", "texts and pictures only")


def _kind(url: str) -> str:
    """What an address says that there is. Google has to be told."""
    ending = url.rpartition(".")[2].lower()
    return {"jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp"}.get(ending, "image/png")


def _vector(at: int, told: Json, statistics: Json) -> Embedded:
    truncated = statistics.get("truncated")
    return Embedded(at, read_vector(told["values"]), truncated if isinstance(truncated, bool) else None)


def _used(body: Json) -> Iterator[Used]:
    if (tokens := number(inner(body, "usageMetadata"), "promptTokenCount")) is not None:
        yield Used(Usage(input=tokens))


def _google(
    name: str,
    write: Callable[[EmbeddingRequest], Json],
    read: Callable[[Json], list[Told]],
    lacks: Lacks,
    most: int,
) -> Unstreamed[EmbeddingRequest]:
    return Unstreamed(
        name, "embeddings", OWNER, write_request=write, read_response=read, lacks=lacks, most=most
    )


VERTEX_PREDICT = _google("vertex_predict_embed", write_predict, read_predict, PREDICT_LACKS, 250)
VERTEX_PREDICT_ONE = _google("vertex_predict_embed_one", write_predict, read_predict, PREDICT_LACKS, 1)
"""`gemini-embedding-001`, which takes one input."""
VERTEX_MULTIMODAL = _google(
    "vertex_predict_embed_image", write_multimodal, read_multimodal, MULTIMODAL_LACKS, 1
)
VERTEX_EMBED = _google("vertex_embed_content", write_content, read_content, CONTENT_LACKS, 1)
GEMINI_EMBED = _google("gemini_embed", write_batch, read_batch, BATCH_LACKS, 100)
