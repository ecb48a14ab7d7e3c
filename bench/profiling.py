"""Profiling: where Dragoman's time goes in one scenario."""

import os
import pstats
import signal
import tempfile
import time
from pathlib import Path

from bench import load, subjects
from bench.contest import Entrant, Scenario

SHOWN = 40
"""Functions in each list."""


def profile(file: Path, scenario: Scenario, entrant: Entrant, requests: int) -> None:
    """Run it under cProfile, keep what that finds in `file`, and print the head of it."""
    file.unlink(missing_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        subjects.provider() as provider,
        subjects.dragoman(provider, Path(folder), file.resolve()) as dragoman,
    ):
        load.run(dragoman, scenario.job(entrant, requests=requests // 4))  # whatever is only done once
        _signal(dragoman.pid)
        load.run(dragoman, scenario.job(entrant, requests=requests))
        _signal(dragoman.pid)
    stats = pstats.Stats(str(file))
    for order in ("tottime", "cumtime"):
        stats.sort_stats(order).print_stats(SHOWN)


def _signal(pid: int) -> None:
    os.kill(pid, signal.SIGPROF)
    time.sleep(0.5)
