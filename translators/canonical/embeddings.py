"""Embeddings: texts, token ids and pictures, and the vectors that they become."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from translators.canonical.frozen import dataclass
from translators.canonical.request import Image, Opaque, Text

Purpose = Literal[
    "query",
    "document",
    "similarity",
    "classification",
    "clustering",
    "question_answering",
    "fact_verification",
    "code_query",
]
"""What a vector is for: some models make another one for each."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as the numbers of one model's tokens."""

    ids: Sequence[int]


@dataclass(frozen=True, slots=True)
class Input:
    """What becomes one vector: a text, or texts and pictures together."""

    parts: tuple[Text | Tokens | Image, ...]
    purpose: Purpose | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class EmbeddingRequest:
    """A request for vectors. `purpose` and `title` hold for all inputs, whatever they say themselves."""

    model: str
    inputs: tuple[Input, ...]
    dimensions: int | None = None
    encoding: Literal["float", "base64"] | None = None
    """How the client wants its vectors: base64 is of 32-bit numbers, little endian."""
    purpose: Purpose | None = None
    title: str | None = None
    truncate: Literal["none", "start", "end"] | None = None
    """Where to cut inputs that are too long: `none` has them refused."""
    user: str | None = None
    """An opaque id of the end user."""
    opaque: tuple[Opaque, ...] = ()
    """Fields of the request that only their owner understands, unknown ones too."""

    def pieces(self, most: int | None) -> "list[EmbeddingRequest]":
        """The requests that a provider is asked one after the other, if it takes at most so many inputs."""
        if most is None or len(self.inputs) <= most:
            return [self]
        starts = range(0, len(self.inputs), most)
        return [replace(self, inputs=self.inputs[start : start + most]) for start in starts]

    def purposes(self) -> Iterator[Purpose | None]:
        """What each input's vector is for."""
        return (self.purpose or each.purpose for each in self.inputs)

    def titles(self) -> Iterator[str | None]:
        """What each input is called."""
        return (self.title or each.title for each in self.inputs)


@dataclass(frozen=True, slots=True)
class Embedded:
    """The vector of the input at this position: numbers, or base64 as in `EmbeddingRequest.encoding`."""

    index: int
    vector: list[float] | str
    truncated: bool | None = None
    """Whether the input was too long, and cut."""
