"""Token counts. Anthropic counts cached tokens apart from `input_tokens`; we count them in."""

from typing import Any

from translators.canonical import Json, JsonValue, Usage

_TIERS = {"standard": "default", "priority": "priority", "batch": "batch"}
"""Anthropic's name of the tier that served a request, and OpenAI's, which is ours."""


def read_usage(usage: dict[str, Any]) -> Usage:
    """Counts of a whole answer, or those so far. What the API spent on compacting the conversation is told
    apart from the sums, but billed with them."""
    used = _read(usage)
    for iteration in usage.get("iterations") or ():
        if iteration["type"] == "compaction":
            used = _sum(used, _read(iteration))
    return used


def _sum(one: Usage, other: Usage) -> Usage:
    pairs = ((getattr(one, name), getattr(other, name)) for name in Usage.__slots__)
    return Usage(*(a if b is None else b if a is None else a + b for a, b in pairs))


def _read(usage: dict[str, Any]) -> Usage:
    fresh = _count(usage, "input_tokens")
    read = _count(usage, "cache_read_input_tokens")
    by_age = _part(usage, "cache_creation")
    hour, minutes = _count(by_age, "ephemeral_1h_input_tokens"), _count(by_age, "ephemeral_5m_input_tokens")
    write = _count(usage, "cache_creation_input_tokens")
    if write is None and by_age:
        write = (hour or 0) + (minutes or 0)
    return Usage(
        input=None if fresh is None else fresh + (read or 0) + (write or 0),
        output=_count(usage, "output_tokens"),
        cache_read=read,
        cache_write=write,
        cache_write_1h=hour,
        reasoning=_count(_part(usage, "output_tokens_details"), "thinking_tokens"),
        web_searches=_count(_part(usage, "server_tool_use"), "web_search_requests"),
    )


def read_tier(usage: dict[str, Any]) -> str | None:
    """The tier, or `fast` for an answer at the price of that mode."""
    if usage.get("speed") == "fast":
        return "fast"
    return _TIERS.get(str(usage.get("service_tier")))


def write_delta_usage(usage: Usage) -> Json:
    """The counts that the end of a stream may tell. Unknown ones are zero where the schema wants a number."""
    cached = (usage.cache_read or 0) + (usage.cache_write or 0)
    searches = usage.web_searches
    told: dict[str, JsonValue] = {
        "input_tokens": max(0, (usage.input or 0) - cached),
        "output_tokens": usage.output or 0,
        "cache_creation_input_tokens": usage.cache_write,
        "cache_read_input_tokens": usage.cache_read,
        "server_tool_use": {"web_search_requests": searches, "web_fetch_requests": 0} if searches else None,
        "output_tokens_details": None if usage.reasoning is None else {"thinking_tokens": usage.reasoning},
    }
    return {name: value for name, value in told.items() if value is not None}


def write_usage(usage: Usage, tier: str | None) -> Json:
    """The counts of a whole answer."""
    told = write_delta_usage(usage)
    if usage.cache_write_1h is not None:
        minutes = (usage.cache_write or 0) - usage.cache_write_1h
        told["cache_creation"] = {
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
            "ephemeral_5m_input_tokens": max(0, minutes),
        }
    if names := [theirs for theirs, ours in _TIERS.items() if ours == tier]:
        told["service_tier"] = names[0]
    return told


def _part(usage: dict[str, Any], name: str) -> dict[str, Any]:
    return dict(usage.get(name) or {})


def _count(counts: dict[str, Any], name: str) -> int | None:
    count: Any = counts.get(name)
    if count is None or (isinstance(count, int) and not isinstance(count, bool)):
        return count
    raise TypeError(f"{name} is not a number of tokens")
