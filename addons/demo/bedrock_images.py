"""AWS Bedrock's InvokeModel for images, of Nova Canvas, Titan and Stability.

https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html
"""

import re

from addons.demo import bedrock_errors
from addons.demo.answer import Answer, Ask, Content, Endpoint, Incoming, Rejected
from addons.demo.bedrock_converse_request import body_of
from addons.demo.bedrock_invoke import INVOKE, having, known
from addons.demo.openai_images import is_black_and_white, picture, pictures_of
from addons.demo.wire import Json, count, digest, dump, items, members, text, words

CANVAS_FIELDS = frozenset({"taskType", "textToImageParams", "imageGenerationConfig"})
VARIATION_FIELDS = frozenset({"taskType", "imageVariationParams", "imageGenerationConfig"})
INPAINTING_FIELDS = frozenset({"taskType", "inPaintingParams", "imageGenerationConfig"})
CONFIG_FIELDS = frozenset({"numberOfImages", "quality", "cfgScale", "seed"})
STABILITY_FIELDS = frozenset({"prompt", "negative_prompt", "aspect_ratio", "seed", "output_format", "mode"})
IMAGE_FIELDS = frozenset({"prompt", "negative_prompt", "seed", "output_format", "mode", "image", "strength"})
MASK_FIELDS = frozenset({"prompt", "negative_prompt", "seed", "output_format", "image", "mask", "grow_mask"})
MOST_IMAGES = 5


def _ask(request: Incoming, body: Json, said: str, number: int = 1) -> Ask:
    if not said:
        raise Rejected("Malformed input request: expected minLength: 1, actual: 0")
    return Ask(
        model=request.named["model"],
        body=body,
        digest=digest(request.path.encode(), request.body),
        texts=(said,) * number,
        tokens=max(1, len(words(said))),
    )


def read_canvas(request: Incoming) -> Ask:
    body = known(body_of(request), CANVAS_FIELDS)
    number = _number(body, "TEXT_IMAGE")
    return _ask(request, body, text(members(body["textToImageParams"]).get("text")), number)


def read_variation(request: Incoming) -> Ask:
    """A text is not needed."""
    body = known(body_of(request), VARIATION_FIELDS)
    number = _number(body, "IMAGE_VARIATION")
    fields = frozenset({"images", "text", "negativeText", "similarityStrength"})
    params = known(members(body["imageVariationParams"]), fields)
    images = items(params.get("images"))
    if not 0 < len(images) <= MOST_IMAGES:
        raise Rejected(f"Malformed input request: #/imageVariationParams/images: 1 to {MOST_IMAGES}")
    for image in images:
        _picture(image, "imageVariationParams/images")
    return _ask(request, body, text(params.get("text")) or "a variation", number)


def read_inpainting(request: Incoming) -> Ask:
    """A mask is needed, as an image or as a text; the size is that of the image."""
    body = known(body_of(request), INPAINTING_FIELDS)
    number = _number(body, "INPAINTING")
    known(members(body.get("imageGenerationConfig")), CONFIG_FIELDS)
    fields = frozenset({"image", "maskImage", "maskPrompt", "text", "negativeText"})
    params = known(members(body["inPaintingParams"]), fields)
    if len({"maskImage", "maskPrompt"} & params.keys()) != 1:
        raise Rejected("Malformed input request: #/inPaintingParams: one of maskImage and maskPrompt")
    _picture(params.get("image"), "inPaintingParams/image")
    _mask(params.get("maskImage"), "inPaintingParams/maskImage")
    return _ask(request, body, text(params.get("text")) or "nothing", number)


def _number(body: Json, task: str) -> int:
    number = count(members(body.get("imageGenerationConfig")).get("numberOfImages", 1)) or 0
    if body.get("taskType") != task or not 0 < number <= MOST_IMAGES:
        raise Rejected("Malformed input request: #/taskType or #/imageGenerationConfig/numberOfImages")
    return number


def _picture(encoded: object, name: str) -> None:
    try:
        picture(encoded)
    except ValueError:
        raise Rejected(f"Malformed input request: #/{name}: must be an image in base64") from None


def _mask(encoded: object, name: str) -> None:
    if encoded is None:
        return
    _picture(encoded, name)
    if not is_black_and_white(encoded):
        raise Rejected(f"Malformed input request: #/{name}: must have only black and white pixels")


def write_canvas(ask: Ask, _answer: Answer) -> Content:
    return Content(dump({"images": pictures_of(ask), "error": None}))


def read_stability(request: Incoming) -> Ask:
    body, inpaint = body_of(request), "inpaint" in request.named["model"]
    if inpaint or "image" in body:
        known(body, MASK_FIELDS if inpaint else IMAGE_FIELDS)
        _picture(body.get("image"), "image")
        _mask(body.get("mask"), "mask")
        strength = body.get("strength")
        if not inpaint and (body.get("mode") != "image-to-image" or not isinstance(strength, float | int)):
            raise Rejected("Malformed input request: #/mode and #/strength are required with an image")
    else:
        known(body, STABILITY_FIELDS)
    return _ask(request, body, text(body["prompt"]))


def write_stability(ask: Ask, _answer: Answer) -> Content:
    return Content(dump({"seeds": [0], "finish_reasons": [None], "images": pictures_of(ask)}))


ENDPOINTS = tuple(
    Endpoint(
        path=re.compile(INVOKE),
        speaks=having({field}),
        read=read,
        write=write,
        error=bedrock_errors.write,
        headers=bedrock_errors.headers,
    )
    for field, read, write in (
        ("textToImageParams", read_canvas, write_canvas),
        ("imageVariationParams", read_variation, write_canvas),
        ("inPaintingParams", read_inpainting, write_canvas),
        ("prompt", read_stability, write_stability),
    )
)
