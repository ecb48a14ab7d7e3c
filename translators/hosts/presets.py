"""Presets: servers that speak OpenAI's API, each with what is peculiar to it. Adding one is adding a row."""

from collections.abc import Mapping
from dataclasses import dataclass

from translators.fields import Lack
from translators.hosts.host import BARE, BESIDE, Envelope, Host, Path

OPENAI_PATHS: Mapping[str, Path] = {
    "openai_chat": Path("/chat/completions"),
    "openai_completions": Path("/completions"),
    "openai_embeddings": Path("/embeddings"),
    "openai_responses": Path("/responses"),
    "jina_rerank": Path("/rerank"),
    "openai_input_tokens": Path("/responses/input_tokens"),
    "openai_images": Path("/images/generations"),
    "openai_image_edits": Path("/images/edits"),
    "openai_image_variations": Path("/images/variations"),
    "openai_speech": Path("/audio/speech"),
    "openai_transcriptions": Path("/audio/transcriptions"),
    "openai_translations": Path("/audio/translations"),
}
"""OpenAI's own, after the version."""
TOKENIZE = Path(f"{BESIDE}/tokenize")
"""vLLM's, which has no version."""


_PREFIXES = {"rerank": "jina", "tokenize": "vllm"}
"""Whose formats those are that OpenAI does not have."""


@dataclass(frozen=True, slots=True)
class Preset:
    """One such server."""

    base_url: str | None
    """Up to and including the version; `None` where everyone has an address of his own."""
    serves: str
    """Names in `OPENAI_PATHS`, without what stands before the `_`."""
    docs: str
    """Where its vendor tells all this."""
    key: str = ""
    """The environment variable in which people keep its key; empty for one that asks for none."""
    chat: Envelope = BARE
    """What is peculiar to its chat requests."""
    label: str = ""
    """As metrics name it, where not as the preset: `gen_ai.provider.name`."""

    @property
    def dialects(self) -> tuple[str, ...]:
        return tuple(f"{_PREFIXES.get(name, 'openai')}_{name}" for name in self.serves.split())


def host_of_preset(name: str, preset: Preset) -> Host:
    """The row in the table of hosts."""
    return Host(
        {dialect: OPENAI_PATHS.get(dialect, TOKENIZE) for dialect in preset.dialects},
        envelopes={} if preset.chat is BARE else {"openai_chat": preset.chat},
        label=preset.label or name,
    )


_ONE = Lack("refused", harmless=(1,), note="only one answer")
_NO = Lack("refused", note="this provider refuses it")
_IGNORED = Lack("dropped", note="this provider does not take it")
_SYSTEM = {"developer": "system"}
_OLD_NAME = {"max_completion_tokens": "max_tokens"}

