"""Google's generateContent: what the Gemini API or Vertex AI takes and sends, and google-genai reads."""

import json
from typing import Any

from google.genai import errors, types
from pydantic import ValidationError

from tests.oracles.discovery import check_discovery
from tests.oracles.transport import sse_json

APIS = {"gemini": "", "vertex": "GoogleCloudAiplatformV1"}
_TEXT = {"text", "thought", "thoughtSignature"}
_SKIPPED = "skip_thought_signature_validator"


def check_gemini_request(body: Any) -> list[str]:
    """A request that at least one of the two APIs knows; its place in the path is not judged."""
    sent = {name: value for name, value in body.items() if name not in ("model", "stream")}
    problems = _fewest(f"{prefix}GenerateContentRequest" for prefix in APIS.values())(_decoded(sent))
    contents = body.get("contents")
    if not contents:
        problems.append("$: missing required field 'contents'")
    for i, content in enumerate(contents or []):
        problems += [f"$.contents[{i}]{problem}" for problem in _content(content)]
    return problems + _unanswered(contents or [])


def _fewest(names: Any) -> Any:
    pairs = list(zip(APIS, names, strict=True))
    return lambda value: min((check_discovery(api, name, value) for api, name in pairs), key=len)


def _decoded(body: Any) -> Any:
    """The documented word that stands for a signature is no base64."""
    return json.loads(json.dumps(body).replace(f'"{_SKIPPED}"', '"c2tpcA=="'))


def _content(content: Any) -> list[str]:
    problems = [] if content.get("parts") else [": no parts"]
    if content.get("role") not in ("user", "model", None):
        problems.append(f".role: {content.get('role')!r} is neither user nor model")
    for part in content.get("parts") or []:
        if part.keys() == {"text"} and part["text"] == "":
            problems.append(": a part of nothing")
    return problems


def _unanswered(contents: list[Any]) -> list[str]:
    """A rule that no schema says: as many responses as calls, by name, in the very next content."""
    problems: list[str] = []
    called: list[str] = []
    for index, content in enumerate(contents):
        parts = [part for part in content.get("parts") or [] if isinstance(part, dict)]
        answered = [part["functionResponse"]["name"] for part in parts if "functionResponse" in part]
        if sorted(answered) != sorted(called):
            problems.append(f"$.contents[{index}]: {called} were called, {answered} respond")
        called = [part["functionCall"]["name"] for part in parts if "functionCall" in part]
    return problems


def check_gemini_response(body: Any) -> list[str]:
    """A whole answer, or one chunk of a stream."""
    problems: list[str] = _fewest(f"{prefix}GenerateContentResponse" for prefix in APIS.values())(body)
    try:
        types.GenerateContentResponse.model_validate(body)
    except ValidationError as error:
        problems.append(f"google-genai: {str(error)[:300]}")
    return problems


def check_gemini_error(status: int, body: Any) -> list[str]:
    """An error is what the SDK raises as its own."""
    answer = body[0] if isinstance(body, list) else body
    raised = errors.APIError(status, answer)
    told = answer["error"].get("code") == status and raised.message and raised.status
    return [] if told else [f"{raised.code} {raised.status!r} {raised.message!r} for {status}"]


def check_gemini_stream(stream: bytes) -> list[str]:
    """A whole stream: chunks without names, and after the last reason nothing."""
    problems: list[str] = []
    over = False
    for index, (name, chunk) in enumerate(sse_json(stream, problems)):
        if name is not None:
            problems.append(f"event {index}: a name, {name!r}")
        if "error" in chunk:
            problems.append(f"event {index}: error event {chunk['error']}")
        problems += [f"event {index} {problem}" for problem in check_gemini_response(chunk)]
        over = over or is_last(chunk)
    return problems if over else [*problems, "the stream ends without a finishReason"]


def is_last(chunk: Any) -> bool:
    """Whether a chunk says why the answer is over."""
    return bool(_reasons(chunk) or (chunk.get("promptFeedback") or {}).get("blockReason"))


def _reasons(chunk: Any) -> list[str]:
    return [one["finishReason"] for one in chunk.get("candidates") or [] if one.get("finishReason")]


def gemini_stream_final(stream: bytes) -> Any:
    """The answer that the chunks add up to: the SDK has no accumulator, its chats append the parts."""
    whole: dict[str, Any] = {}
    candidates: dict[int, dict[str, Any]] = {}
    for _, chunk in sse_json(stream, []):
        whole |= {name: value for name, value in chunk.items() if name != "candidates"}
        for position, piece in enumerate(chunk.get("candidates") or []):
            index = piece.get("index", position)
            candidate = candidates.setdefault(index, {"content": {"role": "model", "parts": []}})
            for part in (piece.get("content") or {}).get("parts") or []:
                _append(candidate["content"]["parts"], part)
            candidate |= {name: value for name, value in piece.items() if name != "content"}
    return {**whole, "candidates": [candidate for _, candidate in sorted(candidates.items())]}


def _append(parts: list[Any], part: Any) -> None:
    last = parts[-1] if parts else {}
    both_text = "text" in last and "text" in part and last.keys() | part.keys() <= _TEXT
    alike = last.get("thought") == part.get("thought") and "thoughtSignature" not in last
    if both_text and alike and ("thoughtSignature" not in part or part.get("thought")):
        parts[-1] = {**last, **part, "text": last["text"] + part["text"]}
    elif part != {"text": ""}:
        parts.append(part)
