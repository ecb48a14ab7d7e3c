"""The clouds: dialects of several vendors on hosts of others, each with paths and an envelope of its own."""

from collections.abc import Mapping

from translators.aws_betas import AWS_BETAS
from translators.eventstream import AnthropicChunks
from translators.fields import Lack
from translators.hosts.counting import invoked, told_as_anthropic, unwrapped
from translators.hosts.host import Envelope, Host, Path
from translators.hosts.presets import OPENAI_PATHS

_IN_PATH = ("model", "stream")
"""What a path says already."""


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
_AZURE_PATHS = {name: path for name, path in OPENAI_PATHS.items() if name != "jina_rerank"}
_AZURE_DATED = {
    name: Path(f"/openai/deployments/{{model}}{path.whole}?api-version={{api_version}}")
    for name, path in _AZURE_PATHS.items()
} | {
    name: Path(f"/openai{OPENAI_PATHS[name].whole}?api-version={{api_version}}")
    for name in ("openai_responses", "openai_input_tokens")
}
_AZURE_V1 = {name: Path(f"/openai/v1{path.whole}{{query}}") for name, path in _AZURE_PATHS.items()}

_INVOKE = "/model/{model}/invoke"


def _amazon(models: str) -> Path:
    """Models by their names, which may have a region in front, or all of an ARN.

    https://docs.aws.amazon.com/bedrock/latest/userguide/models-supported.html
    """
    return Path(_INVOKE, models=rf"(?:.*[./])?(?:{models}).*")


_AMAZON_EMBEDDINGS = {
    "bedrock_titan_embed_v1": _amazon(r"amazon\.titan-embed-(?:text-v1|g1-text)"),
    "bedrock_titan_embed_v2": _amazon(r"amazon\.titan-embed-text-v2"),
    "bedrock_titan_embed_image": _amazon(r"amazon\.titan-embed-image"),
    "bedrock_cohere_embed_v3": _amazon(r"cohere\.embed-(?:english|multilingual)-"),
    "bedrock_cohere_embed_v4": _amazon(r"cohere\.embed-v4"),
    "bedrock_nova_embed": _amazon(r"amazon\.nova-[\w-]*embeddings"),
}

_AMAZON_IMAGES = {
    **dict.fromkeys(
        ("bedrock_nova_image", "bedrock_nova_edit", "bedrock_nova_variation"),
        _amazon(r"amazon\.(?:nova-canvas|titan-image)"),
    ),
    "bedrock_stability": _amazon(r"stability\.(?:sd3|stable-image-(?:core|ultra))"),
    "bedrock_stability_edit": _amazon(r"stability\.sd3"),
    "bedrock_stability_inpaint": _amazon(r"stability\.stable-image-inpaint"),
}

_DRAWN = ("gemini_images", "gemini_image_edits")
_UNASKED_FILES = Envelope(
    lacks={
        "ImageRequest.format": Lack("dropped", note="the answer tells which the model has chosen"),
        "ImageRequest.compression": Lack("dropped"),
    }
)
_DRAWING_GEMINIS = r"(?:gemini-[\w.-]*image|nano-banana)[\w.-]*"
_VERTEX_MODEL = "/v1/projects/{project}/locations/{location}/publishers/google/models/{model}"
_VERTEX_PREDICTIONS = {
    "vertex_predict_embed_one": Path(f"{_VERTEX_MODEL}:predict", models="gemini-embedding-001"),
    "vertex_predict_embed_image": Path(f"{_VERTEX_MODEL}:predict", models=r"multimodalembedding.*"),
    "vertex_embed_content": Path(f"{_VERTEX_MODEL}:embedContent", models=r".*gemini.*"),
    "vertex_predict_embed": Path(f"{_VERTEX_MODEL}:predict"),
    **dict.fromkeys(_DRAWN, Path(f"{_VERTEX_MODEL}:generateContent", models=_DRAWING_GEMINIS)),
    "vertex_imagen": Path(f"{_VERTEX_MODEL}:predict", models=r"imagen(?!-3\.0-capability).*"),
    "vertex_imagen_edit": Path(f"{_VERTEX_MODEL}:predict", models=r"imagen-3\.0-capability.*"),
}

_EVENT_STREAM = "application/vnd.amazon.eventstream"

CLOUDS: Mapping[str, Host] = {
    "azure-openai": Host(_AZURE_DATED, key_header="api-key", key_prefix="", label="azure.openai"),
    "azure-openai-v1": Host(_AZURE_V1, key_header="api-key", key_prefix="", label="azure.openai"),
    # https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
    "aws-bedrock": Host(
        {
            "bedrock_converse": Path("/model/{model}/converse", "/model/{model}/converse-stream"),
            **_AMAZON_EMBEDDINGS,
            **_AMAZON_IMAGES,
            "bedrock_count": Path(_COUNTED_AT_AMAZON, drops=_PROFILE),
        },
        envelopes=dict.fromkeys(("bedrock_converse", "bedrock_count"), Envelope(leaves=_IN_PATH)),
        stream_type=_EVENT_STREAM,
        label="aws.bedrock",
    ),
    # https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_Rerank.html
    "aws-rerank": Host(
        {"bedrock_rerank": Path("/rerank", calls="arn:aws:bedrock:{region}::foundation-model/{model}")},
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
                errors_pass=False,
                framing=AnthropicChunks,
            ),
            "anthropic_count": Envelope(
                adds={"anthropic_version": "bedrock-2023-05-31"},
                leaves=_IN_PATH,
                betas=AWS_BETAS,
                takes_addresses=False,
                errors_pass=False,
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
            **_VERTEX_PREDICTIONS,
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
    "gcp-ranking": Host(
        {
            "vertex_rank": Path(
                "/v1/projects/{project}/locations/{location}/rankingConfigs/default_ranking_config:rank"
            )
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
                adds={"anthropic_version": "vertex-2023-10-16"},
                leaves=("model",),
                takes_addresses=False,
                errors_pass=False,
            ),
            "anthropic_count": Envelope(
                adds={"anthropic_version": "vertex-2023-10-16"},
                leaves=("stream",),
                takes_addresses=False,
                errors_pass=False,
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
            "gemini_embed": Path("/v1beta/models/{model}:batchEmbedContents"),
            **dict.fromkeys(_DRAWN, Path("/v1beta/models/{model}:generateContent", models=_DRAWING_GEMINIS)),
            "vertex_imagen": Path("/v1beta/models/{model}:predict", models=r"imagen.*"),
            "gemini_count": Path("/v1beta/models/{model}:countTokens"),
        },
        key_header="x-goog-api-key",
        key_prefix="",
        envelopes={
            **dict.fromkeys(("gemini_generate", "gemini_count"), Envelope(leaves=_IN_PATH)),
            **dict.fromkeys(_DRAWN, _UNASKED_FILES),
        },
        label="gcp.gemini",
    ),
    # https://docs.cohere.com/docs/compatibility-api
    "cohere": Host(
        {
            "openai_chat": Path("/compatibility/v1/chat/completions"),
            "cohere_embed": Path("/v2/embed"),
            "cohere_rerank": Path("/v2/rerank"),
        },
        label="cohere",
    ),
}
"""A dialect's name that nobody knows here is passed over."""
