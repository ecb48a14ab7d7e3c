"""Why an answer ended."""

from translators.canonical import Finished, StopReason

STOP_REASONS: dict[str, StopReason] = {
    "end_turn": "end",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "tool_use": "tools",
    "refusal": "refusal",
    "pause_turn": "pause",
    "model_context_window_exceeded": "context",
}
_WRITTEN = {ours: theirs for theirs, ours in STOP_REASONS.items()} | {"content_filter": "refusal"}


def read_stop(reason: str, stop: str | None, called: bool) -> Finished:
    """A reason that we do not know is an end like any other; but where a tool was called, that is it."""
    known = STOP_REASONS.get(reason, "end")
    return Finished("tools" if called and known == "end" else known, stop)


def write_stop(finished: Finished, called: bool, refused: bool) -> str:
    """Clients go by this word alone: `tool_use` means that there is a call to answer, and that only."""
    match finished.reason:
        case "end" | "tools":
            return "tool_use" if called else "refusal" if refused else "end_turn"
        case reason:
            return _WRITTEN[reason]
