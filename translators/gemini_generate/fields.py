"""What becomes of each field of a generateContent request, the Gemini API's and Vertex AI's.

https://ai.google.dev/api/generate-content and
https://cloud.google.com/vertex-ai/generative-ai/docs/reference/rest/v1/GenerateContentResponse
"""

import re
from typing import Literal

from translators.fields import Lack, Lacks, Means, Own, Reads

NAME: str = "gemini_generate"
OWNER: str = "google"
TELLING = re.compile(rb'"(?:usageMetadata|finishReason|promptFeedback|error)"')

PART = "contents[].parts[]."
SIGNATURE = f"{PART}thoughtSignature"
DECLARATION = "tools[].functionDeclarations[]."
CONFIG = "generationConfig."
TEXT_ALONE = f"{CONFIG}responseModalities[text]"
IMAGE_CONFIG = "image_config"
"""What clients of OpenAI's API call `generationConfig.imageConfig`; the insides are Google's own."""

_IN_OTHER_WORDS = "said in other words; Google's own go back to Google alone"
_SPELT = Own("translated", note=_IN_OTHER_WORDS)


def _own(elsewhere: Literal["dropped", "refused"], at: str, names: str, note: str = "") -> Reads:
    return {f"{at}{name}": Own(elsewhere, note=note) for name in names.split()}


_TOP_LEVEL: Reads = {
    "model": Means("Request.model", "in the path"),
    "stream": Means("Request.stream", "in the path: `streamGenerateContent`"),
    "systemInstruction": Means("Turn", "a system turn before all others"),
    "systemInstruction.role": Own("dropped", harmless=("user", "system", "model"), note="it says nothing"),
    "systemInstruction.parts": Means("Turn.parts", "text alone"),
    "systemInstruction.parts[].text": Means("Text.text"),
    "safetySettings": Own("dropped", note="thresholds of Google's own filters"),
    "cachedContent": Own("refused", note="a part of the prompt that is kept at Google"),
    "serviceTier": _SPELT,
    "serviceTier[standard]": Means("Request.service_tier", "OpenAI's `default`"),
    "labels": Own("dropped", note="labels of Google's bills"),
    "modelArmorConfig": Own("refused", note="filters of Google's platform"),
    "store": Own("dropped", harmless=(False,), note="only Google keeps its logs"),
}

_CONTENTS: Reads = {
    "contents": Means("Request.turns"),
    "contents[].role": Means("Turn.role"),
    "contents[].parts": Means("Turn.parts"),
    f"{PART}text": Means("Text.text"),
    f"{PART}thought": Means("Thinking"),
    SIGNATURE: Own("dropped", note="a proof for Google alone"),
    f"{SIGNATURE}[text]": Means("RedactedThinking", "the proof of the text before it"),
    f"{PART}inlineData": Means("Data", "by its type a picture, a sound, a film or a document"),
    f"{PART}inlineData[image]": Means("Image"),
    f"{PART}inlineData[audio]": Means("Audio"),
    f"{PART}inlineData[video]": Means("Video"),
    f"{PART}inlineData[document]": Means("Document"),
    f"{PART}inlineData.data": Means("Data.base64"),
    f"{PART}inlineData.mimeType": Means("Data.media_type"),
    f"{PART}inlineData.displayName": Own("dropped", note="a label"),
    f"{PART}fileData": Means("Url", "by its type a picture, a sound, a film or a document"),
    f"{PART}fileData[image]": Means("Image.source"),
    f"{PART}fileData[audio]": Means("Audio.source"),
    f"{PART}fileData[video]": Means("Video.source"),
    f"{PART}fileData[document]": Means("Document.source"),
    f"{PART}fileData.fileUri": Means("Url.url"),
    f"{PART}fileData.fileUri[gs]": Means("FileId.id", "a file at Google is of no use to others"),
    f"{PART}fileData.mimeType": Own("translated", note="others look for themselves"),
    f"{PART}fileData.displayName": Own("dropped", note="a label"),
    f"{PART}functionCall": Means("ToolUse"),
    f"{PART}functionCall.id": Own("translated", note="without one, it is made of the call's place"),
    f"{PART}functionCall.name": Means("ToolUse.name"),
    f"{PART}functionCall.args": Means("ToolUse.arguments"),
    f"{PART}functionResponse": Means("ToolResult"),
    f"{PART}functionResponse.id": Own("translated", note="without one, it is that of the call"),
    f"{PART}functionResponse.name": Means("ToolResult.id", "the first call of this name without a response"),
    f"{PART}functionResponse.response": Means("ToolResult.parts"),
    f"{PART}functionResponse.response[error]": Means("ToolResult.is_error", "where there is nothing else"),
    f"{PART}functionResponse.parts": Means("ToolResult.parts"),
    f"{PART}functionResponse.parts[].inlineData": Means("Image", "or Document"),
    f"{PART}functionResponse.parts[].inlineData.data": Means("Data.base64"),
    f"{PART}functionResponse.parts[].inlineData.mimeType": Means("Data.media_type"),
    f"{PART}functionResponse.parts[].inlineData.displayName": Own("dropped", note="a label"),
    f"{PART}functionResponse.parts[].fileData": Means("Image", "or Document"),
    f"{PART}functionResponse.parts[].fileData.fileUri": Means("Url.url"),
    f"{PART}functionResponse.parts[].fileData.mimeType": _SPELT,
    f"{PART}functionResponse.parts[].fileData.displayName": Own("dropped", note="a label"),
    **_own("dropped", f"{PART}functionResponse.", "scheduling willContinue", "of calls that do not wait"),
    **_own("refused", f"{PART}functionCall.", "partialArgs willContinue", "half a call"),
    **_own(
        "dropped",
        PART,
        "executableCode codeExecutionResult toolCall toolResponse",
        "what the provider's own tool did; the answer's text stays",
    ),
    f"{PART}videoMetadata": Own("refused", note="which part of a video to look at"),
    f"{PART}mediaResolution": Means("Image.detail"),
    f"{PART}mediaResolution.level": Means("Image.detail", "`MEDIUM` goes back to Google alone"),
    f"{PART}mediaResolution.numTokens": Own("dropped", note="how closely to look"),
    f"{PART}partMetadata": Own("dropped", note="a label"),
    "contents[].parts[other]": Own("refused", note="a kind of content that we do not know"),
}

