"""Gemini models that draw: what they take besides what all models take, in Google's words.

https://ai.google.dev/gemini-api/docs/image-generation
"""

import re

from addons.demo.answer import Rejected
from addons.demo.wire import Json, items, members, text

PICTURE_TOKENS = 1290
DRAWING = re.compile(r"(?:gemini-[\w.-]*image|nano-banana)[\w.-]*")
USUAL = re.compile(r"gemini-2\.[\w.-]*")
"""The first that drew: one resolution, and pictures that need no signature."""
SHAPES = "1:1 2:3 3:2 3:4 4:3 4:5 5:4 9:16 16:9 21:9".split()  # noqa: SIM905
LONG = "1:4 4:1 1:8 8:1".split()  # noqa: SIM905
"""Of all but the first and the `pro` ones."""


def drawing(model: str, contents: list[Json], config: Json) -> tuple[bool, bool]:
    """Whether a request gets pictures, and whether nothing but pictures."""
    wanted = {text(each) for each in items(config.get("responseModalities"))} - {"MODALITY_UNSPECIFIED"}
    if not DRAWING.fullmatch(model):
        if wanted - {"TEXT"} or "imageConfig" in config:
            raise _unsupported(wanted)
        return False, False
    _check_config(model, config, wanted)
    if not USUAL.fullmatch(model):
        _check_signatures(contents)
    return wanted != {"TEXT"}, wanted == {"IMAGE"}


def _unsupported(modalities: set[str]) -> Rejected:
    said = f"Model does not support the requested response modalities: {','.join(sorted(modalities)).lower()}"
    return Rejected(said, "generation_config.response_modalities")


def _check_config(model: str, config: Json, wanted: set[str]) -> None:
    if wanted - {"TEXT", "IMAGE"}:
        raise _unsupported(wanted)
    if config.get("candidateCount", 1) != 1:
        said = f"Multiple candidates is not enabled for models/{model}"
        raise Rejected(said, "generation_config.candidate_count")
    pictures = members(config.get("imageConfig"))
    shapes = SHAPES if USUAL.fullmatch(model) or "pro" in model else [*SHAPES, *LONG]
    sizes = ["1K", "2K", "4K"] if "pro" in model else ["512", "1K", "2K", "4K"]
    if pictures.get("aspectRatio", shapes[0]) not in shapes:
        said = f"aspect_ratio must be one of {', '.join(shapes)}."
        raise Rejected(said, "generation_config.image_config.aspect_ratio")
    if "imageSize" in pictures and (USUAL.fullmatch(model) or pictures["imageSize"] not in sizes):
        said = f"image_size is not supported by models/{model}: {pictures['imageSize']}"
        raise Rejected(said, "generation_config.image_config.image_size")


def _check_signatures(contents: list[Json]) -> None:
    """Of each picture that the model has made, and of the text that its answer begins with."""
    for place, content in enumerate(contents, 1):
        if content.get("role") != "model":
            continue
        parts = [members(part) for part in items(content.get("parts"))]
        answer = [(at, part) for at, part in enumerate(parts, 1) if part.get("thought") is not True]
        for at, part in answer:
            kind = (
                "Image" if "inlineData" in part else "Text" if at == answer[0][0] and "text" in part else ""
            )
            if kind and "thoughtSignature" not in part:
                where = f"content position {place}, part position {at}"
                raise Rejected(f"{kind} part is missing a thought_signature in {where}.")
