"""Events, into the pieces that a Chat Completions answer consists of, whole or streamed.

Lists in a piece have an `index`, by which OpenAI's SDK (and `response_writer.py`) put them together.
"""

from collections.abc import Iterator
from typing import assert_never

from translators.canonical import (
    Called,
    CalledWith,
    Cited,
    Data,
    Drawn,
    Extra,
    Finished,
    Json,
    JsonValue,
    Opaque,
    PartEnded,
    Probable,
    Refused,
    Said,
    StopReason,
    Thought,
    ThoughtRedacted,
    Url,
)
from translators.openai_chat.fields import OWNER
from translators.openai_chat.google import GOOGLE, extra_content

type Content = (
    Said
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
    | Finished
)
"""The events that tell of one choice."""

_FINISH_REASONS: dict[StopReason, str] = {
    "end": "stop",
    "stop_sequence": "stop",
    "pause": "stop",
    "length": "length",
    "context": "length",
    "tools": "tool_calls",
    "refusal": "content_filter",
    "content_filter": "content_filter",
}


_GOOGLE_EXTRAS = {
    "candidates[].safetyRatings": "safety_ratings",
    "candidates[].groundingMetadata": "grounding_metadata",
}
"""What Google says beside an answer, and what clients of this API know it as."""


class Deltas:
    """Says events in OpenAI's words, each as it comes."""

    def __init__(self) -> None:
        self._choices: dict[int, _Choice] = {}

    def of(self, event: Content) -> Iterator[Json]:
        """The entries of a chunk's `choices` that say this event, the first of a choice with its role."""
        if event.choice not in self._choices:
            yield from self.begin(event.choice)
        state = self._choices[event.choice]
        match event:
            case Probable(tokens, refusal):
                told: Json = {"content": None, "refusal": None}
                told["refusal" if refusal else "content"] = [*tokens]
                yield {**piece_of(event.choice, {}), "logprobs": told}
            case Finished(reason):
                yield from (piece_of(event.choice, delta) for delta in state.close())
                yield {**piece_of(event.choice, {}), "finish_reason": _FINISH_REASONS[reason]}
            case _:
                yield from (piece_of(event.choice, delta) for delta in state.say(event))

    def said(self, said: Said) -> None:
        """Text that was told elsewhere, by one who knows what such an entry looks like."""
        self._choices[said.choice].said += len(said.text)

    def begin(self, choice: int) -> Iterator[Json]:
        """The piece that every choice begins with."""
        self._choices[choice] = _Choice()
        yield piece_of(choice, {"role": "assistant", "content": ""})


class _Choice:
    """What later pieces of a choice depend on."""

    def __init__(self) -> None:
        self.said = self._part = 0  # characters said, and where the part began
        self._thought = ""
        self._empty: dict[int, None] = {}  # calls without arguments
        self._lists: dict[str, int] = {}

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
        | PartEnded
        | Extra,
    ) -> Iterator[Json]:
        match event:
            case Said(text):
                self.said += len(text)
                yield {"content": text}
            case Refused(text):
                yield {"refusal": text}
            case Thought(text, proof):
                yield from self._think(text, proof)
            case ThoughtRedacted(Opaque(owner="google", data={"thoughtSignature": signature})):
                yield extra_content(signature)
            case ThoughtRedacted(data):
                yield self._next("thinking_blocks", {"type": "redacted_thinking", **_proof("data", data)})
            case Called(call, id, name, opaque=kept):
                self._empty[call] = None
                function: Json = {"name": name, "arguments": ""}
                proofs = [extra_content(own.data) for own in kept if own.owner == GOOGLE]
                begun: Json = {
                    "index": call,
                    "id": id,
                    "type": "function",
                    "function": function,
                    **(proofs[0] if proofs else {}),
                }
                yield {"tool_calls": [begun]}
            case CalledWith(call, json):
                self._empty.pop(call, None)
                yield {"tool_calls": [{"index": call, "function": {"arguments": json}}]}
            case Cited():
                yield self._cite(event)
            case Drawn():
                yield self._next("images", _picture(event))
            case PartEnded():
                self._part, self._thought = self.said, ""
            case Extra(Opaque(owner, field, data)):
                if owner == OWNER:
                    yield from self._extra(field, data)
                elif owner == GOOGLE and (extra := _GOOGLE_EXTRAS.get(field)):
                    yield {extra: data}
            case _:
                assert_never(event)

    def close(self) -> Iterator[Json]:
        """A call without arguments is a call with none of them: clients parse what they get."""
        for call in self._empty:
            yield {"tool_calls": [{"index": call, "function": {"arguments": "{}"}}]}

    def _think(self, text: str, proof: Opaque | None) -> Iterator[Json]:
        """The text as it comes, and once more where its proof closes it, as both have to go back together."""
        self._thought += text
        if text:
            yield {"reasoning_content": text}
        if proof:
            block: Json = {"type": "thinking", "thinking": self._thought, **_proof("signature", proof)}
            self._thought = ""
            yield self._next("thinking_blocks", block)

    def _cite(self, cited: Cited) -> Json:
        start = self._part if cited.start is None else cited.start
        end = self.said if cited.end is None else cited.end
        place: Json = {"start_index": start, "end_index": end}
        if cited.url is None:  # OpenAI cites nothing but the web
            return self._next("citations", {**place, "title": cited.title, "quote": cited.quote})
        source: Json = {**place, "title": cited.title or cited.url, "url": cited.url}
        return self._next("annotations", {"type": "url_citation", "url_citation": source})

    def _extra(self, field: str, data: JsonValue) -> Iterator[Json]:
        match field, data:
            case "choices[].message.audio", dict():
                yield {"audio": data}
            case "choices[].message.annotations[]", dict():
                yield self._next("annotations", data)
            case _:
                pass

    def _next(self, name: str, entry: Json) -> Json:
        index = self._lists[name] = self._lists.get(name, -1) + 1
        return {name: [{"index": index, **entry}]}


def piece_of(choice: int, delta: Json) -> Json:
    """The entry of a chunk's `choices` that says this."""
    return {"index": choice, "delta": delta, "finish_reason": None}


def _picture(drawn: Drawn) -> Json:
    """As OpenRouter and LiteLLM have it, with Google's proof where it has its own for calls."""
    match drawn.source:
        case Data(media_type, base64):
            url = f"data:{media_type};base64,{base64}"
        case Url(url):
            pass
    proofs = [extra_content(own.data) for own in drawn.opaque if own.owner == GOOGLE]
    return {"type": "image_url", "image_url": {"url": url}, **(proofs[0] if proofs else {})}


def _proof(name: str, proof: Opaque) -> Json:
    """Anthropic's own form, as far as the proof is Anthropic's."""
    return {name: proof.data} | ({} if proof.owner == "anthropic" else {"owner": proof.owner})