_CONFIG: Reads = {
    "generationConfig": Means("Request.max_tokens", "and the other settings"),
    f"{CONFIG}candidateCount": Means("Request.n"),
    f"{CONFIG}stopSequences": Means("Request.stop"),
    f"{CONFIG}maxOutputTokens": Means("Request.max_tokens"),
    f"{CONFIG}temperature": Means("Request.temperature"),
    f"{CONFIG}topP": Means("Request.top_p"),
    f"{CONFIG}topK": Means("Request.top_k"),
    f"{CONFIG}seed": Means("Request.seed"),
    f"{CONFIG}presencePenalty": Means("Request.presence_penalty"),
    f"{CONFIG}frequencyPenalty": Means("Request.frequency_penalty"),
    f"{CONFIG}responseLogprobs": Means("Request.logprobs"),
    f"{CONFIG}logprobs": Means("Request.top_logprobs"),
    f"{CONFIG}responseMimeType": Means("Request.output"),
    "generationConfig[text/plain]": Means("PlainText"),
    "generationConfig[application/json]": Means("JsonObject"),
    "generationConfig[text/x.enum]": Means("OneOf"),
    f"{CONFIG}responseJsonSchema": Means("JsonSchema.schema"),
    f"{CONFIG}responseSchema": Own("translated", note=_IN_OTHER_WORDS),
    f"{CONFIG}thinkingConfig": Own("translated", note=_IN_OTHER_WORDS),
    f"{CONFIG}thinkingConfig.thinkingBudget": Means("Reasoning.budget", "0 disables, -1 is `adaptive`"),
    f"{CONFIG}thinkingConfig.thinkingLevel": Means("Request.effort"),
    f"{CONFIG}thinkingConfig.includeThoughts": Means("Reasoning.display"),
    f"{CONFIG}responseModalities": Means("Request.modalities"),
    TEXT_ALONE: Own("translated", note="what every answer is"),
    f"{CONFIG}imageConfig": Own("refused", note="what pictures are like"),
    **_own("refused", CONFIG, "speechConfig responseFormat", "answers in other than text"),
    f"{CONFIG}mediaResolution": Own("dropped", note="how closely to look"),
    **_own(
        "dropped",
        CONFIG,
        "audioTimestamp enableAffectiveDialog enableEnhancedCivicAnswers routingConfig modelSelectionConfig",
        "a setting of Google's models",
    ),
}

