"""Ports for those who have to be told one before they listen, and ports where nobody listens."""

import itertools
import os
import random
import socket
from collections.abc import Iterator
from contextlib import suppress

RANGE = range(10_000, 32_000)
"""No kernel deals these out by itself, to a connection or to somebody who asks for any port."""
PROCESSES = 16


def _dealt() -> Iterator[int]:
    """Those of this test process, which no other of the same run deals out too."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    own = RANGE[worker % PROCESSES :: PROCESSES]
    start = random.SystemRandom().randrange(len(own))  # elsewhere in another run on this machine
    return itertools.cycle([*own[start:], *own[:start]])


_ports = _dealt()


def free_port() -> int:
    """A port where nobody listens, nor will unless it is told to."""
    for port in itertools.islice(_ports, len(RANGE)):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("all ports are taken")
