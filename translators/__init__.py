"""Pure translation between the wire formats of AI providers: bytes in, bytes out."""

from collections.abc import Mapping

from translators import anthropic_messages, bedrock_converse, gemini_generate, openai_chat
from translators.dialect import ChatDialect, ChatSource, Spoken
from translators.openai_completions import Completions
from translators.openai_native import NATIVE

DIALECTS: Mapping[str, ChatDialect] = {
    "openai_chat": openai_chat,
    "anthropic_messages": anthropic_messages,
    "bedrock_converse": bedrock_converse,
    "gemini_generate": gemini_generate,
}
"""What can be translated into each other."""

SOURCES: Mapping[str, ChatSource] = {**DIALECTS, "openai_completions": Completions()}
"""What clients may speak whatever the provider speaks."""

SPOKEN: Mapping[str, Spoken] = {**SOURCES, **{spoken.NAME: spoken for spoken in NATIVE}}
"""What clients may speak: where a provider has it, it passes."""
