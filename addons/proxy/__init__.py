"""Everything that touches mitmproxy's internals: the layer, its streams, dispatch of hooks, replay."""

from addons.proxy.dispatch import find_addon
from addons.proxy.exchange import (
    AttemptHook,
    Exchange,
    Failure,
    FailureKind,
    Peek,
    Timeouts,
    Unsent,
    good_part,
    is_attempt,
    refused,
)
from addons.proxy.exports import Exports
from addons.proxy.heads import Unread
from addons.proxy.messages import drop_header, header, headers_among, shallow
from addons.proxy.proxy import Answers, Limits, Proxy
from addons.proxy.recorded import Recorded, calls_of
from addons.proxy.replay import Replay, is_replaying, send_again
from addons.proxy.speed import headers_of
from addons.proxy.trust import Certificates, Trust

__all__ = [
    "Answers",
    "AttemptHook",
    "Certificates",
    "Exchange",
    "Exports",
    "Failure",
    "FailureKind",
    "Limits",
    "Peek",
    "Proxy",
    "Recorded",
    "Replay",
    "Timeouts",
    "Trust",
    "Unread",
    "Unsent",
    "calls_of",
    "drop_header",
    "find_addon",
    "good_part",
    "header",
    "headers_among",
    "headers_of",
    "is_attempt",
    "is_replaying",
    "refused",
    "send_again",
    "shallow",
]
