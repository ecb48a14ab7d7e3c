"""Images: what a prompt says, made visible."""

from dataclasses import replace

from translators.canonical.frozen import dataclass
from translators.canonical.request import Data, Opaque, Url


@dataclass(frozen=True, slots=True)
class Size:
    """Of an image, in pixels."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """A request for images: made from a prompt, or by changing others."""

    model: str
    prompt: str
    """Empty where images are only to be varied."""
    images: tuple[Data | Url, ...] = ()
    """To be changed as the prompt says, or to be varied."""
    mask: Data | Url | None = None
    """An image of the first one's size, transparent where that may be changed."""
    negative_prompt: str | None = None
    """What not to show."""
    n: int | None = None
    size: Size | None = None
    """`None` leaves it to the model."""
    aspect_ratio: str | None = None
    """Such as `16:9`, where no size is given."""
    quality: str | None = None
    """OpenAI's words: standard, hd, low, medium, high, auto."""
    style: str | None = None
    background: str | None = None
    """OpenAI's words: transparent, opaque, auto."""
    format: str | None = None
    """The kind of file: png, jpeg, webp."""
    compression: int | None = None
    """Of the file, in percent."""
    moderation: str | None = None
    response: str | None = None
    """How each image is told: `url` or `b64_json`."""
    seed: int | None = None
    stream: bool | None = None
    partial_images: int | None = None
    user: str | None = None
    """An opaque id of the end user."""
    opaque: tuple[Opaque, ...] = ()
    """Fields of the request that only their owner understands, unknown ones too."""

    def pieces(self, most: int | None) -> "list[ImageRequest]":
        """The requests that a provider is asked one after the other, if each makes at most so many images."""
        wanted = self.n or 1
        if most is None or wanted <= most:
            return [self]
        counts = [min(most, wanted - done) for done in range(0, wanted, most)]
        seeds = [None if self.seed is None else self.seed + at for at in range(len(counts))]
        return [replace(self, n=count, seed=seed) for count, seed in zip(counts, seeds, strict=True)]


@dataclass(frozen=True, slots=True)
class Pictured:
    """One image. `revised_prompt` is what the model made of the prompt."""

    image: Data | Url
    revised_prompt: str | None = None
