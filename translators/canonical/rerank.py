"""Rerank: documents put in order by how well they answer a query."""

from translators.canonical.frozen import dataclass
from translators.canonical.request import Json, Opaque


@dataclass(frozen=True, slots=True)
class Ranking:
    """One document to rank. `fields` are its own where it is more than a text."""

    text: str
    fields: Json | None = None


@dataclass(frozen=True, slots=True)
class RerankRequest:
    """A request for an order of documents."""

    model: str
    query: str
    documents: tuple[Ranking, ...]
    top_n: int | None = None
    """How many of them to tell; all, if none."""
    max_tokens_per_doc: int | None = None
    """Where to cut documents that are too long."""
    return_documents: bool | None = None
    """Whether each result has its document with it."""
    rank_fields: tuple[str, ...] | None = None
    """The fields of a document that count; all, if none."""
    user: str | None = None
    """An opaque id of the end user."""
    opaque: tuple[Opaque, ...] = ()
    """Fields of the request that only their owner understands, unknown ones too."""

    def pieces(self, most: int | None) -> "list[RerankRequest]":
        """Always one: scores of several requests could not be compared."""
        return [self]


@dataclass(frozen=True, slots=True)
class Ranked:
    """The next best document, by its position in the request, and its score: the higher the better."""

    index: int
    score: float
    document: Json | None = None
    """As the provider repeats it."""
