"""Token counts. Google counts thoughts, and what its own tools read, apart from answer and prompt."""

from translators.canonical import Json, JsonValue, Usage
from translators.pick import entries, number, text

_TIERS = {"standard": "default", "flex": "flex", "priority": "priority"}
"""Google's name of a tier, and OpenAI's, which is ours."""


def read_usage(usage: Json, searches: int = 0) -> Usage:
    """The counts so far: they are cumulative, and zeros are not told."""
    prompt, tools = number(usage, "promptTokenCount"), number(usage, "toolUsePromptTokenCount")
    answer, thoughts = number(usage, "candidatesTokenCount"), number(usage, "thoughtsTokenCount")
    given = _sum(prompt, tools)
    made, total = _sum(answer, thoughts), number(usage, "totalTokenCount")
    if made is None and total is not None and given is not None:
        made = max(0, total - given)
    return Usage(
        input=given,
        output=made,
        cache_read=number(usage, "cachedContentTokenCount"),
        reasoning=thoughts,
        audio_input=_of_kind("AUDIO", usage, "promptTokensDetails"),
        audio_output=_of_kind("AUDIO", usage, "candidatesTokensDetails"),
        image_input=_of_kind("IMAGE", usage, "promptTokensDetails"),
        image_output=_of_kind("IMAGE", usage, "candidatesTokensDetails"),
        web_searches=searches or None,
    )


def read_tier(tier: str) -> str | None:
    return _TIERS.get(tier.lower())


def write_usage(usage: Usage) -> Json:
    """The counts that are known, and their sum. Google's SDK refuses any field that it does not know."""
    answer = None if usage.output is None else usage.output - (usage.reasoning or 0)
    told: Json = {
        "promptTokenCount": usage.input,
        "candidatesTokenCount": answer,
        "thoughtsTokenCount": usage.reasoning,
        "cachedContentTokenCount": usage.cache_read,
        "totalTokenCount": _sum(usage.input, usage.output),
        "promptTokensDetails": _kinds(usage.audio_input, usage.image_input),
        "candidatesTokensDetails": _kinds(usage.audio_output, usage.image_output),
    }
    return {name: count for name, count in told.items() if count is not None}


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None and other is None else (one or 0) + (other or 0)


def _of_kind(kind: str, usage: Json, name: str) -> int | None:
    counts = (
        number(entry, "tokenCount") for entry in entries(usage, name) if text(entry, "modality") == kind
    )
    return next(counts, None)


def _kinds(sound: int | None, pictures: int | None) -> JsonValue:
    told = (("AUDIO", sound), ("IMAGE", pictures))
    return [{"modality": kind, "tokenCount": tokens} for kind, tokens in told if tokens] or None
