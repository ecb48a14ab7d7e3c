"""Label: what people read about a flow in mitmweb and mitmproxy, and how many flows are kept there.

All comments on a client's flow and on its attempts begin with the same mark: `~comment 3f2a91bc` finds
them together. `~marker :x:` finds all that failed.
"""

from itertools import islice
from typing import cast

from mitmproxy import ctx, http
from mitmproxy.addons.view import View

from addons.account import outcomes, status_of
from addons.call import Call, attempt_call, client_call

GOOD, BAD = ":white_check_mark:", ":x:"
LONGEST = 100
"""Characters of a client's or a provider's own words."""


class Label:
    """Writes comments and markers, but not over those of a person."""

    def running(self) -> None:
        if "web_columns" in ctx.options and not ctx.options.has_changed("web_columns"):
            ctx.options.web_columns = [*ctx.options.web_columns, "comment"]

    def request(self, flow: http.HTTPFlow) -> None:
        if call := client_call(flow):
            flow.comment = f"{tag(call)} {printable(call.model)}".rstrip()
        elif call := attempt_call(flow):
            flow.comment = attempt_text(call, flow.metadata["attempt"], "")

    def response(self, flow: http.HTTPFlow) -> None:
        self._ended(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self._ended(flow)

    def _ended(self, flow: http.HTTPFlow) -> None:
        if call := client_call(flow):
            status = status_of(call)
            good = status < 400 and not flow.error
            write(flow, call, client_text(call, status), good)
            self._seen(call)
        elif call := attempt_call(flow):
            outcome = outcome_of(flow)
            write(flow, call, attempt_text(call, flow.metadata["attempt"], outcome), outcome == "ok")

    def _seen(self, call: Call) -> None:
        """Now it is known how each attempt turned out, and how many there were."""
        view = cast(View | None, ctx.master.addons.get("view"))
        for number, (flow, outcome) in enumerate(zip(call.attempts, outcomes(call), strict=False), 1):
            text = attempt_text(call, number, outcome)
            if text != flow.comment and write(flow, call, text, outcome == "ok") and view:
                view.update([flow])
        if view:
            trim(view, call.config.server.keep_flows)


def write(flow: http.HTTPFlow, call: Call, text: str, good: bool) -> bool:
    """Put a comment and a marker on a flow, unless somebody has put others there."""
    if flow.marked in ("", GOOD, BAD):
        flow.marked = GOOD if good else BAD
    if flow.comment and not flow.comment.startswith(tag(call)):
        return False
    flow.comment = text
    return True


def tag(call: Call) -> str:
    """What a client's flow and its attempts have in common."""
    return f"#{call.flow.id[:8]}"


def client_text(call: Call, status: int) -> str:
    """`#3f2a91bc small → demo/hello · 2 attempts · 200 · 9+21 tokens`."""
    asked, attempt = printable(call.model), call.current
    target = printable(f"{attempt.provider}/{attempt.model}") if attempt else asked
    used = attempt.translator.outcome.used if attempt else None
    parts = (
        asked if asked == target else f"{asked} → {target}",
        f"{len(call.attempts)} attempts" if len(call.attempts) > 1 else "",
        str(status),
        f"{used.usage.input}+{used.usage.output} tokens" if used else "",
        printable(call.refusal.message) if call.refusal else "",
    )
    return f"{tag(call)} {' · '.join(filter(None, parts))}"


def attempt_text(call: Call, number: int, outcome: str) -> str:
    """`#3f2a91bc attempt 1 of 2 · demo/429 · 429 · without seed`."""
    attempt = call.tries[number - 1]
    total = f" of {len(call.attempts)}" if len(call.attempts) > 1 else ""
    parts = (
        f"attempt {number}{total}",
        printable(f"{attempt.provider}/{attempt.model}"),
        outcome,
        f"without {printable(', '.join(attempt.dropped))}" if attempt.dropped else "",
    )
    return f"{tag(call)} {' · '.join(filter(None, parts))}"


def outcome_of(flow: http.HTTPFlow) -> str:
    """How an attempt looks by itself; whether its client could use it is known later."""
    if flow.error:
        return str(flow.metadata.get("failure") or printable(flow.error.msg))
    status = flow.response.status_code if flow.response else 0
    return "ok" if 200 <= status < 300 else str(status)


def printable(text: str) -> str:
    """Somebody else's words, short and without what a screen would not show."""
    text = text[:LONGEST]
    return text if text.isprintable() else ascii(text)[1:-1]


def trim(view: View, keep: int) -> None:
    """Let go of the oldest flows that are over: the view itself would keep each one for ever."""
    surplus = view.store_count() - keep
    if surplus <= 0:
        return
    finished = (flow for flow in view.resolve("@all") if not flow.live)
    for flow in list(islice(finished, surplus)):
        view.remove([flow])  # one by one: of several it makes an announcement
