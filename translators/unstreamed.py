"""Wire formats of whole answers, which providers speak and clients do not: each is one of these."""

from collections.abc import Callable

from translators.canonical import Json, Told
from translators.fields import Lacks
from translators.foreign import Record
from translators.openai_native import ChunkReader, Native, chunk_failure


class Unstreamed[Asked](Native):
    """One such format: whose it is, what it has no word for, and how it is written and read.

    Its errors are read by their status and message, whatever their shape.
    """

    def __init__(
        self,
        name: str,
        kind: str,
        owner: str,
        *,
        write_request: Callable[[Asked], Json],
        read_response: Callable[[Json], list[Told]],
        lacks: Lacks,
        most: int | None = None,
    ) -> None:
        super().__init__(name, _check, ChunkReader, chunk_failure)
        self.KIND, self.OWNER = kind, owner
        self.LACKS: Lacks = lacks
        self.MOST: int | None = most
        self._write_request, self._read_response = write_request, read_response

    def write_request(self, request: Asked) -> Json:
        return self._write_request(request)

    def read_response(self, body: Json) -> list[Told]:
        return self._read_response(body)


def _check(body: Record) -> None:
    """Clients do not speak it."""
