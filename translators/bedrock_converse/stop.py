"""Why an answer ended."""

from translators.canonical import Failed, Finished, StopReason

_REASONS: dict[str, StopReason] = {
    "end_turn": "end",
    "tool_use": "tools",
    "max_tokens": "length",
    "stop_sequence": "stop_sequence",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "model_context_window_exceeded": "context",
}
_WRITTEN: dict[StopReason, str] = {
    "length": "max_tokens",
    "stop_sequence": "stop_sequence",
    "content_filter": "content_filtered",
    "refusal": "content_filtered",
    "context": "model_context_window_exceeded",
    "pause": "end_turn",
}
_FAILURES = ("malformed_model_output", "malformed_tool_use")
"""What the model said could not be read, so that the answer is none."""


def read_stop(reason: str, stop: str | None, called: bool, answered: bool) -> Finished | Failed:
    """A reason that we do not know is an end like any other; `answered` is by a tool that we had added."""
    if reason in _FAILURES:
        return Failed("server", f"The model gave up: {reason}.", 424, reason)
    known = _REASONS.get(reason, "end")
    if called and known == "end":
        return Finished("tools", stop)
    return Finished("end" if answered and not called and known == "tools" else known, stop)


def write_stop(finished: Finished, called: bool, refused: bool) -> str:
    """Clients go by this word alone: `tool_use` means that there is a call to answer, and that only."""
    match finished.reason:
        case "end" | "tools":
            return "tool_use" if called else "content_filtered" if refused else "end_turn"
        case reason:
            return _WRITTEN[reason]
