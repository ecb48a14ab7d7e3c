"""What becomes of each field of a Converse request.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

import re
from typing import Any

from translators.aws_betas import AWS_BETAS
from translators.bedrock_converse.models import family
from translators.canonical import (
    Cache,
    Data,
    FileId,
    Opaque,
    Reasoning,
    RedactedThinking,
    Text,
    Thinking,
    Url,
)
from translators.fields import Lack, Lacks, Means, Own, Reads

OWNER: str = "amazon"
CLAUDES = "anthropic"
"""Whose the betas of a Claude are, and the proofs of its reasoning: they hold at Anthropic and here alike."""

STRUCTURED_OUTPUT = "dragoman_structured_output"
"""The tool whose input is the answer, where a model holds its calls to a schema but not its text."""

TIERS = ("default", "flex", "priority")
"""OpenAI's names of them are Amazon's, too."""

_HELD = Own("dropped", note="where in Amazon's storage the file is")
_GUARD = Own("refused", note="a guardrail that Amazon applies")
_SERVERS = Own("dropped", note="what the provider's own tool did; the answer's text stays")
_SEARCHED = Own("refused", note="the model is meant to read and cite it")
_CHANGES = Own("refused", note="changes the tools in mid-conversation")
_PROMPT = Own("refused", note="the prompt is kept at Amazon")
_CITED = Own("dropped", note="the cited text itself stays")


def _file(at: str, meaning: str) -> Reads:
    """The fields of a block that holds a file; `at` is how the client spells the block."""
    return {
        at: Means(meaning),
        f"{at}.format": Means("Data.media_type"),
        f"{at}.source": Means(f"{meaning}.source"),
        f"{at}.source.bytes": Means("Data.base64"),
        f"{at}.source.s3Location": Means("FileId.id", "the file is in Amazon's storage"),
        f"{at}.source.s3Location.uri": Means("FileId.id"),
        f"{at}.source.s3Location.bucketOwner": _HELD,
    }


def _files(at: str) -> Reads:
    """Blocks that may stand in a message as well as in the result of a tool."""
    return {
        **_file(f"{at}.image", "Image"),
        f"{at}.image.error": Own("dropped", note="of an answer"),
        **_file(f"{at}.document", "Document"),
        f"{at}.document.name": Means("Document.title"),
        f"{at}.document.source.text": Means("Text.text"),
        f"{at}.document.source.content": Own("refused", note="a document in blocks of its own"),
        f"{at}.document.context": Means("Document.context"),
        f"{at}.document.citations": Means("Document.citations"),
        f"{at}.document.citations.enabled": Means("Document.citations"),
        **_file(f"{at}.video", "Video"),
        f"{at}.searchResult": _SEARCHED,
    }


def _cache(at: str) -> Reads:
    return {
        f"{at}.cachePoint": Means("Cache", "it marks what stands before it"),
        f"{at}.cachePoint.type": Own("dropped", harmless=("default",)),
        f"{at}.cachePoint.ttl": Means("Cache.ttl"),
    }


_TURN = "messages[].content[]"
_RESULT = f"{_TURN}.toolResult.content[]"

READS: Reads = {
    "model": Means("Request.model", "in the path"),
    "stream": Means("Request.stream", "in the path"),
    # --- the conversation ---
    "messages": Means("Request.turns"),
    "messages[].role": Means("Turn.role"),
    "messages[system]": Own("dropped", harmless=(True,), note="that it stands where it does"),
    "messages[].content": Means("Turn.parts"),
    f"{_TURN}.text": Means("Text.text"),
    **_files(_TURN),
    **_file(f"{_TURN}.audio", "Audio"),
    f"{_TURN}.audio.error": Own("dropped", note="of an answer"),
    f"{_TURN}.toolUse": Means("ToolUse"),
    f"{_TURN}.toolUse.toolUseId": Means("ToolUse.id"),
    f"{_TURN}.toolUse.name": Means("ToolUse.name"),
    f"{_TURN}.toolUse.input": Means("ToolUse.arguments"),
    f"{_TURN}.toolUse.type": _SERVERS,
    f"{_TURN}.toolResult": Means("ToolResult"),
    f"{_TURN}.toolResult.toolUseId": Means("ToolResult.id"),
    f"{_TURN}.toolResult.content": Means("ToolResult.parts"),
    f"{_RESULT}.text": Means("Text.text"),
    f"{_RESULT}.json": Means("Text.text", "as text"),
    f"{_TURN}.toolResult.content[json]": Own("dropped", harmless=(True,), note="that it was not text"),
    **_files(_RESULT),
    f"{_TURN}.toolResult.status": Means("ToolResult.is_error"),
    f"{_TURN}.toolResult.type": _SERVERS,
    f"{_TURN}.reasoningContent": Means("Thinking"),
    f"{_TURN}.reasoningContent.reasoningText": Means("Thinking"),
    f"{_TURN}.reasoningContent.reasoningText.text": Means("Thinking.text"),
    f"{_TURN}.reasoningContent.reasoningText.signature": Means("Thinking.signature"),
    f"{_TURN}.reasoningContent.redactedContent": Means("RedactedThinking"),
    f"{_TURN}.citationsContent": Means("Text"),
    f"{_TURN}.citationsContent.content": Means("Text.text"),
    f"{_TURN}.citationsContent.content[].text": Means("Text.text"),
    f"{_TURN}.citationsContent.citations": _CITED,
    f"{_TURN}.guardContent": _GUARD,
    f"{_TURN}.searchResult": _SEARCHED,
    f"{_TURN}.toolAddition": _CHANGES,
    f"{_TURN}.toolRemoval": _CHANGES,
    f"{_TURN}[other]": Own("refused", note="a kind of content that we do not know"),
    **_cache(_TURN),
    "system": Means("Turn", "a system turn before all others"),
    "system[].text": Means("Text.text"),
    "system[].guardContent": _GUARD,
    **_cache("system[]"),
    # --- tools ---
    "toolConfig": Means("Request.tools"),
    "toolConfig.tools": Means("Request.tools"),
    "toolConfig.tools[].toolSpec": Means("Tool"),
    "toolConfig.tools[].toolSpec.name": Means("Tool.name"),
    "toolConfig.tools[].toolSpec.description": Means("Tool.description"),
    "toolConfig.tools[].toolSpec.inputSchema": Means("Tool.parameters"),
    "toolConfig.tools[].toolSpec.inputSchema.json": Means("Tool.parameters"),
    "toolConfig.tools[].toolSpec.strict": Means("Tool.strict"),
    "toolConfig.tools[].systemTool": Own("refused", note="a tool that Amazon runs"),
    **_cache("toolConfig.tools[]"),
    "toolConfig.toolChoice": Means("Request.tool_choice"),
    "toolConfig.toolChoice.auto": Means("ToolChoice.mode"),
    "toolConfig.toolChoice.any": Means("ToolChoice.mode"),
    "toolConfig.toolChoice.tool": Means("ToolChoice.name"),
    "toolConfig.toolChoice.tool.name": Means("ToolChoice.name"),
    # --- the answer's form, and how to find it ---
    "outputConfig": Means("JsonSchema"),
    "outputConfig.textFormat": Means("JsonSchema"),
    "outputConfig.textFormat.type": Means("JsonSchema"),
    "outputConfig[textFormat]": Own("dropped", harmless=(True,), note="that it was said there"),
    "outputConfig[effort]": Own("dropped", harmless=(True,), note="that it was said there"),
    "outputConfig.textFormat.structure": Means("JsonSchema"),
    "outputConfig.textFormat.structure.jsonSchema": Means("JsonSchema"),
    "outputConfig.textFormat.structure.jsonSchema.schema": Means("JsonSchema.schema"),
    "outputConfig.textFormat.structure.jsonSchema.name": Means("JsonSchema.name"),
    "outputConfig.textFormat.structure.jsonSchema.description": Means("JsonSchema.description"),
    "outputConfig.effort": Means("Request.effort"),
    "inferenceConfig": Means("Request.max_tokens"),
    "inferenceConfig.maxTokens": Means("Request.max_tokens"),
    "inferenceConfig.temperature": Means("Request.temperature"),
    "inferenceConfig.topP": Means("Request.top_p"),
    "inferenceConfig.stopSequences": Means("Request.stop"),
    "additionalModelRequestFields": Own("dropped", note="what only this model knows"),
    "additionalModelRequestFields.thinking": Means("Reasoning", "of a Claude"),
    "additionalModelRequestFields.output_config": Means("Request.effort", "of a Claude"),
    "additionalModelRequestFields.top_k": Means("Request.top_k", "of a Claude"),
    "additionalModelRequestFields.anthropic_beta": Own("dropped", note="of a Claude"),
    "additionalModelResponseFieldPaths": Own("dropped", note="what else to tell of the answer"),
    # --- the account ---
    "guardrailConfig": _GUARD,
    "promptVariables": _PROMPT,
    "requestMetadata": Means("Request.metadata"),
    "performanceConfig": Own("dropped", harmless=({"latency": "standard"},), note="how fast, at which price"),
    "serviceTier": Means("Request.service_tier"),
    "serviceTier.type": Means("Request.service_tier"),
    "serviceTier[reserved]": Own("dropped", note="capacity that was bought at Amazon"),
}


# --- what is lacking --------------------------------------------------------------------------------


def _elsewhere(source: Data | Url | FileId | Text) -> bool:
    """Whether a file is neither in the request nor in Amazon's storage."""
    match source:
        case Url(url):
            return not url.startswith("s3://")
        case FileId(owner):
            return owner != OWNER
        case _:
            return False


