"""OpenAI's Embeddings, with what vLLM, Jina, Voyage and others have added to them.

https://platform.openai.com/docs/api-reference/embeddings/create
"""

from collections.abc import Sequence

from translators.canonical import EmbeddingRequest, Json, Told
from translators.fields import Lacks, Reads
from translators.openai_embeddings.fields import LACKS, READS
from translators.openai_embeddings.request_reader import check, read_request
from translators.openai_embeddings.request_writer import write_request
from translators.openai_embeddings.response import read_response, write_response
from translators.openai_native import ChunkReader, Native, chunk_failure


class Embeddings(Native):
    """Passed where a provider has it, and translated where not."""

    def __init__(self) -> None:
        super().__init__("openai_embeddings", check, ChunkReader, chunk_failure)
        self.KIND: str = "embeddings"
        self.READS: Reads = READS
        self.LACKS: Lacks = LACKS
        self.MOST: int | None = None

    def read_request(self, body: Json) -> EmbeddingRequest:
        return read_request(body)

    def write_request(self, request: EmbeddingRequest) -> Json:
        return write_request(request)

    def read_response(self, body: Json) -> list[Told]:
        return read_response(body)

    def write_response(self, events: Sequence[Told], *, created: int) -> Json:
        return write_response(events, created=created)
