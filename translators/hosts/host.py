"""What a host is: the paths under which it speaks its dialects, and the envelopes that it wants them in."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from translators.canonical import ImageRequest, Json, JsonValue, Request
from translators.dialect import Framing, Spoken
from translators.errors import BadRequest
from translators.fields import Lack, Lacks

_MODEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_:@+~/-]|\.(?!\.))*")
"""Names that may become a segment of a path: nothing in them leads anywhere else."""


BESIDE = "/.."
"""What a path begins with that belongs in the place of the base URL's version."""


@dataclass(frozen=True, slots=True)
class Path:
    """Where a host is asked, appended to the provider's base URL.

    `{model}` is the model as one encoded segment; other names in braces are options of the provider.
    """

    whole: str
    streamed: str = ""
    """For streams; empty where one path serves both."""
    models: str = ""
    """A pattern for the whole name of a model; empty for any. Others are not asked in this dialect."""
    calls: str = "{model}"
    """What the host calls a model in the body, where that is longer than its name."""
    drops: str = ""
    """A pattern for what stands in the name of a model elsewhere, and is not known here."""

    def serves(self, model: str) -> bool:
        """Whether this is where such a model is asked; the empty name stands for any."""
        return not (self.models and model) or re.fullmatch(self.models, model) is not None

    def called(self, model: str, options: Mapping[str, str]) -> str:
        """A model's name in the body of a request; one that is an ARN already stays as it is."""
        return model if model.startswith("arn:") else self.calls.format(model=model, **options)

    def named(self, model: str) -> str:
        """What the model is called here."""
        return re.sub(self.drops, "", model) if self.drops else model

    def to(self, model: str, stream: bool, options: Mapping[str, str]) -> str:
        """The path of one attempt. Raises `BadRequest` for a model that is no name of one."""
        template = self.streamed if stream and self.streamed else self.whole
        return template.format(model=segment(model) if "{model}" in template else "", **options)


def segment(model: str) -> str:
    """A model's name as one segment of a path. Raises `BadRequest` for what is no such name.

    Colons stay as they are: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
    """
    if not _MODEL.fullmatch(model):
        raise BadRequest("model", "must be a name made of letters, digits and -_.:@+~/")
    return quote(model, safe=":@+~")


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a host changes about the body of a dialect, and around the frames of its streams."""

    adds: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    """Top-level fields that it insists on, where the client has not set them."""
    leaves: tuple[str, ...] = ()
    """Top-level fields that have no place in the body: they are in the path."""
    betas: Mapping[str, str] | None = None
    """Flags of Anthropic's betas that it takes, and what it calls them; in the body, and not in a header.
    It refuses a request with any other."""
    takes_addresses: bool = True
    """Whether it fetches files by itself that a request names by http(s) address."""
    errors_pass: bool = True
    """Whether its errors are in the dialect's own shape; others are written anew for every client."""
    framing: Callable[[], Framing] | None = None
    """How its streams are cut into frames, where not as the dialect itself does."""
    packs: Callable[[bytes], bytes] | None = None
    """Its own form of a body, once everything else is done to it."""
    unpacks: Callable[[bytes], bytes] | None = None
    """A good answer in the form of the dialect. May raise what is `UNREADABLE`."""

    # What only concerns requests that are translated: who speaks the dialect himself is taken at his word.
    renames: Mapping[str, str] = field(default_factory=dict[str, str])
    """Top-level fields that it knows by another name."""
    roles: Mapping[str, str] = field(default_factory=dict[str, str])
    """Roles of messages that it does not know, and those that come nearest."""
    lacks: Lacks = field(default_factory=dict[str, Lack])
    """Attributes of a request that the dialect can write, and this host does not take."""
    metered: bool = True
    """Whether it may be asked for the usage of a stream; of one that may not, nobody is asked."""

    def asked[R: Request | ImageRequest](self, request: R) -> R:
        """What of a request this host can be asked; what is lost was seen to before."""
        said: dict[str, Any] = {name.partition(".")[2]: None for name in self.lacks}
        return replace(request, **said) if said else request

    def written(self, body: Json) -> Json:
        """A translated body in this host's spelling."""
        if not (self.renames or self.roles):
            return body
        named = {self.renames.get(name, name): value for name, value in body.items()}
        messages = named.get("messages")
        if self.roles and isinstance(messages, list):
            named["messages"] = [_in_role(message, self.roles) for message in messages]
        return named


def _in_role(message: JsonValue, roles: Mapping[str, str]) -> JsonValue:
    if not isinstance(message, dict) or not isinstance(role := message.get("role"), str):
        return message
    return {**message, "role": roles.get(role, role)}


BARE = Envelope()
"""No change."""


@dataclass(frozen=True, slots=True)
class Host:
    """One type of provider. Adding an ordinary one is adding a row below."""

    paths: Mapping[str, Path]
    """The name of a dialect and where it is spoken. The first one that can be translated is what other
    dialects are translated into."""
    key_header: str = "authorization"
    key_prefix: str = "Bearer "
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Sent unless the client's own are forwarded."""
    withholds: tuple[str, ...] = ()
    """Headers of its dialects that it does not know: they are in the body, or in none of the two."""
    stream_type: str = "text/event-stream"
    """What is asked for where a stream is wanted."""
    envelopes: Mapping[str, Envelope] = field(default_factory=dict[str, Envelope])
    """By the name of a dialect."""
    label: str = ""
    """The vendor as metrics name it: `gen_ai.provider.name`."""

    def spoken_for(self, source: Spoken, model: str, targets: Mapping[str, Spoken]) -> Spoken | None:
        """The dialect in which this host answers a client that speaks `source`; `None` if it can't.

        `targets` are those that can be translated into, by name.
        """
        names = [name for name, path in self.paths.items() if path.serves(model)]
        if source.NAME in names:
            return source
        others = (targets[name] for name in names if name in targets)
        return next((other for other in others if source.KIND and other.KIND == source.KIND), None)

    def envelope(self, target: Spoken) -> Envelope:
        """How this host wants a dialect."""
        return self.envelopes.get(target.NAME, BARE)
