"""What becomes of each field of a Chat Completions request.

https://platform.openai.com/docs/api-reference/chat/create, and what other servers of this API have added:
`reasoning_content`, `thinking`, `thinking_blocks`, `cache_control`, `top_k`, `guided_json`.
"""

import re

from translators.canonical import Data, FileId, Text, Url
from translators.fields import Lack, Lacks, Means, Own, Reads

NAME: str = "openai_chat"
OWNER: str = "openai"
TELLING = re.compile(rb'"usage"\s*:\s*\{|"x_groq"|"error"|"finish_reason"\s*:\s*"|\[DONE\]')

AUDIO_FORMATS = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/mp3": "mp3"}
"""Media types of sound, and OpenAI's names of them."""

CUSTOM_CHOICES = ("tool_choice.custom", "tool_choice.allowed_tools.tools[custom]")
"""A `tool_choice` that names custom tools rides whole, under one of these."""

TEXT_ALONE = "modalities[text]"
"""Said so, which not every server of this API understands."""

_AUDIO_OUTPUT = Own("refused", note="no other provider answers this API with sound")
_CUSTOM = Own("refused", note="a custom tool takes free text; elsewhere tools take JSON")
_LEGACY = Own("refused", note="use `tools`, which replaced functions in 2023")
_MODERATION = Own("refused", note="moderation is done by OpenAI alone")
_PREDICTION = Own("dropped", note="it makes answers faster, not different")
_CACHING = Own("dropped", note="OpenAI's own way of caching")
_SEARCHED_FROM = Means("WebSearch.location")
_PROOF = Own("dropped", note="a proof for Google alone, as its own endpoint of this API has it")
_GOOGLE_TOOL = Own("refused", note="an extension: a search that Google runs")
_DRAWING = Own("refused", note="an extension, as OpenRouter has it: what pictures in an answer are like")
_GOOGLE_SETTING = Own("dropped", note="an extension: a setting of Google's")

GOOGLE_SEARCH = {
    "exclude_domains": "excludeDomains",
    "blocking_confidence": "blockingConfidence",
    "time_range_filter": "timeRangeFilter",
    "time_range_filter.start_time": "startTime",
    "time_range_filter.end_time": "endTime",
}
"""What may stand in a tool of Google's, and how Google calls it."""

