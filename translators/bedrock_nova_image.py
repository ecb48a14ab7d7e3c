"""Amazon's Nova Canvas and Titan Image, which are asked alike.

https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-image.html
"""

from dataclasses import replace

from translators.canonical import ImageRequest, Json, JsonValue, Told
from translators.fields import Lack, Lacks
from translators.pick import text
from translators.pictures import CHANGED, answer, data_of, mask_of
from translators.pictures import LACKS as COMMON
from translators.png import BLACK
from translators.unstreamed import Unstreamed

MOST_IMAGES = 5
QUALITIES = {
    "standard": "standard",
    "low": "standard",
    "medium": "standard",
    "high": "premium",
    "hd": "premium",
}
_SETTINGS: Lacks = {
    "ImageRequest.aspect_ratio": Lack("dropped", note="only sizes in pixels"),
    "ImageRequest.quality": Lack(
        "dropped", harmless=("auto",), only=lambda quality: quality not in QUALITIES
    ),
    "ImageRequest.format": Lack("refused", harmless=("png",), note="only png"),
    "ImageRequest.compression": Lack("dropped", harmless=(100,)),
}
LACKS: Lacks = {**COMMON, **_SETTINGS}
CHANGED_LACKS: Lacks = {
    **CHANGED,
    **_SETTINGS,
    "ImageRequest.images": Lack(
        "refused", note=f"at most {MOST_IMAGES}", only=lambda images: len(images) > MOST_IMAGES
    ),
    "ImageRequest.mask": Lack(
        "refused", note="with one image only", given=lambda request: len(request.images) > 1
    ),
    "ImageRequest.size": Lack(
        "dropped", note="with a mask, it is that of the image", given=lambda request: request.mask
    ),
}


def write_request(request: ImageRequest) -> Json:
    return {"taskType": "TEXT_IMAGE", "textToImageParams": _texts(request), **_config(request)}


def write_changed(request: ImageRequest) -> Json:
    """Within a mask an image is edited; without one the images are what others are made after.

    What is black in Amazon's masks is changed, and all of the image outside stays as it is.
    """
    images: list[JsonValue] = [data_of(each) for each in request.images]
    if request.mask is None:
        said: Json = {"images": images, **_texts(request)}
        return {"taskType": "IMAGE_VARIATION", "imageVariationParams": said, **_config(request)}
    said = {"image": images[0], "maskImage": mask_of(request.mask, BLACK), **_texts(request)}
    config = _config(replace(request, size=None))
    return {"taskType": "INPAINTING", "inPaintingParams": said, **config}


def _texts(request: ImageRequest) -> Json:
    said = {"text": request.prompt, "negativeText": request.negative_prompt}
    return {name: text for name, text in said.items() if text}


def _config(request: ImageRequest) -> Json:
    config: dict[str, JsonValue] = {
        "numberOfImages": request.n,
        "width": request.size.width if request.size else None,
        "height": request.size.height if request.size else None,
        "quality": QUALITIES.get(request.quality or ""),
        "seed": request.seed,
    }
    kept: Json = {name: value for name, value in config.items() if value is not None}
    return {"imageGenerationConfig": kept} if kept else {}


def read_response(body: Json) -> list[Told]:
    """`error` tells of images that the provider has kept back."""
    images = body.get("images") or []
    if not isinstance(images, list) or not (images or text(body, "error")):
        raise TypeError("no images")
    return answer(map(str, images), "image/png", text(body, "error"))


NOVA_IMAGE = Unstreamed[ImageRequest](
    "bedrock_nova_image",
    "images",
    "amazon",
    write_request=write_request,
    read_response=read_response,
    lacks=LACKS,
    most=MOST_IMAGES,
)
NOVA_EDIT, NOVA_VARIATION = (
    Unstreamed[ImageRequest](
        f"bedrock_nova_{name}",
        f"image_{name}s",
        "amazon",
        write_request=write_changed,
        read_response=read_response,
        lacks=CHANGED_LACKS,
        most=MOST_IMAGES,
    )
    for name in ("edit", "variation")
)
