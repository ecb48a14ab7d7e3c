"""Turns, into the contents of a generateContent request."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import assert_never, cast

import orjson

from translators.canonical import (
    Audio,
    Data,
    Document,
    Image,
    Json,
    JsonValue,
    Opaque,
    Part,
    RedactedThinking,
    Refusal,
    Text,
    Thinking,
    ToolResult,
    ToolUse,
    Turn,
    Video,
)
from translators.errors import Unsupported
from translators.gemini_generate.contents_reader import is_object
from translators.gemini_generate.fields import OWNER, PART, SIGNATURE
from translators.gemini_generate.files import write_file, write_source
from translators.gemini_generate.kept import restore
from translators.gemini_generate.models import Model
from translators.gemini_generate.proofs import SKIPPED, signature_of, wrap

_RESPONSE = f"{PART}functionResponse."


def write_system(turns: Sequence[Turn]) -> Json | None:
    """All instructions, wherever they stood: contents have no place for them."""
    told = [turn for turn in turns if turn.role in ("system", "developer")]
    parts: list[JsonValue] = [
        written for turn in told for part in turn.parts for written in _instruction(part)
    ]
    if not parts:
        return None
    return restore({"parts": parts}, (own for turn in told for own in turn.opaque), "systemInstruction.")


def with_a_question(turns: Sequence[Turn]) -> Sequence[Turn]:
    """Google wants at least one content: where all is instructions, the last is what the user says."""
    if all(turn.role in ("system", "developer") for turn in turns):
        return [*turns[:-1], *(replace(turn, role="user", opaque=()) for turn in turns[-1:])]
    return turns


def write_contents(turns: Sequence[Turn], model: Model) -> list[JsonValue]:
    """Contents stay apart, but for the results of one step, which must all come at once."""
    contents: list[Json] = []
    names = _Names()
    asked = _last_question(turns)
    for i, turn in enumerate(turns):
        if turn.role in ("system", "developer"):
            continue
        parts = [*_Parts(turn, model, names).write()]
        if turn.role == "assistant" and model.signatures and i > asked:
            _sign(parts)
        if turn.role == "assistant" and model.signs_pictures:
            _sign_pictures(parts)
        if contents and _are_results(contents[-1]["parts"]) and _are_results(parts):
            cast(list[JsonValue], contents[-1]["parts"]).extend(parts)
        elif parts:
            role = "model" if turn.role == "assistant" else "user"
            contents.append(
                restore({"role": role, "parts": cast(JsonValue, parts)}, turn.opaque, "contents[].")
            )
    if not contents:
        raise Unsupported("Request.turns", "must not be empty")
    return [*map(_results_first, contents)]


def _last_question(turns: Sequence[Turn]) -> int:
    """Where the current turn begins: at the last content of the user's that holds no results."""
    asked = (
        i
        for i, turn in enumerate(turns)
        if turn.role == "user" and not any(isinstance(part, ToolResult) for part in turn.parts)
    )
    return max(asked, default=-1)


def _sign(parts: list[Json]) -> None:
    """The first call of a step needs a signature, also where another model has made the call."""
    calls = [part for part in parts if "functionCall" in part]
    if calls:
        calls[0].setdefault("thoughtSignature", SKIPPED)


def _sign_pictures(parts: list[Json]) -> None:
    """Models that draw want to see a signature of each picture, and of what an answer begins with.

    https://ai.google.dev/gemini-api/docs/thought-signatures
    """
    answer = [part for part in parts if part.get("thought") is not True]
    apart = [part for part in answer[1:] if part.get("text") == "" and "thoughtSignature" in part]
    for number, part in enumerate(answer):
        if (
            number == 0 and "text" in part and apart and "thoughtSignature" not in part
        ):  # which came to us, or through us, behind it
            part["thoughtSignature"] = apart[0]["thoughtSignature"]
            parts.remove(apart[0])
        elif (number == 0 and "text" in part) or part.keys() & {"inlineData", "fileData"}:
            part.setdefault("thoughtSignature", SKIPPED)


def _are_results(parts: JsonValue | list[Json]) -> bool:
    return isinstance(parts, list) and any(
        isinstance(part, dict) and "functionResponse" in part for part in parts
    )


def _results_first(content: Json) -> Json:
    parts = cast(list[Json], content["parts"])
    ordered = sorted(parts, key=lambda part: "functionResponse" not in part) if _are_results(parts) else parts
    return {**content, "parts": cast(JsonValue, ordered)}


def _instruction(part: Part) -> Iterator[Json]:
    if isinstance(part, Opaque):
        return
    if not isinstance(part, Text):
        raise Unsupported("Turn.parts", "must be text in a system message")
    if part.text:
        yield restore({"text": part.text}, part.opaque, PART)


