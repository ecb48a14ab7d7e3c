"""Sources of an answer. Google counts bytes where all others count characters.

https://ai.google.dev/gemini-api/docs/google-search
"""

from collections.abc import Iterator

from translators.canonical import Cited, Json, JsonValue
from translators.pick import entries, inner, number, text

_KINDS = ("web", "retrievedContext", "maps")


def read_citations(candidate: Json, said: str, bases: list[int], choice: int) -> Iterator[Cited]:
    """What supports the text `said` so far; `bases` is where in it each part begins, in bytes."""
    raw = said.encode()
    grounding = inner(candidate, "groundingMetadata")
    sources = [_source(chunk) for chunk in entries(grounding, "groundingChunks")]
    supports = entries(grounding, "groundingSupports")
    for support in supports:
        segment = inner(support, "segment")
        part = number(segment, "partIndex") or 0
        base = bases[part] if 0 <= part < len(bases) else 0
        start = _characters(raw, base + (number(segment, "startIndex") or 0))
        end = _characters(raw, base + (number(segment, "endIndex") or 0))
        quote = text(segment, "text") or None
        for index in _indices(support):
            if index < len(sources):
                url, title = sources[index]
                yield Cited(url, title, quote, start, end, choice=choice)
    if not supports:
        yield from (Cited(url, title, choice=choice) for url, title in sources)
    for source in entries(inner(candidate, "citationMetadata"), "citations"):
        until = number(source, "endIndex")
        yield Cited(
            text(source, "uri") or None,
            text(source, "title") or None,
            start=_characters(raw, number(source, "startIndex") or 0),
            end=None if until is None else _characters(raw, until),
            choice=choice,
        )


def _source(chunk: Json) -> tuple[str | None, str | None]:
    found = [inner(chunk, kind) for kind in _KINDS if kind in chunk]
    source = found[0] if found else chunk
    return text(source, "uri") or None, text(source, "title") or None


def _indices(support: Json) -> list[int]:
    told: JsonValue = support.get("groundingChunkIndices")
    return (
        [index for index in told if isinstance(index, int) and index >= 0] if isinstance(told, list) else []
    )


def _characters(raw: bytes, end: int) -> int:
    """How many characters there are in so many bytes."""
    return len(raw[: max(0, end)].decode(errors="ignore"))


def write_citations(cited: list[Cited], said: str) -> Json:
    """The sources of the text `said`, each once, and what they support."""
    chunks: list[JsonValue] = []
    supports: list[JsonValue] = []
    for source in cited:
        chunk = _chunk(source)
        if chunk not in chunks:
            chunks.append(chunk)
        start, end = source.start or 0, len(said) if source.end is None else source.end
        segment: Json = {
            "startIndex": len(said[:start].encode()),
            "endIndex": len(said[:end].encode()),
            "text": said[start:end],
        }
        supports.append({"segment": segment, "groundingChunkIndices": [chunks.index(chunk)]})
    return {"groundingChunks": chunks, "groundingSupports": supports}


def _chunk(source: Cited) -> Json:
    told: dict[str, JsonValue] = {"uri": source.url, "title": source.title}
    known: Json = {name: value for name, value in told.items() if value is not None}
    if source.url is not None:
        return {"web": known}
    return {"retrievedContext": known | ({"text": source.quote} if source.quote else {})}
