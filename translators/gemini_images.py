"""Images by Google's Gemini models: generateContent, asked for nothing but an image.

https://ai.google.dev/gemini-api/docs/image-generation and
https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/image-generation
"""

from collections.abc import Iterator
from dataclasses import replace

from translators.attachments import FETCHED
from translators.canonical import Data, Image, ImageRequest, Json, JsonValue, Size, Started, Told, Url, Used
from translators.errors import Unsupported
from translators.fields import Lack, Lacks
from translators.gemini_generate.answer_reader import FILTERS, told
from translators.gemini_generate.files import write_source
from translators.gemini_generate.models import USUAL, pictures_of
from translators.gemini_generate.usage import read_usage
from translators.pick import entries, inner, text
from translators.pictures import LACKS as COMMON
from translators.pictures import NO_REASON, answer
from translators.unstreamed import Unstreamed


def _has_no_such_size(model: str, size: Size) -> bool:
    return not pictures_of(model).has(size)


def _has_no_such_shape(model: str, ratio: str) -> bool:
    return ratio not in pictures_of(model).shapes


TAKEN = (*FETCHED, "gs://")
"""Addresses that Google fetches by itself."""
LACKS: Lacks = {
    **{name: lack for name, lack in COMMON.items() if name != "ImageRequest.images"},
    "ImageRequest.mask": Lack("refused", note="the prompt has to say what may be changed"),
    "ImageRequest.negative_prompt": Lack("refused", note="the prompt has to say what not to show"),
    "ImageRequest.size": Lack(
        "dropped", note="the nearest shape and resolution in its place", by_model=_has_no_such_size
    ),
    "ImageRequest.aspect_ratio": Lack(
        "refused", note="not one of the model's shapes", by_model=_has_no_such_shape
    ),
    "ImageRequest.quality": Lack("dropped", harmless=("auto",)),
    "ImageRequest.format": Lack(
        "refused", note="png or jpeg; none by the Gemini API", only=lambda kind: kind not in ("png", "jpeg")
    ),
}


def write_request(request: ImageRequest) -> Json:
    """One image. Those to be changed come before the prompt that says how."""
    if not request.prompt:
        raise Unsupported("ImageRequest.prompt", "is needed: Gemini varies no image without one")
    pictures = pictures_of(request.model)
    parts: list[JsonValue] = [_given(source) for source in request.images]
    wanted: Json = {"aspectRatio": request.aspect_ratio}
    if request.size:
        shape, resolution = pictures.nearest(request.size)
        wanted = {"aspectRatio": shape, "imageSize": None if resolution == USUAL else resolution}
    output: Json = {
        "mimeType": request.format and f"image/{request.format}",
        "compressionQuality": request.compression,
    }
    config: Json = {
        "responseModalities": ["IMAGE"],
        "imageConfig": _said({**wanted, "imageOutputOptions": _said(output)}),
        "seed": request.seed,
    }
    contents: JsonValue = [{"role": "user", "parts": [*parts, {"text": request.prompt}]}]
    return {"contents": contents, "generationConfig": _said(config) or {}}


def _given(source: Data | Url) -> Json:
    if isinstance(source, Url) and not source.url.startswith(TAKEN):
        raise Unsupported("Url", "addresses begin with https:// or gs://")
    return write_source(Image(source))


def _said(fields: Json) -> Json | None:
    return {name: value for name, value in fields.items() if value is not None} or None


def read_response(body: Json) -> list[Told]:
    """Where no image was made, what the model or its filters say is why. What it took is told first."""
    candidates, feedback = entries(body, "candidates"), inner(body, "promptFeedback")
    if not (candidates or text(feedback, "blockReason")):
        raise TypeError("no candidates")
    parts = [part for each in candidates for part in entries(inner(each, "content"), "parts")]
    made = [blob for part in parts if part.get("thought") is not True and (blob := _image(part))]
    kind = text(made[0], "mimeType") if made else ""
    said = [*_reasons(body), *filter(None, (text(part, "text") for part in parts))]
    reason = "; ".join(dict.fromkeys(said)) or NO_REASON
    ends = [text(each, "finishReason") for each in candidates]
    filtered = text(feedback, "blockReason") or not set(ends).isdisjoint(FILTERS)
    data = [text(blob, "data") for blob in made]
    return [*_with_usage(body, answer(data, kind, reason if filtered else "", reason))]


def _image(part: Json) -> Json | None:
    blob = inner(part, "inlineData")
    return blob if text(blob, "data") and text(blob, "mimeType").startswith("image/") else None


def _reasons(body: Json) -> Iterator[str]:
    """Why there is no image, in Google's words: what stopped the model, and then what it says of that."""
    said = [(inner(body, "promptFeedback"), "blockReason", "blockReasonMessage")]
    said += [(each, "finishReason", "finishMessage") for each in entries(body, "candidates")]
    for holder, word, message in said:
        if (why := text(holder, word)) and why != "STOP":
            yield f"{why}: {about}" if (about := text(holder, message)) else why


def _with_usage(body: Json, events: list[Told]) -> Iterator[Told]:
    """The same, by the model that says it made them, with the tokens that Google counts."""
    known = [*told(body)]
    usage = inner(body, "usageMetadata")
    for event in events:
        match event:
            case Started():
                yield from (head for head in known if isinstance(head, Started))
                yield from (used for used in known if isinstance(used, Used))
            case Used(counted) if usage:
                yield replace(event, usage=replace(read_usage(usage), images=counted.images))
            case _:
                yield event


def _of(name: str, kind: str) -> Unstreamed[ImageRequest]:
    return Unstreamed(
        name, kind, "google", write_request=write_request, read_response=read_response, lacks=LACKS, most=1
    )


GEMINI_IMAGES = _of("gemini_images", "images")
GEMINI_IMAGE_EDITS = _of("gemini_image_edits", "image_edits")
