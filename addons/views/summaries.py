"""Wire formats that have no canonical form: what is asked and answered there, in a few lines each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

from addons.views.answered import usage_text
from addons.views.asked import tell_call
from addons.views.bounded import base64_bytes, readable
from addons.views.page import Page
from translators.canonical import Json, JsonValue, Usage

SHOWN = 50
"""Entries of a list that get a line of their own."""

type Tell = Callable[[Json, Page], None]


@dataclass(frozen=True, slots=True)
class Summary:
    """How one wire format is told, either way."""

    request: Tell
    answer: Tell
    ends: Callable[[Json], Json | None] | None = None
    """The whole answer, if an event of its stream holds it."""


# --- OpenAI ------------------------------------------------------------------------------------------


def _texts(body: Json, page: Page, name: str) -> None:
    """Something to read, or a list of such."""
    value = body.get(name)
    several: list[JsonValue] = value if isinstance(value, list) else [value]
    if several and isinstance(several[0], int | float):
        several = [f"{len(several):,} tokens"]
    for number, text in enumerate(several[:SHOWN], 1):
        page.heading(f"{name} {number}" if len(several) > 1 else name)
        page.text(text if isinstance(text, str) else plain(text))
    _rest(several, page, name)


def _rest(several: list[JsonValue], page: Page, name: str) -> None:
    if len(several) > SHOWN:
        page.missing.append(f"{len(several) - SHOWN:,} of the {len(several):,} in {name}")


def _prompt(body: Json, page: Page) -> None:
    _facts(
        body, page, "model", "max_tokens", "temperature", "n", "size", "quality", "voice", "response_format"
    )
    _texts(body, page, "input" if "input" in body else "prompt")


def _completion(body: Json, page: Page) -> None:
    _facts(body, page, "model", "id")
    choices = records(body, "choices")
    for choice in choices[:SHOWN]:
        page.heading("text" if len(choices) == 1 else f"text {choice.get('index')}")
        page.text(str(choice.get("text") or ""))
        page.fact("finish", choice.get("finish_reason"))
    _end(body, page)


def _embeddings(body: Json, page: Page) -> None:
    """How many vectors of how many dimensions; numbers say nothing to anyone."""
    page.fact("model", body.get("model"))
    vectors = [entry.get("embedding") for entry in records(body, "data")]
    page.fact("embeddings", f"{len(vectors):,}, {', '.join(sorted(set(map(_vector, vectors[:SHOWN]))))}")
    _end(body, page)


def _vector(vector: JsonValue) -> str:
    if isinstance(vector, list):
        return f"{len(vector):,} numbers"
    return f"base64 of {base64_bytes(vector) // 4:,} numbers" if isinstance(vector, str) else "no numbers"


def _images(body: Json, page: Page) -> None:
    for number, image in enumerate(records(body, "data")[:SHOWN], 1):
        data, url = image.get("b64_json"), image.get("url")
        kind = f"{body.get('output_format') or 'png'}"
        page.fact(
            f"image {number}", f"{kind}, {base64_bytes(data):,} bytes" if isinstance(data, str) else url
        )
        page.fact("prompt as used", image.get("revised_prompt"))
    _end(body, page)


def _responses_request(body: Json, page: Page) -> None:
    _facts(body, page, "model", "previous_response_id", "max_output_tokens", "temperature", "reasoning")
    tools = (str(tool.get("name") or tool.get("type")) for tool in records(body, "tools"))
    page.fact("tools", ", ".join(tools))
    if isinstance(instructions := body.get("instructions"), str):
        page.heading("instructions")
        page.text(instructions)
    if isinstance(asked := body.get("input"), str):
        page.heading("user")
        page.text(asked)
    for item in records(body, "input"):
        _item(item, page)


def _responses_answer(body: Json, page: Page) -> None:
    _facts(body, page, "model", "id")
    for item in records(body, "output"):
        _item(item, page)
    page.heading("end")
    details = body.get("incomplete_details")
    page.fact("finish", body.get("status"))
    page.fact("because", details.get("reason") if isinstance(details, dict) else None)
    _usage(body, page)


def _item(item: Json, page: Page) -> None:
    """An item of the Responses API: a message, a call, what it gave, or thinking."""
    match item.get("type"):
        case "message" | None:
            page.heading(str(item.get("role") or "?"))
            _contents(item.get("content"), page)
        case "function_call" | "custom_tool_call":
            page.heading("assistant")
            arguments = item.get("arguments", item.get("input"))
            tell_call(str(item.get("name")), str(item.get("call_id") or ""), str(arguments or ""), page)
        case "function_call_output" | "custom_tool_call_output":
            page.heading(f"tool result {item.get('call_id')}")
            _contents(item.get("output"), page)
        case "reasoning":
            page.heading("assistant")
            page.text("(thinking)")
            for summary in (*records(item, "summary"), *records(item, "content")):
                page.text(str(summary.get("text") or ""), "  ")
        case kind:
            page.text(f"[{kind}]")


def _contents(content: JsonValue, page: Page) -> None:
    for part in content if isinstance(content, list) else [content]:
        match part:
            case (str() as text) | {"text": str() as text}:
                page.text(text)
            case {"type": "refusal", "refusal": str() as text}:
                page.text(f"(refusal) {text}")
            case {"type": "input_image", "image_url": str() as url}:
                page.text(f"[image: {_file(url)}]")
            case {"type": "input_file", "file_data": str() as data}:
                page.text(f"[document: {_file(data)}]")
            case {"type": str() as kind}:
                page.text(f"[{kind}]")
            case _:
                pass


def _file(url: str) -> str:
    """A URL; of a data: URL only the type and the size."""
    head, comma, data = url.partition(",")
    if head.startswith("data:") and comma:
        return f"{head[5:].partition(';')[0]}, {base64_bytes(data):,} bytes"
    return readable(url, 500)


def _responses_end(event: Json) -> Json | None:
    ended = event.get("type") in ("response.completed", "response.incomplete", "response.failed")
    response = event.get("response")
    return response if ended and isinstance(response, dict) else None


# --- Cohere ------------------------------------------------------------------------------------------


def _rerank_request(body: Json, page: Page) -> None:
    _facts(body, page, "model", "top_n")
    page.heading("query")
    page.text(str(body.get("query")))
    documents = body.get("documents")
    for number, document in enumerate(documents[:SHOWN] if isinstance(documents, list) else []):
        page.heading(f"document {number}")
        page.text(document if isinstance(document, str) else plain(document))
    _rest(documents if isinstance(documents, list) else [], page, "documents")


def _rerank_answer(body: Json, page: Page) -> None:
    page.fact("id", body.get("id"))
    results = records(body, "results")
    for result in results[:SHOWN]:
        page.text(f"document {result.get('index')}: {result.get('relevance_score')}")
    _rest(cast(list[JsonValue], results), page, "results")
    _billed(body, page)


def _embed_request(body: Json, page: Page) -> None:
    _facts(body, page, "model", "input_type", "embedding_types", "output_dimension", "truncate")
    if body.get("texts") is not None:
        _texts(body, page, "texts")
    page.fact("images", len(images) if isinstance(images := body.get("images"), list) else None)
    page.fact("inputs", len(inputs) if isinstance(inputs := body.get("inputs"), list) else None)


def _embed_answer(body: Json, page: Page) -> None:
    page.fact("id", body.get("id"))
    found = body.get("embeddings")
    for kind, vectors in found.items() if isinstance(found, dict) else [("float", found)]:
        if isinstance(vectors, list):
            sizes = ", ".join(sorted(set(map(_vector, vectors[:SHOWN]))))
            page.fact("embeddings", f"{len(vectors):,} of {kind}, {sizes}")
    _billed(body, page)


def _billed(body: Json, page: Page) -> None:
    meta = body.get("meta")
    units = meta.get("billed_units") if isinstance(meta, dict) else None
    page.fact("billed", plain(units) if units else None)


# --- what they share ---------------------------------------------------------------------------------


def records(body: Json, name: str) -> list[Json]:
    """The objects of a list; none where there is no such list."""
    value = body.get(name)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def plain(value: JsonValue) -> str:
    """A value in a few words: `a 1, b 2`."""
    if isinstance(value, dict):
        return readable(", ".join(f"{name} {plain(inner)}" for name, inner in value.items()), 500)
    return readable(str(value), 500)


def _facts(body: Json, page: Page, *names: str) -> None:
    for name in names:
        page.fact(name, plain(body[name]) if body.get(name) is not None else None)


def _end(body: Json, page: Page) -> None:
    page.heading("end")
    _usage(body, page)


def _usage(body: Json, page: Page) -> None:
    usage = body.get("usage")
    if not isinstance(usage, dict):
        return
    read = {
        "input": usage.get("input_tokens", usage.get("prompt_tokens")),
        "output": usage.get("output_tokens", usage.get("completion_tokens")),
        "cache_read": _detail(usage, "input_tokens_details", "cached_tokens"),
        "reasoning": _detail(usage, "output_tokens_details", "reasoning_tokens"),
    }
    counts = {name: count for name, count in read.items() if isinstance(count, int)}
    page.fact("usage", usage_text(Usage(**counts)))


def _detail(usage: Json, group: str, name: str) -> JsonValue:
    details = usage.get(group)
    return details.get(name) if isinstance(details, dict) else None


def _nothing(body: Json, page: Page) -> None:
    """All that there is to say is in the raw form."""


_EMBED = Summary(_embed_request, _embed_answer)
_RERANK = Summary(_rerank_request, _rerank_answer)

SUMMARIES: Mapping[str, Summary] = {
    "openai_completions": Summary(_prompt, _completion),
    "openai_embeddings": Summary(_prompt, _embeddings),
    "openai_images": Summary(_prompt, _images),
    "openai_speech": Summary(_prompt, _nothing),
    "openai_responses": Summary(_responses_request, _responses_answer, _responses_end),
    "cohere_rerank": _RERANK,
    "cohere_embed": _EMBED,
}
"""By the name of the wire format."""
