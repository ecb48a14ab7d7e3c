"""Repeat: the addon that makes recorded calls once more, through the whole chain, without a network."""

import asyncio
import io
import tempfile
from collections.abc import Sequence

from mitmproxy import ctx, http
from mitmproxy.options import Options
from mitmproxy.tools.dump import DumpMaster

from addons import gateway
from addons.call import Call
from addons.cases.case import Case
from addons.cases.compare import compare
from addons.config import NOWHERE
from addons.proxy import Exchange, Recorded, Timeouts, header, send_again

SECONDS = 60
"""For one call, none of which waits for anybody."""


class Repeat:
    """Makes one call after the other, and then shuts its master down."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self._cases = cases
        self._recorded: Recorded
        """The one that is made again now; ids may be the same in several files."""
        self._task: asyncio.Task[None]

    def load(self, loader: object) -> None:
        gateway.proxy.exchange = self._call
        gateway.proxy.records = lambda: True  # what the client gets is kept as it was when it was recorded
        gateway.replay.find = self._find
        gateway.account.out = io.StringIO()  # the report is what is to be read

    def running(self) -> None:
        self._task = asyncio.create_task(self._all())

    def attempt(self, exchange: Exchange) -> None:
        """Nobody is waited for: neither before a retry, nor for an answer that is here."""
        exchange.delay, exchange.timeouts = 0.0, Timeouts()

    def _call(self, flow: http.HTTPFlow) -> Call:
        """With the id that it had then: it may stand in the answer."""
        answer = self._recorded.client.response
        told = header(answer.headers, "x-request-id") if answer else ""
        call = Call(flow=flow, config=gateway.settings.current(), recorded=self._recorded, request_id=told)
        call.stay(flow)  # it is looked at when it is over
        return call

    def _find(self, flow: http.HTTPFlow) -> http.HTTPFlow | None:
        """By its number, whatever it asks: how that has changed is to be shown."""
        attempts, number = self._recorded.attempts, int(flow.metadata["attempt"])
        return attempts[number - 1] if number <= len(attempts) else None

    async def _all(self) -> None:
        try:
            for case in self._cases:
                if case.recorded and not case.problem:
                    await self._one(case, case.recorded)
        finally:
            ctx.master.shutdown()

    async def _one(self, case: Case, recorded: Recorded) -> None:
        self._recorded, flow = recorded, asking(recorded.client)
        try:
            await asyncio.wait_for(send_again(flow, gateway.proxy), SECONDS)
        except TimeoutError:
            case.problem = "it came to no end"
            return
        call = Call.of(flow)
        assert call
        if call.faults:
            case.problem = f"an addon failed: {', '.join(call.faults)}"
            return
        for attempt, tried in zip(call.attempts, call.tries, strict=False):
            attempt.metadata |= {"provider": tried.provider, "model": tried.model}
        copies = (gateway.redact.copy(attempt) for attempt in call.attempts)
        case.now = Recorded(gateway.redact.copy(flow), tuple(copies))
        case.differences = list(compare(recorded, case.now))


def asking(recorded: http.HTTPFlow) -> http.HTTPFlow:
    """A client's flow before anybody has answered it."""
    flow: http.HTTPFlow = recorded.copy()
    flow.id = recorded.id
    flow.response, flow.error, flow.is_replay = None, None, "request"
    flow.comment, flow.marked, flow.metadata = "", "", {}
    return flow


async def repeat(cases: Sequence[Case], config: str) -> None:
    """Fill in what comes of each case. `config` is a path, or empty for the usual places."""
    with tempfile.TemporaryDirectory() as state:
        options = Options(confdir=state, server=False, mode=[NOWHERE])
        master = DumpMaster(options, with_termlog=False, with_dumper=False)
        files = sorted({str(case.file) for case in cases if case.recorded})
        options.update(  # pyright: ignore[reportUnknownMemberType]
            server_replay=files, server_replay_extra="404", server_replay_refresh=False
        )
        options.set(f"gateway_config={config}", "gateway_admin=off", defer=True)
        master.addons.add(*gateway.addons, Repeat(cases))  # pyright: ignore[reportUnknownMemberType]
        await master.run()
