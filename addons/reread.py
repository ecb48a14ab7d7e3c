"""Reread: a request that a person has edited while it was held is read again before it is translated."""

from typing import Protocol

from mitmproxy import http

from addons.call import Call, client_call
from addons.proxy import Exchange


class Reads(Protocol):
    """An addon that finds something out from a client's request, or refuses it."""

    def request(self, flow: http.HTTPFlow) -> None: ...


class Reread:
    """Comes after those that read requests and before whoever plans attempts; people come in between."""

    def __init__(self, *readers: Reads) -> None:
        self._readers = readers

    def request(self, flow: http.HTTPFlow) -> None:
        if call := client_call(flow):
            call.as_read = flow.request.data.content, flow.request.data.headers.fields

    def attempt(self, exchange: Exchange) -> None:
        call = exchange
        if not isinstance(call, Call) or call.attempts or not call.as_read:
            return
        asked = call.flow.request.data
        if asked.content is not call.as_read[0] or asked.headers.fields is not call.as_read[1]:
            self._again(call)

    def _again(self, call: Call) -> None:
        flow, rule = call.flow, call.rule
        for reader in self._readers:
            reader.request(flow)
            if flow.response:  # refused: with the old plan, as there is no new one, and no attempt
                call.response, flow.response = flow.response, None
                call.over, call.rule = True, rule
                break
        call.as_read = flow.request.data.content, flow.request.data.headers.fields
