"""Google's Imagen, at Vertex AI and by the Gemini API.

https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api
"""

from translators.canonical import ImageRequest, Json, Size, Told
from translators.fields import Lack, Lacks
from translators.pick import entries, text
from translators.pictures import LACKS as COMMON
from translators.pictures import answer, nearest
from translators.unstreamed import Unstreamed

RATIOS = ("1:1", "3:4", "4:3", "9:16", "16:9")
EXACT = {Size(1024, 1024), Size(896, 1280), Size(1280, 896), Size(768, 1408), Size(1408, 768)}
"""The sizes that these shapes come in."""

LACKS: Lacks = {
    **COMMON,
    "ImageRequest.size": Lack(
        "dropped", note="the nearest aspect ratio in its place", only=lambda size: size not in EXACT
    ),
    "ImageRequest.aspect_ratio": Lack(
        "refused", note=f"one of {', '.join(RATIOS)}", only=lambda ratio: ratio not in RATIOS
    ),
    "ImageRequest.quality": Lack("dropped", harmless=("auto",)),
    "ImageRequest.format": Lack("refused", note="png or jpeg", only=lambda kind: kind not in ("png", "jpeg")),
}


def write_request(request: ImageRequest) -> Json:
    """A seed counts only without the watermark."""
    output: Json = {} if request.format is None else {"mimeType": f"image/{request.format}"}
    if request.compression is not None:
        output["compressionQuality"] = request.compression
    settings: Json = {
        "sampleCount": request.n or 1,
        "aspectRatio": nearest(request.size, RATIOS) if request.size else request.aspect_ratio,
        "negativePrompt": request.negative_prompt,
        "seed": request.seed,
        "addWatermark": None if request.seed is None else False,
        "includeRaiReason": True,
        "outputOptions": output or None,
    }
    parameters: Json = {name: value for name, value in settings.items() if value is not None}
    return {"instances": [{"prompt": request.prompt}], "parameters": parameters}


def read_response(body: Json) -> list[Told]:
    """Images that were kept back are predictions with a reason; none at all may be all that is said."""
    told = entries(body, "predictions")
    if body and not told:
        raise TypeError("no predictions")
    made = [encoded for each in told if (encoded := text(each, "bytesBase64Encoded"))]
    kinds = [kind for each in told if (kind := text(each, "mimeType"))]
    reasons = [reason for each in told if (reason := text(each, "raiFilteredReason"))]
    return answer(made, kinds[0] if kinds else "image/png", "; ".join(dict.fromkeys(reasons)))


VERTEX_IMAGEN = Unstreamed[ImageRequest](
    "vertex_imagen",
    "images",
    "google",
    write_request=write_request,
    read_response=read_response,
    lacks=LACKS,
    most=4,
)
