"""The clouds: dialects of several vendors on hosts of others, each with paths and an envelope of its own."""

from collections.abc import Mapping

from translators.eventstream import AnthropicChunks
from translators.fields import Lack
from translators.hosts.counting import invoked, told_as_anthropic, unwrapped
from translators.hosts.host import Envelope, Host, Path
from translators.hosts.presets import OPENAI_PATHS

_IN_PATH = ("model", "stream")
"""What a path says already."""

AWS_BETAS: Mapping[str, str] = {
    flag: flag
    for flag in (
        "computer-use-2024-10-22",
        "computer-use-2025-01-24",
        "context-1m-2025-08-07",
        "context-management-2025-06-27",
        "dev-full-thinking-2025-05-14",
        "fine-grained-tool-streaming-2025-05-14",
        "interleaved-thinking-2025-05-14",
        "mcp-client-2025-04-04",
        "mcp-client-2025-11-20",
        "model-context-window-exceeded-2025-08-26",
        "output-128k-2025-02-19",
        "pdfs-2024-09-25",
        "search-results-2025-06-09",
        "token-counting-2024-11-01",
        "token-efficient-tools-2025-02-19",
        "tool-search-tool-2025-10-19",
        "web-search-2025-03-05",
    )
} | {"advanced-tool-use-2025-11-20": "tool-search-tool-2025-10-19"}
"""Flags of Anthropic's betas that Amazon takes, and what it calls them.
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html
"""


_COUNTED_AT_AMAZON = "/model/{model}/count-tokens"
"""Models are counted for by their own names, and not by that of a profile, which may stand before it."""
_PROFILE = r"^(?:us-gov|us|eu|apac|uk|au|jp|global)\."


_VERSION = "@(?:default|latest)$"
"""What a name may end with at Google, where no version is meant."""


def _google(
    publisher: str, whole: str, streamed: str = "", *, model: str = "{model}", drops: str = ""
) -> Path:
    """https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.publishers.models"""
    named = f"/v1/projects/{{project}}/locations/{{location}}/publishers/{publisher}/models/{model}"
    return Path(f"{named}:{whole}", streamed and f"{named}:{streamed}", drops=drops)


# https://learn.microsoft.com/azure/foundry/openai/reference (dated versions), and
# https://learn.microsoft.com/azure/foundry/openai/api-version-lifecycle (v1)
_AZURE_DATED = {
    name: Path(f"/openai/deployments/{{model}}{path.whole}?api-version={{api_version}}")
    for name, path in OPENAI_PATHS.items()
} | {
    name: Path(f"/openai{OPENAI_PATHS[name].whole}?api-version={{api_version}}")
    for name in ("openai_responses", "openai_input_tokens")
}
_AZURE_V1 = {name: Path(f"/openai/v1{path.whole}{{query}}") for name, path in OPENAI_PATHS.items()}

_EVENT_STREAM = "application/vnd.amazon.eventstream"

CLOUDS: Mapping[str, Host] = {
    "azure-openai": Host(_AZURE_DATED, key_header="api-key", key_prefix="", label="azure.openai"),
    "azure-openai-v1": Host(_AZURE_V1, key_header="api-key", key_prefix="", label="azure.openai"),
    # https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
    "aws-bedrock": Host(
        {
            "bedrock_converse": Path("/model/{model}/converse", "/model/{model}/converse-stream"),
            "bedrock_count": Path(_COUNTED_AT_AMAZON, drops=_PROFILE),
        },
        envelopes=dict.fromkeys(("bedrock_converse", "bedrock_count"), Envelope(leaves=_IN_PATH)),
        stream_type=_EVENT_STREAM,
        label="aws.bedrock",
    ),
    # https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InvokeModelWithResponseStream.html
    "aws-anthropic": Host(
        {
            "anthropic_messages": Path("/model/{model}/invoke", "/model/{model}/invoke-with-response-stream"),
            "anthropic_count": Path(_COUNTED_AT_AMAZON, drops=r"^.*(?=anthropic\.)"),
        },
        withholds=("anthropic-version", "anthropic-beta"),
        envelopes={
            "anthropic_messages": Envelope(
                adds={"anthropic_version": "bedrock-2023-05-31"},
                leaves=_IN_PATH,
                betas=AWS_BETAS,
                takes_addresses=False,
                framing=AnthropicChunks,
            ),
            "anthropic_count": Envelope(
                adds={"anthropic_version": "bedrock-2023-05-31"},
                leaves=_IN_PATH,
                betas=AWS_BETAS,
                takes_addresses=False,
                packs=invoked,
                unpacks=told_as_anthropic,
            ),
        },
        stream_type=_EVENT_STREAM,
        label="aws.anthropic",
    ),
    "gcp-vertex": Host(
        {
            "gemini_generate": _google("google", "generateContent", "streamGenerateContent?alt=sse"),
            "gemini_count": _google("google", "countTokens"),
        },
        envelopes={
            "gemini_generate": Envelope(leaves=_IN_PATH),
            "gemini_count": Envelope(
                leaves=_IN_PATH,
                packs=unwrapped,
                lacks={"Request.tool_choice": Lack("dropped", note="Vertex AI counts without it")},
            ),
        },
        label="gcp.vertex_ai",
    ),
    # https://platform.claude.com/docs/en/build-with-claude/claude-on-vertex-ai
    "gcp-anthropic": Host(
        {
            "anthropic_messages": _google("anthropic", "rawPredict", "streamRawPredict"),
            "anthropic_count": _google("anthropic", "rawPredict", model="count-tokens", drops=_VERSION),
        },
        withholds=("anthropic-version",),
        envelopes={
            "anthropic_messages": Envelope(
                adds={"anthropic_version": "vertex-2023-10-16"}, leaves=("model",), takes_addresses=False
            ),
            "anthropic_count": Envelope(
                adds={"anthropic_version": "vertex-2023-10-16"}, leaves=("stream",), takes_addresses=False
            ),
        },
        label="gcp.anthropic",
    ),
    # https://ai.google.dev/api/generate-content
    "gemini": Host(
        {
            "gemini_generate": Path(
                "/v1beta/models/{model}:generateContent",
                "/v1beta/models/{model}:streamGenerateContent?alt=sse",
            ),
            "gemini_count": Path("/v1beta/models/{model}:countTokens"),
        },
        key_header="x-goog-api-key",
        key_prefix="",
        envelopes=dict.fromkeys(("gemini_generate", "gemini_count"), Envelope(leaves=_IN_PATH)),
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
