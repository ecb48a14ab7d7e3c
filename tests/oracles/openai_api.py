"""OpenAI's chat completions, completions, embeddings and errors."""

import json
from dataclasses import dataclass, field
from typing import Any

import openai
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types import Completion, CreateEmbeddingResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import CompletionCreateParams

from tests.oracles.openapi import check_openapi
from tests.oracles.sdk_types import check_type
from tests.oracles.transport import arguments_problems, http_client, sse_json


def sdk_client(body: bytes, content_type: str = "text/event-stream", status: int = 200) -> openai.OpenAI:
    """The real SDK, reading `body`."""
    transport = http_client("openai", body, content_type, status)
    return openai.OpenAI(api_key="x", base_url="http://test/v1", http_client=transport, max_retries=0)


def check_openai_chat_request(body: Any, spec: bool = True) -> list[str]:
    """A chat completion request; `spec` also asks the OpenAPI document."""
    problems = check_type(CompletionCreateParams, body)
    return problems + (check_openapi("openai", "CreateChatCompletionRequest", body) if spec else [])


def check_openai_chat_response(body: Any, spec: bool = True) -> list[str]:
    """A whole chat completion."""
    problems = check_type(ChatCompletion, body)
    for choice in body.get("choices") or []:
        for call in choice.get("message", {}).get("tool_calls") or []:
            problems += arguments_problems(call.get("function", {}).get("arguments"), "tool_calls.arguments")
    problems += usage_problems(body.get("usage"))
    return problems + (check_openapi("openai", "CreateChatCompletionResponse", body) if spec else [])


def check_openai_chat_chunk(chunk: Any, spec: bool = False) -> list[str]:
    """One chunk of a stream by itself."""
    problems = check_type(ChatCompletionChunk, chunk)
    return problems + (check_openapi("openai", "CreateChatCompletionStreamResponse", chunk) if spec else [])


def check_openai_completion_response(body: Any) -> list[str]:
    """A legacy completion."""
    return check_type(Completion, body) + check_openapi("openai", "CreateCompletionResponse", body)


def check_openai_embeddings_response(body: Any) -> list[str]:
    """Embeddings; base64 ones are legal on the wire, though not in the SDK's type."""
    if isinstance(body.get("data"), list):
        body = {**body, "data": [_as_floats(item) for item in body["data"]]}
    return check_type(CreateEmbeddingResponse, body) + check_openapi(
        "openai", "CreateEmbeddingResponse", body
    )


def check_openai_models_response(body: Any) -> list[str]:
    """The list of models."""
    return check_openapi("openai", "ListModelsResponse", body)


def check_openai_error(status: int, body: Any) -> list[str]:
    """An error is what the SDK raises as its own, with a message in it."""
    problems = check_openapi("openai", "ErrorResponse", body)
    try:
        sdk_client(json.dumps(body).encode(), "application/json", status).models.list()
    except openai.APIStatusError as error:
        has_message = isinstance(error.body, dict) and error.body.get("message")
        return problems if has_message else [*problems, f"the SDK found no error.message in {body}"]
    return [*problems, f"the SDK raised nothing for {status}"]


def openai_stream_final(stream: bytes) -> tuple[Any, int]:
    """The answer as the SDK accumulates it, and the number of chunks."""
    state, count = ChatCompletionStreamState(), 0
    messages: Any = [{"role": "user", "content": "x"}]
    for chunk in sdk_client(stream).chat.completions.create(model="m", messages=messages, stream=True):
        count += 1
        state.handle_chunk(chunk)
    try:
        return state.get_final_completion(), count
    except (openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError):
        return state.current_completion_snapshot, count  # the SDK won't *parse* these, yet they are legal


def check_openai_stream(stream: bytes, include_usage: bool | None = None) -> list[str]:
    """A whole stream; `include_usage`: whether the client asked for usage (None: not judged)."""
    problems: list[str] = []
    events = [data for _, data in sse_json(stream, problems)]
    if not events or events[-1] != "[DONE]":
        problems.append("stream does not end with data: [DONE]")
    chunks = [data for data in events if data != "[DONE]"]
    if errors := [chunk for chunk in chunks if "error" in chunk]:
        return [*problems, f"stream carries an error event: {errors[0]}"]
    for index, chunk in enumerate(chunks):
        problems += [f"chunk {index} {problem}" for problem in check_openai_chat_chunk(chunk)]
    if len({chunk.get("id") for chunk in chunks}) > 1:
        problems.append("chunks carry different ids")
    problems += _ChunkOrder().problems_of(chunks)
    problems += _usage_chunk_problems(chunks, include_usage)
    try:
        openai_stream_final(stream)
    except Exception as error:
        problems.append(f"the SDK could not read the stream: {type(error).__name__}: {str(error)[:200]}")
    return problems


@dataclass
class _ChunkOrder:
    """The rules about chunks in sequence, which no schema says."""

    started: set[int] = field(default_factory=set)
    finished: set[int] = field(default_factory=set)
    arguments: dict[tuple[int, int], str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def problems_of(self, chunks: list[Any]) -> list[str]:
        for chunk in chunks:
            for choice in chunk.get("choices") or []:
                self._see(choice)
        self.problems += [f"choice {index}: no finish_reason" for index in self.started - self.finished]
        self.problems += [] if self.started else ["no choices at all"]
        for call, arguments in self.arguments.items():
            self.problems += arguments_problems(arguments, f"tool call {call} arguments")
        return self.problems

    def _see(self, choice: Any) -> None:
        index, delta = choice.get("index"), choice.get("delta") or {}
        if index not in self.started and delta.get("role") != "assistant":
            self.problems.append(f"choice {index}: first delta has no role=assistant")
        self.started.add(index)
        if index in self.finished and (delta.get("content") or delta.get("tool_calls")):
            self.problems.append(f"choice {index}: content after finish_reason")
        for call in delta.get("tool_calls") or []:
            self._see_call(index, call)
        if choice.get("finish_reason"):
            if index in self.finished:
                self.problems.append(f"choice {index}: finish_reason given twice")
            self.finished.add(index)

    def _see_call(self, choice: int, call: Any) -> None:
        key, function = (choice, call.get("index")), call.get("function") or {}
        if key not in self.arguments and not (call.get("id") and function.get("name")):
            self.problems.append(f"first delta of tool call {key} lacks id or name")
        self.arguments[key] = self.arguments.get(key, "") + (function.get("arguments") or "")


def usage_problems(usage: Any) -> list[str]:
    """The total must be the sum."""
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    if not isinstance(usage, dict) or not all(isinstance(usage.get(name), int) for name in names):
        return []
    prompt, completion, total = (usage[name] for name in names)
    return [] if total == prompt + completion else [f"usage.total_tokens {total} != {prompt} + {completion}"]


def _usage_chunk_problems(chunks: list[Any], include_usage: bool | None) -> list[str]:
    where = [index for index, chunk in enumerate(chunks) if chunk.get("usage")]
    problems = [problem for index in where for problem in usage_problems(chunks[index]["usage"])]
    if include_usage and (where != [len(chunks) - 1] or chunks[-1].get("choices") != []):
        problems.append("include_usage: want exactly one usage chunk, last, with choices []")
    if include_usage is False and where:
        problems.append("usage sent though not asked for")
    return problems


def _as_floats(item: Any) -> Any:
    is_base64 = isinstance(item, dict) and isinstance(item.get("embedding"), str)
    return {**item, "embedding": [0.0]} if is_base64 else item
