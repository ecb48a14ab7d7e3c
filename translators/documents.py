"""The documents of a rerank request, beside their scores where the client wants to see them again."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from translators.canonical import Json, Ranked, Ranking, RerankRequest, Told
from translators.errors import BadUpstream


class Documents:
    """Those of one request, and whether they are wanted in the answer."""

    def __init__(self, request: RerankRequest) -> None:
        self._count = len(request.documents)
        self._wanted: Sequence[Ranking] = request.documents if request.return_documents else ()

    def __call__(self, events: Iterable[Told]) -> Iterator[Told]:
        """Each result with its document, or without. Raises `BadUpstream` for a document that is none."""
        for event in events:
            if not isinstance(event, Ranked):
                yield event
                continue
            if not 0 <= event.index < self._count:
                raise BadUpstream(f"The provider ranked document {event.index} of {self._count}.")
            yield replace(event, document=self._of(event))

    def _of(self, event: Ranked) -> Json | None:
        if not self._wanted:
            return None
        asked = self._wanted[event.index]
        return event.document or asked.fields or {"text": asked.text}
