"""Subjects: what is compared, each a process of its own, and the provider that all of them ask."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import yaml

from bench import upstream, wire

REPOSITORY = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
PATIENCE = 30.0
"""Seconds that a process may take to start or to end."""

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Subject:
    """A port to ask, and the process that answers."""

    name: str
    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """User and system time of all its threads, in steps of 10 ms."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def resident_bytes(self) -> int:
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * _PAGE


@contextmanager
def provider() -> Generator[Subject]:
    """The provider, which may as well be asked directly."""
    spawn = get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=upstream.serve, args=(there,), daemon=True)
    process.start()
    try:
        assert here.poll(PATIENCE) and process.pid, "the provider does not start"
        yield Subject("direct", here.recv(), process.pid)
    finally:
        process.kill()
        process.join()


@contextmanager
def stock(provider: Subject, folder: Path, *options: str) -> Generator[Subject]:
    """mitmdump as it comes, with no addon of ours and nothing to print."""
    port = _free_port()
    settings = ["flow_detail=0", "connection_strategy=lazy", f"confdir={folder}", *options]
    command = [str(BIN / "mitmdump"), "-q", "--mode", f"reverse:http://127.0.0.1:{provider.port}"]
    command += ["--listen-host", "127.0.0.1", "--listen-port", str(port)]
    command += [part for setting in settings for part in ("--set", setting)]
    with _started("stock mitmdump", command, folder, port) as subject:
        yield subject


@contextmanager
def dragoman(provider: Subject, folder: Path, profile: Path | None = None) -> Generator[Subject]:
    """The gateway with all that it does: keys, routes, prices, a line of the log per request, metrics."""
    command = [sys.executable, "-m", "bench.profiled", str(profile)] if profile else [str(BIN / "dragoman")]
    with _gateway("Dragoman", command, provider, folder, {}) as subject:
        yield subject


@contextmanager
def bare(provider: Subject, folder: Path) -> Generator[Subject]:
    """The same without health, usage, costs, metrics and log."""
    with _gateway("bare", [sys.executable, "-m", "bench.bare"], provider, folder, {}) as subject:
        yield subject


@contextmanager
def laden(provider: Subject, folder: Path) -> Generator[Subject]:
    """The same with all of that, and many routes and settings to go through before the one that is meant."""
    with _gateway("laden", [str(BIN / "dragoman")], provider, folder, LADEN) as subject:
        yield subject


LADEN: dict[str, Any] = {"health": "on", "cost_header": True, "allow_overrides": ["timeout", "attempts"]}
"""Settings of a server that does what it can."""
OTHER_ROUTES = 50


@contextmanager
def _gateway(
    name: str, command: list[str], provider: Subject, folder: Path, server: dict[str, Any]
) -> Generator[Subject]:
    port, file = _free_port(), folder / "config.yaml"
    config = _config(provider.port, port, _free_port())
    config["server"] |= server
    if server:
        config["routes"] = _laden(config["routes"])
    file.write_text(yaml.safe_dump(config))
    command += ["run", "--config", str(file), "--log-format", "json"]
    with _started(name, command, folder, port) as subject:
        yield subject


def _laden(routes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each route with weights, priorities and retries, after others that have conditions."""
    others = [
        {
            "models": [f"other-{number}", f"bench-*-{number}"],
            "headers": {"x-team": f"/team-{number}.*/"},
            "backends": routes[0]["backends"],
        }
        for number in range(OTHER_ROUTES)
    ]
    rich = [
        {
            **route,
            "balance": "lowest_latency",
            "retry": {"attempts": 3, "on": ["connect", "reset", "429", "5xx"]},
            "backends": [
                {**backend, "weight": weight, "priority": priority}
                for backend in route["backends"]
                for weight, priority in ((3, 0), (1, 0), (1, 1))
            ],
        }
        for route in routes
    ]
    return [*others, *rich]


def _config(provider: int, port: int, admin: int) -> dict[str, Any]:
    root = f"http://127.0.0.1:{provider}"
    types = {
        wire.OPENAI: {"type": "openai", "base_url": f"{root}/v1"},
        wire.ANTHROPIC: {"type": "anthropic", "base_url": f"{root}/anthropic"},
    }
    paces = {"": wire.UPSTREAM, wire.PACED: wire.UPSTREAM + wire.PACED}
    prices = {model: {"input": 0.15, "output": 0.6} for model in paces.values()}
    return {
        "server": {
            "listen": f"127.0.0.1:{port}",
            "admin": f"127.0.0.1:{admin}",
            "api_keys": [{"name": "bench", "key": wire.KEY}],
        },
        "providers": {
            name: {**fields, "api_key": "bench-provider-key", "prices": prices}
            for name, fields in types.items()
        },
        "routes": [
            {"models": [name + pace], "backends": [{"provider": name, "model": model}]}
            for name in types
            for pace, model in paces.items()
        ],
    }


@contextmanager
def _started(name: str, command: list[str], folder: Path, port: int) -> Generator[Subject]:
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    complaints = folder / "stderr"
    with complaints.open("wb") as stderr:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL, stderr=stderr
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while not _accepts(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{name} does not start: {complaints.read_text()}")
            time.sleep(0.05)
        yield Subject(name, port, process.pid)
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
