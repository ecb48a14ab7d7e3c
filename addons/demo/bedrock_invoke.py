"""AWS Bedrock's InvokeModel for embeddings, of Titan, Nova and Cohere, and the rerank of its agents.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-mm.html
https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed.html
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_Rerank.html
"""

import re
from collections.abc import Callable
from typing import Any

from addons.demo import bedrock_errors, bedrock_shapes, cohere
from addons.demo.answer import Answer, Ask, Content, Endpoint, Incoming, Rejected
from addons.demo.bedrock_converse_request import body_of
from addons.demo.vectors import embedding, ranked
from addons.demo.wire import Json, count, digest, dump, items, members, parse, text, words

TITAN_FIELDS = frozenset({"inputText", "dimensions", "normalize", "embeddingTypes"})
PICTURE_FIELDS = frozenset({"inputText", "inputImage", "embeddingConfig"})
NOVA_FIELDS = frozenset({"schemaVersion", "taskType", "singleEmbeddingParams"})
NOVA_PURPOSES = frozenset(
    {
        *(f"{kind}_RETRIEVAL" for kind in ("GENERIC", "TEXT", "IMAGE", "VIDEO", "DOCUMENT", "AUDIO")),
        *("GENERIC_INDEX", "CLASSIFICATION", "CLUSTERING"),
    }
)
COHERE_FIELDS = frozenset(
    {
        "texts",
        "images",
        "inputs",
        "input_type",
        "embedding_types",
        "truncate",
        "output_dimension",
        "max_tokens",
    }
)
SIZES = (256, 512, 1024)
PICTURE_SIZES = (256, 384, 1024)
NOVA_SIZES = (256, 384, 1024, 3072)


def having(fields: set[str]) -> Callable[[Incoming], bool]:
    """The format is told by a field that only it has."""

    def speaks(request: Incoming) -> bool:
        try:
            return not fields.isdisjoint(members(parse(request.body)))
        except ValueError:
            return False

    return speaks


def known(body: Json, fields: frozenset[str]) -> Json:
    if extra := [name for name in body if name not in fields]:
        said = f"Malformed input request: #: extraneous key [{extra[0]}] is not permitted"
        raise Rejected(f"{said}, please reformat your input and try again.")
    return body


def read_titan(request: Incoming) -> Ask:
    body = known(body_of(request), TITAN_FIELDS)
    if not text(body["inputText"]):
        raise Rejected("Malformed input request: #/inputText: expected minLength: 1, actual: 0")
    if body.get("dimensions") not in (None, *SIZES):
        raise Rejected(f"Malformed input request: #/dimensions: must be one of {SIZES}")
    return _asked(request, body, body["inputText"], words(body["inputText"]))


def write_titan(ask: Ask, _answer: Answer) -> Content:
    vector = embedding(ask.texts[0], count(ask.body.get("dimensions")) or SIZES[-1])
    made: dict[str, Any] = {"float": vector, "binary": [int(value > 0) for value in vector]}
    wanted = {kind: made[kind] for kind in items(ask.body.get("embeddingTypes")) or ["float"] if kind in made}
    plain = {"embedding": vector} if "float" in wanted else {}
    said = {**plain, "embeddingsByType": wanted, "inputTextTokenCount": ask.tokens}
    return Content(dump(said), headers=_counted(ask))


def read_titan_picture(request: Incoming) -> Ask:
    """A text, a picture, or both, which make one vector."""
    body = known(body_of(request), PICTURE_FIELDS)
    size = members(body.get("embeddingConfig")).get("outputEmbeddingLength", PICTURE_SIZES[-1])
    if size not in PICTURE_SIZES:
        raise Rejected(f"Malformed input request: #/embeddingConfig: must be one of {PICTURE_SIZES}")
    said, shown = text(body.get("inputText")), text(body.get("inputImage"))
    if not (said or shown):
        raise Rejected("Malformed input request: one of inputText and inputImage is required")
    return _asked(request, {"dimensions": size}, " ".join(filter(None, (said, shown))), words(said))


def write_titan_picture(ask: Ask, _answer: Answer) -> Content:
    vector = embedding(ask.texts[0], ask.body["dimensions"])
    return Content(dump({"embedding": vector, "inputTextTokenCount": ask.tokens}), headers=_counted(ask))


