"""Label: what people read about a flow in mitmweb and mitmproxy, and how many flows are kept there.

The comments on a client's flow and on its attempts end with the same mark: `~comment 3f2a91bc` finds them
together. `~marker :x:` finds all that failed.
"""

from itertools import islice

from mitmproxy import ctx, http
from mitmproxy.addons.view import View

from addons.account import outcomes, status_of
from addons.call import Call, Try, attempt_call, client_call
from addons.proxy import find_addon
from addons.record import Record
from addons.views import formats
from addons.views.page import dollars

GOOD, BAD = ":white_check_mark:", ":x:"
LONGEST = 100
"""Characters of a client's or a provider's own words."""


class Label:
    """Writes comments and markers, but not over those of a person."""

    @property
    def idle(self) -> bool:
        """Whether nobody would read a word of it: there is no UI, and nothing is recorded."""
        saved = any(getattr(ctx.options, name, None) for name in ("save_stream_file", "hardump"))
        record = find_addon(Record)
        return not saved and (record is None or record.idle) and find_addon(View) is None

    def running(self) -> None:
        options = ctx.options
        if "web_columns" in options and not options.has_changed("web_columns"):  # pyright: ignore[reportUnknownMemberType]
            options.web_columns = [*options.web_columns, "comment"]

    def request(self, flow: http.HTTPFlow) -> None:
        if call := client_call(flow):
            if call.endpoint:
                flow.metadata |= {formats.KEY: call.endpoint.dialect}
            say(flow, call, client_text(call, None))
        elif call := attempt_call(flow):
            number: int = flow.metadata["attempt"]
            attempt = call.tries[number - 1]
            dialect = attempt.translator.target.NAME
            flow.metadata |= {formats.KEY: dialect, "provider": attempt.provider, "model": attempt.model}
            say(flow, call, attempt_text(call, number, ""))

    def response(self, flow: http.HTTPFlow) -> None:
        self._ended(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self._ended(flow)

    def _ended(self, flow: http.HTTPFlow) -> None:
        if call := client_call(flow):
            status = status_of(call)
            say(flow, call, client_text(call, status))
            mark(flow, status < 400 and not flow.error)
            self._settled(call)
        elif call := attempt_call(flow):
            outcome = outcome_of(flow)
            say(flow, call, attempt_text(call, flow.metadata["attempt"], outcome))
            mark(flow, outcome == "ok")

    def _settled(self, call: Call) -> None:
        """Now it is known how each attempt turned out, and how many there were."""
        view = find_addon(View)
        for number, (flow, outcome) in enumerate(zip(call.attempts, outcomes(call), strict=False), 1):
            if say(flow, call, attempt_text(call, number, outcome)):
                mark(flow, outcome == "ok")
                if view:
                    view.update([flow])
        if view:
            trim(view, call.config.server.keep_flows)


def say(flow: http.HTTPFlow, call: Call, text: str) -> bool:
    """Put a comment on a flow, unless it is there already, or somebody's own is."""
    mine = not flow.comment or flow.comment.endswith(call.flow.id[:8])
    if not mine or flow.comment == text:
        return False
    flow.comment = text
    return True


def mark(flow: http.HTTPFlow, good: bool) -> None:
    """Put a marker on a flow, unless somebody's own is there."""
    if flow.marked in ("", GOOD, BAD):
        flow.marked = GOOD if good else BAD


def tag(call: Call) -> str:
    """What the comments of a client's flow and of its attempts have in common."""
    return f"#{call.flow.id[:8]}"


def client_text(call: Call, status: int | None) -> str:
    """`small → demo/hello · 2 attempts · 200 · 9+21 tokens · #3f2a91bc`; lists show its beginning."""
    asked, attempt = printable(call.model), call.current
    target = printable(f"{attempt.provider}/{attempt.model}") if attempt else asked
    parts = (
        asked if asked == target else f"{asked} → {target}",
        f"{len(call.attempts)} attempts" if len(call.attempts) > 1 else "",
        str(status or ""),
        spent(call, attempt),
        printable(call.refusal.message) if call.refusal else "",
        tag(call),
    )
    return " · ".join(filter(None, parts))


def attempt_text(call: Call, number: int, outcome: str) -> str:
    """`attempt 1/2 · demo/429 · 429 · 9+21 tokens · without seed · #3f2a91bc`."""
    attempt = call.tries[number - 1]
    total = f"/{len(call.attempts)}" if len(call.attempts) > 1 else ""
    parts = (
        f"attempt {number}{total}",
        printable(f"{attempt.provider}/{attempt.model}"),
        outcome,
        spent(call, attempt),
        f"without {printable(', '.join(attempt.dropped))}" if attempt.dropped else "",
        tag(call),
    )
    return " · ".join(filter(None, parts))


def spent(call: Call, attempt: Try | None) -> str:
    """`9+21 tokens · $0.00012`, as far as it is known."""
    used = attempt.translator.outcome.used if attempt else None
    if not used:
        return ""
    cost = call.cost if attempt is call.current else None
    tokens = f"{used.usage.input}+{used.usage.output} tokens"
    return tokens if cost is None else f"{tokens} · {dollars(cost)}"


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
