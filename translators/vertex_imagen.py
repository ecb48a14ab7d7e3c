"""Google's Imagen, at Vertex AI and by the Gemini API.

https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api
https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/imagen-api-edit
"""

from translators.attachments import FETCHED
from translators.canonical import Data, ImageRequest, Json, JsonValue, Size, Told, Url
from translators.fields import Lack, Lacks
from translators.pick import entries, text
from translators.pictures import CHANGED, answer, data_of, mask_of, nearest, one
from translators.pictures import LACKS as COMMON
from translators.png import WHITE
from translators.unstreamed import Unstreamed

STORED = "gs://"
RATIOS = ("1:1", "3:4", "4:3", "9:16", "16:9")
EXACT = {Size(1024, 1024), Size(896, 1280), Size(1280, 896), Size(768, 1408), Size(1408, 768)}
"""The sizes that these shapes come in."""

_SETTINGS: Lacks = {
    "ImageRequest.quality": Lack("dropped", harmless=("auto",)),
    "ImageRequest.format": Lack("refused", note="png or jpeg", only=lambda kind: kind not in ("png", "jpeg")),
}
LACKS: Lacks = {
    **COMMON,
    **_SETTINGS,
    "ImageRequest.size": Lack(
        "dropped", note="the nearest aspect ratio in its place", only=lambda size: size not in EXACT
    ),
    "ImageRequest.aspect_ratio": Lack(
        "refused", note=f"one of {', '.join(RATIOS)}", only=lambda ratio: ratio not in RATIOS
    ),
}
EDIT_LACKS: Lacks = {
    **CHANGED,
    **_SETTINGS,
    "Url": Lack(
        "refused",
        note="images are given as data, or in Google's storage",
        only=lambda source: not source.url.startswith((*FETCHED, STORED)),
    ),
    "ImageRequest.images": one("this model"),
    "ImageRequest.mask": Lack("refused", note="only as data", only=lambda mask: isinstance(mask, Url)),
    "ImageRequest.size": Lack("dropped", note="it is that of the image"),
    "ImageRequest.aspect_ratio": Lack("dropped", note="it is that of the image"),
}


def write_request(request: ImageRequest) -> Json:
    shape = nearest(request.size, RATIOS) if request.size else request.aspect_ratio
    shaped: Json = {} if shape is None else {"aspectRatio": shape}
    return {"instances": [{"prompt": request.prompt}], "parameters": {**_parameters(request), **shaped}}


def write_edit(request: ImageRequest) -> Json:
    """What is white in a mask is changed."""
    references: list[JsonValue] = [_reference(1, "RAW", _image(request.images[0]))]
    mode = "EDIT_MODE_DEFAULT"
    if request.mask:
        mode = "EDIT_MODE_INPAINT_INSERTION"
        mask: Json = {"bytesBase64Encoded": mask_of(request.mask, WHITE)}
        told: Json = {"maskImageConfig": {"maskMode": "MASK_MODE_USER_PROVIDED"}}
        references.append({**_reference(2, "MASK", mask), **told})
    return {
        "instances": [{"prompt": request.prompt, "referenceImages": references}],
        "parameters": {**_parameters(request), "editMode": mode},
    }


def _reference(id: int, kind: str, image: Json) -> Json:
    return {"referenceType": f"REFERENCE_TYPE_{kind}", "referenceId": id, "referenceImage": image}


def _image(source: Data | Url) -> Json:
    if isinstance(source, Url) and source.url.startswith(STORED):
        return {"gcsUri": source.url}
    return {"bytesBase64Encoded": data_of(source)}


def _parameters(request: ImageRequest) -> Json:
    """A seed counts only without the watermark."""
    output: Json = {} if request.format is None else {"mimeType": f"image/{request.format}"}
    if request.compression is not None:
        output["compressionQuality"] = request.compression
    settings: Json = {
        "sampleCount": request.n or 1,
        "negativePrompt": request.negative_prompt,
        "seed": request.seed,
        "addWatermark": None if request.seed is None else False,
        "includeRaiReason": True,
        "outputOptions": output or None,
    }
    return {name: value for name, value in settings.items() if value is not None}


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
VERTEX_IMAGEN_EDIT = Unstreamed[ImageRequest](
    "vertex_imagen_edit",
    "image_edits",
    "google",
    write_request=write_edit,
    read_response=read_response,
    lacks=EDIT_LACKS,
    most=4,
)
