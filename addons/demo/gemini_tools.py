"""The functions that a `generateContent` request offers, and Google's rules for their schemas."""

import re

from addons.demo.answer import Rejected, Tool
from addons.demo.wire import Json, items, members, text

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,127}")


def tools_of(body: Json) -> tuple[Tool, ...]:
    """The client's own tools; those that Google runs are not called by name."""
    tools: list[Tool] = []
    for number, tool in enumerate(map(members, items(body.get("tools")))):
        for position, declared in enumerate(map(members, items(tool.get("functionDeclarations")))):
            path = f"tools[{number}].function_declarations[{position}]"
            tools.append(Tool(_name(declared, path), _parameters(declared, path)))
    names = [tool.name for tool in tools]
    if twice := [name for name in names if names.count(name) > 1]:
        raise Rejected(f"Duplicate function declaration found: {twice[0]}", "tools")
    return tuple(tools)


def _name(declared: Json, path: str) -> str:
    if not NAME.fullmatch(text(declared.get("name"))):
        said = (
            "Invalid function name. Must start with a letter or an underscore. Must be alphanumeric, "
            "underscores, dots, colons or dashes, with a maximum length of 128."
        )
        raise Rejected(f"* GenerateContentRequest.{path}.name: {said}", f"{path}.name")
    return text(declared["name"])


def _parameters(declared: Json, path: str) -> Json:
    if "parameters" in declared and "parametersJsonSchema" in declared:
        raise Rejected(f"{path}: parameters and parameters_json_schema must not both be set", path)
    if "parametersJsonSchema" in declared:
        return members(declared["parametersJsonSchema"])
    schema = members(declared.get("parameters"))
    if schema and schema.get("type") != "OBJECT":
        said = f"* GenerateContentRequest.{path}.parameters: parameters schema should be of type OBJECT"
        raise Rejected(said, f"{path}.parameters")
    return json_schema(schema, f"{path}.parameters")


def json_schema(schema: Json, path: str) -> Json:
    """Google's own kind of schema as JSON schema; `Rejected` names what it has no meaning for."""
    if schema.get("type") == "ARRAY" and "items" not in schema:
        raise Rejected(f"* GenerateContentRequest.{path}.items: missing field.", f"{path}.items")
    if "enum" in schema and schema.get("type") not in ("STRING", None):
        said = f"* GenerateContentRequest.{path}.enum: only allowed for STRING type"
        raise Rejected(said, f"{path}.enum")
    written: Json = dict(schema)
    if "type" in schema:
        kind = text(schema["type"]).lower()
        written["type"] = [kind, "null"] if schema.get("nullable") is True else kind
    if "items" in schema:
        written["items"] = json_schema(members(schema["items"]), f"{path}.items")
    if "anyOf" in schema:
        written["anyOf"] = [json_schema(members(each), f"{path}.any_of") for each in items(schema["anyOf"])]
    if "properties" in schema:
        properties = members(schema["properties"]).items()
        written["properties"] = {
            name: json_schema(members(each), f"{path}.properties[{name}]") for name, each in properties
        }
    return written


def choosable(body: Json, offered: tuple[Tool, ...]) -> tuple[tuple[Tool, ...], bool]:
    """The tools that the configuration leaves to call, and whether it wants a call."""
    config = members(members(body.get("toolConfig")).get("functionCallingConfig"))
    mode, allowed = config.get("mode"), [text(name) for name in items(config.get("allowedFunctionNames"))]
    where = "tool_config.function_calling_config"
    if allowed and mode not in ("ANY", "VALIDATED"):
        said = "Allowed function names should be set only when the function calling mode is ANY."
        raise Rejected(said, f"{where}.allowed_function_names")
    if unknown := set(allowed) - {tool.name for tool in offered}:
        said = f"Allowed function names that are not declared: {', '.join(sorted(unknown))}"
        raise Rejected(said, f"{where}.allowed_function_names")
    if mode == "ANY" and not offered:
        raise Rejected("Function calling config is set without function_declarations.", where)
    left = tuple(tool for tool in offered if not allowed or tool.name in allowed)
    return () if mode == "NONE" else left, mode == "ANY"
