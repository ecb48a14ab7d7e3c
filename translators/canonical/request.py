"""What a request is made of, and what it asks for."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from translators.canonical.frozen import dataclass

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
    """A sound."""

    source: Data | Url | FileId
    cache: Cache | None = None
    opaque: tuple[Opaque, ...] = ()


@dataclass(frozen=True, slots=True)
class Video:
    """Moving pictures."""

    source: Data | Url | FileId
    cache: Cache | None = None
    opaque: tuple[Opaque, ...] = ()


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
    parts: tuple["Text | Image | Audio | Document | Video | Opaque", ...]
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


Part = (
    Text
    | Refusal
    | Image
    | Audio
    | Video
    | Document
    | ToolUse
    | ToolResult
    | Thinking
    | RedactedThinking
    | Opaque
)


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
class OneOf:
    """The answer must be one of these texts."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """The answer must match this regular expression."""

    regex: str


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
    modalities: tuple[str, ...] | None = None
    """What the answer may hold: text, image, audio, video."""
    output: PlainText | JsonObject | JsonSchema | OneOf | Pattern | None = None
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
    echo: str | None = None
    """A text that stands before each answer, which no provider need know of."""
    more: tuple["Request", ...] = ()
    """Further requests whose answers are further choices."""
    opaque: tuple[Opaque, ...] = ()
    """Fields of the request that only their owner understands, unknown ones too."""

    def pieces(self, most: int | None) -> "list[Request]":
        """The requests that a provider is asked one after the other; `most` is for what has many inputs."""
        return [replace(self, more=()), *self.more] if self.more else [self]
