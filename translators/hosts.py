"""Hosts: what a provider type speaks, and under which paths. A provider is a dialect on a host."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from translators.dialect import Spoken


@dataclass(frozen=True, slots=True)
class Host:
    """One type of provider. Adding an ordinary one is adding a row below."""

    paths: Mapping[str, str]
    """The name of a dialect and its path, appended to the provider's base URL. The first one that can be
    translated is what other dialects are translated into."""
    key_header: str = "authorization"
    key_prefix: str = "Bearer "
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Sent unless the client's own are forwarded."""
    label: str = ""
    """The vendor as metrics name it: `gen_ai.provider.name`."""

    def spoken_for(self, source: Spoken, translatable: Mapping[str, Spoken]) -> Spoken | None:
        """The dialect in which this host answers a client that speaks `source`; `None` if it can't."""
        if source.NAME in self.paths:
            return source
        if source.NAME not in translatable:
            return None
        return next((translatable[name] for name in self.paths if name in translatable), None)


_OPENAI_PATHS = {
    "openai_chat": "/chat/completions",
    "openai_completions": "/completions",
    "openai_embeddings": "/embeddings",
    "openai_responses": "/responses",
    "openai_images": "/images/generations",
    "openai_speech": "/audio/speech",
    "openai_transcriptions": "/audio/transcriptions",
    "openai_translations": "/audio/translations",
}

HOSTS: Mapping[str, Host] = {
    "openai": Host(_OPENAI_PATHS, label="openai"),
    "anthropic": Host(
        {"anthropic_messages": "/v1/messages"},
        key_header="x-api-key",
        key_prefix="",
        headers={"anthropic-version": "2023-06-01"},
        label="anthropic",
    ),
}

DEMO_URL = "http://demo.invalid"
"""A name that no resolver knows: only the gateway's own `server_connect` leads it anywhere."""

DEMO_HOSTS: Mapping[str, Host] = {
    "openai_chat": Host({name: f"/v1{path}" for name, path in _OPENAI_PATHS.items()}, label="demo"),
    "anthropic_messages": Host({"anthropic_messages": "/v1/messages"}, label="demo"),
}
"""The embedded provider, by the dialect that it is configured to speak."""
