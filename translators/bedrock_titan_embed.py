"""Amazon's Titan embedding models: one input in each request.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-mm.html
"""

from collections.abc import Callable, Iterator

from translators.canonical import (
    Data,
    Done,
    Embedded,
    EmbeddingRequest,
    Failed,
    Image,
    Input,
    Json,
    Started,
    Text,
    Told,
    Usage,
    Used,
)
from translators.errors import Unsupported
from translators.fields import Lack, Lacks
from translators.pick import number, text
from translators.unstreamed import Unstreamed
from translators.vectors import read_vector

OWNER = "amazon"

_TEXT_LACKS: Lacks = {
    "Tokens": Lack("refused", note="texts, and no tokens"),
    "Image": Lack("refused", note="texts, and no pictures"),
    "EmbeddingRequest.purpose": Lack("dropped"),
    "Input.purpose": Lack("dropped"),
    "EmbeddingRequest.title": Lack("dropped"),
    "Input.title": Lack("dropped"),
    "EmbeddingRequest.truncate": Lack("dropped", harmless=("none",), note="what is too long is refused"),
    "EmbeddingRequest.user": Lack("dropped"),
}
V1_LACKS: Lacks = {
    **_TEXT_LACKS,
    "EmbeddingRequest.dimensions": Lack("refused", harmless=(1536,), note="1536 is the only size"),
}
MULTIMODAL_LACKS: Lacks = {
    **{meaning: lack for meaning, lack in _TEXT_LACKS.items() if meaning != "Image"},
    "Image.source": Lack("refused", note="only as data", only=lambda source: not isinstance(source, Data)),
    "Image.detail": Lack("dropped"),
}


def write_v1(request: EmbeddingRequest) -> Json:
    return {"inputText": text_of(request.inputs[0])}


def write_v2(request: EmbeddingRequest) -> Json:
    size: Json = {} if request.dimensions is None else {"dimensions": request.dimensions}
    return {"inputText": text_of(request.inputs[0]), **size}


def write_multimodal(request: EmbeddingRequest) -> Json:
    """A text, a picture, or one of each."""
    written: Json = {}
    if said := text_of(request.inputs[0]):
        written["inputText"] = said
    match [part.source for part in request.inputs[0].parts if isinstance(part, Image)]:
        case []:
            pass
        case [Data(base64=base64)]:
            written["inputImage"] = base64
        case _:
            raise Unsupported("Image", "one for each input")
    if request.dimensions is not None:
        written["embeddingConfig"] = {"outputEmbeddingLength": request.dimensions}
    return written


def text_of(each: Input) -> str:
    """All texts of an input, a line for each, as chat templates have them."""
    return "\n".join(part.text for part in each.parts if isinstance(part, Text))


def read_response(body: Json) -> list[Told]:
    """Where something went wrong, a `message` says what."""
    if not body.get("embedding") and (message := text(body, "message")):
        return [Failed("invalid_request", message, 400)]
    return [Started("", ""), *_told(body), Done()]


def _told(body: Json) -> Iterator[Told]:
    yield Embedded(0, read_vector(body["embedding"]))
    if (tokens := number(body, "inputTextTokenCount")) is not None:
        yield Used(Usage(input=tokens))


def _titan(
    name: str, write: Callable[[EmbeddingRequest], Json], lacks: Lacks
) -> Unstreamed[EmbeddingRequest]:
    return Unstreamed(
        name, "embeddings", OWNER, write_request=write, read_response=read_response, lacks=lacks, most=1
    )


TITAN_V1 = _titan("bedrock_titan_embed_v1", write_v1, V1_LACKS)
TITAN_V2 = _titan("bedrock_titan_embed_v2", write_v2, _TEXT_LACKS)
TITAN_MULTIMODAL = _titan("bedrock_titan_embed_image", write_multimodal, MULTIMODAL_LACKS)
