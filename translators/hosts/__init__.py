"""Hosts: what a provider type speaks, under which paths and in which envelope.

A provider is a dialect on a host.
"""

from collections.abc import Mapping

from translators.hosts.clouds import CLOUDS
from translators.hosts.host import BARE, BESIDE, Envelope, Host, Path, segment
from translators.hosts.presets import OPENAI_PATHS, PRESETS, TOKENIZE, Preset, host_of_preset

__all__ = [
    "BARE",
    "BESIDE",
    "DEMO_HOSTS",
    "DEMO_URL",
    "HOSTS",
    "PRESETS",
    "Envelope",
    "Host",
    "Path",
    "Preset",
    "segment",
]

ANTHROPIC_PATHS: Mapping[str, Path] = {
    "anthropic_messages": Path("/v1/messages"),
    "anthropic_count": Path("/v1/messages/count_tokens"),
}

HOSTS: Mapping[str, Host] = {
    "openai": Host({**OPENAI_PATHS, "vllm_tokenize": TOKENIZE}, label="openai"),
    "anthropic": Host(
        ANTHROPIC_PATHS,
        key_header="x-api-key",
        key_prefix="",
        headers={"anthropic-version": "2023-06-01"},
        label="anthropic",
    ),
    **CLOUDS,
    **{name: host_of_preset(name, preset) for name, preset in PRESETS.items()},
}
"""Every kind of provider. Adding an ordinary one is adding a row."""

DEMO_URL = "http://demo.invalid"
"""A name that no resolver knows: only the gateway's own `server_connect` leads it anywhere."""

_IMAGEN = dict.fromkeys(("vertex_imagen", "vertex_imagen_edit"), Path("/v1beta/models/{model}:predict"))
DEMO_HOSTS: Mapping[str, Host] = {
    "openai_chat": Host(
        {name: Path(f"/v1{path.whole}") for name, path in OPENAI_PATHS.items()}
        | {"vllm_tokenize": Path("/tokenize")},
        label="demo",
    ),
    "anthropic_messages": Host(ANTHROPIC_PATHS, label="demo"),
    "bedrock_converse": Host(
        {
            **CLOUDS["aws-bedrock"].paths,
            "bedrock_rerank": Path("/rerank", calls="arn:aws:bedrock:us-east-1::foundation-model/{model}"),
            "bedrock_titan_embed_v2": Path("/model/{model}/invoke"),
            **{
                f"bedrock_nova_{kind}": Path("/model/{model}/invoke", models=r"(?!.*stability\.).*")
                for kind in ("image", "edit", "variation")
            },
        },
        envelopes=CLOUDS["aws-bedrock"].envelopes,
        stream_type=CLOUDS["aws-bedrock"].stream_type,
        label="demo",
    ),
    "cohere_rerank": Host({"cohere_rerank": Path("/v2/rerank"), **CLOUDS["cohere"].paths}, label="demo"),
    "gemini_generate": Host(
        {**CLOUDS["gemini"].paths, **_IMAGEN},
        envelopes=CLOUDS["gemini"].envelopes,
        label="demo",
    ),
}
"""The embedded provider, by the dialect that it is configured to speak."""
