"""Back: the HTTP/1 client that asks providers. It reads on past what only announces an answer."""

import re

from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers import http
from mitmproxy.proxy.layers.http._http1 import Http1Client

from addons.proxy.streams import Commands

_INTERIM = re.compile(rb"HTTP/1\.[01] 1(?!01)\d\d[ \r]")


class Back(Http1Client):
    """mitmproxy's own takes `103 Early Hints` for the answer, and the answer for a stray."""

    def read_headers(self, event: events.ConnectionEvent) -> Commands:
        if isinstance(event, events.DataReceived):
            while _INTERIM.match(bytes(self.buf)[:16]):
                if not self.buf.maybe_extract_lines():
                    return
        for command in super().read_headers(event):
            if not isinstance(command, commands.Log):  # which would quote what came
                yield command


def install() -> None:
    """Let mitmproxy's layers use it."""
    setattr(http, "Http1Client", Back)  # noqa: B010  (the type checker knows another one)
