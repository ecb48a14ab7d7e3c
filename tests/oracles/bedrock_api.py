"""Amazon Bedrock's Converse, by botocore's own model of the service."""

import functools
import json
from base64 import b64encode
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import botocore.session
from botocore import parsers
from botocore.eventstream import EventStream, EventStreamBuffer, ParserError
from botocore.validate import ParamValidator

_TYPES: dict[str, Any] = {
    **{"string": str, "boolean": bool, "list": list, "map": dict, "structure": dict, "blob": str},
    **{"integer": int, "long": int, "float": (int, float), "double": (int, float)},
}
KEEP_ALIVE = "ping"
"""An event that the model does not know: clients pass over it."""


@functools.cache
def service() -> Any:
    return botocore.session.Session().get_service_model("bedrock-runtime")


def check_converse_request(body: Any) -> list[str]:
    """A request as it goes over the wire, but for `model` and `stream`, which are told in the path."""
    shape = service().operation_model("Converse").input_shape
    sent = {name: value for name, value in body.items() if name not in ("model", "stream")}
    report = ParamValidator().validate({**sent, "modelId": "m"}, shape)
    problems = [f"botocore: {line}" for line in report.generate_report().split("\n") if line]
    told_before = ("unknown field", "missing")  # by botocore
    problems += [p for p in _problems(shape, sent, "$") if not any(word in p for word in told_before)]
    return problems + _turns(sent.get("messages") or [])


def _turns(messages: list[Any]) -> list[str]:
    """Rules that no model of the service says: roles take turns, and each call is answered at once."""
    problems: list[str] = []
    called: set[str] = set()
    roles = [message["role"] for message in messages if message["role"] != "system"]
    if any(role == after for role, after in pairwise(roles)):
        problems.append("roles do not take turns")
    for at, message in enumerate(messages):
        blocks = message["content"]
        answered = {block["toolResult"]["toolUseId"] for block in blocks if "toolResult" in block}
        if called != answered and not any("type" in block.get("toolResult", {}) for block in blocks):
            problems.append(f"$.messages[{at}]: answers {answered} to calls {called}")
        called = {block["toolUse"]["toolUseId"] for block in blocks if "toolUse" in block}
        if any("text" in block and not block["text"].strip() for block in blocks):
            problems.append(f"$.messages[{at}]: a blank text")
    return problems


def check_converse_response(body: Any) -> list[str]:
    """A whole answer, as it comes over the wire."""
    problems = _problems(service().operation_model("Converse").output_shape, body, "$")
    usage = body.get("usage") or {}
    cached = [usage.get(name) or 0 for name in ("cacheReadInputTokens", "cacheWriteInputTokens")]
    counted = (usage.get("inputTokens") or 0) + (usage.get("outputTokens") or 0) + sum(cached)
    return problems if usage.get("totalTokens") == counted else [*problems, f"usage: {usage}"]


def check_converse_error(status: int, body: Any) -> list[str]:
    """An error is what botocore reads as one, with a name and a message."""
    response = {"status_code": status, "headers": {}, "body": json.dumps(body).encode()}
    parsed = parsers.create_parser("rest-json").parse(
        response, service().operation_model("Converse").output_shape
    )
    error = parsed.get("Error", {})
    return [] if error.get("Code") and error.get("Message") else [f"botocore read {parsed}"]


def converse_events(stream: bytes) -> list[dict[str, Any]]:
    """The events as boto3's users get them; raises as it would."""

    class Raw:
        def stream(self) -> Iterator[bytes]:
            yield from (stream[at : at + 37] for at in range(0, len(stream), 37))

    parser = parsers.create_parser("rest-json")._event_stream_parser
    return list(EventStream(Raw(), _events(), parser, "ConverseStream"))


def converse_stream_final(stream: bytes) -> dict[str, Any]:
    """The whole answer that a stream adds up to, by the indexes of its blocks."""
    blocks: dict[int, list[dict[str, Any]]] = {}
    answer: dict[str, Any] = {}
    for event in converse_events(stream):
        [(name, told)] = event.items()
        match name:
            case "contentBlockStart":
                blocks.setdefault(told["contentBlockIndex"], []).append(told["start"])
            case "contentBlockDelta":
                blocks.setdefault(told["contentBlockIndex"], []).append(told["delta"])
            case "messageStop" | "metadata":
                answer |= told
    content = [_whole(pieces) for _, pieces in sorted(blocks.items())]
    return {**answer, "output": {"message": {"role": "assistant", "content": content}}}


