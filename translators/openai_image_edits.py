"""OpenAI's images made of others: edits, of a form or of JSON, and variations, of a form.

https://platform.openai.com/docs/api-reference/images/createEdit
https://platform.openai.com/docs/api-reference/images/createVariation
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from translators.canonical import Data, ImageRequest, Json, Opaque, Told, Url
from translators.fields import Means, Own, Reads
from translators.foreign import Record
from translators.form import Kind, Kinds
from translators.openai_chat.fields import OWNER
from translators.openai_images import (
    SETTINGS,
    check_prompt,
    check_settings,
    settings_of,
    write_response,
)
from translators.openai_native import IMAGES, Native

MOST_IMAGES = 16
_IMAGE = Means("ImageRequest.images", "a file of a form, or several")
_FILE = Own("refused", note="a file that is kept at OpenAI")
_ADDRESS = Means("Url", "of JSON; addresses are fetched if `server.fetch_images` is on")

EDITED: Reads = {
    "prompt": Means("ImageRequest.prompt"),
    "image": _IMAGE,
    "images[].image_url": _ADDRESS,
    "images[].file_id": _FILE,
    "mask": Means("ImageRequest.mask", "a PNG that is transparent where the first image may be changed"),
    "mask.image_url": _ADDRESS,
    "mask.file_id": _FILE,
    "markup": Own("refused", note="a drawing over the first image"),
    "input_fidelity": Own("dropped", harmless=("low",)),
    **SETTINGS,
}
VARIED: Reads = {"image": _IMAGE, **SETTINGS}

_INTEGERS = ("n", "output_compression", "partial_images", "seed", "frame_count", "frame_duration_ms")
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(_INTEGERS, "integer"),
    **{"image": "files", "mask": "file", "markup": "file", "stream": "flag"},
}
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)(?:;[^;,]*)*;base64,", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


class _Changed(Native):
    """One of the two: passed where a provider has it, and translated where not."""

    def __init__(self, name: str, kind: str, reads: Reads, check: Callable[[Record], None]) -> None:
        super().__init__(name, check, *IMAGES)
        self.KIND, self.READS = kind, reads
        self.FORM: Kinds = {field: _KINDS.get(field, "text") for field in reads if field.isidentifier()}

    def read_request(self, body: Json) -> ImageRequest:
        self.check_request(body)
        top = Record(body)
        images, mask = _pictures(top, self.READS), top.record("mask") if "mask" in self.READS else None
        kept = [("images[].file_id", each) for each in images] + ([("mask.file_id", mask)] if mask else [])
        files = tuple(Opaque(OWNER, name, id) for name, each in kept if (id := each.text("file_id")))
        request = settings_of(top, self.READS)
        return replace(
            request,
            prompt=(top.text("prompt") or "") if "prompt" in self.READS else "",
            images=tuple(source for each in images if (source := _source(each))),
            mask=_source(mask) if mask else None,
            opaque=request.opaque + files,
        )

    def write_response(self, events: Sequence[Told], *, created: int) -> Json:
        return write_response(events, created=created)


def _pictures(top: Record, reads: Reads) -> list[Record]:
    """Those of a form, or of JSON, where that is taken as well."""
    name = "images" if "images" in top.data and "images[].image_url" in reads else "image"
    found = top.must(top.records, name)
    if not found:
        raise top.bad(name, "must not be empty")
    if len(found) > MOST_IMAGES:
        raise top.bad(name, f"must be at most {MOST_IMAGES}")
    return found


def _source(image: Record) -> Data | Url | None:
    """What an image is; none where it is a file that OpenAI has."""
    url, file = image.text("image_url"), image.text("file_id")
    if (url is None) == (file is None):
        raise image.bad("image_url", "is required, or a file_id in its place")
    if url is None:
        return None
    if data := _DATA_URL.match(url):
        return Data(data[1].lower(), url[data.end() :])
    if _SCHEME.match(url):
        return Url(url)
    raise image.bad("image_url", "must be an address, or a data: URL in base64")


def _check_edit(top: Record) -> None:
    check_prompt(top)
    _check_images(top, "images" if "images" in top.data else "image")


def _check_variation(top: Record) -> None:
    _check_images(top, "image")


def _check_images(top: Record, name: str) -> None:
    if top.data.get(name) in (None, [], ""):
        raise top.bad(name, "is required")
    check_settings(top)


IMAGE_EDITS = _Changed("openai_image_edits", "image_edits", EDITED, _check_edit)
IMAGE_VARIATIONS = _Changed("openai_image_variations", "image_variations", VARIED, _check_variation)
