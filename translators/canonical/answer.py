"""What an answer is made of.

A whole response is just its events: one vocabulary for streamed and not. Order is the order of the content;
`choice` counts answers when a request asked for `n` of them.
"""

from typing import Literal

from translators.canonical.frozen import dataclass
from translators.canonical.request import Data, Json, Opaque, Url

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
    image_input: int | None = None
    image_output: int | None = None
    audio_seconds: float | None = None
    """Of sound that was transcribed, where that is what is billed."""
    search_units: int | None = None
    """What rerankers bill."""


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
    """A tool call begins. `call` is its position among this choice's tool calls, from 0.

    `opaque` is what has to come back with the call, as `ToolUse.opaque`.
    """

    call: int
    id: str
    name: str
    choice: int = 0
    opaque: tuple[Opaque, ...] = ()


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
class Drawn:
    """A picture in the answer, whole. `opaque` is what has to come back with it, as `Image.opaque`."""

    source: Data | Url
    choice: int = 0
    opaque: tuple[Opaque, ...] = ()


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
class Counted:
    """How many tokens a prompt has, where that is all that was asked."""

    input: int


@dataclass(frozen=True, slots=True)
class Finished:
    """This choice is complete. `stop` is the stop sequence that was met."""

    reason: StopReason
    stop: str | None = None
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Used:
    """Usage so far: cumulative, so the last one counts. `service_tier` is the one that served the request.

    `size` is that of the images that were made, such as `1024x1024`, where the provider says so.
    """

    usage: Usage
    service_tier: str | None = None
    size: str | None = None

    def over(self, before: "Used") -> "Used":
        """This, with what only an earlier one has said: counts may come one by one."""
        counts = (
            getattr(before.usage, name) if count is None else count
            for name in Usage.__slots__
            for count in (getattr(self.usage, name),)
        )
        return Used(Usage(*counts), self.service_tier or before.service_tier, self.size or before.size)


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
    | Drawn
    | Probable
    | PartEnded
    | Extra
    | Finished
    | Used
    | Ping
    | Done
    | Failed
)
"""What an answer to a chat is made of."""

Counting = Started | Counted | Used | Done | Failed
"""What an answer is made of that only counts."""
