"""Endpoints: the paths that clients may ask for, and what is spoken there."""

from dataclasses import dataclass
from typing import Literal

from translators import SPOKEN, form
from translators.dialect import Spoken

JSON, FORM = "application/json", form.CONTENT_TYPE
Family = Literal["openai", "anthropic", "cohere", "gemini", "bedrock"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path, under the prefix of its family."""

    family: Family
    path: str
    """Where it holds `{model}`, the model is named there, and not in the body."""
    operation: str
    """As the metrics name it: `gen_ai.operation.name`."""
    dialect: str
    takes: tuple[str, ...] = (JSON,)
    """Content types of requests."""
    streams: bool = False
    """Whether all of its answers are streams; elsewhere the body says so."""
    query: tuple[str, str] | None = None
    """A parameter and the only value of it that is served."""
    whole: bool = False
    """Whether none of its answers is a stream, whatever the body says."""

    @property
    def names_model(self) -> bool:
        """Whether the model stands in the path."""
        return "{model}" in self.path

    @property
    def spoken(self) -> Spoken:
        return SPOKEN[self.dialect]


ENDPOINTS = (
    Endpoint("openai", "/v1/chat/completions", "chat", "openai_chat"),
    Endpoint("openai", "/v1/completions", "completion", "openai_completions"),
    Endpoint("openai", "/v1/embeddings", "embeddings", "openai_embeddings"),
    Endpoint("openai", "/v1/rerank", "rerank", "jina_rerank"),
    Endpoint("openai", "/rerank", "rerank", "jina_rerank"),
    Endpoint("cohere", "/v2/rerank", "rerank", "cohere_rerank"),
    Endpoint("openai", "/v1/responses", "responses", "openai_responses"),
    Endpoint(
        "openai", "/v1/responses/input_tokens", "responses_input_tokens", "openai_input_tokens", whole=True
    ),
    Endpoint("openai", "/v1/images/generations", "image_generation", "openai_images"),
    Endpoint("openai", "/v1/images/edits", "image_edit", "openai_image_edits", (FORM, JSON)),
    Endpoint("openai", "/v1/images/variations", "image_variation", "openai_image_variations", (FORM,)),
    Endpoint("openai", "/v1/audio/speech", "speech", "openai_speech"),
    Endpoint("openai", "/v1/audio/transcriptions", "transcription", "openai_transcriptions", (FORM,)),
    Endpoint("openai", "/v1/audio/translations", "translation", "openai_translations", (FORM,)),
    Endpoint("openai", "/tokenize", "tokenize", "vllm_tokenize", whole=True),
    Endpoint("anthropic", "/v1/messages", "messages", "anthropic_messages"),
    Endpoint("gemini", "/v1beta/models/{model}:generateContent", "generate_content", "gemini_generate"),
    Endpoint(
        "gemini",
        "/v1beta/models/{model}:streamGenerateContent",
        "generate_content",
        "gemini_generate",
        streams=True,
        query=("alt", "sse"),
    ),
    Endpoint("bedrock", "/model/{model}/converse", "converse", "bedrock_converse"),
    Endpoint("bedrock", "/model/{model}/converse-stream", "converse", "bedrock_converse", streams=True),
    Endpoint("anthropic", "/v1/messages/count_tokens", "count_tokens", "anthropic_count", whole=True),
)

MODELS = "/v1/models"
"""The list of models, and below it each one; answered by the gateway itself."""
LISTED: tuple[Family, ...] = ("openai", "anthropic")
"""The families whose clients ask for it there."""

FAMILY_DIALECT: dict[Family, str] = {
    "openai": "openai_chat",
    "anthropic": "anthropic_messages",
    "cohere": "cohere_rerank",
    "gemini": "gemini_generate",
    "bedrock": "bedrock_converse",
}
"""In whose words errors are told where no endpoint is known."""
