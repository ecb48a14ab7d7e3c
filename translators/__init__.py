"""Pure translation between the wire formats of AI providers: bytes in, bytes out."""

from collections.abc import Mapping

from translators import anthropic_messages, bedrock_converse, gemini_generate, openai_chat
from translators.anthropic_count import AnthropicCount
from translators.bedrock_count import BedrockCount
from translators.dialect import ChatDialect, ChatSource, CountDialect, Spoken
from translators.gemini_count import GeminiCount
from translators.openai_completions import Completions
from translators.openai_input_tokens import InputTokens
from translators.openai_native import NATIVE
from translators.vllm_tokenize import Tokenize

DIALECTS: Mapping[str, ChatDialect] = {
    "openai_chat": openai_chat,
    "anthropic_messages": anthropic_messages,
    "bedrock_converse": bedrock_converse,
    "gemini_generate": gemini_generate,
}
"""What can be translated into each other."""

COUNTS: Mapping[str, CountDialect] = {
    "anthropic_count": AnthropicCount(),
    "vllm_tokenize": Tokenize(),
    "bedrock_count": BedrockCount(),
    "gemini_count": GeminiCount(),
}
"""The same of those that only count a prompt."""

TARGETS: Mapping[str, Spoken] = {**DIALECTS, **COUNTS, "openai_input_tokens": InputTokens()}
"""All dialects that can be translated into, from others of their kind."""

SOURCES: Mapping[str, ChatSource] = {**DIALECTS, "openai_completions": Completions()}
"""What clients may speak whatever the provider speaks."""

SPOKEN: Mapping[str, Spoken] = {**SOURCES, **COUNTS, **{spoken.NAME: spoken for spoken in NATIVE}}
"""What clients may speak: where a provider has it, it passes."""