def _whole(pieces: list[dict[str, Any]]) -> dict[str, Any]:
    match pieces[0]:
        case {"toolUse": head}:
            arguments = "".join(piece["toolUse"]["input"] for piece in pieces[1:])
            return {"toolUse": {**head, "input": json.loads(arguments or "{}")}}
        case {"reasoningContent": {"redactedContent": data}}:
            return {"reasoningContent": {"redactedContent": b64encode(data).decode()}}
        case {"reasoningContent": _}:
            told = [piece["reasoningContent"] for piece in pieces]
            text = "".join(piece.get("text", "") for piece in told)
            signed = [piece for piece in told if "signature" in piece]
            return {"reasoningContent": {"reasoningText": {"text": text, **(signed[0] if signed else {})}}}
        case {"image": {"format": kind}}:
            data = b"".join(piece["image"]["source"]["bytes"] for piece in pieces[1:])
            return {"image": {"format": kind, "source": {"bytes": b64encode(data).decode()}}}
        case _:
            text = "".join(piece.get("text", "") for piece in pieces)
            cited = [piece["citation"] for piece in pieces if "citation" in piece]
            told_of = {"content": [{"text": text}], "citations": cited}
            return {"citationsContent": told_of} if cited else {"text": text}


def check_converse_stream(stream: bytes) -> list[str]:
    """A whole stream: its frames, each event's shape, and their order."""
    problems: list[str] = []
    events: list[tuple[str, Any]] = []
    buffer = EventStreamBuffer()
    buffer.add_data(stream)
    try:
        for message in buffer:
            told = message.to_response_dict()
            name = told["headers"].get(":event-type") or told["headers"][":exception-type"]
            if name == KEEP_ALIVE:
                continue
            payload = {key: value for key, value in json.loads(told["body"]).items() if key != "p"}
            events.append((name, payload))
            if name not in _events().members:
                problems.append(f"{name} is not an event")
            else:
                problems += _problems(_events().members[name], payload, name)
    except ParserError as error:
        return [f"framing: {error}"]
    if buffer._data:
        problems.append("the last frame is cut")
    problems += _order(events)
    try:
        converse_stream_final(stream)
    except Exception as error:
        problems.append(f"botocore could not read the stream: {type(error).__name__}: {error}")
    return problems


def _order(events: list[tuple[str, Any]]) -> list[str]:
    """The rules about events in sequence, which no model of the service says."""
    names = [name for name, _ in events]
    problems: list[str] = []
    if names[:1] != ["messageStart"] or names[-2:] != ["messageStop", "metadata"]:
        problems.append(f"begins with {names[:1]}, ends with {names[-2:]}")
    opened: int | None = None
    latest = -1
    for name, told in events:
        index = told.get("contentBlockIndex")
        match name:
            case "contentBlockStart" | "contentBlockDelta" if opened is None:
                if index <= latest or (name == "contentBlockDelta" and "toolUse" in told["delta"]):
                    problems.append(f"block {index} begins after {latest} with {told}")
                opened = latest = index
            case "contentBlockDelta" | "contentBlockStart" if index != opened:
                problems.append(f"block {index} while {opened} is open")
            case "contentBlockStop":
                problems += [] if index == opened else [f"block {index} ends while {opened} is open"]
                opened = None
            case "messageStop" if opened is not None:
                problems.append(f"block {opened} never ends")
    return problems


@functools.cache
def _events() -> Any:
    return service().operation_model("ConverseStream").output_shape.members["stream"]


def _problems(shape: Any, value: Any, path: str) -> list[str]:
    """What is wrong with a value, whose blobs are in base64, by the shape that it should have."""
    if getattr(shape, "is_document_type", False):
        return []
    kind = _TYPES[shape.type_name]
    if not isinstance(value, kind) or (isinstance(value, bool) and shape.type_name != "boolean"):
        return [f"{path}: expected {shape.type_name}, got {value!r:.60}"]
    match shape.type_name:
        case "string" if shape.enum and value not in shape.enum:
            return [f"{path}: {value!r} is not one of {shape.enum}"]
        case "list":
            return [
                p for at, item in enumerate(value) for p in _problems(shape.member, item, f"{path}[{at}]")
            ]
        case "map":
            return [p for key, item in value.items() for p in _problems(shape.value, item, f"{path}.{key}")]
        case "structure":
            return _structure(shape, value, path)
        case _:
            return []


def _structure(shape: Any, value: Any, path: str) -> list[str]:
    problems = [f"{path}.{key}: unknown field of {shape.name}" for key in value if key not in shape.members]
    problems += [
        f"{path}: missing {key!r} of {shape.name}"
        for key in shape.required_members
        if key not in value and shape.members[key].serialization.get("location") is None
    ]
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        problems.append(f"{path}: a union {shape.name} of {list(value)}")
    known = ((key, inner) for key, inner in value.items() if key in shape.members)
    return problems + [
        p for key, inner in known for p in _problems(shape.members[key], inner, f"{path}.{key}")
    ]
