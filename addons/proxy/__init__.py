"""Everything that touches mitmproxy's internals: the layer, its streams, dispatch of hooks, replay."""

from addons.proxy.exchange import AttemptHook, Exchange, Failure, FailureKind, Peek, Timeouts, is_attempt
from addons.proxy.messages import shallow
from addons.proxy.proxy import Answers, Limits, Proxy
from addons.proxy.replay import Replay

__all__ = [
    "Answers",
    "AttemptHook",
    "Exchange",
    "Failure",
    "FailureKind",
    "Limits",
    "Peek",
    "Proxy",
    "Replay",
    "Timeouts",
    "is_attempt",
    "shallow",
]