def proves(model: str, proof: Opaque | None) -> bool:
    """Whether a model takes back the reasoning that this is the proof of."""
    return proof is not None and (
        proof.owner == OWNER or (proof.owner == CLAUDES and family(model).signatures)
    )


def _is_unproven(model: str, thinking: Thinking) -> bool:
    return not proves(model, thinking.signature)


def _is_foreign(model: str, thinking: RedactedThinking) -> bool:
    return not proves(model, thinking.data)


def _never(model: str, value: Any) -> bool:
    return False  # what holds it was asked before


def _is_not_cached(model: str, hint: Cache) -> bool:
    return not family(model).cached


def _is_unthinkable(model: str, reasoning: Reasoning) -> bool:
    """Budgets and modes are Claude's; to the others they can say but how much effort to make."""
    known = family(model)
    if known.claude:
        return False
    match known.effort_in:
        case "reasoningConfig":
            return reasoning.mode == "adaptive"
        case "reasoning_effort":
            return reasoning.mode != "enabled" or reasoning.budget is None
        case _:
            return True


def _is_no_effort(model: str, effort: str) -> bool:
    known = family(model)
    if effort == "none":
        return not known.claude and known.effort_in != "reasoningConfig"
    return not known.efforts


def _is_of_no_claude(model: str, value: Any) -> bool:
    return not family(model).claude


