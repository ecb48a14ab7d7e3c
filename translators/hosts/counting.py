"""How clouds want to be asked to count: their own forms of what others are simply sent."""

from base64 import b64encode
from typing import cast

import orjson

from translators.canonical import Json


def invoked(body: bytes) -> bytes:
    """A request as Amazon counts it: whole, in base64, and with a limit, which Anthropic's models insist on.

    https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelTokensRequest.html
    """
    asked = cast(Json, orjson.loads(body))
    if asked.get("max_tokens") is None:
        thinking = asked.get("thinking")
        budget = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
        asked["max_tokens"] = 1 + (budget if isinstance(budget, int) else 0)  # it has to be more than that
    inner = b64encode(orjson.dumps(asked)).decode()
    return orjson.dumps({"input": {"invokeModel": {"body": inner}}})


def told_as_anthropic(body: bytes) -> bytes:
    """Amazon's answer as Anthropic gives it. `KeyError`, `TypeError` or `ValueError` on what is none."""
    number = cast(Json, orjson.loads(body))["inputTokens"]
    if not isinstance(number, int):
        raise TypeError("inputTokens")
    return orjson.dumps({"input_tokens": number})


def unwrapped(body: bytes) -> bytes:
    """A generateContent request without the one around it, whose fields Vertex AI has at the top.

    https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.publishers.models/countTokens
    """
    asked = cast(Json, orjson.loads(body))
    inner = asked.get("generateContentRequest")
    if not isinstance(inner, dict):
        return body
    return orjson.dumps({name: value for name, value in inner.items() if name != "model"})
