"""Messages requests and answers that use what there is to use."""

import json
from typing import Any

CACHE = {"type": "ephemeral", "ttl": "1h"}
PNG = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}
CITED: dict[str, Any] = {
    "type": "web_search_result_location",
    "url": "https://example.com/a",
    "title": "A",
    "cited_text": "so it is",
    "encrypted_index": "xyz",
}

USER_BLOCKS: list[dict[str, Any]] = [
    {"type": "text", "text": "look", "cache_control": CACHE},
    {"type": "image", "source": PNG, "cache_control": {"type": "ephemeral"}},
    {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
    {"type": "image", "source": {"type": "file", "file_id": "file_1"}, "transformations": {}},
    {"type": "document", "source": PDF, "title": "t", "context": "c", "citations": {"enabled": True}},
    {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "plain"}},
    {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
    {"type": "document", "source": {"type": "file", "file_id": "file_2"}, "cache_control": CACHE},
    {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "x"}]}},
    {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "x"}]},
    {"type": "container_upload", "file_id": "file_3"},
]

ASSISTANT_BLOCKS: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "hm", "signature": "sig"},
    {"type": "redacted_thinking", "data": "secret"},
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}},
    {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
    {"type": "text", "text": "It is so.", "citations": [CITED]},
    {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": [1, {"b": None}]}},
    {"type": "tool_use", "id": "toolu_2", "name": "g", "input": {}, "caller": {"type": "direct"}},
]

RESULT_BLOCKS: list[dict[str, Any]] = [
    {
        "type": "tool_result",
        "tool_use_id": "toolu_1",
        "is_error": True,
        "cache_control": CACHE,
        "content": [
            {"type": "text", "text": "r", "cache_control": {"type": "ephemeral"}},
            {"type": "image", "source": PNG},
            {"type": "document", "source": PDF},
            {"type": "search_result", "source": "s", "title": "t", "content": []},
        ],
    },
    {"type": "tool_result", "tool_use_id": "toolu_2", "content": "plain"},
    {"type": "text", "text": "and now?"},
]

TOOLS: list[dict[str, Any]] = [
    {
        "name": "f",
        "description": "d",
        "input_schema": {"type": "object", "properties": {"a": {"type": "array"}}, "required": ["a"]},
        "strict": True,
        "cache_control": CACHE,
        "input_examples": [{"a": []}],
        "eager_input_streaming": True,
    },
    {"name": "g", "input_schema": {"type": "object"}},
    {
        "type": "web_search_20250305",
        "name": "web_search",
        "max_uses": 3,
        "allowed_domains": ["example.com"],
        "user_location": {"type": "approximate", "city": "Wien", "country": "AT"},
        "cache_control": {"type": "ephemeral"},
    },
    {"type": "web_search_20260318", "name": "web_search", "response_inclusion": "full"},
    {"type": "bash_20250124", "name": "bash"},
]

REQUEST: dict[str, Any] = {
    "model": "claude-x",
    "max_tokens": 4096,
    "system": [{"type": "text", "text": "be kind", "cache_control": CACHE}],
    "messages": [
        {"role": "user", "content": USER_BLOCKS},
        {"role": "system", "content": "be brief"},
        {"role": "assistant", "content": ASSISTANT_BLOCKS},
        {"role": "user", "content": RESULT_BLOCKS},
    ],
    "stream": True,
    "stop_sequences": ["END"],
    "tools": TOOLS,
    "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
    "thinking": {"type": "enabled", "budget_tokens": 1024, "display": "summarized"},
    "output_config": {
        "effort": "max",
        "format": {"type": "json_schema", "schema": {"type": "object", "additionalProperties": False}},
    },
    "service_tier": "standard_only",
    "metadata": {"user_id": "u1"},
    "cache_control": {"type": "ephemeral"},
    "container": {"id": "c1", "skills": []},
    "inference_geo": "eu",
}

BETA_REQUEST: dict[str, Any] = {
    **REQUEST,
    "messages": [
        {"role": "system", "content": [], "output_config": {"effort": "low"}},
        *REQUEST["messages"][:1],
        {"role": "system", "content": "for now", "clear_at": "next_user_message"},
    ],
    "thinking": {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "error"}},
    "output_config": {"effort": "low", "task_budget": {"type": "tokens", "total": 9}},
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": {"type": "all"}}]},
    "mcp_servers": [{"type": "url", "name": "m", "url": "https://example.com/mcp"}],
}

ANSWER_BLOCKS: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "Let me see.", "signature": "sig"},
    {"type": "redacted_thinking", "data": "secret"},
    {"type": "text", "text": "I search."},
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}},
    {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
    {"type": "text", "text": "It is so.", "citations": [CITED]},
    {"type": "text", "text": " And so: héllo"},
    {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": [1, "ü"]}},
    {"type": "tool_use", "id": "toolu_2", "name": "g", "input": {}},
]

USAGE: dict[str, Any] = {
    "input_tokens": 10,
    "output_tokens": 42,
    "cache_read_input_tokens": 5,
    "cache_creation_input_tokens": 2,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 2},
    "server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 0},
    "output_tokens_details": {"thinking_tokens": 7},
    "service_tier": "standard",
}

ANSWER: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-x",
    "content": ANSWER_BLOCKS,
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": USAGE,
}


def events_of(answer: dict[str, Any], size: int = 3) -> list[dict[str, Any]]:
    """An answer as Anthropic streams it, in pieces of `size` characters."""
    early = {"input_tokens": 10, "output_tokens": 1, "service_tier": "standard"}
    early["cache_creation"] = USAGE["cache_creation"]
    head = {**answer, "content": [], "stop_reason": None, "usage": early}
    late = {name: count for name, count in USAGE.items() if name not in ("cache_creation", "service_tier")}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": head}, {"type": "ping"}]
    for index, block in enumerate(answer["content"]):
        start, deltas = pieces_of(block, size)
        events.append({"type": "content_block_start", "index": index, "content_block": start})
        events += ({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas)
        events.append({"type": "content_block_stop", "index": index})
    delta = {name: answer[name] for name in ("stop_reason", "stop_sequence")}
    return [*events, {"type": "message_delta", "delta": delta, "usage": late}, {"type": "message_stop"}]


def pieces_of(block: dict[str, Any], size: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The start of a block and its deltas."""

    def cut(text: str, kind: str, name: str) -> list[dict[str, Any]]:
        return [{"type": kind, name: text[at : at + size]} for at in range(0, len(text), size)]

    match block:
        case {"type": "text", "text": text}:
            cited = [{"type": "citations_delta", "citation": source} for source in block.get("citations", ())]
            return {"type": "text", "text": ""}, [*cut(text, "text_delta", "text"), *cited]
        case {"type": "thinking", "thinking": text, "signature": signature}:
            proof = {"type": "signature_delta", "signature": signature}
            deltas = [*cut(text, "thinking_delta", "thinking"), proof]
            return {"type": "thinking", "thinking": "", "signature": ""}, deltas
        case {"input": arguments}:
            text = json.dumps(arguments) if arguments else ""
            return {**block, "input": {}}, cut(text, "input_json_delta", "partial_json")
        case _:
            return block, []


def stream_of(events: list[dict[str, Any]]) -> bytes:
    frames = (f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return "".join(frames).encode()
