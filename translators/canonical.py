"""The canonical form: what every dialect is read into and written from.

A hub is the union of what vendors can mean, not their intersection. An attribute that is not `None`
(or empty) is something that the client asked for; a writer that has no word for it says so in its
`LACKS` table (see `fields.py`), so nothing is lost in silence. What only one vendor understands rides
along as `Opaque` and goes back to its owner alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

type Json = dict[str, JsonValue]
type JsonValue = str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None

Role = Literal["system", "developer", "user", "assistant"]
Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


@dataclass(frozen=True, slots=True)
class Opaque:
    """What only one vendor understands. `data` is in the owner's own wire form and never leaves it."""

    owner: str
    """A vendor, such as `anthropic` or `openai`: not a dialect, as a vendor may have several."""
    field: str
    """Where the client wrote it, as its dialect's `READS` table spells it."""
    data: JsonValue


@dataclass(frozen=True, slots=True)
class Cache:
    """A hint to cache the prompt up to and including the part that carries it."""

    ttl: Literal["5m", "1h"] | None = None
    opaque: tuple[Opaque, ...] = ()


# --- what a turn is made of -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Data:
    """A file's bytes in base64."""

    media_type: str
    base64: str


@dataclass(frozen=True, slots=True)
class Url:
    """A file that the provider fetches by itself."""

    url: str


@dataclass(frozen=True, slots=True)
class FileId:
    """A file that was uploaded to one vendor; of no use to another."""

    owner: str
    id: str