def _are_unknown(model: str, betas: Opaque) -> bool:
    """Whether some of Anthropic's betas can't be asked for: those that can are."""
    named = betas.data if isinstance(betas.data, list) else [betas.data]
    return not family(model).claude or not all(beta in AWS_BETAS for beta in named)


def _does_not_fit(metadata: dict[str, str]) -> bool:
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_RequestSyntax"""
    words = r"[a-zA-Z0-9\s:_@$#=/+,.-]"
    return len(metadata) > 16 or not all(
        re.fullmatch(f"{words}{{1,256}}", key) and re.fullmatch(f"{words}{{0,256}}", value)
        for key, value in metadata.items()
    )


_FETCH = "Bedrock takes only data, or what is in Amazon's storage"
_FILE = Lack("refused", only=_elsewhere, note=_FETCH)

LACKS: Lacks = {
    "Request.modalities": Lack(
        "refused", harmless=(("text",),), note="what an answer holds is the model's own"
    ),
    "Request.include_usage": Lack("dropped", harmless=(True, False), note="usage always comes"),
    "Request.n": Lack("refused", harmless=(1,), note="there is one answer"),
    "Request.logprobs": Lack("refused", harmless=(False,)),
    "Request.top_logprobs": Lack("refused", harmless=(0,)),
    "Request.seed": Lack("dropped"),
    "Request.presence_penalty": Lack("dropped", harmless=(0,)),
    "Request.frequency_penalty": Lack("dropped", harmless=(0,)),
    "Request.logit_bias": Lack("dropped", harmless=({},)),
    "Request.verbosity": Lack("dropped", harmless=("medium",)),
    "Request.user": Lack("dropped"),
    "Request.metadata": Lack(
        "dropped", harmless=({},), only=_does_not_fit, note="at most 16, of plain characters"
    ),
    "Request.service_tier": Lack(
        "dropped",
        harmless=("auto",),
        only=lambda tier: tier not in TIERS,
        note="only `default`, `flex`, `priority`",
    ),
    "Request.top_k": Lack(
        "dropped", by_model=lambda model, top_k: not family(model).top_k_in, note="only of Claude and Nova"
    ),
    "Request.parallel_tool_calls": Lack(
        "dropped", harmless=(True,), by_model=_is_of_no_claude, note="only of Claude"
    ),
    "Request.effort": Lack("dropped", by_model=_is_no_effort, note="of models that know it"),
    "Request.cache": Lack(
        "dropped",
        by_model=lambda model, hint: "messages" not in family(model).cached,
        note="of models that cache",
    ),
    "Reasoning": Lack("dropped", by_model=_is_unthinkable, note="elsewhere than of Claude, as an effort"),
    "Reasoning.display": Lack("dropped", by_model=_is_of_no_claude, note="only of Claude"),
    "Cache": Lack("dropped", by_model=_is_not_cached, note="of models that cache"),
    "Cache.ttl": Lack(
        "dropped",
        harmless=("5m",),
        by_model=lambda model, ttl: not family(model).cached_1h,
        note="since Claude 4.5",
    ),
    "Tool.cache": Lack("dropped", by_model=lambda model, hint: "tools" not in family(model).cached),
    "Tool.strict": Lack(
        "dropped",
        harmless=(False,),
        by_model=lambda model, strict: not family(model).schema,
        note="of models that know it",
    ),
    "JsonObject": Lack("refused", note="use json_schema"),
    "OneOf": Lack("refused", note="use json_schema"),
    "Pattern": Lack("refused", note="use json_schema"),
    "JsonSchema.strict": Lack("dropped", harmless=(True, False), note="the schema always holds"),
    "ToolChoice.names": Lack("refused", note="a choice among some of the tools"),
    "WebSearch": Lack("refused", note="no search that all models share"),
    "Turn.name": Lack("dropped"),
    "Image.detail": Lack("dropped", harmless=("auto",)),
    "Image.source": _FILE,
    "Document.source": _FILE,
    "Audio.source": _FILE,
    "Video.source": _FILE,
    "Thinking": Lack("dropped", by_model=_is_unproven, note="without a proof that the model takes"),
    "Thinking.signature": Lack("dropped", by_model=_never),
    "RedactedThinking": Lack("dropped", by_model=_is_foreign, note="only of Claude"),
    "RedactedThinking.data": Lack("dropped", by_model=_never),
    "betas": Lack("dropped", by_model=_are_unknown, note="those that AWS knows, for a Claude"),
}