# Where several fields have one meaning, the first is named when the meaning is lost.
READS: Reads = {
    "model": Means("Request.model"),
    # --- the conversation ---
    "messages": Means("Request.turns"),
    "messages[].role": Means("Turn.role"),
    "messages[].name": Means("Turn.name"),
    "messages[].content": Means("Turn.parts"),
    "messages[].content[].type": Means("Turn.parts"),
    "messages[].content[].text": Means("Text.text"),
    "messages[].content[].refusal": Means("Refusal"),
    "messages[].content[].image_url": Means("Image"),
    "messages[].content[].image_url.url": Means("Image.source", "a PDF is read as a document"),
    "messages[].content[].image_url.url[data]": Means("Data.media_type", "of a data: URL"),
    "messages[].content[].image_url.detail": Means("Image.detail"),
    "messages[].content[].input_audio": Means("Audio"),
    "messages[].content[].input_audio.data": Means("Audio.source"),
    "messages[].content[].input_audio.format": Means("Audio.source"),
    "messages[].content[].file": Means("Document"),
    "messages[].content[].file.file_data": Means("Document.source"),
    "messages[].content[].file.file_data[data]": Means("Data.base64", "of a data: URL"),
    "messages[].content[].file.file_id": Means("FileId.id", "the file is OpenAI's"),
    "messages[].content[].file.filename": Means("Document.filename"),
    "messages[].content[].audio_url": Means("Audio", "an extension of vLLM"),
    "messages[].content[].audio_url.url": Means("Audio.source"),
    "messages[].content[].video_url": Means("Video", "an extension of vLLM"),
    "messages[].content[].video_url.url": Means("Video.source"),
    "messages[].content[].cache_control": Means("Cache", "an extension, in Anthropic's form"),
    "messages[].content[].cache_control.type": Means("Cache"),
    "messages[].content[].cache_control.ttl": Means("Cache.ttl"),
    "messages[].cache_control": Means("Cache", "an extension; it marks the last part"),
    "messages[].content[].prompt_cache_breakpoint": Means("Cache"),
    "messages[].content[].prompt_cache_breakpoint.mode": Own("dropped", harmless=("explicit",)),
    "messages[].content[].prompt_cache_breakpoint.ttl": Own("dropped", note="OpenAI's lifetimes are its own"),
    "messages[assistant].reasoning_content": Means("Thinking", "not read beside thinking_blocks"),
    "messages[].content[].thinking": Means("Thinking", "an extension, in Anthropic's form"),
    "messages[].content[].signature": Means("Thinking.signature"),
    "messages[].content[].data": Means("RedactedThinking"),
    "messages[].content[].redactedContent": Means("RedactedThinking"),
    "messages[].content[].owner": Means("Thinking.signature", "whose the signature is, if not Anthropic's"),
    "messages[assistant].reasoning": Means("Thinking", "an extension, the same as reasoning_content"),
    "messages[assistant].thinking_blocks": Means("Thinking", "an extension, in Anthropic's form"),
    "messages[assistant].thinking_blocks[].type": Means("Thinking"),
    "messages[assistant].thinking_blocks[].thinking": Means("Thinking.text"),
    "messages[assistant].thinking_blocks[].text": Means("Thinking.text"),
    "messages[assistant].thinking_blocks[].signature": Means("Thinking.signature"),
    "messages[assistant].thinking_blocks[].data": Means("RedactedThinking"),
    "messages[assistant].thinking_blocks[].redactedContent": Means("RedactedThinking"),
    "messages[assistant].thinking_blocks[].owner": Means("Thinking.signature"),
    "messages[assistant].thinking_blocks[].index": Means(
        "Thinking", "clients that echo a stream; it says nothing"
    ),
    "messages[assistant].refusal": Means("Refusal"),
    "messages[assistant].images": Means("Image", "an extension, as OpenRouter and LiteLLM have it"),
    "messages[assistant].images[].type": Means("Image"),
    "messages[assistant].images[].index": Means("Image", "clients that echo a stream; it says nothing"),
    "messages[assistant].images[].image_url": Means("Image"),
    "messages[assistant].images[].image_url.url": Means("Image.source"),
    "messages[assistant].images[].image_url.detail": Means("Image.detail"),
    "messages[assistant].images[].extra_content": _PROOF,
    "messages[assistant].images[].extra_content.google": _PROOF,
    "messages[assistant].images[].extra_content.google.thought_signature": _PROOF,
    "messages[assistant].audio": _AUDIO_OUTPUT,
    "messages[assistant].audio.id": _AUDIO_OUTPUT,
    "messages[assistant].tool_calls": Means("ToolUse"),
    "messages[assistant].tool_calls[].id": Means("ToolUse.id"),
    "messages[assistant].tool_calls[].index": Means("ToolUse", "clients that echo a stream; it says nothing"),
    "messages[assistant].tool_calls[].type": Means("ToolUse"),
    "messages[assistant].tool_calls[].function": Means("ToolUse"),
    "messages[assistant].tool_calls[].function.name": Means("ToolUse.name"),
    "messages[assistant].tool_calls[].function.arguments": Means("ToolUse.arguments"),
    "messages[assistant].tool_calls[].cache_control": Means("Cache", "an extension"),
    "messages[assistant].tool_calls[].custom": _CUSTOM,
    "messages[assistant].tool_calls[].custom.input": _CUSTOM,
    "messages[assistant].tool_calls[].custom.name": _CUSTOM,
    "messages[assistant].tool_calls[].extra_content": _PROOF,
    "messages[assistant].tool_calls[].extra_content.google": _PROOF,
    "messages[assistant].tool_calls[].extra_content.google.thought_signature": _PROOF,
    "messages[assistant].extra_content": _PROOF,
    "messages[assistant].extra_content.google": _PROOF,
    "messages[assistant].extra_content.google.thought_signature": _PROOF,
    "messages[assistant].function_call": _LEGACY,
    "messages[assistant].function_call.arguments": _LEGACY,
    "messages[assistant].function_call.name": _LEGACY,
    "messages[tool].tool_call_id": Means("ToolResult.id"),
    "messages[function]": _LEGACY,
    # --- tools ---
    "tools": Means("Request.tools"),
    "tools[].type": Own("refused", note="types other than function and custom are extensions"),
    "tools[google_search]": _GOOGLE_TOOL,
    "tools[enterprise_search]": _GOOGLE_TOOL,
    **dict.fromkeys(
        (
            f"tools[].{name}"
            for tool in ("google_search", "enterprise_search")
            for name in (tool, *GOOGLE_SEARCH, *(f"{tool}.{inner}" for inner in GOOGLE_SEARCH))
        ),
        _GOOGLE_TOOL,
    ),
    "tools[].function": Means("Tool"),
    "tools[].function.name": Means("Tool.name"),
    "tools[].function.description": Means("Tool.description"),
    "tools[].function.parameters": Means("Tool.parameters"),
    "tools[].function.strict": Means("Tool.strict"),
    "tools[].function.cache_control": Means("Cache", "an extension"),
    "tools[].cache_control": Means("Cache", "an extension"),
    "tools[].custom": _CUSTOM,
    "tools[].custom.name": _CUSTOM,
    "tools[].custom.description": _CUSTOM,
    "tools[].custom.format": _CUSTOM,
    "tools[].custom.format.type": _CUSTOM,
    "tools[].custom.format.grammar": _CUSTOM,
    "tools[].custom.format.grammar.definition": _CUSTOM,
    "tools[].custom.format.grammar.syntax": _CUSTOM,
    "tool_choice": Means("Request.tool_choice"),
    "tool_choice.type": Means("ToolChoice.mode"),
    "tool_choice.function": Means("ToolChoice.name"),
    "tool_choice.function.name": Means("ToolChoice.name"),
    "tool_choice.allowed_tools": Means("ToolChoice.names"),
    "tool_choice.allowed_tools.mode": Means("ToolChoice.mode"),
    "tool_choice.allowed_tools.tools": Means("ToolChoice.names"),
    **dict.fromkeys(CUSTOM_CHOICES, _CUSTOM),
    "tool_choice.custom.name": _CUSTOM,
    "parallel_tool_calls": Means("Request.parallel_tool_calls"),
    "functions": _LEGACY,
    "functions[].name": _LEGACY,
    "functions[].description": _LEGACY,
    "functions[].parameters": _LEGACY,
    "function_call": Own("refused", harmless=("auto", "none"), note=_LEGACY.note),
    "function_call.name": _LEGACY,
    "web_search_options": Means("WebSearch"),
    "web_search_options.search_context_size": Means("WebSearch.context_size"),
    "web_search_options.user_location": _SEARCHED_FROM,
    "web_search_options.user_location.type": _SEARCHED_FROM,
    "web_search_options.user_location.approximate": _SEARCHED_FROM,
    "web_search_options.user_location.approximate.city": _SEARCHED_FROM,
    "web_search_options.user_location.approximate.country": _SEARCHED_FROM,
    "web_search_options.user_location.approximate.region": _SEARCHED_FROM,
    "web_search_options.user_location.approximate.timezone": _SEARCHED_FROM,
    # --- the answer's form ---
    "stream": Means("Request.stream"),
    "stream_options.include_usage": Means("Request.include_usage"),
    "stream_options": Means("Request.include_usage"),
    "stream_options.include_obfuscation": Own("dropped", harmless=(False,)),
    "response_format": Means("Request.output"),
    "response_format.type": Means("Request.output"),
    "response_format[text]": Means("PlainText"),
    "response_format[json_object]": Means("JsonObject"),
    "response_format.json_schema": Means("JsonSchema"),
    "response_format.json_schema.name": Means("JsonSchema.name"),
    "response_format.json_schema.description": Means("JsonSchema.description"),
    "response_format.json_schema.schema": Means("JsonSchema.schema"),
    "response_format.json_schema.strict": Means("JsonSchema.strict"),
    "guided_json": Means("JsonSchema", "an extension of vLLM, the same as response_format"),
    "guided_choice": Means("OneOf", "an extension of vLLM"),
    "guided_regex": Means("Pattern", "an extension of vLLM"),
    "guided_grammar": Own("refused", note="an extension of vLLM"),
    "modalities": Means("Request.modalities", "`image` is an extension, as OpenRouter has it"),
    TEXT_ALONE: Own("translated", note="what every answer is"),
    "image_config": _DRAWING,
    "image_config.aspect_ratio": _DRAWING,
    "image_config.image_size": _DRAWING,
    "audio": _AUDIO_OUTPUT,
    "audio.format": _AUDIO_OUTPUT,
    "audio.voice": _AUDIO_OUTPUT,
    "audio.voice.id": _AUDIO_OUTPUT,
    "verbosity": Means("Request.verbosity"),
    "n": Means("Request.n"),
    "logprobs": Means("Request.logprobs"),
    "top_logprobs": Means("Request.top_logprobs"),
    # --- how to find it ---
    "max_completion_tokens": Means("Request.max_tokens"),
    "max_tokens": Means("Request.max_tokens", "the older name"),
    "temperature": Means("Request.temperature"),
    "top_p": Means("Request.top_p"),
    "top_k": Means("Request.top_k", "an extension"),
    "stop": Means("Request.stop"),
    "seed": Means("Request.seed"),
    "presence_penalty": Means("Request.presence_penalty"),
    "frequency_penalty": Means("Request.frequency_penalty"),
    "logit_bias": Means("Request.logit_bias"),
    "reasoning_effort": Means("Request.effort"),
    "thinking": Means("Reasoning", "an extension, in Anthropic's form"),
    "thinking.type": Means("Reasoning.mode"),
    "thinking.budget_tokens": Means("Reasoning.budget"),
    "thinking.display": Means("Reasoning.display"),
    "thinking.includeThoughts": Means("Reasoning.display"),
    "prediction": _PREDICTION,
    "prediction.type": _PREDICTION,
    "prediction.content": _PREDICTION,
    "prediction.content[].type": _PREDICTION,
    "prediction.content[].text": _PREDICTION,
    "prediction.content[].prompt_cache_breakpoint": _PREDICTION,
    "prediction.content[].prompt_cache_breakpoint.mode": _PREDICTION,
    "prediction.content[].prompt_cache_breakpoint.ttl": _PREDICTION,
    # --- the account ---
    "service_tier": Means("Request.service_tier"),
    "user": Means("Request.user"),
    "metadata": Means("Request.metadata"),
    "store": Own("dropped", harmless=(False,), note="only OpenAI keeps answers"),
    "safety_identifier": Own("dropped"),
    "prompt_cache_key": _CACHING,
    "prompt_cache_retention": _CACHING,
    "prompt_cache_options": _CACHING,
    "prompt_cache_options.mode": _CACHING,
    "prompt_cache_options.ttl": _CACHING,
    "safetySettings": _GOOGLE_SETTING,
    "generationConfig": _GOOGLE_SETTING,
    "generationConfig.media_resolution": _GOOGLE_SETTING,
    "moderation": _MODERATION,
    "moderation.model": _MODERATION,
    "moderation.policy": _MODERATION,
    "moderation.policy.input": _MODERATION,
    "moderation.policy.input.mode": _MODERATION,
    "moderation.policy.output": _MODERATION,
    "moderation.policy.output.mode": _MODERATION,
}


