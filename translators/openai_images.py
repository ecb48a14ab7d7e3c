"""OpenAI's images, made from a prompt. https://platform.openai.com/docs/api-reference/images/create"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from translators.canonical import (
    Data,
    Done,
    ImageRequest,
    Json,
    JsonValue,
    Opaque,
    Pictured,
    Size,
    Started,
    Told,
    Url,
    Usage,
    Used,
)
from translators.errors import BadRequest
from translators.fields import Lacks, Means, Own, Reads
from translators.foreign import Record, known, strangers
from translators.openai_chat.errors import is_error, read_failure
from translators.openai_chat.fields import OWNER
from translators.openai_chat.usage import told
from translators.openai_native import IMAGES, Native
from translators.pick import entries, number, text

SETTINGS: Reads = {
    "model": Means("ImageRequest.model"),
    "n": Means("ImageRequest.n", "several requests where a provider makes fewer in one"),
    "size": Means("ImageRequest.size"),
    "aspect_ratio": Means("ImageRequest.aspect_ratio", "an extension of xAI's"),
    "quality": Means("ImageRequest.quality"),
    "style": Means("ImageRequest.style"),
    "background": Means("ImageRequest.background"),
    "output_format": Means("ImageRequest.format"),
    "output_compression": Means("ImageRequest.compression"),
    "moderation": Means("ImageRequest.moderation"),
    "response_format": Means("ImageRequest.response"),
    "negative_prompt": Means("ImageRequest.negative_prompt", "an extension of Together's"),
    "seed": Means("ImageRequest.seed", "an extension of Together's"),
    "stream": Means("ImageRequest.stream"),
    "partial_images": Means("ImageRequest.partial_images"),
    "user": Means("ImageRequest.user"),
    "safety_identifier": Own("dropped"),
    "complexity": Own("dropped", note="of drawings"),
    "svg": Own("refused", note="of drawings"),
    "frame_count": Own("refused", harmless=(1,), note="of moving pictures"),
    "frame_duration_ms": Own("refused", note="of moving pictures"),
}
"""What images are to be like, however they come about."""
READS: Reads = {"prompt": Means("ImageRequest.prompt"), **SETTINGS}
LACKS: Lacks = {}
MOST = 10
"""Images in one request, as OpenAI has it: where they are made one by one, each is a request."""


def check(top: Record) -> None:
    """What no server could make anything of."""
    check_prompt(top)
    check_settings(top)


def check_prompt(top: Record) -> None:
    if not top.must(top.text, "prompt"):
        raise top.bad("prompt", "must not be empty")


def check_settings(top: Record) -> None:
    top.text("model")
    if (wanted := top.integer("n")) is not None and wanted < 1:
        raise top.bad("n", "must be at least 1")
    top.text("size")


def read_request(body: Json) -> ImageRequest:
    """The canonical form. Raises `BadRequest`."""
    top = Record(body)
    check(top)
    return replace(settings_of(top, READS), prompt=top.must(top.text, "prompt"))


def settings_of(top: Record, reads: Reads) -> ImageRequest:
    """What the images are to be like, and what of `reads` only OpenAI understands; without a prompt."""
    if (top.integer("n") or 1) > MOST:
        raise top.bad("n", f"must be at most {MOST}")
    return ImageRequest(
        model=top.text("model") or "",
        prompt="",
        n=top.integer("n"),
        size=_size(top),
        stream=top.flag("stream"),
        negative_prompt=top.text("negative_prompt"),
        aspect_ratio=top.text("aspect_ratio"),
        quality=top.text("quality"),
        style=top.text("style"),
        background=top.text("background"),
        format=top.text("output_format"),
        compression=top.integer("output_compression"),
        moderation=top.text("moderation"),
        response=top.text("response_format"),
        seed=top.integer("seed"),
        partial_images=top.integer("partial_images"),
        user=top.text("user"),
        opaque=tuple(_own(top, reads)),
    )


def _size(top: Record) -> Size | None:
    said = top.text("size")
    if said in (None, "auto"):
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,4})[xX*]([1-9][0-9]{0,4})", said)
    if not found:
        raise BadRequest("size", "must be auto, or such as 1024x1024")
    return Size(int(found[1]), int(found[2]))


def _own(top: Record, reads: Reads) -> Iterator[Opaque]:
    for name, value in top.data.items():
        if isinstance(reads.get(name), Own) and value is not None:
            yield Opaque(OWNER, name, value)
    for name, value in strangers(top.data, known(reads)):
        yield Opaque(OWNER, name, value)


def write_request(request: ImageRequest) -> Json:
    settings: Json = {
        "n": request.n,
        "size": f"{request.size.width}x{request.size.height}" if request.size else None,
        "stream": request.stream,
        "negative_prompt": request.negative_prompt,
        "aspect_ratio": request.aspect_ratio,
        "quality": request.quality,
        "style": request.style,
        "background": request.background,
        "output_format": request.format,
        "output_compression": request.compression,
        "moderation": request.moderation,
        "response_format": request.response,
        "seed": request.seed,
        "partial_images": request.partial_images,
        "user": request.user,
        **{opaque.field: opaque.data for opaque in request.opaque if opaque.owner == OWNER},
    }
    said = {name: value for name, value in settings.items() if value is not None}
    return {"model": request.model, "prompt": request.prompt, **said}


# --- the answer -------------------------------------------------------------------------------------


def read_response(body: Json) -> list[Told]:
    if is_error(body):
        return [read_failure(body)]
    head = Started("", "", number(body, "created"))
    used = (event for event in told(body) if isinstance(event, Used))
    return [head, *_pictures(body), *used, Done()]


def _pictures(body: Json) -> Iterator[Pictured]:
    for item in entries(body, "data"):
        revised = text(item, "revised_prompt") or None
        if encoded := text(item, "b64_json"):
            kind = f"image/{text(body, 'output_format') or 'png'}"
            yield Pictured(Data(kind, encoded), revised)
        else:
            yield Pictured(Url(str(item["url"])), revised)


def write_response(events: Sequence[Told], *, created: int) -> Json:
    """`created` is for an answer that does not say when it was made."""
    body: Json = {"created": created, "data": []}
    data = list[JsonValue]()
    for event in events:
        match event:
            case Started(created=int(when)):
                body["created"] = when
            case Pictured(Data(media_type, encoded)):
                data.append(_with_prompt(event, {"b64_json": encoded}))
                body["output_format"] = media_type.removeprefix("image/")
            case Pictured(Url(url)):
                data.append(_with_prompt(event, {"url": url}))
            case Used(usage) if written := _usage(usage):
                body["usage"] = written
            case _:
                pass
    return {**body, "data": data}


def _with_prompt(event: Pictured, told: Json) -> Json:
    return told if event.revised_prompt is None else {**told, "revised_prompt": event.revised_prompt}


def _usage(usage: Usage) -> Json | None:
    if usage.input is None or usage.output is None:
        return None
    details: Json = {
        "text_tokens": usage.input - (usage.image_input or 0),
        "image_tokens": usage.image_input or 0,
    }
    return {
        "input_tokens": usage.input,
        "output_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "input_tokens_details": details,
    }


class Images(Native):
    """Passed where a provider has it, and translated where not."""

    def __init__(self) -> None:
        super().__init__("openai_images", check, *IMAGES)
        self.KIND: str = "images"
        self.READS: Reads = READS
        self.LACKS: Lacks = LACKS
        self.MOST: int | None = None

    def read_request(self, body: Json) -> ImageRequest:
        return read_request(body)

    def write_request(self, request: ImageRequest) -> Json:
        return write_request(request)

    def read_response(self, body: Json) -> list[Told]:
        return read_response(body)

    def write_response(self, events: Sequence[Told], *, created: int) -> Json:
        return write_response(events, created=created)
