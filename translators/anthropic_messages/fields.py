"""What becomes of each field of a Messages request, the stable API's and the betas'.

https://platform.claude.com/docs/en/api/messages/create
"""

from typing import Literal

from translators.canonical import Thinking
from translators.fields import Lack, Lacks, Means, Own, Reads

OWNER: str = "anthropic"

SERVICE_TIERS = {"auto": "auto", "default": "standard_only"}
"""OpenAI's word, which is ours, and Anthropic's."""

SEARCH = "web_search_20250305"
"""The web search that is written where a client asked for any."""

DEFAULT_MAX_TOKENS = 8192
"""Anthropic insists on `max_tokens`: what a client of another dialect gets who named no limit."""

_SETTING = Own("dropped", note="a setting of Anthropic's platform")


def _own(elsewhere: Literal["dropped", "refused"], *names: str, note: str) -> Reads:
    return dict.fromkeys(names, Own(elsewhere, note=note))


_TOP_LEVEL: Reads = {
    "model": Means("Request.model"),
    "messages": Means("Request.turns"),
    "max_tokens": Means(
        "Request.max_tokens", f"Anthropic insists on it: {DEFAULT_MAX_TOKENS} where another client names none"
    ),
    "system": Means("Turn", "a system turn before all others"),
    "stream": Means("Request.stream"),
    "temperature": Means("Request.temperature"),
    "top_p": Means("Request.top_p"),
    "top_k": Means("Request.top_k"),
    "stop_sequences": Means("Request.stop"),
    "metadata": Means("Request.user"),
    "metadata.user_id": Means("Request.user"),
    "service_tier": Means("Request.service_tier", "`standard_only` is OpenAI's `default`"),
    "cache_control": Means("Request.cache"),
    "cache_control.ttl": Means("Cache.ttl"),
    "thinking": Means("Reasoning"),
    "thinking.type": Means("Reasoning.mode"),
    "thinking.budget_tokens": Means("Reasoning.budget"),
    "thinking.display": Means("Reasoning.display"),
    "thinking.block_binding": Own("dropped", note="checks thinking that only Anthropic wrote"),
    "thinking[between_tools]": Own("dropped", note="when to think is the model's own affair elsewhere"),
    "output_config": Means("Request.effort"),
    "output_config.effort": Means("Request.effort"),
    "output_config.format": Means("JsonSchema"),
    "output_config.format.schema": Means("JsonSchema.schema"),
    "output_config.task_budget": Own("dropped", note="advises the model on its own budget"),
    "tool_choice": Means("Request.tool_choice"),
    "tool_choice.name": Means("ToolChoice.name"),
    "tool_choice.disable_parallel_tool_use": Means("Request.parallel_tool_calls", "said the other way round"),
    "container": Own("refused", note="names a machine or skills at Anthropic"),
    "mcp_servers": Own("refused", note="tools that Anthropic would call"),
    "thread": Own("refused", note="earlier messages are kept at Anthropic"),
    "compaction": Own("dropped", note="only the length of what is sent"),
    "context_management": Own("dropped", note="only the length of what is sent"),
    "inference_geo": Own("refused", note="where the data may be processed"),
    "speed": Own("dropped", harmless=("standard",), note="how fast, at which price"),
    "fallbacks": Own("dropped", note="this gateway has its own"),
    "diagnostics": _SETTING,
    "betas": _SETTING,
    "billing_policy": _SETTING,
    "fallback_credit_token": _SETTING,
    "user_profile_id": _SETTING,
    "workspace_id": _SETTING,
}

