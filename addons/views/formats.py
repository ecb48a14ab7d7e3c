"""Which wire format a body is in: as the gateway has noted it, else by the path, else by its looks."""

import re
from collections.abc import Container

from mitmproxy import http

from translators.canonical import JsonValue

KEY = "dragoman_dialect"
"""Where the gateway notes it, in a flow's metadata."""

_PATHS = (
    (r"/chat/completions", "openai_chat"),
    (r"/completions", "openai_completions"),
    (r"/embeddings", "openai_embeddings"),
    (r"/responses", "openai_responses"),
    (r"/images/generations", "openai_images"),
    (r"/audio/speech", "openai_speech"),
    (r"/messages|.*:(?:stream)?rawPredict", "anthropic_messages"),
    (r"/converse(?:-stream)?", "bedrock_converse"),
    (r"/?:(?:stream)?generateContent", "gemini_generate"),
    (r"/rerank", "cohere_rerank"),
    (r"/embed", "cohere_embed"),
)
PATHS = tuple((re.compile(rf".*(?:{path})"), name) for path, name in _PATHS)
"""How the path of each ends."""

LOOKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("openai_chat", ("choices", "object=chat.completion")),
    ("openai_chat", ("choices", "object=chat.completion.chunk")),
    ("openai_completions", ("choices", "object=text_completion")),
    ("openai_responses", ("output", "object=response")),
    ("openai_responses", ("response", "type=response.created")),
    ("openai_embeddings", ("data", "object=list")),
    ("anthropic_messages", ("content", "type=message")),
    ("anthropic_messages", ("message", "type=message_start")),
    ("anthropic_messages", ("messages", "anthropic_version")),
    ("gemini_generate", ("candidates",)),
    ("gemini_generate", ("contents",)),
    ("bedrock_converse", ("output", "stopReason")),
    ("bedrock_converse", ("messages", "inferenceConfig")),
    ("cohere_rerank", ("query", "documents")),
    ("anthropic_messages", ("messages", "max_tokens", "system")),
    ("openai_chat", ("messages", "model")),
)
"""What each has at its top, the surest signs first."""


def named(flow: http.HTTPFlow, known: Container[str]) -> str | None:
    """The format of a flow's bodies, if it is one of the known ones; `None` where only looks could tell."""
    noted = flow.metadata.get(KEY)
    if isinstance(noted, str) and noted in known:
        return noted
    path = flow.request.path.partition("?")[0]
    return next((name for pattern, name in PATHS if pattern.fullmatch(path)), None)


def looks_like(body: JsonValue) -> str | None:
    """The format of a body about which nothing else is known."""
    if not isinstance(body, dict):
        return None
    for name, signs in LOOKS:
        if all(_has(body, sign) for sign in signs):
            return name
    return None


def _has(body: dict[str, JsonValue], sign: str) -> bool:
    key, equals, value = sign.partition("=")
    return body.get(key) == value if equals else key in body
