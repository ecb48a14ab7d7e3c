"""What families of models on Bedrock take beyond what Converse itself promises: the one table of it.

https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html
https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html
https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from translators.canonical import Effort

_THREE: tuple[Effort, ...] = ("low", "medium", "high")
_CACHED_PLACES = frozenset({"system", "messages", "tools"})


@dataclass(frozen=True, slots=True)
class Family:
    """Models that take the same; by default nothing but the plainest conversation."""

    ids: str = ""
    """A pattern of the model's id, without a region before it or an ARN around it."""
    claude: bool = False
    """Takes Anthropic's own fields in `additionalModelRequestFields`: thinking, tool_choice, betas."""
    signatures: bool = False
    """Takes back its reasoning, with the proof that Anthropic has signed."""
    cached: frozenset[str] = frozenset()
    """Where a `cachePoint` may stand."""
    cached_1h: bool = False
    schema: bool = False
    """Holds its answer to a JSON schema (`outputConfig.textFormat`), and calls to that of a `strict` tool."""
    named_choice: bool = False
    """Can be told which tool to call."""
    efforts: tuple[Effort, ...] = ()
    effort_in: Literal["output_config", "reasoningConfig", "reasoning_effort"] | None = None
    """The model's own field that says how much to think."""
    effort_beta: str | None = None
    top_k_in: Literal["top_k", "inferenceConfig"] | None = None


_CLAUDE = Family(claude=True, signatures=True, cached=_CACHED_PLACES, named_choice=True, top_k_in="top_k")


def _claude(ids: str, efforts: tuple[Effort, ...] = (), beta: str | None = None) -> Family:
    """Claude since 4.5, which caches for an hour."""
    return replace(
        _CLAUDE,
        ids=rf"anthropic\.claude-{ids}",
        cached_1h=True,
        efforts=efforts,
        effort_in="output_config" if efforts else None,
        effort_beta=beta,
    )


_FAMILIES = (
    replace(_CLAUDE, ids=r"anthropic\.claude-(instant|v2|3-|(opus|sonnet)-4(-2025|-1|$|@|:))"),
    replace(_claude("(sonnet|haiku)-4-5"), schema=True),
    replace(_claude("opus-4-5", _THREE, beta="effort-2025-11-24"), schema=True),
    replace(_claude("(opus|sonnet)-4-6", (*_THREE, "max")), schema=True),
    _claude("", (*_THREE, "xhigh", "max")),
    Family(
        r"amazon\.nova-2",
        cached=frozenset({"system", "messages"}),
        named_choice=True,
        efforts=_THREE,
        effort_in="reasoningConfig",
        top_k_in="inferenceConfig",
    ),
    Family(
        r"amazon\.nova-",
        cached=frozenset({"system", "messages"}),
        named_choice=True,
        top_k_in="inferenceConfig",
    ),
    Family(r"openai\.gpt-oss", schema=True, efforts=_THREE, effort_in="reasoning_effort"),
    Family(r"qwen\.qwen3", schema=True),
    # The id of an application inference profile or of provisioned throughput tells nothing of the model, but
    # who marks what to cache, or has reasoning to give back, got both from a model that knows them.
    Family(
        "application-inference-profile|provisioned-model",
        signatures=True,
        cached=_CACHED_PLACES,
        named_choice=True,
    ),
)

_OTHER = Family()
_OURS = re.compile(r"arn:|(?:[a-z-]+\.)?[a-z0-9]+\.[a-z]")
"""How the names of Bedrock's models begin: with an ARN, or the vendor's name after that of a region."""
_REGION = r"(us|us-gov|eu|apac|au|ca|jp|uk|sa|mx|global)\."


@lru_cache(maxsize=1024)
def family(model: str) -> Family:
    """The first family of the table that a model's id, inference profile or ARN belongs to."""
    id = re.sub(rf"^{_REGION}", "", _in_arn(model))
    return next((family for family in _FAMILIES if re.match(family.ids, id)), _OTHER)


def meant(model: str) -> Family:
    """The family whose words a Converse client has used, when the model may be one elsewhere.

    That is taken for a Claude: nobody else's words are understood, and what it can't do is lost in the open.
    """
    return family(model) if _OURS.match(model) else _CLAUDE


def _in_arn(model: str) -> str:
    """What an ARN names; only of foundation models and system-wide profiles does that tell the model."""
    if not model.startswith("arn:") or model.count(":") < 5:
        return model
    kind, _, name = model.split(":", 5)[5].partition("/")
    return name if kind in ("foundation-model", "inference-profile") else kind
