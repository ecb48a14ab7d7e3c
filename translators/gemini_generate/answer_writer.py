"""Events, into an answer of Google's: a `GenerateContentResponse`, or a stream of them."""

from collections.abc import Iterator, Sequence
from typing import assert_never, cast

import orjson

from translators import sse
from translators.canonical import (
    Called,
    CalledWith,
    Cited,
    Done,
    Drawn,
    Event,
    Extra,
    Failed,
    Finished,
    Image,
    Json,
    JsonValue,
    Opaque,
    PartEnded,
    Ping,
    Probable,
    Refused,
    Said,
    Started,
    StopReason,
    Thought,
    ThoughtRedacted,
    Used,
)
from translators.errors import BadUpstream
from translators.gemini_generate.errors import write_error
from translators.gemini_generate.fields import OWNER
from translators.gemini_generate.files import write_source
from translators.gemini_generate.grounding import write_citations
from translators.gemini_generate.logprobs import write_logprobs
from translators.gemini_generate.proofs import signature_of, wrap
from translators.gemini_generate.usage import write_usage

_FINISH_REASONS: dict[StopReason, str] = {
    "end": "STOP",
    "stop_sequence": "STOP",
    "tools": "STOP",
    "pause": "STOP",
    "length": "MAX_TOKENS",
    "context": "MAX_TOKENS",
    "refusal": "SAFETY",
    "content_filter": "SAFETY",
}
SILENCE = b"\n\n"
"""A sign of life. Google's SDKs know no comments: they would read one as a part of an answer."""


class StreamWriter:
    """Writes one stream. The reasons for its end come last, as native clients stop at them."""

    def __init__(self, *, created: int, include_usage: bool = False) -> None:
        self._head: Json = {}
        self._used: Used | None = None
        self._choices: dict[int, _Choice] = {}

    def write(self, event: Event) -> Iterator[bytes]:
        match event:
            case Started():
                self._head = head(event)
            case Used():
                self._used = event
            case Ping():
                yield SILENCE
            case Done():
                yield from self._end()
            case Failed():
                yield _frame(write_error(event, ""))
            case _:
                choice = self._choices.setdefault(event.choice, _Choice(event.choice))
                for candidate in choice.say(event):
                    yield _frame({"candidates": [candidate], **self._head})

    def _end(self) -> Iterator[bytes]:
        """All that was held back, in one chunk."""
        candidates: list[JsonValue] = [choice.end() for _, choice in sorted(self._choices.items())]
        usage: Json = {"usageMetadata": write_usage(self._used.usage)} if self._used else {}
        yield _frame({"candidates": candidates, **usage, **self._head})


def write_response(events: Sequence[Event], *, created: int) -> Json:
    """The answer that the stream of these events would add up to."""
    answer: Json = {}
    choices: dict[int, _Choice] = {}
    parts: dict[int, list[JsonValue]] = {}
    for event in events:
        match event:
            case Started():
                answer = head(event)
            case Used(usage):
                answer["usageMetadata"] = write_usage(usage)
            case Ping() | Done() | Failed():
                pass
            case _:
                choice = choices.setdefault(event.choice, _Choice(event.choice))
                for piece in choice.say(event):
                    add_parts(parts.setdefault(event.choice, []), piece)
    candidates: list[JsonValue] = []
    for index, choice in sorted(choices.items()):
        candidate = choice.end()
        content = parts.setdefault(index, [])
        add_parts(content, candidate)
        candidates.append({**candidate, "content": {"role": "model", "parts": content}})
    return {"candidates": candidates, **answer}


def add_parts(content: list[JsonValue], piece: Json) -> None:
    """Goes on with the last part where a piece of text is of its kind; all else is a part of its own."""
    for part in cast(list[Json], cast(Json, piece["content"])["parts"]):
        last = content[-1] if content else None
        if isinstance(last, dict) and _goes_on(last, part):
            content[-1] = {**last, **part, "text": f"{last['text']}{part['text']}"}
        elif part.get("text") != "" or "thoughtSignature" in part:
            content.append(part)


def _goes_on(last: Json, part: Json) -> bool:
    if "text" not in last or "text" not in part or "thoughtSignature" in last:
        return False
    return last.get("thought") == part.get("thought") and not (
        "thoughtSignature" in part and "thought" not in part
    )