PRESETS: Mapping[str, Preset] = {
    "groq": Preset(
        "https://api.groq.com/openai/v1",
        "chat responses transcriptions translations speech",
        "https://console.groq.com/docs/openai",
        key="GROQ_API_KEY",
        chat=Envelope(
            lacks={
                "Request.n": _ONE,
                "Request.logprobs": _NO,
                "Request.top_logprobs": _NO,
                "Request.logit_bias": _NO,
            }
        ),
    ),
    "xai": Preset(
        "https://api.x.ai/v1",
        "chat completions responses images",
        "https://docs.x.ai/docs/api-reference",
        key="XAI_API_KEY",
        label="x_ai",
    ),
    "together": Preset(
        "https://api.together.ai/v1",
        "chat completions embeddings images speech transcriptions translations",
        "https://docs.together.ai/docs/inference/openai-compatibility",
        key="TOGETHER_API_KEY",
        chat=Envelope(renames=_OLD_NAME, roles=_SYSTEM),
    ),
    "mistral": Preset(
        "https://api.mistral.ai/v1",
        "chat embeddings transcriptions",
        "https://docs.mistral.ai/api/",
        key="MISTRAL_API_KEY",
        # (it answers 422 to every field that it does not know)
        chat=Envelope(
            renames={**_OLD_NAME, "seed": "random_seed"},
            roles=_SYSTEM,
            lacks={
                "Request.logprobs": _NO,
                "Request.top_logprobs": _NO,
                "Request.logit_bias": _NO,
                "Request.verbosity": _IGNORED,
                "Request.service_tier": _IGNORED,
                "Request.user": _IGNORED,
            },
        ),
        label="mistral_ai",
    ),
    "deepinfra": Preset(
        "https://api.deepinfra.com/v1/openai",
        "chat completions embeddings images image_edits speech transcriptions translations",
        "https://deepinfra.com/docs/advanced/openai_api",
        key="DEEPINFRA_API_KEY",
        chat=Envelope(renames=_OLD_NAME, roles=_SYSTEM),
    ),
    "deepseek": Preset(
        "https://api.deepseek.com/v1",
        "chat",
        "https://api-docs.deepseek.com/api/create-chat-completion",
        key="DEEPSEEK_API_KEY",
        chat=Envelope(
            renames=_OLD_NAME,
            roles=_SYSTEM,
            lacks={"Request.n": _ONE, "Request.seed": _IGNORED, "Request.logit_bias": _NO},
        ),
    ),
    "hunyuan": Preset(
        "https://api.hunyuan.cloud.tencent.com/v1",
        "chat embeddings",
        "https://cloud.tencent.com/document/product/1729/111007",
        key="HUNYUAN_API_KEY",
        chat=Envelope(renames=_OLD_NAME, roles=_SYSTEM),
    ),
    "tencent-lke": Preset(
        "https://api.lkeap.cloud.tencent.com/v1",
        "chat",
        "https://cloud.tencent.com/document/product/1772/115969",
        key="LKEAP_API_KEY",
        chat=Envelope(renames=_OLD_NAME, roles=_SYSTEM),
    ),
    "tars": Preset(
        "https://api.router.tetrate.ai/v1",
        "chat completions embeddings responses",
        "https://docs.tetrate.io/agent-router/",
        key="TETRATE_API_KEY",
    ),
    "sambanova": Preset(
        "https://api.sambanova.ai/v1",
        "chat embeddings transcriptions translations",
        "https://docs.sambanova.ai/docs/en/features/openai-compatibility",
        key="SAMBANOVA_API_KEY",
        chat=Envelope(
            renames=_OLD_NAME,
            roles=_SYSTEM,
            lacks={
                "Request.n": _ONE,
                "Request.logprobs": _NO,
                "Request.top_logprobs": _NO,
                "Request.logit_bias": _NO,
                "Request.presence_penalty": _IGNORED,
                "Request.frequency_penalty": _IGNORED,
                "Request.seed": _IGNORED,
            },
        ),
    ),
    "gemini-openai": Preset(
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "chat embeddings images",
        "https://ai.google.dev/gemini-api/docs/openai",
        key="GEMINI_API_KEY",
        chat=Envelope(roles=_SYSTEM),
        label="gcp.gemini",
    ),
    "openrouter": Preset(
        "https://openrouter.ai/api/v1",
        "chat completions embeddings responses",
        "https://openrouter.ai/docs/api-reference/overview",
        key="OPENROUTER_API_KEY",
    ),
    "fireworks": Preset(
        "https://api.fireworks.ai/inference/v1",
        "chat completions embeddings responses",
        "https://docs.fireworks.ai/tools-sdks/openai-compatibility",
        key="FIREWORKS_API_KEY",
        chat=Envelope(renames=_OLD_NAME, roles=_SYSTEM),
    ),
    "cerebras": Preset(
        "https://api.cerebras.ai/v1",
        "chat completions",
        "https://inference-docs.cerebras.ai/resources/openai",
        key="CEREBRAS_API_KEY",
        chat=Envelope(
            roles=_SYSTEM,
            lacks={
                "Request.logit_bias": _NO,
                "Request.presence_penalty": _IGNORED,
                "Request.frequency_penalty": _IGNORED,
                "Request.service_tier": _IGNORED,
            },
        ),
    ),
    "nvidia": Preset(
        "https://integrate.api.nvidia.com/v1",
        "chat completions embeddings",
        "https://docs.api.nvidia.com/nim/reference/llm-apis",
        key="NVIDIA_API_KEY",
        chat=Envelope(renames=_OLD_NAME, roles=_SYSTEM),
    ),
    "perplexity": Preset(
        "https://api.perplexity.ai",
        "chat",
        "https://docs.perplexity.ai/docs/sonar/openai-compatibility",
        key="PERPLEXITY_API_KEY",
        chat=Envelope(
            renames=_OLD_NAME,
            roles=_SYSTEM,
            lacks={"Request.tools": _NO, "Request.n": _ONE, "Request.seed": _IGNORED},
        ),
    ),
    "huggingface": Preset(
        "https://router.huggingface.co/v1",
        "chat responses",
        "https://huggingface.co/docs/inference-providers/index",
        key="HF_TOKEN",
        chat=Envelope(renames=_OLD_NAME, roles=_SYSTEM),
    ),
    "jina": Preset(
        "https://api.jina.ai/v1",
        "embeddings rerank",
        "https://jina.ai/embeddings",
        key="JINA_API_KEY",
    ),
    "voyage": Preset(
        "https://api.voyageai.com/v1",
        "embeddings rerank",
        "https://docs.voyageai.com/reference/embeddings-api",
        key="VOYAGE_API_KEY",
    ),
    "vllm": Preset(
        "http://127.0.0.1:8000/v1",
        "chat completions embeddings rerank responses transcriptions translations tokenize",
        "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html",
    ),
    "ollama": Preset(
        "http://127.0.0.1:11434/v1",
        "chat completions embeddings responses",
        "https://docs.ollama.com/api/openai-compatibility",
        chat=Envelope(
            renames=_OLD_NAME,
            roles=_SYSTEM,
            lacks={"Request.n": _ONE, "Request.logit_bias": _IGNORED, "Request.user": _IGNORED},
        ),
    ),
    "llama.cpp": Preset(
        "http://127.0.0.1:8080/v1",
        "chat completions embeddings responses",
        "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
        chat=Envelope(renames=_OLD_NAME, roles=_SYSTEM),
    ),
    "lm-studio": Preset(
        "http://127.0.0.1:1234/v1",
        "chat completions embeddings responses",
        "https://lmstudio.ai/docs/developer/openai-compat",
        chat=Envelope(renames=_OLD_NAME, roles=_SYSTEM),
    ),
}
