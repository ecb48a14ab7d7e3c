"""Stability's models at Amazon: one image in each request.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-diffusion-stable-image-ultra-text-image-request-response.html
"""

from translators.canonical import ImageRequest, Json, Told
from translators.fields import Lack, Lacks
from translators.pictures import LACKS as COMMON
from translators.pictures import answer, nearest
from translators.unstreamed import Unstreamed

RATIOS = ("1:1", "16:9", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21")
LACKS: Lacks = {
    **COMMON,
    "ImageRequest.size": Lack("dropped", note="the nearest aspect ratio in its place"),
    "ImageRequest.aspect_ratio": Lack(
        "refused", note=f"one of {', '.join(RATIOS)}", only=lambda ratio: ratio not in RATIOS
    ),
    "ImageRequest.quality": Lack("dropped", harmless=("auto",)),
    "ImageRequest.format": Lack(
        "refused", note="png, jpeg or webp", only=lambda kind: kind not in ("png", "jpeg", "webp")
    ),
    "ImageRequest.compression": Lack("dropped", harmless=(100,)),
}


def write_request(request: ImageRequest) -> Json:
    """In PNG, where the client does not say: an answer does not tell which kind it is."""
    shape = nearest(request.size, RATIOS) if request.size else request.aspect_ratio
    settings: Json = {
        "negative_prompt": request.negative_prompt,
        "aspect_ratio": shape,
        "seed": request.seed,
        "output_format": request.format or "png",
    }
    said = {name: value for name, value in settings.items() if value is not None}
    return {"prompt": request.prompt, **said}


def read_response(body: Json) -> list[Told]:
    """`finish_reasons` tell why an image was kept back."""
    images, reasons = body.get("images", []), body.get("finish_reasons")
    if not isinstance(images, list) or not (images or reasons):
        raise TypeError("no images")
    told = [str(reason) for reason in reasons if reason] if isinstance(reasons, list) else []
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
