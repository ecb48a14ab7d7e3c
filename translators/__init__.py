"""Pure translation between the wire formats of AI providers: bytes in, bytes out."""

from collections.abc import Mapping

from translators import anthropic_messages, gemini_generate, openai_chat
from translators.dialect import Dialect, Spoken
from translators.openai_native import NATIVE

DIALECTS: Mapping[str, Dialect] = {
    "openai_chat": openai_chat,
    "anthropic_messages": anthropic_messages,
    "gemini_generate": gemini_generate,
}
"""What can be translated into each other."""

SPOKEN: Mapping[str, Spoken] = {**DIALECTS, **{spoken.NAME: spoken for spoken in NATIVE}}
"""What can be passed at all."""