class _Names:
    """Which function a call's id stands for: Google goes by names."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def call(self, use: ToolUse) -> None:
        if not use.id:
            raise Unsupported("ToolUse.id", "must not be empty")
        self._names[use.id] = use.name

    def of(self, result: ToolResult) -> str:
        if (name := self._names.get(result.id)) is None:
            raise Unsupported("ToolResult.id", "no earlier tool call has this id")
        return name


class _Parts:
    """The parts of one turn."""

    def __init__(self, turn: Turn, model: Model, names: _Names) -> None:
        self._turn, self._model, self._names = turn, model, names
        self._signature: str | None = None  # of the call that comes next

    def write(self) -> Iterator[Json]:
        for part in self._turn.parts:
            yield from self._part(part)
        if self._signature:
            yield {"text": "", "thoughtSignature": self._signature}

    def _part(self, part: Part) -> Iterator[Json]:
        match part:
            case Text():
                yield from _text(part)
            case Refusal(text):
                yield from _text(Text(text))
            case Image() | Audio() | Video() | Document():
                signature = signature_of(part.opaque)
                proof: Json = {"thoughtSignature": signature} if signature else {}
                for written in write_file(part, self._model):
                    yield written if "text" in written else written | proof
            case ToolUse():
                yield self._call(part)
            case ToolResult():
                yield from self._response(part)
            case Thinking(text, proven, kept):
                ours = proven and proven.owner == OWNER
                if text or ours:
                    thought: Json = {"text": text, "thought": True}
                    signed: Json = {"thoughtSignature": wrap(proven)} if proven and ours else {}
                    yield restore(thought | signed, (own for own in kept if own.field != SIGNATURE), PART)
            case RedactedThinking(Opaque(owner, _, data)):
                if owner == OWNER and isinstance(data, dict):
                    yield dict(data)
                elif owner == OWNER:
                    self._signature = str(data)
            case Opaque(owner, _, data):
                if owner == OWNER and isinstance(data, dict):
                    yield dict(data)
            case _:
                assert_never(part)

    def _call(self, use: ToolUse) -> Json:
        self._names.call(use)
        try:
            arguments = cast(JsonValue, orjson.loads(use.arguments or "{}"))
        except orjson.JSONDecodeError:
            arguments = None
        if not isinstance(arguments, dict):
            raise Unsupported("ToolUse.arguments", "must be a JSON object")
        kept = [own for own in use.opaque if own.field != SIGNATURE]
        call = restore({"name": use.name, "args": arguments}, kept, f"{PART}functionCall.")
        part = restore({"functionCall": call}, (own for own in kept if "functionCall" not in own.field), PART)
        signature, self._signature = signature_of(use.opaque) or self._signature, None
        return part | ({"thoughtSignature": signature} if signature else {})

    def _response(self, result: ToolResult) -> Iterator[Json]:
        name = self._names.of(result)
        files = [part for part in result.parts if not isinstance(part, Text | Opaque)]
        inside = [file for file in files if self._model.rich_results and _may_be_inside(file)]
        response: Json = {"name": name, "response": _result(result)}
        if inside:
            response["parts"] = [write_source(file, f"{_RESPONSE}parts[].") for file in inside]
        kept = result.opaque
        part: Json = {"functionResponse": restore(response, kept, _RESPONSE)}
        yield restore(part, (own for own in kept if "functionResponse" not in own.field), PART)
        if len(inside) < len(files):
            yield {"text": f"Part of the result of the call of {name}:"}
        for file in files:
            if file not in inside:
                yield from write_file(file, self._model)


def _may_be_inside(file: Image | Audio | Video | Document) -> bool:
    """Pictures and documents by their data, or files of Google's own; what is told about one has no place."""
    if isinstance(file, Document) and (file.title or file.context):
        return False
    return isinstance(file.source, Data) or any("functionResponse" in own.field for own in file.opaque)


def _text(part: Text) -> Iterator[Json]:
    kept = [own for own in part.opaque if own.field != SIGNATURE]
    signature = signature_of(part.opaque)
    if part.text or signature or kept:
        written = restore({"text": part.text}, kept, PART)
        yield written | ({"thoughtSignature": signature} if signature else {})


def _result(result: ToolResult) -> Json:
    """A JSON object is a result as it is; all else is its `output`."""
    text = "\n".join(part.text for part in result.parts if isinstance(part, Text))
    if result.is_error:
        return {"error": text}
    return cast(Json, orjson.loads(text)) if is_object(text) else {"output": text}
