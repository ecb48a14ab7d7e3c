"""Requests and answers that use everything: what the tests of `openai_chat` have in common."""

from typing import Any

from translators.canonical import (
    Audio,
    Cache,
    Data,
    Document,
    FileId,
    Image,
    Json,
    JsonSchema,
    Opaque,
    Reasoning,
    RedactedThinking,
    Refusal,
    Request,
    Text,
    Thinking,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
    Turn,
    Url,
    WebSearch,
)

PNG = "data:image/png;base64,iVBORw0KGgo="
PDF = "data:application/pdf;base64,JVBERi0="
MARK = {"mode": "explicit", "ttl": "30m"}
FUNCTION = {"name": "weather", "description": "d", "parameters": {"type": "object"}, "strict": True}
CUSTOM_TOOL = {"type": "custom", "custom": {"name": "code", "format": {"type": "text"}}}
CUSTOM_CALL = {"id": "call_b", "type": "custom", "custom": {"name": "code", "input": "1+1"}}


def text(words: str, **fields: Any) -> Json:
    return {"type": "text", "text": words, **fields}


def call(id: str, name: str = "weather", arguments: str = '{"city": "Rome"}') -> Json:
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


CONVERSATION: Any = [
    {"role": "developer", "content": "Be brief.", "name": "dev"},
    {"role": "system", "content": [text("One."), text("Two.", prompt_cache_breakpoint=MARK)]},
    {
        "role": "user",
        "name": "ann",
        "content": [
            text("Look:"),
            {"type": "image_url", "image_url": {"url": PNG, "detail": "high"}},
            {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}},
            {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
            {
                "type": "file",
                "file": {"file_data": PDF, "filename": "a.pdf"},
                "prompt_cache_breakpoint": MARK,
            },
            {"type": "file", "file": {"file_id": "file-1"}},
        ],
    },
    {"role": "assistant", "content": "Calling.", "tool_calls": [call("call_a"), CUSTOM_CALL]},
    {"role": "tool", "tool_call_id": "call_a", "content": "sunny"},
    {"role": "tool", "tool_call_id": "call_b", "content": [text("2"), text("3")]},
    {"role": "user", "content": "And?"},
    {"role": "assistant", "refusal": "No."},
    {"role": "user", "content": "Why?"},
    {"role": "assistant", "audio": {"id": "audio_1"}},
    {"role": "user", "content": ""},
    {"role": "assistant", "function_call": {"name": "old", "arguments": "{}"}},
    {"role": "function", "name": "old", "content": "done"},
]

REQUEST: Any = {
    "model": "gpt-5",
    "messages": CONVERSATION,
    "stream": True,
    "stream_options": {"include_usage": True, "include_obfuscation": False},
    "max_completion_tokens": 100,
    "temperature": 0.5,
    "top_p": 1,
    "stop": ["a", "b"],
    "n": 2,
    "seed": 7,
    "presence_penalty": 0.1,
    "frequency_penalty": -0.1,
    "logit_bias": {"50256": -100},
    "logprobs": True,
    "top_logprobs": 3,
    "reasoning_effort": "low",
    "verbosity": "high",
    "service_tier": "flex",
    "user": "u1",
    "metadata": {"k": "v"},
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "s", "description": "d", "schema": {"type": "object"}, "strict": True},
    },
    "tools": [{"type": "function", "function": FUNCTION}, CUSTOM_TOOL],
    "tool_choice": {
        "type": "allowed_tools",
        "allowed_tools": {"mode": "auto", "tools": [{"type": "function", "function": {"name": "weather"}}]},
    },
    "parallel_tool_calls": False,
    "web_search_options": {
        "search_context_size": "low",
        "user_location": {"type": "approximate", "approximate": {"city": "Rome", "country": "IT"}},
    },
    "store": True,
    "prediction": {"type": "content", "content": "x"},
    "modalities": ["text", "audio"],
    "audio": {"format": "wav", "voice": "alloy"},
    "moderation": {"model": "omni-moderation-latest"},
    "prompt_cache_key": "k",
    "prompt_cache_options": {"mode": "implicit"},
    "prompt_cache_retention": "24h",
    "safety_identifier": "s",
    "functions": [{"name": "old"}],
    "function_call": "auto",
}
"""A request with every field, save the few that exclude each other."""

_HINT = Cache("5m")
_PROOF = Opaque("anthropic", "messages[].content[thinking].signature", "sig")

CANONICAL = Request(
    model="m",
    turns=(
        Turn("system", (Text("Be kind.", _HINT, Opaque("anthropic", "c", [1])),), "boss"),
        Turn(
            "user",
            (
                Image(Data("image/png", "AAAA"), "low", _HINT),
                Image(Url("https://x.example/a.png")),
                Audio(Data("audio/mpeg", "AAAA"), _HINT),
                Document(Data("application/pdf", "AAAA"), "a.pdf", "Title", "Context", True, _HINT),
                Document(Text("plain"), None, "T2", "C2", True, _HINT),
                Document(FileId("openai", "file-1"), "b.pdf"),
            ),
            "ann",
        ),
        Turn(
            "assistant",
            (
                Thinking("hm", _PROOF),
                RedactedThinking(_PROOF),
                Text("Calling."),
                Refusal("Not that."),
                ToolUse("call_a", "weather", "{}", _HINT),
            ),
        ),
        Turn("user", (ToolResult("call_a", (Text("sunny"),), True, _HINT), Text("And?"))),
    ),
    stream=True,
    include_usage=True,
    max_tokens=1,
    temperature=0.5,
    top_p=0.5,
    top_k=5,
    stop=("x",),
    n=2,
    seed=3,
    presence_penalty=0.1,
    frequency_penalty=0.2,
    logit_bias={"1": 2},
    logprobs=True,
    top_logprobs=2,
    modalities=("text", "image"),
    output=JsonSchema({"type": "object"}, "name", "about", True),
    tools=(
        Tool("weather", "about", {"type": "object"}, True, _HINT),
        WebSearch(3, ("a.example",), ("b.example",), {"city": "Rome"}, "low", _HINT),
    ),
    tool_choice=ToolChoice("auto", names=("weather",)),
    parallel_tool_calls=False,
    reasoning=Reasoning("enabled", 9000, "summarized"),
    effort=None,
    verbosity="low",
    service_tier="flex",
    user="u",
    metadata={"k": "v"},
    cache=_HINT,
)
"""Every meaning at once, except `effort`, which would speak louder than `reasoning`."""
