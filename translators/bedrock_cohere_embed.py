"""Cohere's embedding models at Amazon.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v4.html
"""

from collections.abc import Mapping

from translators.canonical import (
    Done,
    EmbeddingRequest,
    Image,
    Json,
    JsonValue,
    Started,
    Text,
    Told,
)
from translators.cohere_embed import LACKS, MOST, OWNER, input_type, settings, texts_or_inputs, vectors
from translators.errors import Unsupported
from translators.fields import Lack, Lacks
from translators.openai_embeddings.request_writer import address
from translators.pick import text
from translators.unstreamed import Unstreamed

_CUTS: Mapping[str, str] = {"none": "NONE", "start": "LEFT", "end": "RIGHT"}
"""As version 4 calls them."""

V3_LACKS: Lacks = {
    **LACKS,
    "EmbeddingRequest.dimensions": Lack("refused", note="these models have one size"),
    "Image.detail": Lack("dropped"),
}
V4_LACKS: Lacks = {**LACKS, "Image.detail": Lack("dropped")}


def write_v3(request: EmbeddingRequest) -> Json:
    """Texts, or one picture by itself."""
    written = settings(request, texts_or_inputs(request, _content))
    if "inputs" in written:
        raise Unsupported("Image", "must be the only input, and have no input type of its own")
    if request.truncate:
        written["truncate"] = request.truncate.upper()
    return {**written, "embedding_types": ["float"]}


def write_v4(request: EmbeddingRequest) -> Json:
    """Vectors are asked for by type: an answer without types holds no type of its own."""
    written = settings(request, texts_or_inputs(request, _content))
    written["input_type"] = input_type(request)  # (this version has no `image`)
    if request.truncate:
        written["truncate"] = _CUTS[request.truncate]
    return {**written, "embedding_types": ["float"]}


def _content(part: object) -> JsonValue:
    match part:
        case Text(text):
            return {"type": "text", "text": text}
        case Image(source):
            return {"type": "image_url", "image_url": address(source)}
        case _:
            raise Unsupported("Tokens", "texts, and no tokens")


def read_response(body: Json) -> list[Told]:
    """Tokens are counted in a header."""
    return [Started(text(body, "id"), ""), *vectors(body["embeddings"]), Done()]


COHERE_V3 = Unstreamed[EmbeddingRequest](
    "bedrock_cohere_embed_v3",
    "embeddings",
    OWNER,
    write_request=write_v3,
    read_response=read_response,
    lacks=V3_LACKS,
    most=MOST,
)
COHERE_V4 = Unstreamed[EmbeddingRequest](
    "bedrock_cohere_embed_v4",
    "embeddings",
    OWNER,
    write_request=write_v4,
    read_response=read_response,
    lacks=V4_LACKS,
    most=MOST,
)
