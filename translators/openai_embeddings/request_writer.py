"""Writes an embeddings request."""

from translators.canonical import (
    Data,
    EmbeddingRequest,
    FileId,
    Image,
    Input,
    Json,
    JsonValue,
    Text,
    Tokens,
    Url,
)
from translators.errors import Unsupported
from translators.openai_chat.fields import OWNER


def write_request(request: EmbeddingRequest) -> Json:
    """Purposes and titles as extensions, which a server that has none passes over or refuses."""
    body: Json = {"model": request.model}
    written = [_written(each) for each in request.inputs]
    single = len(written) == 1 and isinstance(written[0], str)
    if len(request.inputs) == 1 and any(isinstance(part, Image) for part in request.inputs[0].parts):
        body["messages"] = [{"role": "user", "content": _contents(request.inputs[0])}]
    else:
        body["input"] = written[0] if single else written
    settings: Json = {
        "dimensions": request.dimensions,
        "encoding_format": request.encoding,
        "input_type": request.purpose,
        "title": request.title,
        "truncate": request.truncate and request.truncate.upper(),
        "user": request.user,
    }
    body |= {name: value for name, value in settings.items() if value is not None}
    for opaque in request.opaque:
        if opaque.owner == OWNER and "." not in opaque.field and "[" not in opaque.field:
            body[opaque.field] = opaque.data
    return body


def _written(each: Input) -> JsonValue:
    match each:
        case Input((Text(text),), None, None):
            return text
        case Input((Tokens(ids),)):
            return [*ids]
        case _:
            said: Json = {"content": _contents(each), "task_type": each.purpose, "title": each.title}
            return {name: value for name, value in said.items() if value is not None}


def _contents(each: Input) -> list[JsonValue]:
    written = list[JsonValue]()
    for part in each.parts:
        match part:
            case Text(text):
                written.append({"type": "text", "text": text})
            case Image(source, detail):
                shown: Json = {"url": address(source)}
                written.append(
                    {"type": "image_url", "image_url": shown | ({"detail": detail} if detail else {})}
                )
            case Tokens():
                raise Unsupported("Tokens", "can't stand beside texts and images")
    return written


def address(source: Data | Url | FileId) -> str:
    """A picture as an URL of its own."""
    match source:
        case Data(media_type, base64):
            return f"data:{media_type};base64,{base64}"
        case Url(url):
            return url
        case FileId():
            raise Unsupported("Image.source", "must be data or an address")
