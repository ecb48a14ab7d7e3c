"""What Converse has no word for but the model has one: `additionalModelRequestFields`."""

from translators.aws_betas import AWS_BETAS
from translators.bedrock_converse.fields import CLAUDES, OWNER
from translators.bedrock_converse.models import family
from translators.canonical import Effort, Json, JsonValue, Reasoning, Request, ToolResult, ToolUse
from translators.errors import Unsupported

_FIELDS = "additionalModelRequestFields."
_EFFORT_UP_TO: tuple[tuple[int, Effort], ...] = ((2048, "low"), (8192, "medium"))
"""Tokens of a budget for reasoning, for models that have but words for it; `high` above."""


def model_fields(request: Request) -> Json:
    """The fields of a Claude, a Nova or an open model; of any other, what its own client has said."""
    known = family(request.model)
    told = _of_claude(request) if known.claude else _of_others(request)
    if request.top_k is not None and known.top_k_in == "top_k":
        told["top_k"] = request.top_k
    elif request.top_k is not None and known.top_k_in:
        told[known.top_k_in] = {"topK": request.top_k}
    for opaque in request.opaque:
        if opaque.owner == OWNER and opaque.field.startswith(_FIELDS):
            told[opaque.field.removeprefix(_FIELDS)] = opaque.data
    return told


# --- Claude -----------------------------------------------------------------------------------------


def _of_claude(request: Request) -> Json:
    """Anthropic's own words. https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-claude.html"""
    told: Json = {}
    if thinking := _thinking(request):
        told["thinking"] = thinking
    effort = _effort(request)
    if effort and not _said_natively(request):
        told["output_config"] = {"effort": effort}
    if choice := _choice(request):
        told["tool_choice"] = choice
    if betas := _betas(request, effort):
        told["anthropic_beta"] = betas
    return told


def _thinking(request: Request) -> Json | None:
    reasoning = request.reasoning
    if request.effort == "none":
        if reasoning and reasoning.mode != "disabled":
            raise Unsupported("Request.effort", "contradicts the thinking that is asked for")
        return {"type": "disabled"}
    match reasoning:
        case None:
            return None
        case Reasoning("enabled", None):
            raise Unsupported("Reasoning.budget", "is required")
        case Reasoning(mode, budget, display):
            told: Json = {"type": mode, "budget_tokens": budget, "display": display}
            return {name: value for name, value in told.items() if value is not None}


def _choice(request: Request) -> Json | None:
    """What `toolConfig` can't say of a choice: that no tool is to be called, or only one at a time."""
    choice = request.tool_choice
    if not request.tools or not ((choice and choice.mode == "none") or request.parallel_tool_calls is False):
        return None
    if choice and choice.mode == "none":
        return {"type": "none"} if has_called(request) else None  # else the tools are not even told
    words = {"auto": "auto", "required": "any", "named": "tool"}
    told: Json = {"type": words[choice.mode] if choice else "auto", "disable_parallel_tool_use": True}
    return told if not choice or choice.name is None else {**told, "name": choice.name}


def has_called(request: Request) -> bool:
    """Whether there are calls of tools in the conversation: then Bedrock wants to know the tools."""
    return any(isinstance(part, ToolUse | ToolResult) for turn in request.turns for part in turn.parts)


def _betas(request: Request, effort: str | None) -> list[JsonValue]:
    """The client's, as far as AWS knows them, and the one that the effort needs."""
    known = family(request.model)
    asked: dict[str, None] = {}  # an ordered set
    for opaque in request.opaque:
        if opaque.owner == CLAUDES and opaque.field == "betas":
            named = opaque.data if isinstance(opaque.data, list) else [opaque.data]
            asked |= {AWS_BETAS[beta]: None for beta in named if isinstance(beta, str) and beta in AWS_BETAS}
    if effort and known.effort_beta:
        asked[known.effort_beta] = None
    return [*asked]


def _said_natively(request: Request) -> bool:
    return any(opaque.owner == OWNER and opaque.field == "outputConfig[effort]" for opaque in request.opaque)


# --- others -----------------------------------------------------------------------------------------


def _of_others(request: Request) -> Json:
    """https://docs.aws.amazon.com/nova/latest/nova2-userguide/extended-thinking.html"""
    known, effort = family(request.model), _effort(request)
    if _said_natively(request):
        return {}
    match known.effort_in:
        case "reasoningConfig" if effort:
            return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}}
        case "reasoningConfig" if request.effort == "none" or _is_disabled(request.reasoning):
            return {"reasoningConfig": {"type": "disabled"}}
        case "reasoning_effort" if effort:
            return {"reasoning_effort": effort}
        case _:
            return {}


def _is_disabled(reasoning: Reasoning | None) -> bool:
    return reasoning is not None and reasoning.mode == "disabled"


def _effort(request: Request) -> Effort | None:
    """How much effort to make, in one of the words that the model knows."""
    known, effort = family(request.model), request.effort
    if not known.efforts or effort == "none":
        return None
    if effort is None:
        return None if known.claude else _effort_of(request.reasoning)
    effort = "low" if effort == "minimal" else effort  # the least that there is
    if effort not in known.efforts and not _said_natively(request):
        raise Unsupported("Request.effort", f"must be one of {', '.join(known.efforts)}, for this model")
    return effort


def _effort_of(reasoning: Reasoning | None) -> Effort | None:
    if reasoning is None or reasoning.mode != "enabled":
        return None
    if reasoning.budget is None:
        return "medium"
    fitting: list[Effort] = [effort for tokens, effort in _EFFORT_UP_TO if reasoning.budget <= tokens]
    return fitting[0] if fitting else "high"
