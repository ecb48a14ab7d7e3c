"""OpenAI's count of the tokens of a response's input: what clients of other dialects that count are told.

https://platform.openai.com/docs/api-reference/responses/input-tokens
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import takewhile

from translators import openai_chat
from translators.canonical import (
    Data,
    Document,
    FileId,
    Image,
    Json,
    JsonObject,
    JsonSchema,
    JsonValue,
    Opaque,
    Part,
    PlainText,
    Refusal,
    Request,
    Text,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
    Turn,
    Url,
    WebSearch,
)
from translators.counting import Count, unthinking, without_thought
from translators.drawn import shown_by_the_user
from translators.errors import Unsupported
from translators.fields import Lack, Lacks

_OWNER = "openai_responses"
"""Whose the fields are: what the chat of the same vendor has for itself is spelt otherwise here."""


def _is_anothers(source: Data | Url | FileId | Text) -> bool:
    return isinstance(source, FileId) and source.owner != openai_chat.OWNER


_FILE = Lack("refused", only=_is_anothers, note="give the file's data or URL instead")
_LACKS: Lacks = {
    **{name: lack for name, lack in without_thought(openai_chat.LACKS).items() if name != "Audio.source"},
    "Image.source": _FILE,
    "Document.source": _FILE,
    "WebSearch.allowed_domains": Lack("dropped", only=lambda domains: False),
    "Audio": Lack("refused"),
    "OneOf": Lack("refused", note="use json_schema"),
    "Pattern": Lack("refused", note="use json_schema"),
    "Turn.name": Lack("dropped"),
}


class InputTokens(Count):
    """A chat in the form of a response's input. What a client says in this form itself is only passed."""

    def __init__(self) -> None:
        super().__init__("openai_input_tokens", openai_chat, "input_tokens", _LACKS)
        self.OWNER: str = _OWNER

    def write_request(self, request: Request) -> Json:
        asked = unthinking(request)
        prompts = [*takewhile(_is_prompt, asked.turns)]
        if len(prompts) == len(asked.turns):
            prompts = prompts[:-1]  # where all is instructions, the last is what is asked
        told: Json = {
            "model": asked.model,
            "instructions": "\n\n".join(_texts(prompts)) or None,
            "input": [
                item for turn in shown_by_the_user(asked.turns[len(prompts) :]) for item in _items(turn)
            ],
            "tools": None if asked.tools is None else [*_tools(asked.tools)],
            "tool_choice": _choice(asked.tool_choice) if asked.tool_choice else None,
            "text": _form(asked),
        }
        return {name: value for name, value in told.items() if value is not None}


# --- turns ------------------------------------------------------------------------------------------


def _is_prompt(turn: Turn) -> bool:
    return turn.role in ("system", "developer") and all(isinstance(part, Text) for part in turn.parts)


def _texts(turns: Iterable[Turn]) -> Iterator[str]:
    return (part.text for turn in turns for part in turn.parts if isinstance(part, Text))


def _items(turn: Turn) -> Iterator[JsonValue]:
    """What somebody says is a message; calls and their results stand between the messages."""
    content: list[JsonValue] = []
    for part in turn.parts:
        item = _item(part, turn)
        if item is None:
            content += _content(part)
            continue
        if content:
            yield {"role": turn.role, "content": _plain(content)}
            content = []
        yield item
    if content:
        yield {"role": turn.role, "content": _plain(content)}


def _item(part: Part, turn: Turn) -> Json | None:
    """What is more than a piece of a message; each text of the assistant's is a message of its own."""
    match part:
        case Text(text) | Refusal(text) if turn.role == "assistant":
            return {"role": turn.role, "content": text}
        case ToolUse(id, name, arguments):
            return {"type": "function_call", "call_id": id, "name": name, "arguments": arguments}
        case ToolResult(id, parts):
            output = [piece for inner in parts for piece in _content(inner)]
            return {"type": "function_call_output", "call_id": id, "output": _plain(output)}
        case _:
            return None


def _plain(content: list[JsonValue]) -> JsonValue:
    """A single text as a string."""
    match content:
        case []:
            return ""
        case [{"type": "input_text", "text": text}]:
            return text
        case _:
            return content


def _content(part: Part) -> Iterator[JsonValue]:
    match part:
        case Text(text):
            yield {"type": "input_text", "text": text}
        case Image(source, detail):
            yield {
                "type": "input_image",
                "detail": detail or "auto",
                **_file(source, "image_url", "image_url"),
            }
        case Document():
            yield from _document(part)
        case _:
            pass  # `LACKS` has told


def _document(document: Document) -> Iterator[JsonValue]:
    if about := "\n".join(text for text in (document.title, document.context) if text):
        yield {"type": "input_text", "text": about}
    source = document.source
    if isinstance(source, Text):
        yield {"type": "input_text", "text": source.text}
        return
    file: Json = {"type": "input_file", **_file(source, "file_url", "file_data")}
    if isinstance(source, Data):
        file["filename"] = document.filename or f"document.{source.media_type.rpartition('/')[2]}"
    yield file


def _file(source: Data | Url | FileId, address: str, data: str) -> Json:
    match source:
        case Data(media_type, base64):
            return {data: f"data:{media_type};base64,{base64}"}
        case Url(url):
            return {address: url}
        case FileId(_, id):
            return {"file_id": id}


# --- settings ---------------------------------------------------------------------------------------


def _tools(tools: Sequence[Tool | WebSearch | Opaque]) -> Iterator[JsonValue]:
    for tool in tools:
        match tool:
            case Tool(name, description, parameters, strict):
                written: Json = {
                    "type": "function",
                    "name": name,
                    "parameters": parameters or {"type": "object", "properties": {}},
                    "strict": bool(strict),  # which is this API's default, and not the chat's
                }
                yield written if description is None else {**written, "description": description}
            case WebSearch():
                yield _search(tool)
            case Opaque():
                pass  # `READS` has told


def _search(search: WebSearch) -> Json:
    written: Json = {
        "type": "web_search",
        "search_context_size": search.context_size,
        "filters": None if search.allowed_domains is None else {"allowed_domains": [*search.allowed_domains]},
        "user_location": None if search.location is None else {"type": "approximate", **search.location},
    }
    return {name: value for name, value in written.items() if value is not None}


def _choice(choice: ToolChoice) -> JsonValue:
    if choice.mode == "named":
        return {"type": "function", "name": choice.name}
    if choice.names is None:
        return choice.mode
    allowed: list[JsonValue] = [{"type": "function", "name": name} for name in choice.names]
    return {"type": "allowed_tools", "mode": choice.mode, "tools": allowed}


def _form(request: Request) -> Json | None:
    match request.output:
        case JsonSchema(schema, name, description, strict):
            if schema is None:
                raise Unsupported("JsonSchema.schema", "is required")
            told: Json = {
                "type": "json_schema",
                "name": name or "answer",
                "schema": schema,
                "description": description,
                "strict": strict,
            }
            return {"format": {key: value for key, value in told.items() if value is not None}}
        case JsonObject():
            return {"format": {"type": "json_object"}}
        case PlainText():
            return {"format": {"type": "text"}}
        case _:
            return None