def read_nova(request: Incoming) -> Ask:
    """One text or one picture."""
    body = known(body_of(request), NOVA_FIELDS)
    asked = members(body["singleEmbeddingParams"])
    size = asked.get("embeddingDimension", NOVA_SIZES[-1])
    said, image = members(asked.get("text")), members(asked.get("image"))
    source = members(image.get("source"))
    shown = text(source.get("bytes")) or text(members(source.get("s3Location")).get("uri"))
    if body.get("taskType") != "SINGLE_EMBEDDING" or asked.get("embeddingPurpose") not in NOVA_PURPOSES:
        raise Rejected("Malformed input request: #/taskType and #/embeddingPurpose are required")
    if size not in NOVA_SIZES:
        raise Rejected(f"Malformed input request: #/embeddingDimension: must be one of {NOVA_SIZES}")
    if bool(said) == bool(image) or not (text(said.get("value")) or shown):
        raise Rejected("Malformed input request: #/singleEmbeddingParams: one input is required")
    if said and "truncationMode" not in said:
        raise Rejected("Malformed input request: #/singleEmbeddingParams/text: truncationMode is required")
    about: Json = {"dimensions": size, "kind": "TEXT" if said else "IMAGE"}
    return _asked(request, about, text(said.get("value")) or shown, words(text(said.get("value"))))


def write_nova(ask: Ask, _answer: Answer) -> Content:
    vector = embedding(ask.texts[0], ask.body["dimensions"])
    return Content(
        dump({"embeddings": [{"embeddingType": ask.body["kind"], "embedding": vector}]}),
        headers=_counted(ask),
    )


def _asked(request: Incoming, body: Json, said: str, counted: list[str]) -> Ask:
    return Ask(
        model=request.named["model"],
        body=body,
        digest=digest(request.path.encode(), request.body),
        texts=(said,),
        tokens=max(1, len(counted)),
    )


def read_cohere(request: Incoming) -> Ask:
    body = known(body_of(request), COHERE_FIELDS)
    return cohere.ask_embed(request, {**body, "model": request.named["model"]})


def write_cohere(ask: Ask, _answer: Answer) -> Content:
    """A plain list, unless types were asked for."""
    typed = bool(items(ask.body.get("embedding_types")))
    return Content(
        dump(
            {
                "id": ask.digest,
                "embeddings": cohere.by_type(ask) if typed else cohere.vectors(ask),
                "texts": items(ask.body.get("texts")),
                "response_type": "embeddings_by_type" if typed else "embeddings_floats",
            }
        ),
        headers=_counted(ask),
    )


def _counted(ask: Ask) -> tuple[tuple[str, str], ...]:
    return (("x-amzn-bedrock-input-token-count", str(ask.tokens)),)


def read_rerank(request: Incoming) -> Ask:
    body = body_of(request)
    bedrock_shapes.check("bedrock-agent-runtime", "RerankRequest", body)
    config = body["rerankingConfiguration"]["bedrockRerankingConfiguration"]
    sources = [members(each["inlineDocumentSource"]) for each in body["sources"]]
    return Ask(
        model=text(config["modelConfiguration"]["modelArn"]).rpartition("/")[2],
        body=body,
        digest=digest(request.path.encode(), request.body),
        texts=tuple(_told(source) for source in sources),
    )


def _told(source: Json) -> str:
    if source["type"] == "JSON":
        return dump(source.get("jsonDocument")).decode()
    return text(members(source.get("textDocument")).get("text"))


def write_rerank(ask: Ask, _answer: Answer) -> Content:
    config = ask.body["rerankingConfiguration"]["bedrockRerankingConfiguration"]
    query = members(ask.body["queries"][0]["textQuery"]).get("text")
    found = ranked(text(query), list(ask.texts), count(config.get("numberOfResults")))
    return Content(dump({"results": [{"index": at, "relevanceScore": score} for at, score in found]}))


def _endpoint(
    path: str, fields: set[str], read: Callable[[Incoming], Ask], write: Callable[[Ask, Answer], Content]
) -> Endpoint:
    return Endpoint(
        path=re.compile(path),
        speaks=having(fields),
        read=read,
        write=write,
        error=bedrock_errors.write,
        headers=bedrock_errors.headers,
    )


INVOKE = "/model/(?P<model>[^/]+)/invoke"
ENDPOINTS = (
    _endpoint(INVOKE, {"inputImage", "embeddingConfig"}, read_titan_picture, write_titan_picture),
    _endpoint(INVOKE, {"inputText"}, read_titan, write_titan),
    _endpoint(INVOKE, {"singleEmbeddingParams"}, read_nova, write_nova),
    _endpoint(INVOKE, {"texts", "images", "inputs"}, read_cohere, write_cohere),
    _endpoint("/rerank", {"queries"}, read_rerank, write_rerank),
)
