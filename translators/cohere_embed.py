"""Cohere's Embed, version 2. https://docs.cohere.com/reference/embed"""

from collections.abc import Callable, Iterator, Mapping

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
    Usage,
    Used,
)
from translators.errors import Unsupported
from translators.fields import Lack, Lacks
from translators.openai_embeddings.request_writer import address
from translators.pick import inner, number, text
from translators.unstreamed import Unstreamed
from translators.vectors import read_vector

OWNER = "cohere"
MOST = 96
PURPOSES: Mapping[Purpose, str] = {
    "query": "search_query",
    "question_answering": "search_query",
    "fact_verification": "search_query",
    "code_query": "search_query",
    "document": "search_document",
    "classification": "classification",
    "clustering": "clustering",
}
UNSAID = "search_document"
"""What vectors are for where the client does not say: these models have to be told."""

_DOCUMENT = f"`{UNSAID}` in its place"
LACKS: Lacks = {
    "Tokens": Lack("refused", note="texts, and no tokens"),
    "Image.source": Lack("refused", note="only as data", only=lambda source: not isinstance(source, Data)),
    "EmbeddingRequest.purpose": Lack("dropped", note=_DOCUMENT, only=lambda purpose: purpose not in PURPOSES),
    "Input.purpose": Lack("dropped", note=_DOCUMENT, only=lambda purpose: purpose not in PURPOSES),
    "EmbeddingRequest.title": Lack("dropped"),
    "Input.title": Lack("dropped"),
    "EmbeddingRequest.user": Lack("dropped"),
}


def write_request(request: EmbeddingRequest) -> Json:
    """In base64 where the client wants that: nothing has to be converted then."""
    written = settings(request, texts_or_inputs(request, _content))
    if request.truncate:
        written["truncate"] = request.truncate.upper()
    encoding = "base64" if request.encoding == "base64" else "float"
    return {"model": request.model, **written, "embedding_types": [encoding]}


def settings(request: EmbeddingRequest, inputs: Json) -> Json:
    """What Cohere's own API and the one of its models at Amazon have in common."""
    written = inputs if "input_type" in inputs else {"input_type": input_type(request), **inputs}
    size: Json = {} if request.dimensions is None else {"output_dimension": request.dimensions}
    return written | size


def input_type(request: EmbeddingRequest) -> str:
    """What the vectors are for, which is one thing for all inputs."""
    wanted = {PURPOSES.get(purpose, UNSAID) if purpose else UNSAID for purpose in request.purposes()}
    if len(wanted) > 1:
        raise Unsupported("Input.purpose", "must be the same for all inputs")
    return wanted.pop()


def texts_or_inputs(request: EmbeddingRequest, content: Callable[[object], JsonValue]) -> Json:
    """`texts` where there is nothing else, `images` for a picture by itself, and `inputs` for mixtures.

    The older models, which know no `inputs`, have a type for pictures in the place of what they are for.
    """
    plain = [
        each.parts[0].text
        for each in request.inputs
        if len(each.parts) == 1 and isinstance(each.parts[0], Text)
    ]
    if len(plain) == len(request.inputs):
        return {"texts": [*plain]}
    match request.inputs:
        case (Input((Image(source),)),) if not any(request.purposes()):
            return {"input_type": "image", "images": [address(source)]}
        case inputs:
            return {"inputs": [{"content": [content(part) for part in each.parts]} for each in inputs]}


def _content(part: object) -> JsonValue:
    match part:
        case Text(text):
            return {"type": "text", "text": text}
        case Image(source, detail):
            shown: Json = {"url": address(source)}
            return {"type": "image_url", "image_url": shown | ({"detail": detail} if detail else {})}
        case _:
            raise Unsupported("Tokens", "texts, and no tokens")


def read_response(body: Json) -> list[Told]:
    return [Started(text(body, "id"), ""), *vectors(body["embeddings"]), *_used(body), Done()]


def vectors(embeddings: JsonValue) -> Iterator[Embedded]:
    """By type, or a plain list."""
    if isinstance(embeddings, dict):
        embeddings = embeddings.get("float") or embeddings.get("base64")
    if not isinstance(embeddings, list):
        raise TypeError("no vectors")
    for at, vector in enumerate(embeddings):
        yield Embedded(at, read_vector(vector))


def _used(body: Json) -> Iterator[Used]:
    billed = inner(inner(body, "meta"), "billed_units")
    counts = [count for name in ("input_tokens", "image_tokens") if (count := number(billed, name))]
    if counts:
        yield Used(Usage(input=sum(counts)))


COHERE_EMBED = Unstreamed[EmbeddingRequest](
    "cohere_embed",
    "embeddings",
    OWNER,
    write_request=write_request,
    read_response=read_response,
    lacks=LACKS,
    most=MOST,
)
