"""The clouds: dialects of several vendors on hosts of others, each with paths and an envelope of its own."""

from collections.abc import Mapping

from translators.aws_betas import AWS_BETAS
from translators.eventstream import AnthropicChunks
from translators.hosts.host import Envelope, Host, Path
from translators.hosts.presets import OPENAI_PATHS

_IN_PATH = ("model", "stream")
"""What a path says already."""


def _google(publisher: str, whole: str, streamed: str) -> Path:
    """https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.publishers.models"""
    models = f"/v1/projects/{{project}}/locations/{{location}}/publishers/{publisher}/models/"
    return Path(f"{models}{{model}}:{whole}", f"{models}{{model}}:{streamed}")


# https://learn.microsoft.com/azure/foundry/openai/reference (dated versions), and
# https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle (v1)
_AZURE_DATED = {
    name: Path(f"/openai/deployments/{{model}}{path.whole}?api-version={{api_version}}")
    for name, path in OPENAI_PATHS.items()
} | {"openai_responses": Path("/openai/responses?api-version={api_version}")}
_AZURE_V1 = {name: Path(f"/openai/v1{path.whole}{{query}}") for name, path in OPENAI_PATHS.items()}

_EVENT_STREAM = "application/vnd.amazon.eventstream"

CLOUDS: Mapping[str, Host] = {
    "azure-openai": Host(_AZURE_DATED, key_header="api-key", key_prefix="", label="azure.openai"),
    "azure-openai-v1": Host(_AZURE_V1, key_header="api-key", key_prefix="", label="azure.openai"),
    # https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
    "aws-bedrock": Host(
        {"bedrock_converse": Path("/model/{model}/converse", "/model/{model}/converse-stream")},
        envelopes={"bedrock_converse": Envelope(leaves=_IN_PATH)},
        stream_type=_EVENT_STREAM,
        label="aws.bedrock",
    ),
    # https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html
    "aws-anthropic": Host(
        {"anthropic_messages": Path("/model/{model}/invoke", "/model/{model}/invoke-with-response-stream")},
        withholds=("anthropic-version", "anthropic-beta"),
        envelopes={
            "anthropic_messages": Envelope(
                adds={"anthropic_version": "bedrock-2023-05-31"},
                leaves=_IN_PATH,
                betas=AWS_BETAS,
                takes_addresses=False,
                errors_pass=False,
                framing=AnthropicChunks,
            )
        },
        stream_type=_EVENT_STREAM,
        label="aws.anthropic",
    ),
    "gcp-vertex": Host(
        {"gemini_generate": _google("google", "generateContent", "streamGenerateContent?alt=sse")},
        envelopes={"gemini_generate": Envelope(leaves=_IN_PATH)},
        label="gcp.vertex_ai",
    ),
    # https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai
    "gcp-anthropic": Host(
        {"anthropic_messages": _google("anthropic", "rawPredict", "streamRawPredict")},
        withholds=("anthropic-version",),
        envelopes={
            "anthropic_messages": Envelope(
                adds={"anthropic_version": "vertex-2023-10-16"},
                leaves=("model",),
                takes_addresses=False,
                errors_pass=False,
            )
        },
        label="gcp.anthropic",
    ),
    # https://ai.google.dev/api/generate-content
    "gemini": Host(
        {
            "gemini_generate": Path(
                "/v1beta/models/{model}:generateContent",
                "/v1beta/models/{model}:streamGenerateContent?alt=sse",
            )
        },
        key_header="x-goog-api-key",
        key_prefix="",
        envelopes={"gemini_generate": Envelope(leaves=_IN_PATH)},
        label="gcp.gemini",
    ),
    # https://docs.cohere.com/docs/compatibility-api
    "cohere": Host(
        {
            "openai_chat": Path("/compatibility/v1/chat/completions"),
            "openai_embeddings": Path("/compatibility/v1/embeddings"),
        },
        label="cohere",
    ),
}
"""A dialect's name that nobody knows here is passed over."""
