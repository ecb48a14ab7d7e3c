"""OpenAI's Responses."""

from typing import Any

from openai.types.responses import Response, ResponseStreamEvent
from openai.types.responses.response_create_params import ResponseCreateParams

from tests.oracles.openai_api import sdk_client
from tests.oracles.sdk_types import check_type
from tests.oracles.transport import sse_json

_LAST = ("response.completed", "response.incomplete", "response.failed", "error")


def check_openai_responses_request(body: Any) -> list[str]:
    """A request."""
    return check_type(ResponseCreateParams, body)


def check_openai_responses_response(body: Any) -> list[str]:
    """A whole answer."""
    return check_type(Response, body)


def check_openai_responses_stream(stream: bytes) -> list[str]:
    """A whole stream."""
    problems: list[str] = []
    events = [(name, data) for name, data in sse_json(stream, problems) if data != "[DONE]"]
    for index, (name, data) in enumerate(events):
        if name != data.get("type"):
            problems.append(f"event {index}: event name {name!r} != type {data.get('type')!r}")
        problems += [f"event {index} {problem}" for problem in check_type(ResponseStreamEvent, data)]
    if [data.get("sequence_number") for _, data in events] != list(range(len(events))):
        problems.append("sequence_number is not 0..n-1")
    if not events or events[-1][1].get("type") not in _LAST:
        problems.append("stream does not end with a terminal response event")
    try:
        with sdk_client(stream).responses.stream(model="m", input="x") as answer:
            answer.get_final_response()
    except Exception as error:
        problems.append(f"the SDK could not read the stream: {type(error).__name__}: {str(error)[:200]}")
    return problems
