"""Google's Imagen: `predict` with a prompt. https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api"""

import re

from addons.demo import google_errors
from addons.demo.answer import Answer, Ask, Content, Endpoint, Incoming, Rejected
from addons.demo.gemini_generate import PLACES
from addons.demo.gemini_request import body_of
from addons.demo.openai_images import pictures_of
from addons.demo.wire import count, digest, dump, items, members, parse, text, words

MOST_IMAGES = 4
RATIOS = ("1:1", "3:4", "4:3", "9:16", "16:9")


def _speaks(request: Incoming) -> bool:
    """Embeddings are asked for at the same place, with a `content` in place of the prompt."""
    try:
        return any("prompt" in members(each) for each in items(members(parse(request.body)).get("instances")))
    except ValueError:
        return False


def read(request: Incoming) -> Ask:
    body = body_of(request)
    parameters = members(body.get("parameters"))
    said = text(members(items(body.get("instances"))[0]).get("prompt"))
    number = count(parameters.get("sampleCount", 1)) or 0
    if not said:
        raise Rejected("The prompt is empty.", "instances.prompt")
    if not 0 < number <= MOST_IMAGES:
        raise Rejected(f"sampleCount must be in the range [1, {MOST_IMAGES}].", "sampleCount")
    if parameters.get("aspectRatio", "1:1") not in RATIOS:
        raise Rejected(f"aspectRatio must be one of {', '.join(RATIOS)}.", "aspectRatio")
    return Ask(
        model=request.named["model"],
        body=body,
        digest=digest(request.path.encode(), request.body),
        texts=(said,) * number,
        tokens=max(1, len(words(said))),
    )


def write(ask: Ask, _answer: Answer) -> Content:
    told = [{"bytesBase64Encoded": each, "mimeType": "image/png"} for each in pictures_of(ask)]
    return Content(dump({"predictions": told}), google_errors.JSON)


ENDPOINTS = tuple(
    Endpoint(
        path=re.compile(f"{place}:predict"),
        speaks=_speaks,
        read=read,
        write=write,
        error=google_errors.write,
        headers=google_errors.headers,
    )
    for place in PLACES.values()
)
