"""What the matrix of clients and providers asks: each case in the words of each inbound API.

Every case is answered by the embedded provider's scenario of the same name, but for those in `SCENARIOS`.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any

type Body = dict[str, Any]

PNG = base64.b64encode(
    bytes.fromhex(
        "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fcffff3f0300"
        "0500017f7f1cb3d20000000049454e44ae426082"
    )
).decode()
CITY: Body = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
STRICT: Body = {**CITY, "additionalProperties": False}
NAMES = ("get_weather", "get_forecast")
SAID, RESULT = "What about Paris?", "17 degrees"

SCENARIOS: Mapping[str, str] = {
    **dict.fromkeys(("text", "image", "result", "stop"), "hello"),
    "image_result": "hello",
    "json_schema": "json",
}
ERRORS = ("400", "401", "404", "429", "500", "503")
BROKEN = ("error-mid", "cut")
"""Streams that break off."""
CASES = (
    *("text", "tools", "parallel-tools", "result", "image_result", "image", "thinking", "json_schema"),
    *("stop", "length", "refusal"),
)
COMPLETIONS_CASES = ("text", "stop", "length", "refusal")


def chat(case: str) -> Body:
    """https://platform.openai.com/docs/api-reference/chat/create"""
    user: Body = {"role": "user", "content": SAID}
    tools = [{"type": "function", "function": {"name": name, "parameters": CITY}} for name in NAMES]
    call = {"name": NAMES[0], "arguments": '{"city": "Paris"}'}
    called = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": call}],
    }
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}
    told: list[Body] = [{"type": "text", "text": RESULT}]
    match case:
        case "tools" | "parallel-tools":
            return {"messages": [user], "tools": tools}
        case "result" | "image_result":
            content = told if case == "result" else [*told, picture]
            result: Body = {"role": "tool", "tool_call_id": "call_1", "content": content}
            return {"messages": [user, called, result], "tools": tools}
        case "image":
            return {"messages": [{"role": "user", "content": [{"type": "text", "text": SAID}, picture]}]}
        case "thinking":
            return {"messages": [user], "reasoning_effort": "low"}
        case "json_schema":
            schema = {"name": "city", "schema": STRICT, "strict": True}
            return {"messages": [user], "response_format": {"type": "json_schema", "json_schema": schema}}
        case "stop":
            return {"messages": [user], "stop": ["Paris"]}
        case "length":
            return {"messages": [user], "max_completion_tokens": 5}
        case _:
            return {"messages": [user]}


def completions(case: str) -> Body:
    """https://platform.openai.com/docs/api-reference/completions/create"""
    limits: Mapping[str, Body] = {"stop": {"stop": ["Paris"]}, "length": {"max_tokens": 5}}
    return {"prompt": SAID, "max_tokens": 500} | limits.get(case, {})


def messages(case: str) -> Body:
    """https://docs.anthropic.com/en/api/messages"""
    user: Body = {"role": "user", "content": SAID}
    tools = [{"name": name, "input_schema": CITY} for name in NAMES]
    call = {"type": "tool_use", "id": "toolu_1", "name": NAMES[0], "input": {"city": "Paris"}}
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    told: list[Body] = [{"type": "text", "text": RESULT}]
    small: Body = {"max_tokens": 4096, "messages": [user]}
    match case:
        case "tools" | "parallel-tools":
            return {**small, "tools": tools}
        case "result" | "image_result":
            content = told if case == "result" else [*told, picture]
            result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": content}
            turns = [user, {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
            return {**small, "messages": turns, "tools": tools}
        case "image":
            return {**small, "messages": [{"role": "user", "content": [picture, *_text(SAID)]}]}
        case "thinking":
            return {**small, "thinking": {"type": "enabled", "budget_tokens": 2000}}
        case "json_schema":
            return {**small, "output_config": {"format": {"type": "json_schema", "schema": STRICT}}}
        case "stop":
            return {**small, "stop_sequences": ["Paris"]}
        case "length":
            return {**small, "max_tokens": 5}
        case _:
            return small


def _text(said: str) -> list[Body]:
    return [{"type": "text", "text": said}]


def converse(case: str) -> Body:
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html"""
    user: Body = {"role": "user", "content": [{"text": SAID}]}
    specs = [{"toolSpec": {"name": name, "inputSchema": {"json": CITY}}} for name in NAMES]
    tools: Body = {"toolConfig": {"tools": specs}}
    call = {"toolUse": {"toolUseId": "t1", "name": NAMES[0], "input": {"city": "Paris"}}}
    picture = {"image": {"format": "png", "source": {"bytes": PNG}}}
    match case:
        case "tools" | "parallel-tools":
            return {"messages": [user], **tools}
        case "result" | "image_result":
            content: list[Body] = [{"text": RESULT}, *([picture] if case == "image_result" else [])]
            result: Body = {"toolResult": {"toolUseId": "t1", "content": content}}
            turns: list[Body] = [
                user,
                {"role": "assistant", "content": [call]},
                {"role": "user", "content": [result]},
            ]
            return {"messages": turns, **tools}
        case "image":
            return {"messages": [{"role": "user", "content": [picture, {"text": SAID}]}]}
        case "thinking":
            budget = {"thinking": {"type": "enabled", "budget_tokens": 2000}}
            limit = {"maxTokens": 4096}
            return {"messages": [user], "inferenceConfig": limit, "additionalModelRequestFields": budget}
        case "json_schema":
            schema = {"jsonSchema": {"name": "city", "schema": json.dumps(STRICT)}}
            form = {"type": "json_schema", "structure": schema}
            return {"messages": [user], "outputConfig": {"textFormat": form}}
        case "stop":
            return {"messages": [user], "inferenceConfig": {"stopSequences": ["Paris"]}}
        case "length":
            return {"messages": [user], "inferenceConfig": {"maxTokens": 5}}
        case _:
            return {"messages": [user]}


def generate(case: str) -> Body:
    """https://ai.google.dev/api/generate-content"""
    user: Body = {"role": "user", "parts": [{"text": SAID}]}
    declared = [{"name": name, "parametersJsonSchema": CITY} for name in NAMES]
    tools: Body = {"tools": [{"functionDeclarations": declared}]}
    call = {"functionCall": {"id": "f1", "name": NAMES[0], "args": {"city": "Paris"}}}
    data = {"mimeType": "image/png", "data": PNG}
    match case:
        case "tools" | "parallel-tools":
            return {"contents": [user], **tools}
        case "result" | "image_result":
            picture: Body = {"parts": [{"inlineData": data}]} if case == "image_result" else {}
            answer = {"id": "f1", "name": NAMES[0], "response": {"output": RESULT}, **picture}
            turns = [user, {"role": "model", "parts": [call]}]
            return {
                "contents": [*turns, {"role": "user", "parts": [{"functionResponse": answer}]}],
                **tools,
            }
        case "image":
            return {"contents": [{"role": "user", "parts": [{"inlineData": data}, {"text": SAID}]}]}
        case "thinking":
            config: Body = {"thinkingConfig": {"includeThoughts": True, "thinkingBudget": 2000}}
            return {"contents": [user], "generationConfig": {**config, "maxOutputTokens": 4096}}
        case "json_schema":
            config = {"responseMimeType": "application/json", "responseJsonSchema": STRICT}
            return {"contents": [user], "generationConfig": config}
        case "stop":
            return {"contents": [user], "generationConfig": {"stopSequences": ["Paris"]}}
        case "length":
            return {"contents": [user], "generationConfig": {"maxOutputTokens": 5}}
        case _:
            return {"contents": [user]}
