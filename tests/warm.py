"""`dragoman …` without the second and a half that its imports take: forked from a process that has them all.

What runs is what the console script would start, in a process of its own: its arguments, folder, environment,
output, signals and exit code are its own too. tests/test_packaging.py and tests/e2e/test_newcomer.py start
the script itself. Run as a script, this file is the process that forks.
"""

import atexit
import functools
import gc
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parent.parent
SCRIPT = Path(sys.executable).parent / "dragoman"
WRITING = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


class Forked:
    """A running `dragoman`; what is asked of it is asked as of a `subprocess.Popen`."""

    def __init__(self, pid: int, arguments: Sequence[str], status: Callable[[int], int | None]) -> None:
        self.pid, self.args = pid, arguments
        self.returncode: int | None = None
        self._status = status

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._status(self.pid)
        return self.returncode

    def wait(self, timeout: float) -> int:
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(list(self.args), timeout)
            time.sleep(0.01)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Forge:
    """The process that forks."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        command, env = [sys.executable, "-P", __file__], {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, cwd=REPOSITORY, env=env, stdin=pipe, stdout=pipe, text=True, start_new_session=True
        )
        atexit.register(self._process.communicate)

    def start(
        self, arguments: Sequence[str], cwd: Path, env: dict[str, str], stdout: Path, stderr: Path
    ) -> Forked:
        asked = {"arguments": arguments, "cwd": cwd, "env": env, "output": [stdout, stderr]}
        return Forked(self._ask(asked), arguments, lambda pid: self._ask({"pid": pid}))

    def _ask(self, asked: Any) -> Any:
        with self._lock:
            assert self._process.stdin and self._process.stdout
            self._process.stdin.write(json.dumps(asked, default=str) + "\n")
            self._process.stdin.flush()
            told = self._process.stdout.readline()
        assert told, "the process that forks has ended: see what it has said on stderr"
        return json.loads(told)


forge = functools.cache(Forge)
"""The one of this test process."""


# --- the process that forks -------------------------------------------------------------------------


def _prepare() -> Callable[[], object]:
    """Import all that any command needs, and return the console script's own entry."""
    main: Callable[[], object] = importlib.import_module("dragoman.addons.cli").main
    for name in ("mitmproxy.tools.main", "mitmproxy.tools.dump", "mitmproxy.tools.web.master"):
        importlib.import_module(name)
    for package in (importlib.import_module("addons"), importlib.import_module("translators")):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith((".gateway", ".pytest_plugin")):
                importlib.import_module(module.name)
    gc.freeze()
    return main


def _serve() -> None:
    """Fork for each line that asks for it, and tell of others how they have ended; returns in the child."""
    for line in sys.stdin:
        asked = json.loads(line)
        if "pid" in asked:
            ended, status = os.waitpid(asked["pid"], os.WNOHANG)
            print(json.dumps(os.waitstatus_to_exitcode(status) if ended else None))
        elif pid := os.fork():
            print(pid)
        else:
            return _become(**asked)
    sys.exit()


def _become(arguments: list[str], cwd: str, env: dict[str, str], output: list[str]) -> None:
    files = [os.open(os.devnull, os.O_RDONLY), *(os.open(it, WRITING, 0o644) for it in output)]
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = [str(SCRIPT), *arguments]


if __name__ == "__main__":
    entry = _prepare()
    _serve()
    sys.exit(entry())
