"""Google's own description of a `generateContent` request, and its reading of JSON that does not fit it.

https://ai.google.dev/api/generate-content
https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.publishers.models/generateContent
"""

import base64
import binascii
import re
from typing import Any, Literal

from addons.demo.answer import Rejected
from addons.demo.wire import Json, items, members

type Api = Literal["gemini", "vertex"]

MESSAGES: dict[str, str] = {
    "GenerateContentRequest": """
        contents:[Content] systemInstruction:Content tools:[Tool] toolConfig:ToolConfig
        safetySettings:[SafetySetting] generationConfig:GenerationConfig cachedContent:string
        model@gemini:string serviceTier@gemini:string store@gemini:bool labels@vertex:any
        modelArmorConfig@vertex:any
    """,
    "CountTokensRequest": """
        contents:[Content] generateContentRequest@gemini:GenerateContentRequest model@vertex:string
        instances@vertex:any
        systemInstruction@vertex:Content tools@vertex:[Tool] generationConfig@vertex:GenerationConfig
    """,
    "Content": "parts:[Part] role:string",
    "Part": """
        text:string inlineData:Blob functionCall:FunctionCall functionResponse:FunctionResponse
        fileData:FileData executableCode:ExecutableCode codeExecutionResult:CodeExecutionResult
        toolCall@gemini:any toolResponse@gemini:any videoMetadata:VideoMetadata thought:bool
        thoughtSignature:bytes partMetadata@gemini:any mediaResolution:any
    """,
    "Blob": "mimeType:string data:bytes displayName@vertex:string",
    "FileData": "mimeType:string fileUri:string displayName@vertex:string",
    "FunctionCall": "id@gemini:string name:string args:any partialArgs@vertex:any willContinue@vertex:bool",
    "FunctionResponse": """
        id@gemini:string name:string response:any parts:[FunctionResponsePart] willContinue@gemini:bool
        scheduling:string
    """,
    "FunctionResponsePart": "inlineData:Blob fileData@vertex:FileData",
    "ExecutableCode": "id@gemini:string language:string code:string",
    "CodeExecutionResult": "id@gemini:string outcome:string output:string",
    "VideoMetadata": "startOffset:string endOffset:string fps:number",
    "Tool": """
        functionDeclarations:[FunctionDeclaration] googleSearchRetrieval:any codeExecution:any
        googleSearch:any computerUse:any urlContext:any fileSearch@gemini:any mcpServers@gemini:any
        googleMaps:any enterpriseWebSearch@vertex:any parallelAiSearch@vertex:any retrieval@vertex:any
    """,
    "FunctionDeclaration": """
        name:string description:string parameters:Schema parametersJsonSchema:any response:Schema
        responseJsonSchema:any behavior:string
    """,
    "Schema": """
        type:Type format:string title:string description:string nullable:bool enum:[string] items:Schema
        maxItems:int minItems:int properties:{Schema} required:[string] minProperties:int
        maxProperties:int minimum:number maximum:number minLength:int maxLength:int pattern:string
        example:any anyOf:[Schema] propertyOrdering:[string] default:any additionalProperties@vertex:any
        defs@vertex:{Schema} ref@vertex:string
    """,
    "ToolConfig": """
        functionCallingConfig:FunctionCallingConfig retrievalConfig:any
        includeServerSideToolInvocations@gemini:bool
    """,
    "FunctionCallingConfig": """
        mode:Mode allowedFunctionNames:[string] streamFunctionCallArguments@vertex:bool
    """,
    "SafetySetting": "category:Category threshold:Threshold method@vertex:string",
    "GenerationConfig": """
        candidateCount:int stopSequences:[string] maxOutputTokens:int temperature:number topP:number
        topK:number seed:int responseMimeType:string responseSchema:Schema responseJsonSchema:any
        _responseJsonSchema@gemini:any presencePenalty:number frequencyPenalty:number
        responseLogprobs:bool logprobs:int enableEnhancedCivicAnswers@gemini:bool
        responseModalities:[Modality] speechConfig:any thinkingConfig:ThinkingConfig imageConfig:ImageConfig
        mediaResolution:Resolution responseFormat@gemini:any audioTimestamp@vertex:bool
        enableAffectiveDialog@vertex:bool routingConfig@vertex:any
    """,
    "ImageConfig": """
        aspectRatio:string imageSize:string personGeneration@vertex:string prominentPeople@vertex:string
        imageOutputOptions@vertex:ImageOutputOptions
    """,
    "ImageOutputOptions": "mimeType@vertex:string compressionQuality@vertex:int",
    "EmbedContentRequest": """
        content:Content taskType:string title:string outputDimensionality:int autoTruncate@vertex:bool
        embedContentConfig:EmbedContentConfig model@gemini:string
    """,
    "EmbedContentConfig": """
        taskType:string title:string outputDimensionality:int autoTruncate:bool documentOcr:bool
        audioTrackExtraction:bool
    """,
    "BatchEmbedContentsRequest": "requests@gemini:[EmbedContentRequest]",
    "ThinkingConfig": "includeThoughts:bool thinkingBudget:int thinkingLevel:Level",
}
"""Message -> its fields; `@` says whose alone a field is, of the Gemini API or of Vertex AI."""

