"""Stability's models at Amazon: one image in each request.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-stable-image-ultra-text-image-request-response.html
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-3-5-large.html
https://docs.aws.amazon.com/bedrock/latest/userguide/stable-image-services.html
"""

from translators.canonical import Failed, ImageRequest, Json, Started, Told
from translators.fields import Lack, Lacks
from translators.pictures import CHANGED, answer, data_of, mask_of, nearest, one
from translators.pictures import LACKS as COMMON
from translators.png import WHITE
from translators.unstreamed import Unstreamed

RATIOS = ("1:1", "16:9", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21")
STRENGTH = 0.7
"""How far an edited image may be from the one given: the model wants to be told, and OpenAI can't say it."""
_SETTINGS: Lacks = {
    "ImageRequest.quality": Lack("dropped", harmless=("auto",)),
    "ImageRequest.format": Lack(
        "refused", note="png, jpeg or webp", only=lambda kind: kind not in ("png", "jpeg", "webp")
    ),
    "ImageRequest.compression": Lack("dropped", harmless=(100,)),
}
LACKS: Lacks = {
    **COMMON,
    **_SETTINGS,
    "ImageRequest.size": Lack("dropped", note="the nearest aspect ratio in its place"),
    "ImageRequest.aspect_ratio": Lack(
        "refused", note=f"one of {', '.join(RATIOS)}", only=lambda ratio: ratio not in RATIOS
    ),
}
INPAINT_LACKS: Lacks = {
    **CHANGED,
    **_SETTINGS,
    "ImageRequest.images": one("this model"),
    "ImageRequest.size": Lack("dropped", note="it is that of the image"),
    "ImageRequest.aspect_ratio": Lack("dropped", note="it is that of the image"),
}
EDIT_LACKS: Lacks = {
    **INPAINT_LACKS,
    "ImageRequest.mask": Lack("refused", note="only stable-image-inpaint takes one"),
}


def write_request(request: ImageRequest) -> Json:
    """In PNG, where the client does not say: an answer does not tell which kind it is."""
    shape = nearest(request.size, RATIOS) if request.size else request.aspect_ratio
    return {**_settings(request), **({} if shape is None else {"aspect_ratio": shape})}


def write_edit(request: ImageRequest) -> Json:
    """All of an image is made anew."""
    image: Json = {"image": data_of(request.images[0]), "mode": "image-to-image", "strength": STRENGTH}
    return {**_settings(request), **image}


def write_inpaint(request: ImageRequest) -> Json:
    """What is white in a mask is changed; without one, what is transparent in the image."""
    masked: Json = {"mask": mask_of(request.mask, WHITE)} if request.mask else {}
    return {**_settings(request), "image": data_of(request.images[0]), **masked}


def _settings(request: ImageRequest) -> Json:
    settings: Json = {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt,
        "seed": request.seed,
        "output_format": request.format or "png",
    }
    return {name: value for name, value in settings.items() if value is not None}


def read_response(body: Json) -> list[Told]:
    """`finish_reasons` tell why an image was kept back."""
    images, reasons = body.get("images", []), body.get("finish_reasons")
    if not isinstance(images, list) or not (images or reasons):
        raise TypeError("no images")
    told = [str(reason) for reason in reasons if reason] if isinstance(reasons, list) else []
    if any(not reason.startswith("Filter") for reason in told):
        return [Started("", ""), Failed("server", "; ".join(told), 502)]
    made = [] if told else [str(image) for image in images]
    return answer(made, kind_of(made), "; ".join(told))


def kind_of(pictures: list[str]) -> str:
    """The kind of the first picture, which base64 begins with."""
    first = pictures[0] if pictures else ""
    return (
        "image/jpeg"
        if first.startswith("/9j/")
        else "image/webp"
        if first.startswith("UklGR")
        else "image/png"
    )


STABILITY = Unstreamed[ImageRequest](
    "bedrock_stability",
    "images",
    "stability",
    write_request=write_request,
    read_response=read_response,
    lacks=LACKS,
    most=1,
)
STABILITY_EDIT = Unstreamed[ImageRequest](
    "bedrock_stability_edit",
    "image_edits",
    "stability",
    write_request=write_edit,
    read_response=read_response,
    lacks=EDIT_LACKS,
    most=1,
)
STABILITY_INPAINT = Unstreamed[ImageRequest](
    "bedrock_stability_inpaint",
    "image_edits",
    "stability",
    write_request=write_inpaint,
    read_response=read_response,
    lacks=INPAINT_LACKS,
    most=1,
)
