"""Amazon's Nova Multimodal Embeddings: one text or one picture in each request.

https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html
"""

from collections.abc import Iterator, Mapping

from translators.bedrock_titan_embed import OWNER, text_of
from translators.canonical import (
    Data,
    Done,
    Embedded,
    EmbeddingRequest,
    Image,
    Input,
    Json,
    Purpose,
    Started,
    Text,
    Told,
    Url,
)
from translators.errors import Unsupported
from translators.fields import Lack, Lacks
from translators.pick import entries
from translators.unstreamed import Unstreamed
from translators.vectors import read_vector

PURPOSES: Mapping[Purpose, str] = {
    "query": "GENERIC_RETRIEVAL",
    "question_answering": "GENERIC_RETRIEVAL",
    "fact_verification": "GENERIC_RETRIEVAL",
    "code_query": "GENERIC_RETRIEVAL",
    "document": "GENERIC_INDEX",
    "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING",
}
UNSAID = "GENERIC_INDEX"
"""What vectors are for where the client does not say: the model has to be told."""

_FORMATS = {"image/png": "png", "image/jpeg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
_ENDINGS = {"jpg": "jpeg", "jpeg": "jpeg", "gif": "gif", "webp": "webp"}
"""What addresses of pictures may say; the model has to be told. Others are taken for `png`."""
_INDEX = f"`{UNSAID}` in its place"


def _elsewhere(source: object) -> bool:
    """Whether a picture is neither data nor in Amazon's own storage."""
    return not (isinstance(source, Data) or (isinstance(source, Url) and source.url.startswith("s3://")))


LACKS: Lacks = {
    "Tokens": Lack("refused", note="texts, and no tokens"),
    "Image.source": Lack("refused", note="only as data or s3://", only=_elsewhere),
    "Image.detail": Lack("dropped"),
    "EmbeddingRequest.purpose": Lack("dropped", note=_INDEX, only=lambda purpose: purpose not in PURPOSES),
    "Input.purpose": Lack("dropped", note=_INDEX, only=lambda purpose: purpose not in PURPOSES),
    "EmbeddingRequest.title": Lack("dropped"),
    "Input.title": Lack("dropped"),
    "EmbeddingRequest.user": Lack("dropped"),
}


def write_request(request: EmbeddingRequest) -> Json:
    """A text that is too long is refused, unless the client says where to cut it."""
    (purpose,), (each,) = request.purposes(), request.inputs
    size: Json = {} if request.dimensions is None else {"embeddingDimension": request.dimensions}
    return {
        "schemaVersion": "nova-multimodal-embed-v1",
        "taskType": "SINGLE_EMBEDDING",
        "singleEmbeddingParams": {
            "embeddingPurpose": PURPOSES.get(purpose, UNSAID) if purpose else UNSAID,
            **size,
            **_content(each, (request.truncate or "none").upper()),
        },
    }


def _content(each: Input, mode: str) -> Json:
    match each.parts:
        case (Image(Data(media_type, base64)),):
            if media_type not in _FORMATS:
                raise Unsupported("Image", f"must be one of {', '.join(_FORMATS)}")
            return {"image": {"format": _FORMATS[media_type], "source": {"bytes": base64}}}
        case (Image(Url(url)),):
            kind = _ENDINGS.get(url.rpartition(".")[2].lower(), "png")
            return {"image": {"format": kind, "source": {"s3Location": {"uri": url}}}}
        case parts if all(isinstance(part, Text) for part in parts):
            return {"text": {"truncationMode": mode, "value": text_of(each)}}
        case _:
            raise Unsupported("Image", "must be the only part of its input")


def read_response(body: Json) -> list[Told]:
    """Tokens are counted in a header."""
    return [Started("", ""), *_vectors(body), Done()]


def _vectors(body: Json) -> Iterator[Embedded]:
    for at, told in enumerate(entries(body, "embeddings")):
        yield Embedded(at, read_vector(told["embedding"]), True if told.get("truncatedCharLength") else None)


NOVA_EMBED = Unstreamed[EmbeddingRequest](
    "bedrock_nova_embed",
    "embeddings",
    OWNER,
    write_request=write_request,
    read_response=read_response,
    lacks=LACKS,
    most=1,
)
