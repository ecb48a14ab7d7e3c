"""Judges of what we send and emit: the vendors' own SDKs and specifications.

Every `check_*` returns a list of problems; an empty list means accepted.
"""

from tests.oracles.anthropic_api import (
    anthropic_stream_final,
    check_anthropic_error,
    check_anthropic_request,
    check_anthropic_response,
    check_anthropic_stream,
)
from tests.oracles.bedrock_api import (
    check_converse_error,
    check_converse_request,
    check_converse_response,
    check_converse_stream,
    converse_events,
    converse_stream_final,
)
from tests.oracles.discovery import check_discovery
from tests.oracles.gemini_api import (
    check_gemini_error,
    check_gemini_request,
    check_gemini_response,
    check_gemini_stream,
    gemini_stream_final,
)
from tests.oracles.openai_api import (
    check_openai_chat_chunk,
    check_openai_chat_request,
    check_openai_chat_response,
    check_openai_completion_response,
    check_openai_embeddings_response,
    check_openai_error,
    check_openai_models_response,
    check_openai_stream,
    openai_stream_final,
)
from tests.oracles.openai_responses_api import (
    check_openai_responses_request,
    check_openai_responses_response,
    check_openai_responses_stream,
)
from tests.oracles.openapi import check_openapi
from tests.oracles.sdk_types import check_type
from tests.oracles.transport import sse_events

__all__ = [
    "anthropic_stream_final",
    "check_anthropic_error",
    "check_anthropic_request",
    "check_anthropic_response",
    "check_anthropic_stream",
    "check_converse_error",
    "check_converse_request",
    "check_converse_response",
    "check_converse_stream",
    "check_discovery",
    "check_gemini_error",
    "check_gemini_request",
    "check_gemini_response",
    "check_gemini_stream",
    "check_openai_chat_chunk",
    "check_openai_chat_request",
    "check_openai_chat_response",
    "check_openai_completion_response",
    "check_openai_embeddings_response",
    "check_openai_error",
    "check_openai_models_response",
    "check_openai_responses_request",
    "check_openai_responses_response",
    "check_openai_responses_stream",
    "check_openai_stream",
    "check_openapi",
    "check_type",
    "converse_events",
    "converse_stream_final",
    "gemini_stream_final",
    "openai_stream_final",
    "sse_events",
]
