"""What providers that make images from a prompt have in common: what they lack, and shapes for sizes."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from math import log

from translators import png
from translators.attachments import FETCHED
from translators.canonical import (
    Data,
    Done,
    Failed,
    Pictured,
    Size,
    Started,
    Told,
    Url,
    Usage,
    Used,
)
from translators.errors import Unsupported
from translators.fields import Lack, Lacks

GIVEN = ("ImageRequest.images", "ImageRequest.mask")
LACKS: Lacks = {
    **dict.fromkeys(GIVEN, Lack("refused", note="images are made from a prompt alone")),
    "ImageRequest.response": Lack("refused", harmless=("b64_json",), note="images come as data, in base64"),
    "ImageRequest.background": Lack("refused", harmless=("auto", "opaque"), note="it is always opaque"),
    "ImageRequest.stream": Lack("refused", harmless=(False,), note="images come whole"),
    "ImageRequest.partial_images": Lack("dropped", harmless=(0,)),
    "ImageRequest.moderation": Lack("dropped", harmless=("auto",)),
    "ImageRequest.style": Lack("dropped"),
    "ImageRequest.user": Lack("dropped"),
}
"""Where a provider knows nothing but a prompt and what the image is like."""
CHANGED: Lacks = {
    **{meaning: lack for meaning, lack in LACKS.items() if meaning not in GIVEN},
    "Url": Lack(
        "refused", note="images are given as data", only=lambda source: not source.url.startswith(FETCHED)
    ),
}
"""Where it is given images as well, which it does not fetch."""


NO_REASON = "The provider made no image, and does not say why."


def nearest(size: Size, ratios: Sequence[str]) -> str:
    """The shape, such as `16:9`, that comes nearest to a size."""
    wanted = log(size.width / size.height)
    return min(ratios, key=lambda ratio: abs(_log(ratio) - wanted))


def _log(ratio: str) -> float:
    width, _, height = ratio.partition(":")
    return log(int(width) / int(height))


def one(name: str) -> Lack:
    """Where a provider takes one image."""
    return Lack("refused", note=f"{name} takes one", only=lambda images: len(images) > 1)


def data_of(source: Data | Url) -> str:
    """An image in base64. Raises `Unsupported` for one that nobody has fetched."""
    if isinstance(source, Data):
        return source.base64
    raise Unsupported("Url", "images are given as data")


def mask_of(source: Data | Url, changed: int) -> str:
    """A mask in black and white, in base64: `changed` is the one of the two where the image may be changed.

    Raises `Unsupported` for one that can't be told like this.
    """
    try:
        return b64encode(png.mask(b64decode(data_of(source), validate=True), changed)).decode()
    except ValueError as error:
        raise Unsupported("ImageRequest.mask", f"it has to be put in black and white, and {error}") from None


def answer(pictures: Iterable[str], media_type: str, reason: str, otherwise: str = NO_REASON) -> list[Told]:
    """Images in base64; where there is none, `reason` is why a filter has kept them back.

    If no filter has, `otherwise` is what else is known of it.
    """
    return [*_told([*pictures], media_type, reason, otherwise)]


def _kept_back(reason: str) -> Failed:
    return Failed("invalid_request", reason, 400, "invalid_request_error", "content_policy_violation")


def _told(pictures: Sequence[str], media_type: str, reason: str, otherwise: str) -> Iterator[Told]:
    yield Started("", "")
    if not pictures:
        yield _kept_back(reason) if reason else Failed("server", otherwise, 502)
        return
    for picture in pictures:
        yield Pictured(Data(media_type, picture))
    yield Used(Usage(images=len(pictures)))
    yield Done()
