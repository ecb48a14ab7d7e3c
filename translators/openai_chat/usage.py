"""Tokens as OpenAI counts them, in Chat Completions and its older and smaller sisters."""

from collections.abc import Iterator
from dataclasses import replace

from translators.canonical import Event, Json, JsonValue, Started, Usage, Used
from translators.pick import entries, inner, number, seconds, text

SERVICE_TIERS = ("auto", "default", "flex", "scale", "priority", "fast")
"""What OpenAI calls the ways to be served."""


def read_usage(usage: JsonValue) -> Usage | None:
    """`None` where nothing was counted. Field names of Chat Completions and of Responses."""
    if not isinstance(usage, dict):
        return None
    prompt = _inner(usage, "prompt_tokens_details", "input_tokens_details", "input_token_details")
    answer = _inner(usage, "completion_tokens_details", "output_tokens_details", "output_token_details")
    cached = _count(prompt, "cached_tokens")
    read = Usage(
        input=_count(usage, "prompt_tokens", "input_tokens"),
        output=_output(usage, answer),
        cache_read=_count(usage, "prompt_cache_hit_tokens") if cached is None else cached,  # DeepSeek's name
        cache_write=_count(prompt, "cache_write_tokens", "cache_creation_input_tokens"),
        reasoning=_count(answer, "reasoning_tokens"),
        audio_input=_count(prompt, "audio_tokens"),
        audio_output=_count(answer, "audio_tokens"),
        audio_seconds=seconds(usage, "seconds"),
        image_input=_count(prompt, "image_tokens"),
        image_output=_count(answer, "image_tokens"),
        accepted_prediction=_count(answer, "accepted_prediction_tokens"),
        rejected_prediction=_count(answer, "rejected_prediction_tokens"),
    )
    return None if read == Usage() else read


def _output(usage: Json, details: Json) -> int | None:
    """Reasoning is a part of it: xAI and some others count it beside the answer, as their total shows."""
    output, total = _count(usage, "completion_tokens", "output_tokens"), _count(usage, "total_tokens")
    prompt, reasoning = _count(usage, "prompt_tokens", "input_tokens"), _count(details, "reasoning_tokens")
    if output is None or not reasoning or total != (prompt or 0) + output + reasoning:
        return output
    return output + reasoning


def told(body: Json) -> Iterator[Event]:
    """Who answered and what it took, in a whole answer, the first or last of a stream, or a chunk."""
    if (model := text(body, "model")) or text(body, "id"):
        created = number(body, "created") or number(body, "created_at")
        yield Started(text(body, "id"), model, created)
    usage = read_usage(body.get("usage"))
    images = sum("b64_json" in item or "url" in item for item in (*entries(body, "data"), body))
    searches = sum(_searched(item) for item in entries(body, "output"))
    if images or searches:
        usage = replace(usage or Usage(), images=images or None, web_searches=searches or None)
    if usage:
        size = text(body, "size") if images else ""
        yield Used(usage, text(body, "service_tier") or None, size or None)


def _searched(item: Json) -> bool:
    """Whether an entry of a response's output is a search of the web, which is billed by the piece."""
    return text(item, "type") == "web_search_call" and text(inner(item, "action"), "type") in ("", "search")


def write_usage(usage: Usage) -> Json | None:
    """`None` unless both sums are known, as OpenAI's clients count on both."""
    if usage.input is None or usage.output is None:
        return None
    prompt: Json = {
        "cached_tokens": usage.cache_read,
        "cache_write_tokens": usage.cache_write,
        "cache_creation_input_tokens": usage.cache_write or None,  # what this extension was called before
        "audio_tokens": usage.audio_input,
        "image_tokens": usage.image_input,
    }
    answer: Json = {
        "reasoning_tokens": usage.reasoning,
        "audio_tokens": usage.audio_output,
        "image_tokens": usage.image_output,
        "accepted_prediction_tokens": usage.accepted_prediction,
        "rejected_prediction_tokens": usage.rejected_prediction,
    }
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        **_counted("prompt_tokens_details", prompt),
        **_counted("completion_tokens_details", answer),
    }


def _counted(name: str, details: Json) -> Json:
    known: Json = {detail: count for detail, count in details.items() if count is not None}
    return {name: known} if known else {}


def _inner(usage: Json, *names: str) -> Json:
    found = [details for name in names if (details := inner(usage, name))]
    return found[0] if found else {}


def _count(counts: Json, *names: str) -> int | None:
    for name in names if counts else ():
        if (count := number(counts, name)) is not None and count >= 0:
            return count
    return None
