"""Files of a request that are given by their address: found, and replaced by what is there."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from translators.canonical import (
    Audio,
    Data,
    Document,
    EmbeddingRequest,
    Image,
    ImageRequest,
    Input,
    Opaque,
    Part,
    Request,
    Text,
    Tokens,
    ToolResult,
    Turn,
    Url,
    Video,
)
from translators.fields import Lacks

FETCHED = ("http://", "https://")
"""Addresses that anybody can ask; others, such as s3:// and gs://, mean something to one vendor."""


type Filed = Request | EmbeddingRequest | ImageRequest
"""Requests that may name files."""


def untaken(request: Filed, lacks: Lacks, takes_addresses: bool) -> dict[str, str]:
    """Addresses that the provider would not fetch: its host does not, or its dialect has no word for them.

    Each with its meaning, such as `Image.source`.
    """
    if isinstance(request, ImageRequest):
        taken = takes_addresses and "Url" not in lacks
        found = () if taken else (*request.images, request.mask)
        return {it.url: "Url" for it in found if isinstance(it, Url) and it.url.startswith(FETCHED)}
    return {
        part.source.url: f"{type(part).__name__}.source"
        for part in _files(request)
        if isinstance(part.source, Url) and part.source.url.startswith(FETCHED)
        if not takes_addresses or _lacking(part, lacks)
    }


def with_data[R: Filed](request: R, data: Mapping[str, Data]) -> R:
    """The same request, with files in the place of their addresses, as far as they are known."""
    if isinstance(request, EmbeddingRequest):
        return replace(request, inputs=tuple(_input(each, data) for each in request.inputs))
    if isinstance(request, ImageRequest):
        images = tuple(_known(each, data) for each in request.images)
        return replace(request, images=images, mask=request.mask and _known(request.mask, data))
    return replace(request, turns=tuple(_turn(turn, data) for turn in request.turns))


def _files(request: Request | EmbeddingRequest) -> Iterator[Image | Document | Audio | Video]:
    if isinstance(request, EmbeddingRequest):
        yield from (part for each in request.inputs for part in each.parts if isinstance(part, Image))
        return
    for turn in request.turns:
        for part in turn.parts:
            match part:
                case Image() | Document() | Audio() | Video():
                    yield part
                case ToolResult(parts=parts):
                    yield from (
                        inner for inner in parts if isinstance(inner, Image | Audio | Document | Video)
                    )
                case _:
                    pass


def _lacking(part: Image | Document | Audio | Video, lacks: Lacks) -> bool:
    """Whether a dialect refuses the address, and would take the file: not where it takes no such thing."""
    lack = lacks.get(f"{type(part).__name__}.source")
    return lack is not None and lack.fate == "refused" and lack.loses(part.source)


def _turn(turn: Turn, data: Mapping[str, Data]) -> Turn:
    return replace(turn, parts=tuple(_part(part, data) for part in turn.parts))


def _part(part: Part, data: Mapping[str, Data]) -> Part:
    if isinstance(part, ToolResult):
        return replace(part, parts=tuple(_inner(inner, data) for inner in part.parts))
    return _filled(part, data) if isinstance(part, Image | Document | Audio | Video) else part


def _input(each: Input, data: Mapping[str, Data]) -> Input:
    return replace(each, parts=tuple(_inner(part, data) for part in each.parts))


def _inner[P: Text | Tokens | Image | Audio | Document | Video | Opaque](
    part: P, data: Mapping[str, Data]
) -> P:
    return _filled(part, data) if isinstance(part, Image | Audio | Document | Video) else part


def _known(source: Data | Url, data: Mapping[str, Data]) -> Data | Url:
    return data.get(source.url, source) if isinstance(source, Url) else source


def _filled[P: Image | Document | Audio | Video](part: P, data: Mapping[str, Data]) -> P:
    source = part.source
    if isinstance(source, Url) and (found := data.get(source.url)):
        return replace(part, source=found)
    return part