def _at_another_provider(source: Data | Url | FileId) -> bool:
    return isinstance(source, FileId)


def _not_a_file(source: Data | Url | FileId | Text) -> bool:
    return isinstance(source, Url) or (isinstance(source, FileId) and source.owner != OWNER)


def _of_unknown_sound(source: Data | Url | FileId) -> bool:
    return not isinstance(source, Data) or source.media_type not in AUDIO_FORMATS


def _more_than_pictures(modalities: tuple[str, ...]) -> bool:
    return not {*modalities} <= {"text", "image"}


def _more_than_four(stop: tuple[str, ...]) -> bool:
    return len(stop) > 4


LACKS: Lacks = {
    "Request.top_k": Lack("dropped"),
    "Request.modalities": Lack("refused", only=_more_than_pictures, note=_AUDIO_OUTPUT.note),
    "Request.cache": Lack("dropped"),
    "Cache": Lack("dropped", note="OpenAI caches by itself; not all of its models know explicit breakpoints"),
    "Reasoning.display": Lack("dropped", harmless=("omitted",), note="this API never shows reasoning"),
    "Thinking": Lack("dropped", note="OpenAI refuses messages that hold reasoning"),
    "RedactedThinking": Lack("dropped", note="OpenAI refuses messages that hold reasoning"),
    "Image.source": Lack("refused", only=_at_another_provider, note="give the image's data or URL instead"),
    "Document.source": Lack("refused", only=_not_a_file, note="give the file's data instead"),
    "Audio.source": Lack("refused", only=_of_unknown_sound, note="only data of WAV and MP3"),
    "Video": Lack("refused"),
    "Request.stop": Lack("refused", only=_more_than_four, note="at most four"),
    "ToolResult.is_error": Lack("dropped", harmless=(False,), note="the result's own text has to tell"),
    "Document.citations": Lack("dropped", harmless=(False,)),
    "WebSearch.max_uses": Lack("dropped"),
    "WebSearch.allowed_domains": Lack("refused", note="this API searches all of the web"),
    "WebSearch.blocked_domains": Lack("refused", note="this API searches all of the web"),
}
