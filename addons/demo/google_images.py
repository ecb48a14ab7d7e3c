"""Google's Imagen: `predict` with a prompt, and with images where those are to be edited.

https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api-edit
"""

import re
from typing import Any

from addons.demo import google_errors
from addons.demo.answer import Answer, Ask, Content, Endpoint, Incoming, Rejected
from addons.demo.gemini_generate import PLACES
from addons.demo.gemini_request import body_of
from addons.demo.openai_images import is_black_and_white, picture, pictures_of
from addons.demo.wire import Json, count, digest, dump, items, members, parse, text, words

MOST_IMAGES = 4
RAW, MASK = "REFERENCE_TYPE_RAW", "REFERENCE_TYPE_MASK"
MODES = {"EDIT_MODE_DEFAULT": [RAW], "EDIT_MODE_INPAINT_INSERTION": [RAW, MASK]}
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
    instance = members(items(body.get("instances"))[0])
    said = text(instance.get("prompt"))
    number = count(parameters.get("sampleCount", 1)) or 0
    if not said:
        raise Rejected("The prompt is empty.", "instances.prompt")
    if not 0 < number <= MOST_IMAGES:
        raise Rejected(f"sampleCount must be in the range [1, {MOST_IMAGES}].", "sampleCount")
    if parameters.get("aspectRatio", "1:1") not in RATIOS:
        raise Rejected(f"aspectRatio must be one of {', '.join(RATIOS)}.", "aspectRatio")
    _check_references(items(instance.get("referenceImages")), parameters)
    return Ask(
        model=request.named["model"],
        body=body,
        digest=digest(request.path.encode(), request.body),
        texts=(said,) * number,
        tokens=max(1, len(words(said))),
    )


def _check_references(references: list[Any], parameters: Json) -> None:
    """One image, and a mask where the mode wants one."""
    kinds = [text(members(each).get("referenceType")) for each in references]
    if not references and "editMode" not in parameters:
        return
    wanted = MODES.get(text(parameters.get("editMode")))
    if kinds != wanted or "aspectRatio" in parameters:
        raise Rejected(f"These images do not go with the edit mode: {kinds}.", "referenceImages")
    if len({count(each.get("referenceId")) for each in references}) < len(references):
        raise Rejected("Reference ids must be unique.", "referenceImages")
    for each in references:
        image = members(each.get("referenceImage"))
        try:
            valid = "gcsUri" in image or bool(picture(image.get("bytesBase64Encoded")))
        except ValueError:
            valid = False
        if each["referenceType"] == MASK and valid:
            told = members(each.get("maskImageConfig")).get("maskMode")
            valid = told == "MASK_MODE_USER_PROVIDED" and is_black_and_white(image["bytesBase64Encoded"])
        if not valid:
            raise Rejected("The image can't be read.", "referenceImages")


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
