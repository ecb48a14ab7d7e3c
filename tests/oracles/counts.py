"""Counts of tokens, by each vendor's own description of them."""

import base64
import json
from typing import Any

from anthropic.types import MessageTokensCount
from anthropic.types.message_count_tokens_params import MessageCountTokensParams
from botocore.validate import ParamValidator
from google.genai import types
from openai.types.responses.input_token_count_params import InputTokenCountParams
from openai.types.responses.input_token_count_response import InputTokenCountResponse

from tests.oracles.anthropic_api import check_anthropic_request
from tests.oracles.bedrock_api import check_converse_request, service
from tests.oracles.discovery import check_discovery
from tests.oracles.gemini_api import check_gemini_request
from tests.oracles.openai_api import check_openai_chat_request
from tests.oracles.openapi import check_openapi
from tests.oracles.sdk_types import check_type

VERSIONS = ("bedrock-2023-05-31", "vertex-2023-10-16")


def check_anthropic_count(body: Any) -> list[str]:
    """A request, at Anthropic or at Google, which wants a version in it."""
    told = {name: value for name, value in body.items() if name != "anthropic_version"}
    problems = [] if body.get("anthropic_version") in (None, *VERSIONS) else ["the version"]
    problems += check_type(MessageCountTokensParams, told)
    return problems + check_openapi("anthropic", "CountMessageTokensParams", told)


def check_bedrock_count(body: Any) -> list[str]:
    """A request of either form: around one of Converse's, or one of Anthropic's."""
    shape = service().operation_model("CountTokens").input_shape
    problems = [*ParamValidator().validate({"modelId": "m", **body}, shape).generate_report().split("\n")]
    match body["input"]:
        case {"converse": converse}:
            problems += check_converse_request(converse)
        case {"invokeModel": {"body": inner}}:
            asked = json.loads(base64.b64decode(inner, validate=True))
            if asked.pop("anthropic_version") != VERSIONS[0]:
                problems.append("the version")
            problems += check_anthropic_request({**asked, "model": "m"})
    return [problem for problem in problems if problem]


def check_gemini_count(body: Any) -> list[str]:
    """A request to the Gemini API, or to Vertex AI."""
    if "generateContentRequest" in body:
        inner = dict(body["generateContentRequest"])
        problems = check_discovery("gemini", "CountTokensRequest", body)
        problems += [] if inner.pop("model").startswith("models/") else ["the model"]
        return problems + check_gemini_request(inner)
    schema = "GoogleCloudAiplatformV1CountTokensRequest"
    return check_discovery("vertex", schema, body) + check_gemini_request(body)


def check_openai_count(body: Any) -> list[str]:
    """By the SDK alone: in the document, a message may be several things at once, and is none for that."""
    return check_type(InputTokenCountParams, body)


def check_vllm_count(body: Any) -> list[str]:
    """No SDK has it: the messages and tools are those of a chat."""
    problems = [f"unknown: {name}" for name in body if name not in ("model", "messages", "tools")]
    return problems + check_openai_chat_request(body)


def check_anthropic_counted(body: Any) -> list[str]:
    return check_type(MessageTokensCount, body)


def check_openai_counted(body: Any) -> list[str]:
    return check_type(InputTokenCountResponse, body)


def gemini_counted(body: Any) -> int | None:
    """What google-genai reads in an answer."""
    return types.CountTokensResponse.model_validate(body).total_tokens