_TOOLS: Reads = {
    "tools": Means("Request.tools"),
    "tools[].functionDeclarations": Means("Tool"),
    f"{DECLARATION}name": Means("Tool.name"),
    f"{DECLARATION}description": Means("Tool.description"),
    f"{DECLARATION}parametersJsonSchema": Means("Tool.parameters"),
    f"{DECLARATION}parameters": Own("translated", note=_IN_OTHER_WORDS),
    **_own("dropped", DECLARATION, "response responseJsonSchema", "what the function answers"),
    f"{DECLARATION}behavior": Own("dropped", harmless=("BLOCKING",), note="of calls that do not wait"),
    "tools[].googleSearch": Means("WebSearch"),
    "tools[].googleSearch.excludeDomains": Means("WebSearch.blocked_domains"),
    **_own("dropped", "tools[].googleSearch.", "blockingConfidence searchTypes", "of Google's own search"),
    "tools[].googleSearch.timeRangeFilter": Own("refused", note="when the results may be from"),
    **_own(
        "refused",
        "tools[].",
        "googleSearchRetrieval enterpriseWebSearch urlContext codeExecution computerUse googleMaps "
        "fileSearch retrieval mcpServers parallelAiSearch other",
        "a tool that Google runs, or whose schema it alone knows",
    ),
    "toolConfig": Means("Request.tool_choice"),
    "toolConfig.functionCallingConfig": Means("Request.tool_choice"),
    "toolConfig.functionCallingConfig.mode": Means("ToolChoice.mode", "`VALIDATED` is `auto`"),
    "toolConfig.functionCallingConfig.allowedFunctionNames": Means("ToolChoice.names"),
    "toolConfig.functionCallingConfig.mode[VALIDATED]": Own("dropped", note="arguments keep to the schema"),
    "toolConfig.functionCallingConfig.streamFunctionCallArguments": Own(
        "dropped", note="how finely arguments are streamed"
    ),
    "toolConfig.retrievalConfig": Own("dropped", note="where the user is, for Google's own search"),
    "toolConfig.includeServerSideToolInvocations": Own("dropped", note="the log of Google's own tools"),
}

READS: Reads = {**_TOP_LEVEL, **_CONTENTS, **_CONFIG, **_TOOLS}


def _more_than_pictures(modalities: tuple[str, ...]) -> bool:
    return not {*modalities} <= {"text", "image"}


def _more_than_five(stop: tuple[str, ...]) -> bool:
    return len(stop) > 5


LACKS: Lacks = {
    "Request.include_usage": Lack("dropped", harmless=(True, False), note="usage always comes"),
    "Request.logit_bias": Lack("dropped", harmless=({},)),
    "Request.verbosity": Lack("dropped", harmless=("medium",)),
    "Request.parallel_tool_calls": Lack("dropped", harmless=(True,), note="Gemini calls as it likes"),
    "Request.service_tier": Lack("dropped", harmless=("auto",), note="Vertex AI has no word for it"),
    "Request.user": Lack("dropped"),
    "Request.metadata": Lack("dropped", harmless=({},), note="labels are for Vertex AI's bills"),
    "Request.cache": Lack("dropped", note="Gemini caches by itself"),
    "Request.stop": Lack("refused", only=_more_than_five, note="at most five"),
    "Request.effort": Lack("dropped", only=lambda effort: False, note="a budget says more, and counts alone"),
    "Request.modalities": Lack(
        "refused", only=_more_than_pictures, note="text and pictures can be told in other words, and no sound"
    ),
    "Pattern": Lack("refused", note="Gemini's answer would be the text in quotes"),
    "Cache": Lack("dropped", note="Gemini caches by itself"),
    "ToolResult.is_error": Lack(
        "dropped", harmless=(False,), only=lambda failed: not failed, note="a success goes without saying"
    ),
    "Tool.strict": Lack("dropped", harmless=(True, False), note="the schema always holds"),
    "JsonSchema.name": Lack("dropped", note="a label without effect", only=lambda name: False),
    "JsonSchema.description": Lack("dropped"),
    "JsonSchema.strict": Lack("dropped", harmless=(True, False), note="the schema always holds"),
    "WebSearch.max_uses": Lack("dropped"),
    "WebSearch.allowed_domains": Lack("refused", note="Google searches all of the web"),
    "WebSearch.location": Lack("dropped"),
    "WebSearch.context_size": Lack("dropped", harmless=("medium",)),
    "Turn.name": Lack("dropped"),
    "Document.filename": Lack("dropped"),
    "Document.citations": Lack("dropped", harmless=(False,)),
}
