"""Amazon's Nova Canvas and Titan Image, which are asked alike.

https://docs.aws.amazon.com/nova/latest/userguide/image-gen-req-resp-structure.html
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-image.html
"""

from translators.canonical import ImageRequest, Json, JsonValue, Told
from translators.fields import Lack, Lacks
from translators.pick import text
from translators.pictures import LACKS as COMMON
from translators.pictures import answer
from translators.unstreamed import Unstreamed

QUALITIES = {
    "standard": "standard",
    "low": "standard",
    "medium": "standard",
    "high": "premium",
    "hd": "premium",
}
LACKS: Lacks = {
    **COMMON,
    "ImageRequest.aspect_ratio": Lack("dropped", note="only sizes in pixels"),
    "ImageRequest.quality": Lack(
        "dropped", harmless=("auto",), only=lambda quality: quality not in QUALITIES
    ),
    "ImageRequest.format": Lack("refused", harmless=("png",), note="only png"),
    "ImageRequest.compression": Lack("dropped", harmless=(100,)),
}


def write_request(request: ImageRequest) -> Json:
    said: Json = {"text": request.prompt}
    if request.negative_prompt:
        said["negativeText"] = request.negative_prompt
    config: dict[str, JsonValue] = {
        "numberOfImages": request.n,
        "width": request.size.width if request.size else None,
        "height": request.size.height if request.size else None,
        "quality": QUALITIES.get(request.quality or ""),
        "seed": request.seed,
    }
    kept: Json = {name: value for name, value in config.items() if value is not None}
    wanted: Json = {"imageGenerationConfig": kept} if kept else {}
    return {"taskType": "TEXT_IMAGE", "textToImageParams": said, **wanted}


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
    most=5,
)
