"""Commands run as somebody else would: with an environment of their own, and a gateway that they start."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.gateway import Gateway, eventually, is_ready
from tests.upstream import PATIENCE

SLOWEST = 120
"""Seconds that a command may take which does something big, such as making an environment."""

PACKAGES = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
"""Where this environment has its packages, so that another one can see them without a network."""


def environment(home: Path, **more: str) -> dict[str, str]:
    """Nothing of the developer's own: no keys, no configuration, no state."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONUNBUFFERED": "1", **more}


def output_of(command: Sequence[str | Path], cwd: Path, env: Mapping[str, str]) -> str:
    """What it prints on stdout; that it fails is a failure, and shown whole."""
    done = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=SLOWEST, check=False
    )
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@contextmanager
def launched(
    command: Sequence[str | Path], ports: tuple[int, int], cwd: Path, env: Mapping[str, str], log: Path
) -> Iterator[Gateway]:
    """The gateway that this command starts on these two ports; `log` is a folder for what it prints."""
    log.mkdir(parents=True, exist_ok=True)
    with open(log / "stdout", "wb") as stdout, open(log / "stderr", "wb") as stderr:
        process = subprocess.Popen(
            command, cwd=cwd, env=env, stdout=stdout, stderr=stderr, start_new_session=True
        )
        gateway = Gateway(process, *ports, log)
        try:
            eventually(lambda: is_ready(gateway), f"never ready: {gateway.output()}")
            yield gateway
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """The command and whatever it has started: all of it is one process group."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