ENUMS: dict[str, str] = {
    "Type": "TYPE_UNSPECIFIED STRING NUMBER INTEGER BOOLEAN ARRAY OBJECT NULL",
    "Mode": "MODE_UNSPECIFIED AUTO ANY NONE VALIDATED",
    "Level": "THINKING_LEVEL_UNSPECIFIED MINIMAL LOW MEDIUM HIGH",
    "Modality": "MODALITY_UNSPECIFIED TEXT IMAGE AUDIO VIDEO",
    "Resolution": """
        MEDIA_RESOLUTION_UNSPECIFIED MEDIA_RESOLUTION_LOW MEDIA_RESOLUTION_MEDIUM MEDIA_RESOLUTION_HIGH
    """,
    "Threshold": """
        HARM_BLOCK_THRESHOLD_UNSPECIFIED BLOCK_LOW_AND_ABOVE BLOCK_MEDIUM_AND_ABOVE BLOCK_ONLY_HIGH
        BLOCK_NONE OFF
    """,
    "Category": """
        HARM_CATEGORY_UNSPECIFIED HARM_CATEGORY_HARASSMENT HARM_CATEGORY_HATE_SPEECH
        HARM_CATEGORY_SEXUALLY_EXPLICIT HARM_CATEGORY_DANGEROUS_CONTENT HARM_CATEGORY_CIVIC_INTEGRITY
        HARM_CATEGORY_DANGEROUS HARM_CATEGORY_DEROGATORY HARM_CATEGORY_TOXICITY HARM_CATEGORY_VIOLENCE
        HARM_CATEGORY_SEXUAL HARM_CATEGORY_MEDICAL HARM_CATEGORY_JAILBREAK HARM_CATEGORY_IMAGE_HATE
        HARM_CATEGORY_IMAGE_DANGEROUS_CONTENT HARM_CATEGORY_IMAGE_HARASSMENT
        HARM_CATEGORY_IMAGE_SEXUALLY_EXPLICIT
    """,
}

SCALARS: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "TYPE_STRING"),
    "bytes": ((str,), "TYPE_BYTES"),
    "bool": ((bool,), "TYPE_BOOL"),
    "int": ((int,), "TYPE_INT32"),
    "number": ((int, float), "TYPE_FLOAT"),
}


def fields_of(message: str, api: Api) -> dict[str, str]:
    """The fields that this API has, and their types."""
    listed = [field.rpartition(":") for field in MESSAGES[message].split()]
    owned = [(*name.partition("@")[::2], kind) for name, _, kind in listed]
    return {name: kind for name, owner, kind in owned if owner in ("", api)}


TABLES: dict[Api, dict[str, dict[str, str]]] = {
    "gemini": {message: fields_of(message, "gemini") for message in MESSAGES},
    "vertex": {message: fields_of(message, "vertex") for message in MESSAGES},
}


class Fields:
    """Reads what one of the two APIs takes."""

    def __init__(self, api: Api) -> None:
        self._table = TABLES[api]

    def read(self, message: str, value: Json, path: str = "") -> Json:
        """The message, its fields in camelCase and without nulls; `Rejected` names what is not of it."""
        fields, known = self._table[message], dict[str, Any]()
        for name, item in value.items():
            field = name if name in fields else _camel(name)
            if field not in fields:
                where = f" at '{path}'" if path else ""
                said = f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.'
                raise Rejected(said, path)
            if item is not None:
                known[field] = self._value(fields[field], item, f"{path}.{_snake(field)}".lstrip("."))
        return known

    def _value(self, kind: str, value: Any, path: str) -> Any:
        if kind == "any":
            return value
        if kind.startswith("["):
            if not isinstance(value, list):
                raise _invalid(path, "repeated field", value)
            return [self._value(kind[1:-1], item, f"{path}[{at}]") for at, item in enumerate(items(value))]
        if kind.startswith("{") or kind in self._table:
            if not isinstance(value, dict):
                raise _invalid(path, "message", value)
            return self._message(kind, members(value), path)  # pyright: ignore[reportUnknownArgumentType]
        return _scalar(kind, value, path)

    def _message(self, kind: str, value: Json, path: str) -> Json:
        if kind.startswith("{"):
            return {key: self._value(kind[1:-1], item, f"{path}[{key}]") for key, item in value.items()}
        return self.read(kind, value, path)


def _scalar(kind: str, value: Any, path: str) -> Any:
    if kind in ENUMS:
        if not isinstance(value, str) or value.upper() not in ENUMS[kind].split():
            raise _invalid(path, f"type.googleapis.com/{kind}", value)
        return value.upper()
    kinds, name = SCALARS[kind]
    if kind == "int" and isinstance(value, str) and value.isdecimal():
        return int(value)
    fits = isinstance(value, kinds) and (kind == "bool" or not isinstance(value, bool))
    if not fits:
        raise _invalid(path, name, value)
    if kind == "bytes" and not _is_base64(str(value)):
        raise _invalid(path, "TYPE_BYTES, base64", value)
    return value


def _invalid(path: str, kind: str, value: Any) -> Rejected:
    return Rejected(f"Invalid value at '{path}' ({kind}), \"{str(value)[:40]}\"", path)


def _is_base64(value: str) -> bool:
    """Either alphabet, padded or not, as protocol buffers take it."""
    plain = value.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error:
        return False
    return True


def _camel(name: str) -> str:
    return re.sub("_([a-z])", lambda found: found[1].upper(), name)


def _snake(name: str) -> str:
    return re.sub("[A-Z]", lambda found: "_" + found[0].lower(), name)
