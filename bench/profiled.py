"""Profiled: `dragoman …` under cProfile, from the first SIGPROF to the second."""

import cProfile
import signal
import sys

from addons.cli import main


def _run(file: str, arguments: list[str]) -> None:
    profile = cProfile.Profile()

    def stop(*_: object) -> None:
        profile.disable()
        profile.dump_stats(file)

    def start(*_: object) -> None:
        signal.signal(signal.SIGPROF, stop)
        profile.enable()

    signal.signal(signal.SIGPROF, start)  # (mitmproxy has both SIGUSRs for itself, and the gateway SIGHUP)
    main(arguments, prog_name="dragoman")


if __name__ == "__main__":
    _run(sys.argv[1], sys.argv[2:])
