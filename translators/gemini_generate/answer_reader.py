"""A model's answer, whole or streamed, into events. A whole answer is read as a stream of one chunk."""

import calendar
import hashlib
import re
from collections.abc import Iterator
from typing import cast

import orjson

from translators.canonical import (
    Called,
    CalledWith,
    Data,
    Done,
    Drawn,
    ErrorKind,
    Event,
    Extra,
    Failed,
    Finished,
    Json,
    JsonValue,
    Opaque,
    Probable,
    Said,
    Started,
    StopReason,
    Thought,
    ThoughtRedacted,
    Url,
    Used,
)
from translators.gemini_generate.errors import is_error, read_failure
from translators.gemini_generate.fields import OWNER
from translators.gemini_generate.grounding import read_citations
from translators.gemini_generate.logprobs import read_logprobs
from translators.gemini_generate.proofs import unwrap
from translators.gemini_generate.usage import read_tier, read_usage
from translators.pick import entries, inner, number, text

FILTERS = (
    *("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR"),
    *("ESCALATION", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
)
"""Reasons to end that say that something was kept back."""
_REASONS: dict[str, StopReason] = {
    "STOP": "end",
    "MAX_TOKENS": "length",
    **dict.fromkeys(FILTERS, "content_filter"),
}
"""All others say that the model went wrong (`MALFORMED_FUNCTION_CALL`, `OTHER`): an error, not an end."""

_WENT_WRONG: ErrorKind = "server"
_OWN_PARTS = ("executableCode", "codeExecutionResult", "toolCall", "toolResponse", "inlineData", "fileData")


def read_response(body: Json) -> list[Event]:
    """The events of a whole answer."""
    if is_error(body):
        return [read_failure(body)]
    events = [*StreamReader().chunk(body)]
    if not any(isinstance(event, Finished | Failed) for event in events):
        raise ValueError("an answer without an end")
    return [*events, Done()]


def told(body: JsonValue) -> Iterator[Event]:
    """Who answered and what it took, in a whole answer or the last chunk of a stream."""
    if not isinstance(body, dict):
        return
    yield Started(text(body, "responseId"), text(body, "modelVersion"), _created(body))
    if usage := inner(body, "usageMetadata"):
        searches = sum(_searches(candidate) for candidate in entries(body, "candidates"))
        yield Used(read_usage(usage, searches), read_tier(text(usage, "serviceTier")))


class StreamReader:
    """Reads one stream of `GenerateContentResponse`. It has no farewell: each choice tells its end."""

    def __init__(self) -> None:
        self._started = False
        self._id = ""
        self._choices: dict[int, _Choice] = {}

    def read(self, data: bytes) -> Iterator[Event]:
        chunk = cast(JsonValue, orjson.loads(data))
        if is_error(chunk):
            yield read_failure(chunk)
        elif isinstance(chunk, dict):
            yield from self.chunk(chunk)
        else:
            raise TypeError("not a JSON object")

    def chunk(self, chunk: Json) -> Iterator[Event]:
        """The events in one chunk, which for a whole answer is the only one."""
        candidates, feedback = entries(chunk, "candidates"), inner(chunk, "promptFeedback")
        if not self._started and (candidates or feedback or text(chunk, "responseId")):
            self._started, self._id = True, text(chunk, "responseId")
            yield Started(self._id or "gemini", text(chunk, "modelVersion"), _created(chunk))
        if text(feedback, "blockReason") and not candidates:
            yield Extra(Opaque(OWNER, "promptFeedback", feedback))
            yield Finished("content_filter")
        for position, candidate in enumerate(candidates):
            index = number(candidate, "index")
            index = position if index is None else index
            if (state := self._choices.get(index)) is None:
                state = self._choices[index] = _Choice(index, self._id)
            yield from state.read(candidate)
        if usage := inner(chunk, "usageMetadata"):
            searches = sum(choice.searches for choice in self._choices.values())
            yield Used(read_usage(usage, searches), read_tier(text(usage, "serviceTier")))


class _Choice:
    """What was said so far in one candidate."""

    def __init__(self, index: int, answer: str) -> None:
        self._index, self._answer = index, answer
        self._said = ""
        self._bases: list[int] = []  # where the parts of the first chunk begin, in bytes
        self._calls = 0
        self._cited = set[Event]()
        self.searches = 0

    def read(self, candidate: Json) -> Iterator[Event]:
        is_first = not self._bases
        for part in entries(inner(candidate, "content"), "parts"):
            if is_first:
                self._bases.append(len(self._said.encode()))
            yield from self._part(part)
        if tokens := read_logprobs(candidate):
            yield Probable(tokens, choice=self._index)
        for cited in read_citations(candidate, self._said, self._bases if is_first else [], self._index):
            if cited not in self._cited:
                self._cited.add(cited)
                yield cited
        self.searches = max(self.searches, _searches(candidate))
        if reason := text(candidate, "finishReason"):
            yield from self._finish(reason, candidate)

    def _part(self, part: Json) -> Iterator[Event]:
        signature = text(part, "thoughtSignature")
        proof, redacted = unwrap(signature) if signature else (None, False)
        if call := inner(part, "functionCall"):
            yield from self._call(call, proof)
        elif proof and redacted:
            yield ThoughtRedacted(proof, self._index)
        elif part.get("thought") is True:
            if thought := text(part, "text"):
                yield Thought(thought, choice=self._index)
            if proof:
                yield Thought(signature=proof, choice=self._index)
        elif picture := _picture(part):
            yield Drawn(picture, self._index, (proof,) if proof else ())
        elif own := next((name for name in _OWN_PARTS if name in part), None):
            yield Extra(Opaque(OWNER, f"candidates[].content.parts[].{own}", part), self._index)
        else:
            if said := text(part, "text"):
                self._said += said
                yield Said(said, self._index)
            if signature:  # of a text, which goes back in a part of its own, as streams have it
                empty: Json = {"text": "", "thoughtSignature": signature}
                yield ThoughtRedacted(Opaque(OWNER, "candidates[].content.parts[]", empty), self._index)

    def _call(self, call: Json, proof: Opaque | None) -> Iterator[Event]:
        """Calls come whole. Without an id, it is made of the answer's, or of what is called, and a number."""
        if not (name := text(call, "name")) or "partialArgs" in call:
            raise ValueError("half a function call")
        arguments = orjson.dumps(inner(call, "args"))
        answer = self._answer or hashlib.sha256(name.encode() + arguments).hexdigest()[:16]
        place = f"{self._index}_{self._calls}" if self._index else f"{self._calls}"
        id = text(call, "id") or f"call_{answer}_{place}"
        yield Called(self._calls, id, name, self._index, (proof,) if proof else ())
        yield CalledWith(self._calls, arguments.decode(), self._index)
        self._calls += 1

    def _finish(self, reason: str, candidate: Json) -> Iterator[Event]:
        if reason == "FINISH_REASON_UNSPECIFIED":
            return
        for name in ("safetyRatings", "groundingMetadata", "urlContextMetadata"):
            if value := candidate.get(name):
                yield Extra(Opaque(OWNER, f"candidates[].{name}", value), self._index)
        if (known := _REASONS.get(reason)) is None:
            about = text(candidate, "finishMessage")
            message = (
                f"The model gave up in the middle of its answer: {reason}{f' ({about})' if about else ''}."
            )
            yield Failed(_WENT_WRONG, message, type="INTERNAL", code=reason)
        else:
            yield Finished("tools" if known == "end" and self._calls else known, choice=self._index)


def _picture(part: Json) -> Data | Url | None:
    """A picture that all can look at; other kinds of file have no place in others' answers."""
    blob, file = inner(part, "inlineData"), inner(part, "fileData")
    if text(blob, "mimeType").startswith("image/") and (data := text(blob, "data")):
        return Data(text(blob, "mimeType"), data)
    if text(file, "mimeType").startswith("image/") and text(file, "fileUri").startswith("https://"):
        return Url(text(file, "fileUri"))
    return None


def _searches(candidate: Json) -> int:
    """How often Google has searched the web for one candidate."""
    queries = inner(candidate, "groundingMetadata").get("webSearchQueries")
    return len(queries) if isinstance(queries, list) else 0


def _created(body: Json) -> int | None:
    """`createTime` in Unix seconds: RFC 3339, always in UTC."""
    if not re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", told := text(body, "createTime")):
        return None
    year, month, day, hour, minute, second = map(int, re.split(r"[-T:]", told[:19]))
    return calendar.timegm((year, month, day, hour, minute, second))
