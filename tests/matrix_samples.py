"""An example of every top-level field that a dialect knows, each with what it can't do without."""

from collections.abc import Mapping
from typing import Any

type Fields = Mapping[str, Any]

SHORTEST: Mapping[str, Fields] = {
    "openai_chat": {"model": "m", "messages": [{"role": "user", "content": "x"}]},
    "anthropic_messages": {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]},
    "bedrock_converse": {"model": "m", "messages": [{"role": "user", "content": [{"text": "x"}]}]},
    "gemini_generate": {"model": "m", "contents": [{"role": "user", "parts": [{"text": "x"}]}]},
}

_SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
_TOOLS = [{"type": "function", "function": {"name": "f", "parameters": _SCHEMA}}]
_ANTHROPIC_TOOLS = [{"name": "f", "input_schema": _SCHEMA}]


def _plain(**fields: Any) -> dict[str, Fields]:
    """Fields that need no others."""
    return {name: {name: value} for name, value in fields.items()}


_OPENAI = {
    **_plain(
        tools=_TOOLS,
        functions=[{"name": "f"}],
        function_call={"name": "f"},
        web_search_options={},
        stream=True,
        response_format={"type": "json_schema", "json_schema": {"name": "s", "schema": _SCHEMA}},
        guided_json=_SCHEMA,
        guided_choice=["a", "b"],
        guided_regex="a+",
        guided_grammar="s: a",
        modalities=["text", "image"],
        image_config={"aspect_ratio": "16:9"},
        audio={"voice": "alloy", "format": "wav"},
        verbosity="high",
        n=2,
        logprobs=True,
        top_logprobs=2,
        max_completion_tokens=5,
        max_tokens=5,
        temperature=0.5,
        top_p=0.5,
        top_k=5,
        stop="a",
        seed=1,
        presence_penalty=0.5,
        frequency_penalty=0.5,
        logit_bias={"5": 1},
        reasoning_effort="low",
        thinking={"type": "enabled", "budget_tokens": 2000},
        prediction={"type": "content", "content": "x"},
        service_tier="default",
        user="u",
        metadata={"a": "b"},
        store=True,
        safety_identifier="u",
        prompt_cache_key="k",
        prompt_cache_retention="24h",
        prompt_cache_options={"mode": "explicit"},
        moderation={"model": "m"},
        safetySettings=[{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}],
        generationConfig={"media_resolution": "MEDIA_RESOLUTION_LOW"},
    ),
    "tool_choice": {"tools": _TOOLS, "tool_choice": "required"},
    "parallel_tool_calls": {"tools": _TOOLS, "parallel_tool_calls": False},
    "stream_options": {"stream": True, "stream_options": {"include_obfuscation": True}},
}

_ANTHROPIC = {
    **_plain(
        system="s",
        stream=True,
        temperature=0.5,
        top_p=0.5,
        top_k=5,
        stop_sequences=["a"],
        metadata={"user_id": "u"},
        service_tier="standard_only",
        cache_control={"type": "ephemeral"},
        thinking={"type": "enabled", "budget_tokens": 2000},
        output_config={"effort": "low"},
        tools=_ANTHROPIC_TOOLS,
        container="c",
        mcp_servers=[{"type": "url", "url": "https://example.com", "name": "n"}],
        thread={"id": "t"},
        compaction={"type": "auto"},
        context_management={"edits": []},
        inference_geo="us",
        speed="fast",
        fallbacks=[{"model": "m"}],
        diagnostics={"previous_message_id": "m"},
        betas=["b"],
        billing_policy={"type": "p"},
        fallback_credit_token="t",
        user_profile_id="u",
        workspace_id="w",
    ),
    "tool_choice": {"tools": _ANTHROPIC_TOOLS, "tool_choice": {"type": "any"}},
}

_CONVERSE_TOOLS = [{"toolSpec": {"name": "f", "inputSchema": {"json": _SCHEMA}}}]
_TEXT_FORMAT = {"type": "json_schema", "structure": {"jsonSchema": {"schema": '{"type":"object"}'}}}
_CONVERSE = _plain(
    stream=True,
    system=[{"text": "s"}],
    toolConfig={"tools": _CONVERSE_TOOLS},
    outputConfig={"textFormat": _TEXT_FORMAT},
    inferenceConfig={"maxTokens": 5},
    additionalModelRequestFields={"a": 1},
    additionalModelResponseFieldPaths=["/stop_sequence"],
    guardrailConfig={"guardrailIdentifier": "g", "guardrailVersion": "1"},
    promptVariables={"a": {"text": "b"}},
    requestMetadata={"a": "b"},
    performanceConfig={"latency": "optimized"},
    serviceTier={"type": "default"},
)
_GEMINI_TOOLS = [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": _SCHEMA}]}]
_GEMINI = {
    **_plain(
        stream=True,
        systemInstruction={"parts": [{"text": "s"}]},
        tools=_GEMINI_TOOLS,
        generationConfig={"maxOutputTokens": 5},
        safetySettings=[{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}],
        cachedContent="cachedContents/a",
        serviceTier="priority",
        labels={"a": "b"},
        modelArmorConfig={"promptTemplateName": "t"},
        store=True,
    ),
    "toolConfig": {"tools": _GEMINI_TOOLS, "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
}

EXAMPLES: Mapping[str, Mapping[str, Fields]] = {
    "openai_chat": _OPENAI,
    "anthropic_messages": _ANTHROPIC,
    "bedrock_converse": _CONVERSE,
    "gemini_generate": _GEMINI,
}