_MESSAGES: Reads = {
    "messages[].role": Means(
        "Turn.role",
        "a later system turn stands between the user's and the answer; without a user's, the last is it",
    ),
    "messages[].content": Means("Turn.parts"),
    "messages[system].clear_at": Own("dropped", note="the instruction stays in force"),
    "messages[system].output_config": Own("dropped", note="elsewhere the effort is the whole request's"),
    "messages[].content[].cache_control": Means("Cache"),
    "messages[].content[].cache_control.ttl": Means("Cache.ttl"),
    "messages[].content[text]": Means("Text"),
    "messages[].content[text].text": Means("Text.text"),
    "messages[].content[text].citations": Own("dropped", note="the cited text itself stays"),
    "messages[].content[image]": Means("Image"),
    "messages[].content[image].source": Means("Image.source"),
    "messages[].content[image].source[base64].data": Means("Data.base64"),
    "messages[].content[image].source[base64].media_type": Means("Data.media_type"),
    "messages[].content[image].source[url].url": Means("Url.url"),
    "messages[].content[image].source[file].file_id": Means("FileId.id"),
    "messages[].content[image].transformations": Own("dropped", note="elsewhere as the provider likes"),
    "messages[].content[document]": Means("Document"),
    "messages[].content[document].source": Means("Document.source"),
    "messages[].content[document].source[base64].data": Means("Data.base64"),
    "messages[].content[document].source[base64].media_type": Means("Data.media_type"),
    "messages[].content[document].source[text].data": Means("Text.text"),
    "messages[].content[document].source[text].media_type": Means("Document.source", "always `text/plain`"),
    "messages[].content[document].source[url].url": Means("Url.url"),
    "messages[].content[document].source[file].file_id": Means("FileId.id"),
    "messages[].content[document].source[content]": Own("refused", note="a document in blocks of its own"),
    "messages[].content[document].title": Means("Document.title"),
    "messages[].content[document].context": Means("Document.context"),
    "messages[].content[document].citations": Means("Document.citations"),
    "messages[].content[document].citations.enabled": Means("Document.citations"),
    "messages[].content[tool_use]": Means("ToolUse"),
    "messages[].content[tool_use].id": Means("ToolUse.id"),
    "messages[].content[tool_use].name": Means("ToolUse.name"),
    "messages[].content[tool_use].input": Means("ToolUse.arguments"),
    "messages[].content[tool_use].caller": Own("dropped", note="which of Anthropic's tools called"),
    "messages[].content[tool_use].toolset_name": Own("dropped", note="a toolset of Anthropic's"),
    "messages[].content[tool_result]": Means("ToolResult"),
    "messages[].content[tool_result].tool_use_id": Means("ToolResult.id"),
    "messages[].content[tool_result].content": Means("ToolResult.parts"),
    "messages[].content[tool_result].is_error": Means("ToolResult.is_error"),
    "messages[].content[tool_result].toolset_name": Own("dropped", note="a toolset of Anthropic's"),
    "messages[].content[thinking]": Means("Thinking"),
    "messages[].content[thinking].thinking": Means("Thinking.text"),
    "messages[].content[thinking].signature": Means("Thinking.signature", "a proof for Anthropic's models"),
    "messages[].content[redacted_thinking]": Means("RedactedThinking"),
    "messages[].content[redacted_thinking].data": Means("RedactedThinking.data", "encrypted by Anthropic"),
}

_OWN_BLOCKS: Reads = {
    f"messages[].content[{kind}]": own
    for own, kinds in (
        (
            Own("dropped", note="what the provider's own tool did; the answer's text stays"),
            (
                *("server_tool_use", "web_search_tool_result", "web_fetch_tool_result"),
                *("code_execution_tool_result", "bash_code_execution_tool_result"),
                *("text_editor_code_execution_tool_result", "tool_search_tool_result"),
                *("advisor_tool_result", "mcp_tool_use", "mcp_tool_result", "mcp_tool_listing"),
            ),
        ),
        (Own("dropped", note="elsewhere every tool is loaded from the start"), ("tool_reference",)),
        (Own("dropped", note="which model answered an earlier turn"), ("fallback",)),
        (Own("refused", note="a file in a container at Anthropic"), ("container_upload",)),
        (Own("refused", note="the model is meant to read and cite it"), ("search_result", "browser_state")),
        (Own("refused", note="stands for turns that were left out"), ("compaction",)),
        (Own("refused", note="changes the tools in mid-conversation"), ("tool_addition", "tool_removal")),
        (Own("refused", note="a kind of content that we do not know"), ("other",)),
    )
    for kind in kinds
}

