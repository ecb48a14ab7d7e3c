"""What a Gemini model understands, by its name: the only place where names of models matter.

https://ai.google.dev/gemini-api/docs/thinking and https://ai.google.dev/gemini-api/docs/openai
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from translators.canonical import Effort

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


_NEWEST = Model(_FLASH, rich_results=True, signatures=True)
_MODELS: tuple[tuple[re.Pattern[str], Model], ...] = tuple(
    (re.compile(rf"(?:^|/){name}"), model)
    for name, model in (
        (r"gemini-3-pro-image", Model(_FIRST_PRO, may_rest=False, rich_results=True)),
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
