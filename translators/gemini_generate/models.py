"""What a Gemini model understands, by its name: the only place where names of models matter.

https://ai.google.dev/gemini-api/docs/thinking, https://ai.google.dev/gemini-api/docs/openai and
https://ai.google.dev/gemini-api/docs/image-generation
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log

from translators.canonical import Effort, Size
from translators.pictures import nearest

type Levels = Mapping[Effort, str]

_FLASH: Levels = {
    "none": "MINIMAL",
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "xhigh": "HIGH",
    "max": "HIGH",
}
_PRO: Levels = {**_FLASH, "minimal": "LOW"}
_FIRST_PRO: Levels = {**_PRO, "medium": "HIGH"}

BUDGETS: Mapping[Effort, int] = {
    "none": 0,
    "minimal": 1024,
    "low": 1024,
    "medium": 8192,
    "high": 24576,
    "xhigh": 24576,
    "max": 24576,
}
"""Tokens to think with, as Google's own OpenAI-compatible endpoint has them."""


USUAL = "1K"
"""The resolution of a picture where none is asked for; older models take no word for it."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """How a model draws. `shapes` are aspect ratios, each with its usual size."""

    shapes: Mapping[str, Size]
    resolutions: Mapping[str, float] = field(default_factory=lambda: {USUAL: 1.0})
    """Words for `imageSize`, and how many times the usual sides they make."""

    def has(self, size: Size) -> bool:
        """Whether it draws in exactly this size."""
        shape, resolution = self.nearest(size)
        return self._made(shape, resolution) == size

    def nearest(self, size: Size) -> tuple[str, str]:
        """The shape that comes nearest to a size, and then the resolution."""
        shape = nearest(size, [*self.shapes])
        wanted = log(size.width * size.height)

        def distance(resolution: str) -> float:
            made = self._made(shape, resolution)
            return abs(log(made.width * made.height) - wanted)

        return shape, min(self.resolutions, key=distance)

    def _made(self, shape: str, resolution: str) -> Size:
        usual, times = self.shapes[shape], self.resolutions[resolution]
        return Size(int(usual.width * times), int(usual.height * times))


@dataclass(frozen=True, slots=True)
class Model:
    """The newest generation is what a model is that has no row."""

    levels: Levels | None = None
    """`thinkingLevel` for an effort, of which `none` is the least; without, there is a `thinkingBudget`."""
    thinks: bool = True
    may_rest: bool = True
    """Whether thinking can be turned off."""
    json_schema: bool = True
    """Whether it takes `parametersJsonSchema` and `responseJsonSchema`."""
    rich_results: bool = False
    """Whether results of functions may hold images, and each part its own `mediaResolution`."""
    signatures: bool = False
    """Whether calls of the current turn need a `thoughtSignature`."""
    signs_pictures: bool = False
    """Whether each picture that a model has made needs one, and the first text of its answer."""
    pictures: Pictures | None = None
    """If it makes any."""


def _sizes(shapes: str) -> Mapping[str, Size]:
    """Shapes with their usual sizes: `16:9=1376x768`."""
    told = (re.split("[=x]", each) for each in shapes.split())
    return {shape: Size(int(width), int(height)) for shape, width, height in told}


_FIRST_PICTURES = Pictures(
    _sizes(
        "1:1=1024x1024 2:3=832x1248 3:2=1248x832 3:4=864x1184 4:3=1184x864 4:5=896x1152 5:4=1152x896 "
        "9:16=768x1344 16:9=1344x768 21:9=1536x672"
    )
)
_PRO_PICTURES = Pictures(
    _sizes(
        "1:1=1024x1024 2:3=848x1264 3:2=1264x848 3:4=896x1200 4:3=1200x896 4:5=928x1152 5:4=1152x928 "
        "9:16=768x1376 16:9=1376x768 21:9=1584x672"
    ),
    {"1K": 1, "2K": 2, "4K": 4},
)
_PICTURES = Pictures(
    {**_PRO_PICTURES.shapes, **_sizes("1:4=512x2048 4:1=2048x512 1:8=384x3072 8:1=3072x384")},
    {"512": 0.5, **_PRO_PICTURES.resolutions},
)

_NEWEST = Model(_FLASH, rich_results=True, signatures=True)
_MODELS: tuple[tuple[re.Pattern[str], Model], ...] = tuple(
    (re.compile(rf"(?:^|/){name}"), model)
    for name, model in (
        (
            r"(?:gemini-3-pro-image|nano-banana-pro)",
            Model(_FIRST_PRO, may_rest=False, rich_results=True, signs_pictures=True, pictures=_PRO_PICTURES),
        ),
        (r"gemini-2\.5-flash-image", Model(thinks=False, pictures=_FIRST_PICTURES)),
        (
            r"(?:gemini-[3-9][\w.-]*image|nano-banana)",
            Model(_FLASH, rich_results=True, signatures=True, signs_pictures=True, pictures=_PICTURES),
        ),
        (r"gemini-3-pro", Model(_FIRST_PRO, may_rest=False, rich_results=True, signatures=True)),
        (
            r"gemini-(?:3\.\d+-|[4-9][\d.]*-)?pro",
            Model(_PRO, may_rest=False, rich_results=True, signatures=True),
        ),
        (r"gemini-2\.5-pro", Model(may_rest=False)),
        (r"gemini-2\.5", Model()),
        (r"gemini-(?:1|2\.0|exp)", Model(thinks=False, json_schema=False)),
        (r"(?:gemma|learnlm)", Model(thinks=False, json_schema=False)),
    )
)


def model_of(name: str) -> Model:
    """What is known of a model, also under its full name `publishers/google/models/NAME`."""
    return next((model for pattern, model in _MODELS if pattern.search(name)), _NEWEST)


def pictures_of(name: str) -> Pictures:
    """How a model draws; one that is not known to, as the newest that does."""
    return model_of(name).pictures or _PICTURES
