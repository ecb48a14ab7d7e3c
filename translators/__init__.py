"""Pure translation between the wire formats of AI providers: bytes in, bytes out."""

from collections.abc import Mapping
from typing import Any

from translators import anthropic_messages, bedrock_converse, gemini_generate, openai_chat
from translators.anthropic_count import AnthropicCount
from translators.bedrock_cohere_embed import COHERE_V3, COHERE_V4
from translators.bedrock_count import BedrockCount
from translators.bedrock_nova_embed import NOVA_EMBED
from translators.bedrock_nova_image import NOVA_EDIT, NOVA_IMAGE, NOVA_VARIATION
from translators.bedrock_rerank import BEDROCK_RERANK
from translators.bedrock_stability import STABILITY, STABILITY_EDIT, STABILITY_INPAINT
from translators.bedrock_titan_embed import TITAN_MULTIMODAL, TITAN_V1, TITAN_V2
from translators.cohere_embed import COHERE_EMBED
from translators.cohere_rerank import Rerank
from translators.dialect import ChatDialect, CountDialect, Source, Spoken, Target
from translators.form import Kinds
from translators.gemini_count import GeminiCount
from translators.gemini_images import GEMINI_IMAGE_EDITS, GEMINI_IMAGES
from translators.google_embeddings import (
    GEMINI_EMBED,
    VERTEX_EMBED,
    VERTEX_MULTIMODAL,
    VERTEX_PREDICT,
    VERTEX_PREDICT_ONE,
)
from translators.jina_rerank import JinaRerank
from translators.openai_completions import Completions
from translators.openai_embeddings import Embeddings
from translators.openai_image_edits import IMAGE_EDITS, IMAGE_VARIATIONS
from translators.openai_images import Images
from translators.openai_input_tokens import InputTokens
from translators.openai_native import HEARD, NATIVE
from translators.vertex_imagen import VERTEX_IMAGEN, VERTEX_IMAGEN_EDIT
from translators.vertex_rank import VERTEX_RANK
from translators.vllm_tokenize import Tokenize

DIALECTS: Mapping[str, ChatDialect] = {
    "openai_chat": openai_chat,
    "anthropic_messages": anthropic_messages,
    "bedrock_converse": bedrock_converse,
    "gemini_generate": gemini_generate,
}
"""Chats, which can be translated into each other."""

COUNTS: Mapping[str, CountDialect] = {
    "anthropic_count": AnthropicCount(),
    "vllm_tokenize": Tokenize(),
    "bedrock_count": BedrockCount(),
    "gemini_count": GeminiCount(),
}
"""Those that only count a prompt, and can be translated into each other."""

_EMBEDDINGS: tuple[Target[Any, Any], ...] = (
    Embeddings(),
    COHERE_EMBED,
    TITAN_V1,
    TITAN_V2,
    TITAN_MULTIMODAL,
    COHERE_V3,
    COHERE_V4,
    NOVA_EMBED,
    VERTEX_PREDICT,
    VERTEX_PREDICT_ONE,
    VERTEX_MULTIMODAL,
    VERTEX_EMBED,
    GEMINI_EMBED,
)
_RERANKS: tuple[Target[Any, Any], ...] = (Rerank(), JinaRerank(), BEDROCK_RERANK, VERTEX_RANK)

_IMAGES: tuple[Target[Any, Any], ...] = (
    *(Images(), NOVA_IMAGE, STABILITY, GEMINI_IMAGES, VERTEX_IMAGEN),
    *(NOVA_EDIT, STABILITY_EDIT, STABILITY_INPAINT, GEMINI_IMAGE_EDITS, VERTEX_IMAGEN_EDIT),
    NOVA_VARIATION,
)

TARGETS: Mapping[str, Target[Any, Any]] = {
    **DIALECTS,
    **COUNTS,
    "openai_input_tokens": InputTokens(),
    **{target.NAME: target for target in (*_EMBEDDINGS, *_RERANKS, *_IMAGES)},
}
"""What providers may speak whatever the client speaks of the same kind."""

SOURCES: Mapping[str, Source[Any, Any]] = {
    **DIALECTS,
    **COUNTS,
    "openai_completions": Completions(),
    "openai_embeddings": Embeddings(),
    "openai_images": Images(),
    "openai_image_edits": IMAGE_EDITS,
    "openai_image_variations": IMAGE_VARIATIONS,
    "cohere_rerank": Rerank(),
    "jina_rerank": JinaRerank(),
}
"""What clients may speak whatever the provider speaks."""

FORMS: Mapping[str, Kinds] = {
    **{source.NAME: source.FORM for source in (IMAGE_EDITS, IMAGE_VARIATIONS)},
    **dict.fromkeys(("openai_transcriptions", "openai_translations"), HEARD),
}
"""What is in the forms of those that take any."""

SPOKEN: Mapping[str, Spoken] = {**SOURCES, **{spoken.NAME: spoken for spoken in NATIVE}}
"""What clients may speak: where a provider has it, it passes."""