@dataclass(frozen=True, slots=True)
class Text:
    """What somebody says; of an assistant's text, `citations` are the sources."""

    text: str
    cache: Cache | None = None
    citations: Opaque | None = None
    opaque: tuple[Opaque, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An assistant's earlier refusal, in its own words."""

    text: str


@dataclass(frozen=True, slots=True)
class Image:
    """A picture; `detail` is how closely to look at it."""

    source: Data | Url | FileId
    detail: Literal["auto", "low", "high", "original"] | None = None
    cache: Cache | None = None
    opaque: tuple[Opaque, ...] = ()


@dataclass(frozen=True, slots=True)
class Audio:
    """A sound, which no vendor takes but as data."""

    source: Data
    cache: Cache | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A PDF or text file. Plain text is `Text` as source."""

    source: Data | Url | FileId | Text
    filename: str | None = None
    title: str | None = None
    context: str | None = None
    citations: bool | None = None
    cache: Cache | None = None
    opaque: tuple[Opaque, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolUse:
    """The assistant's call of a function. `arguments` is JSON text, kept as the client wrote it."""

    id: str
    name: str
    arguments: str
    cache: Cache | None = None
    opaque: tuple[Opaque, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What the client's function gave for the call of this id."""

    id: str
    parts: tuple["Text | Image | Document | Opaque", ...]
    is_error: bool | None = None
    cache: Cache | None = None
    opaque: tuple[Opaque, ...] = ()


@dataclass(frozen=True, slots=True)
class Thinking:
    """Reasoning of an earlier turn. `signature` is its owner's proof; without it the text is only text."""

    text: str
    signature: Opaque | None = None
    opaque: tuple[Opaque, ...] = ()


@dataclass(frozen=True, slots=True)
class RedactedThinking:
    """Reasoning that its vendor has encrypted."""

    data: Opaque


Part = Text | Refusal | Image | Audio | Document | ToolUse | ToolResult | Thinking | RedactedThinking | Opaque


@dataclass(frozen=True, slots=True)
class Turn:
    """One message. Results of tools are parts of a `user` turn, before what the user says."""

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None
    """Who speaks, where several people share a role."""
    opaque: tuple[Opaque, ...] = ()


# --- what a request asks for ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the client runs. `parameters` is a JSON schema."""

    name: str
    description: str | None = None
    parameters: Json | None = None
    strict: bool | None = None
    cache: Cache | None = None
    opaque: tuple[Opaque, ...] = ()


@dataclass(frozen=True, slots=True)
class WebSearch:
    """A search of the web that the provider runs by itself."""

    max_uses: int | None = None
    allowed_domains: tuple[str, ...] | None = None
    blocked_domains: tuple[str, ...] | None = None
    location: Mapping[str, str] | None = None
    """Keys city, region, country, timezone."""
    context_size: Literal["low", "medium", "high"] | None = None
    cache: Cache | None = None
    opaque: tuple[Opaque, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """`named` calls the function `name`; `names` narrows `auto` or `required` to some (`allowed_tools`)."""

    mode: Literal["auto", "required", "none", "named"]
    name: str | None = None
    names: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class JsonObject:
    """Any JSON object will do as the answer."""


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """The answer must be JSON of this schema."""

    schema: Json | None
    name: str | None = None
    description: str | None = None
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class PlainText:
    """The answer is text, said explicitly."""


@dataclass(frozen=True, slots=True)
class Reasoning:
    """Whether to think before answering: `adaptive` leaves it to the model. `budget` is in tokens."""

    mode: Literal["enabled", "disabled", "adaptive"]
    budget: int | None = None
    display: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A chat request."""

    model: str
    turns: tuple[Turn, ...]
    stream: bool | None = None
    include_usage: bool | None = None
    """OpenAI's `stream_options.include_usage`: the client wants the usage of a stream too."""
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] | None = None
    n: int | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: Mapping[str, float] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    output: PlainText | JsonObject | JsonSchema | None = None
    tools: tuple[Tool | WebSearch | Opaque, ...] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    reasoning: Reasoning | None = None
    effort: Effort | None = None
    verbosity: Literal["low", "medium", "high"] | None = None
    service_tier: str | None = None
    user: str | None = None
    """An opaque id of the end user."""
    metadata: Mapping[str, str] | None = None
    cache: Cache | None = None
    """Cache automatically, without marked parts."""
    opaque: tuple[Opaque, ...] = ()
    """Fields of the request that only their owner understands, unknown ones too."""


# --- what an answer is made of ----------------------------------------------------------------------
# A whole response is just its events: one vocabulary for streamed and not. Order is the order of the
# content; `choice` counts answers when a request asked for `n` of them.

StopReason = Literal[
    "end", "stop_sequence", "length", "tools", "refusal", "content_filter", "pause", "context"
]
ErrorKind = Literal[
    "invalid_request",
    "authentication",
    "billing",
    "permission",
    "not_found",
    "too_large",
    "unsupported",
    "rate_limit",
    "overloaded",
    "timeout",
    "server",
]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one exchange; `None` where the provider did not say, never invented.

    `input` counts every prompt token, cached ones too; `output` counts reasoning too.
    """

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None
    """All tokens written to a cache; of them `cache_write_1h` for an hour."""
    cache_write_1h: int | None = None
    reasoning: int | None = None
    audio_input: int | None = None
    audio_output: int | None = None
    accepted_prediction: int | None = None
    rejected_prediction: int | None = None
    web_searches: int | None = None
    images: int | None = None
    """Made, not read."""


@dataclass(frozen=True, slots=True)
class Started:
    """The head of an answer. `created` is in Unix seconds."""

    id: str
    model: str
    created: int | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of the answer's text."""

    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """A piece of the model's refusal, in its own words."""

    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Thought:
    """A piece of reasoning, or (`signature`) the proof that closes the reasoning before it."""

    text: str = ""
    signature: Opaque | None = None
    choice: int = 0


@dataclass(frozen=True, slots=True)
class ThoughtRedacted:
    """A block of reasoning that its vendor has encrypted."""

    data: Opaque
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Called:
    """A tool call begins. `call` is its position among this choice's tool calls, from 0."""

    call: int
    id: str
    name: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class CalledWith:
    """A piece of a call's arguments, which are JSON text."""

    call: int
    json: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Cited:
    """A source of the text before it; `start` and `end` are character offsets into the whole text."""

    url: str | None
    title: str | None
    quote: str | None = None
    start: int | None = None
    end: int | None = None
    raw: Opaque | None = None
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Probable:
    """Log probabilities of the tokens before it, in OpenAI's form: `{token, logprob, bytes, …}`."""

    tokens: tuple[Json, ...]
    refusal: bool = False
    choice: int = 0


@dataclass(frozen=True, slots=True)
class PartEnded:
    """A block of content ends here. Only where a vendor marks it: two texts in a row may be one."""

    choice: int = 0


@dataclass(frozen=True, slots=True)
class Extra:
    """A piece of an answer that only its owner understands, such as the log of a search that it ran."""

    data: Opaque
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """This choice is complete. `stop` is the stop sequence that was met."""

    reason: StopReason
    stop: str | None = None
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Used:
    """Usage so far: cumulative, so the last one counts. `service_tier` is the one that served the request."""

    usage: Usage
    service_tier: str | None = None


@dataclass(frozen=True, slots=True)
class Ping:
    """Nothing yet, but the provider is alive."""


@dataclass(frozen=True, slots=True)
class Done:
    """The proper end of an answer. A stream without it was cut."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An error: the provider's own, or ours about it. Nothing follows it.

    `status` is the HTTP status where there is one; `code`, `param` and `type` are the vendor's own words.
    """

    kind: ErrorKind
    message: str
    status: int | None = None
    type: str | None = None
    code: str | None = None
    param: str | None = None


Event = (
    Started
    | Said
    | Refused
    | Thought
    | ThoughtRedacted
    | Called
    | CalledWith
    | Cited
    | Probable
    | PartEnded
    | Extra
    | Finished
    | Used
    | Ping
    | Done
    | Failed
)
