"""The rules of a Converse conversation that AWS's description does not hold, in AWS's words."""

import re
from collections.abc import Iterator
from itertools import pairwise

from addons.demo.answer import Rejected
from addons.demo.signature import signature
from addons.demo.wire import Json, items, members, text

MOST_CACHE_POINTS = 4
DOCUMENT_NAME = re.compile(r"[A-Za-z0-9()\[\]-]+(?:\s[A-Za-z0-9()\[\]-]+)*")
ONLY_IN: dict[str, str] = {
    **dict.fromkeys(("toolUse", "reasoningContent"), "assistant"),
    **dict.fromkeys(("toolResult", "image", "document", "video", "audio"), "user"),
}
"""Content -> the role that may say it."""


def check_conversation(body: Json, messages: list[Json]) -> None:
    said = [message for message in messages if message["role"] != "system"]
    if not said or said[0]["role"] != "user":
        raise Rejected(
            "A conversation must start with a user message. Try again with a conversation that starts with "
            "a user message. (messages)"
        )
    if any(before["role"] == after["role"] for before, after in pairwise(said)):
        raise Rejected(
            "A conversation must alternate between user and assistant roles. Make sure the conversation in "
            "messages alternates between user and assistant roles and try again."
        )
    for number, message in enumerate(messages):
        _check_message(f"messages.{number}", message)
    _check_calls(messages)
    _check_tools(body, messages)
    if sum("cachePoint" in block for block in _all_blocks(body, messages)) > MOST_CACHE_POINTS:
        raise Rejected(f"A maximum of {MOST_CACHE_POINTS} cachePoint blocks may be provided.")


def _all_blocks(body: Json, messages: list[Json]) -> Iterator[Json]:
    lists = [body.get("system"), members(body.get("toolConfig")).get("tools")]
    for content in [*lists, *(message["content"] for message in messages)]:
        yield from map(members, items(content))


def _check_message(path: str, message: Json) -> None:
    content = [members(block) for block in items(message["content"])]
    if not content:
        raise Rejected(
            f"The content field in the Message object at {path} is empty. Add a ContentBlock object to the "
            "content field and try again."
        )
    for number, block in enumerate(content):
        kind = next(iter(block))
        if ONLY_IN.get(kind, message["role"]) != message["role"]:
            raise Rejected(
                f"The {kind} field at {path}.content.{number} is not for {message['role']} messages."
            )
        _check_block(f"{path}.content.{number}", block)
    if any("document" in block for block in content) and not any("text" in block for block in content):
        raise Rejected(f"A text block is required beside the document at {path}.content.")


def _check_block(path: str, block: Json) -> None:
    match block:
        case {"text": str() as said} if not said.strip():
            raise Rejected(
                f"The text field in the ContentBlock object at {path} is blank. Add text to the text field, "
                "and try again."
            )
        case {"toolUse": {"input": given}} if not isinstance(given, dict):
            raise Rejected(
                f"The format of the value at {path}.toolUse.input is invalid. Provide a json object for the "
                "field and try again."
            )
        case {"document": {"name": str() as name}} if not DOCUMENT_NAME.fullmatch(name):
            raise Rejected(
                f"The document file name at {path}.document.name can only contain alphanumeric characters, "
                "whitespace characters, hyphens, parentheses, and square brackets. The name can't contain "
                "more than one consecutive whitespace character."
            )
        case {"reasoningContent": {"reasoningText": {"text": str() as thought, **rest}}}:
            if rest.get("signature") != signature("thinking", thought):
                raise Rejected(f"{path}: Invalid `signature` in `thinking` block")
        case _:
            pass


def _check_calls(messages: list[Json]) -> None:
    """Each call is answered in the next message, and nothing else is."""
    called: list[str] = []
    for number, message in enumerate(messages):
        content = [members(block) for block in items(message["content"])]
        answered = _ids(content, "toolResult")
        if missing := [each for each in called if each not in answered]:
            raise Rejected(
                f"Expected toolResult blocks at messages.{number}.content for the following Ids: "
                f"{', '.join(missing)}"
            )
        if len(answered) > len(called):
            raise Rejected(
                f"The number of toolResult blocks at messages.{number}.content exceeds the number of toolUse "
                "blocks of previous turn."
            )
        called = _ids(content, "toolUse")
        if len(set(called)) < len(called):
            raise Rejected(f"The toolUse blocks at messages.{number}.content contain duplicate Ids.")
    if called:
        raise Rejected(
            f"Expected toolResult blocks at messages.{len(messages)}.content for the following Ids: "
            f"{', '.join(called)}"
        )


def _ids(content: list[Json], kind: str) -> list[str]:
    return [text(members(block[kind])["toolUseId"]) for block in content if kind in block]


def _check_tools(body: Json, messages: list[Json]) -> None:
    used = {kind for message in messages for block in items(message["content"]) for kind in members(block)}
    if {"toolUse", "toolResult"} & used and body.get("toolConfig") is None:
        raise Rejected(
            "The toolConfig field must be defined when using toolUse and toolResult content blocks."
        )
    config = members(body.get("toolConfig"))
    specs = [members(members(tool).get("toolSpec")) for tool in items(config.get("tools"))]
    for number, spec in enumerate(specs):
        if spec and members(members(spec["inputSchema"]).get("json")).get("type") != "object":
            where = f"toolConfig.tools.{number}.toolSpec.inputSchema.json.type"
            raise Rejected(f"The value at {where} must be one of the following: object.")
    names = [text(spec["name"]) for spec in specs if spec]
    if len(set(names)) < len(names):
        raise Rejected("The tools at toolConfig.tools contain duplicate names.")
    wanted = members(members(config.get("toolChoice")).get("tool")).get("name")
    if wanted is not None and wanted not in names:
        raise Rejected(f"The tool {wanted} at toolConfig.toolChoice.tool.name is not in toolConfig.tools.")
