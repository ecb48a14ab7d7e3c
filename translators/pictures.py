"""What providers that make images from a prompt have in common: what they lack, and shapes for sizes."""

from collections.abc import Iterable, Iterator, Sequence
from math import log

from translators.canonical import (
    Data,
    Done,
    Failed,
    Pictured,
    Size,
    Started,
    Told,
    Usage,
    Used,
)
from translators.fields import Lack, Lacks

LACKS: Lacks = {
    "ImageRequest.images": Lack("refused", note="images are made from a prompt alone"),
    "ImageRequest.mask": Lack("refused", note="images are made from a prompt alone"),
    "ImageRequest.response": Lack("refused", harmless=("b64_json",), note="images come as data, in base64"),
    "ImageRequest.background": Lack("refused", harmless=("auto", "opaque"), note="it is always opaque"),
    "ImageRequest.stream": Lack("refused", harmless=(False,), note="images come whole"),
    "ImageRequest.partial_images": Lack("dropped", harmless=(0,)),
    "ImageRequest.moderation": Lack("dropped", harmless=("auto",)),
    "ImageRequest.style": Lack("dropped"),
    "ImageRequest.user": Lack("dropped"),
}
"""Where a provider knows nothing but a prompt and what the image is like."""


def nearest(size: Size, ratios: Sequence[str]) -> str:
    """The shape, such as `16:9`, that comes nearest to a size."""
    wanted = log(size.width / size.height)
    return min(ratios, key=lambda ratio: abs(_log(ratio) - wanted))


def _log(ratio: str) -> float:
    width, _, height = ratio.partition(":")
    return log(int(width) / int(height))


def answer(pictures: Iterable[str], media_type: str, reason: str) -> list[Told]:
    """Images in base64; where there is none, `reason` is why."""
    return [*_told([*pictures], media_type, reason)]


def _told(pictures: Sequence[str], media_type: str, reason: str) -> Iterator[Told]:
    yield Started("", "")
    if not pictures:
        yield Failed("invalid_request", reason or "The provider made no image, and does not say why.", 400)
        return
    for picture in pictures:
        yield Pictured(Data(media_type, picture))
    yield Used(Usage(images=len(pictures)))
    yield Done()