def head(started: Started) -> Json:
    """What every chunk tells of the whole."""
    return {"modelVersion": started.model, "responseId": started.id}


class _Choice:
    """One candidate: text as it comes, calls once they are whole, sources and reasons at its end."""

    def __init__(self, index: int) -> None:
        self._index = index
        self._said = ""
        self._calls: dict[int, tuple[Called, list[str]]] = {}  # those whose arguments may go on
        self._cited: list[Cited] = []
        self._tokens: tuple[Json, ...] = ()
        self._reason: StopReason | None = None
        self._refused = False

    def say(
        self,
        event: Said
        | Refused
        | Thought
        | ThoughtRedacted
        | Called
        | CalledWith
        | Cited
        | Drawn
        | Probable
        | PartEnded
        | Extra
        | Finished,
    ) -> Iterator[Json]:
        match event:
            case Said(text) | Refused(text):
                self._refused |= isinstance(event, Refused)
                self._said += text
                if text:
                    yield self._piece({"text": text})
            case Thought(text, proof):
                signed: Json = {"thoughtSignature": wrap(proof)} if proof else {}
                if text or proof:
                    yield self._piece({"text": text, "thought": True, **signed})
            case ThoughtRedacted(data):
                if data.owner == OWNER and isinstance(data.data, dict):
                    yield self._piece(data.data)
                else:
                    redacted: Json = {"text": "", "thought": True}
                    yield self._piece(redacted | {"thoughtSignature": wrap(data, redacted=True)})
            case Called(call):
                self._calls[call] = (event, [])
            case CalledWith(call, json):
                yield from self._call_with(call, json)
            case Cited():
                self._cited.append(event)
            case Drawn(source, opaque=kept):
                signature = signature_of(kept)
                proven: Json = {"thoughtSignature": signature} if signature else {}
                yield self._piece(write_source(Image(source)) | proven)
            case Probable(tokens):
                self._tokens += tokens
            case Extra(Opaque(owner, field, data)):
                if (
                    owner == OWNER
                    and field.startswith("candidates[].content.parts[]")
                    and isinstance(data, dict)
                ):
                    yield self._piece(data)
            case Finished(reason):
                self._reason = reason
            case PartEnded():
                pass
            case _:
                assert_never(event)

    def end(self) -> Json:
        """The last piece: calls without arguments, sources, probabilities, and why it is over."""
        if self._reason is None:
            raise BadUpstream("The provider's answer has no end.")
        parts = [_call(called, "".join(pieces)) for called, pieces in self._calls.values()]
        reason = "refusal" if self._refused and self._reason == "end" else self._reason
        piece = self._piece(*parts) | {"finishReason": _FINISH_REASONS[reason]}
        if self._cited:
            piece["groundingMetadata"] = write_citations(self._cited, self._said)
        if self._tokens:
            piece["logprobsResult"] = write_logprobs(self._tokens)
        return piece

    def _call_with(self, call: int, json: str) -> Iterator[Json]:
        if call not in self._calls:
            if json.strip():
                raise BadUpstream("The provider went on with a tool call that had ended.")
            return
        called, pieces = self._calls[call]
        pieces.append(json)
        if json.rstrip().endswith("}") and (part := _whole_call(called, "".join(pieces))):
            del self._calls[call]
            yield self._piece(part)

    def _piece(self, *parts: Json) -> Json:
        return {"content": {"role": "model", "parts": [*parts]}, "index": self._index}


def _whole_call(called: Called, arguments: str) -> Json | None:
    try:
        return _call(called, arguments)
    except BadUpstream:
        return None  # the brace was inside


def _call(called: Called, arguments: str) -> Json:
    try:
        args = cast(JsonValue, orjson.loads(arguments or "{}"))
    except orjson.JSONDecodeError:
        args = None
    if not isinstance(args, dict):
        raise BadUpstream("The provider called a tool with arguments that are no JSON object.")
    signature = signature_of(called.opaque)
    part: Json = {"functionCall": {"id": called.id, "name": called.name, "args": args}}
    return part | ({"thoughtSignature": signature} if signature else {})


def _frame(payload: Json) -> bytes:
    return sse.encode(orjson.dumps(payload))