_TOOLS: Reads = {
    "tools": Means("Request.tools"),
    "tools[].name": Means("Tool.name"),
    "tools[].description": Means("Tool.description"),
    "tools[].input_schema": Means("Tool.parameters"),
    "tools[].strict": Means("Tool.strict"),
    "tools[].cache_control": Means("Cache"),
    "tools[].cache_control.ttl": Means("Cache.ttl"),
    "tools[].input_examples": Own("dropped", note="illustrates the schema"),
    "tools[].eager_input_streaming": Own("dropped", note="how finely arguments are streamed"),
    "tools[].defer_loading": Own("dropped", note="elsewhere every tool is loaded from the start"),
    "tools[].allowed_callers": Own("refused", harmless=(["direct"],), note="calls by Anthropic's own tools"),
    "tools[web_search]": Means("WebSearch"),
    "tools[web_search].type": Own("dropped", note="a version of the search"),
    "tools[web_search].max_uses": Means("WebSearch.max_uses"),
    "tools[web_search].allowed_domains": Means("WebSearch.allowed_domains"),
    "tools[web_search].blocked_domains": Means("WebSearch.blocked_domains"),
    "tools[web_search].name": Means("WebSearch", "always `web_search`"),
    "tools[web_search].user_location": Means("WebSearch.location"),
    "tools[web_search].user_location.city": Means("WebSearch.location"),
    "tools[web_search].user_location.region": Means("WebSearch.location"),
    "tools[web_search].user_location.country": Means("WebSearch.location"),
    "tools[web_search].user_location.timezone": Means("WebSearch.location"),
    "tools[web_search].cache_control": Means("Cache"),
    "tools[web_search].cache_control.ttl": Means("Cache.ttl"),
    **_own(
        "dropped",
        "tools[web_search].allowed_callers",
        "tools[web_search].defer_loading",
        "tools[web_search].response_inclusion",
        "tools[web_search].strict",
        note="how Anthropic's own search is called",
    ),
    **_own(
        "refused",
        *("tools[bash]", "tools[text_editor]", "tools[computer]", "tools[memory]", "tools[code_execution]"),
        *("tools[web_fetch]", "tools[tool_search_tool_bm25]", "tools[tool_search_tool_regex]"),
        *("tools[browser_toolset]", "tools[computer_toolset]", "tools[advisor]", "tools[mcp_toolset]"),
        "tools[other]",
        note="a tool that Anthropic runs, or whose schema it alone knows",
    ),
}

READS: Reads = {**_TOP_LEVEL, **_MESSAGES, **_OWN_BLOCKS, **_TOOLS}


def _unsigned(thinking: Thinking) -> bool:
    return not thinking.signature or thinking.signature.owner != OWNER


LACKS: Lacks = {
    "Request.modalities": Lack("refused", harmless=(("text",),), note="answers are text"),
    "Request.include_usage": Lack("dropped", harmless=(True, False), note="usage always comes"),
    "Request.n": Lack("refused", harmless=(1,), note="there is one answer"),
    "Request.logprobs": Lack("refused", harmless=(False,)),
    "Request.top_logprobs": Lack("refused", harmless=(0,)),
    "Request.seed": Lack("dropped"),
    "Request.presence_penalty": Lack("dropped", harmless=(0,)),
    "Request.frequency_penalty": Lack("dropped", harmless=(0,)),
    "Request.logit_bias": Lack("dropped", harmless=({},)),
    "Request.verbosity": Lack("dropped", harmless=("medium",)),
    "Request.metadata": Lack("dropped", harmless=({},)),
    "Request.service_tier": Lack(
        "dropped", note="only `auto` and `default`", only=lambda tier: tier not in SERVICE_TIERS
    ),
    "JsonObject": Lack("refused", note="use json_schema"),
    "JsonSchema.name": Lack("dropped", note="a label without effect", only=lambda name: False),
    "JsonSchema.description": Lack("dropped"),
    "JsonSchema.strict": Lack("dropped", harmless=(True, False), note="the schema always holds"),
    "OneOf": Lack("refused", note="use json_schema"),
    "Pattern": Lack("refused", note="use json_schema"),
    "ToolChoice.names": Lack("refused", note="a choice among some of the tools"),
    "WebSearch.context_size": Lack("dropped", harmless=("medium",)),
    "Turn.name": Lack("dropped"),
    "Image.detail": Lack("dropped", harmless=("auto",)),
    "Audio": Lack("refused"),
    "Video": Lack("refused"),
    "Thinking": Lack("dropped", note="without Anthropic's own signature", only=_unsigned),
}
