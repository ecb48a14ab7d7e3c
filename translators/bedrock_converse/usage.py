"""Token counts. Amazon counts cached tokens apart from `inputTokens`; we count them in."""

from typing import Any

from translators.canonical import Json, Usage, Used


def read_used(holder: dict[str, Any]) -> Used:
    """The counts of a whole answer, or of the last event of a stream, and how it was served."""
    usage: dict[str, Any] = dict(holder["usage"])
    read, write = _count(usage, "cacheReadInputTokens"), _count(usage, "cacheWriteInputTokens")
    by_age: list[dict[str, Any]] = list(usage.get("cacheDetails") or ())
    hour = sum(_count(detail, "inputTokens") or 0 for detail in by_age if detail["ttl"] == "1h")
    fresh = _count(usage, "inputTokens")
    counted = Usage(
        input=None if fresh is None else fresh + (read or 0) + (write or 0),
        output=_count(usage, "outputTokens"),
        cache_read=read,
        cache_write=write,
        cache_write_1h=hour if by_age else None,
    )
    served: dict[str, Any] = holder.get("serviceTier") or {}
    tier: object = served.get("type")
    return Used(counted, tier if isinstance(tier, str) else None)


def write_used(used: Used) -> Json:
    """Usage as clients of Converse expect it: an unknown count is zero where they want a number."""
    usage = used.usage
    cached = (usage.cache_read or 0) + (usage.cache_write or 0)
    counted: Json = {
        "inputTokens": max(0, (usage.input or 0) - cached),
        "outputTokens": usage.output or 0,
        "totalTokens": (usage.input or 0) + (usage.output or 0),
        "cacheReadInputTokens": usage.cache_read,
        "cacheWriteInputTokens": usage.cache_write,
        "cacheDetails": None,
    }
    if usage.cache_write and usage.cache_write_1h is not None:
        ages = {"1h": usage.cache_write_1h, "5m": max(0, usage.cache_write - usage.cache_write_1h)}
        counted["cacheDetails"] = [{"ttl": ttl, "inputTokens": n} for ttl, n in ages.items() if n]
    told: Json = {"usage": {name: value for name, value in counted.items() if value is not None}}
    if used.service_tier in ("priority", "default", "flex", "reserved"):
        told["serviceTier"] = {"type": used.service_tier}
    return told


def _count(counts: dict[str, Any], name: str) -> int | None:
    count: Any = counts.get(name)
    if count is None or (isinstance(count, int) and not isinstance(count, bool) and count >= 0):
        return count
    raise TypeError(f"{name} is not a number of tokens")
