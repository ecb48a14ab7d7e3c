"""The rules of a `generateContent` conversation that its schema does not hold, in Google's words."""

import base64

from addons.demo.answer import Rejected
from addons.demo.gemini_fields import Api
from addons.demo.signature import signature
from addons.demo.wire import Json, dump, items, members, text

DATA = frozenset(
    {"text", "inlineData", "functionCall", "functionResponse", "fileData", "executableCode"}
    | {"codeExecutionResult", "toolCall", "toolResponse"}
)
"""What a part may be; the rest of its fields tell more about it."""
UNSIGNED = frozenset(
    spelt
    for said in ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")
    for spelt in (said, base64.b64encode(said.encode()).decode())
)
"""What Google takes in place of a signature, for calls that another model has made."""


def check_conversation(contents: list[Json], api: Api) -> None:
    if not contents:
        said = "* GenerateContentRequest.contents: contents is not specified"
        raise Rejected(said, "contents")
    for number, content in enumerate(contents):
        path, role = f"contents[{number}]", content.get("role")
        if role not in ("user", "model") and (api == "vertex" or role is not None):
            raise Rejected("Please use a valid role: user, model.", f"{path}.role")
        check_parts(content, path, api)
    _check_calls(contents)


def check_parts(content: Json, path: str, api: Api) -> None:
    parts = [members(part) for part in items(content.get("parts"))]
    if not parts:
        raise Rejected(
            f"* GenerateContentRequest.{path}.parts: contents.parts must not be empty.", f"{path}.parts"
        )
    for number, part in enumerate(parts):
        where = f"{path}.parts[{number}]"
        data = DATA & set(part)
        if not data:
            said = f"{where}.data: required oneof field 'data' must have one initialized field"
            raise Rejected(f"* GenerateContentRequest.{said}", f"{where}.data")
        if len(data) > 1:
            said = f"oneof field 'data' is already set. Cannot set '{sorted(data)[1]}'"
            raise Rejected(f"Invalid value at '{where}' (oneof), {said}", where)
        _check_part(part, where, api)


def _check_part(part: Json, where: str, api: Api) -> None:
    if part.get("text") == "" and "thoughtSignature" not in part and api == "vertex":
        said = "Unable to submit request because it has an empty text parameter. Add a value and try again."
        raise Rejected(said, f"{where}.text")
    for kind in ("functionCall", "functionResponse"):
        if kind in part and not members(part[kind]).get("name"):
            raise Rejected(
                f"* GenerateContentRequest.{where}.{kind}.name: Name cannot be empty.", f"{where}.{kind}.name"
            )
    if "functionResponse" in part and not isinstance(members(part["functionResponse"]).get("response"), dict):
        said = f"Invalid value at '{where}.function_response.response' (google.protobuf.Struct)"
        raise Rejected(said, f"{where}.function_response.response")
    signed = part.get("thoughtSignature")
    if signed is not None and signed not in UNSIGNED and signed != signature_of(part):
        raise Rejected("Thought signature is not valid.", f"{where}.thought_signature")


def signature_of(part: Json) -> str:
    """What this part may be signed with: that of a call is good for this call alone."""
    call = members(part.get("functionCall"))
    return signature("call", _canonical(call)) if call else signature("text")


def _canonical(call: Json) -> str:
    arguments = members(call.get("args"))
    said = sorted((name, dump(value).decode()) for name, value in arguments.items())
    return f"{call['name']} {dump(said).decode()}"


def _check_calls(contents: list[Json]) -> None:
    """Calls come after the user's turn; then their answers, as many and of the same names."""
    called: list[str] = []
    for number, content in enumerate(contents):
        answered = _names(content, "functionResponse")
        if answered and not called:
            said = "Please ensure that function response turn comes immediately after a function call turn."
            raise Rejected(said, f"contents[{number}]")
        if len(answered) != len(called):
            said = (
                "Please ensure that the number of function response parts is equal to the number of function "
                "call parts of the function call turn."
            )
            raise Rejected(said, f"contents[{number}]")
        if sorted(answered) != sorted(called):
            said = "Please ensure that each function response has the name of a function call before it."
            raise Rejected(said, f"contents[{number}]")
        called = _names(content, "functionCall")
        if called and (number == 0 or contents[number - 1].get("role") == "model"):
            said = (
                "Please ensure that function call turn comes immediately after a user turn or after a "
                "function response turn."
            )
            raise Rejected(said, f"contents[{number}]")
    if called:
        said = "Please ensure that function response turn comes immediately after a function call turn."
        raise Rejected(said, f"contents[{len(contents) - 1}]")


def _names(content: Json, kind: str) -> list[str]:
    parts = [members(part) for part in items(content.get("parts"))]
    return [text(members(part[kind])["name"]) for part in parts if kind in part]
