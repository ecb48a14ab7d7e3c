"""The real gateway as a process of its own, and the configuration that the end-to-end tests give it.

A model's name is its route: `refused-a-anth_b` tries the provider `refused`, then `a`, then `anth_b`.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from tests.ports import free_port
from tests.upstream import PATIENCE
from tests.warm import Forked, forge

REPOSITORY = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
Json = dict[str, Any]

PROVIDER_KEY = "canary-provider-key"
"""How the key of each provider begins; its name follows."""

CHAINS = [
    *("a", "anth_a", "a-b", "a-b-c", "anth_a-anth_b", "a-anth_a", "anth_a-a", "a-refused"),
    *("refused", "tls", "dns", "refused-tls-dns"),
    *("refused-a", "tls-a", "dns-a", "refused-anth_a", "refused-a-b-c"),
]
"""The routes with ordinary timeouts."""

HASTY: dict[str, tuple[Json, list[str]]] = {
    "hasty": ({"first_byte": "300ms", "idle": "300ms"}, ["a", "a-b"]),
    "idle": ({"idle": "300ms"}, ["a", "anth_a"]),
}
"""Routes whose names begin so give their first provider no more time than that; the others have theirs."""


type Process = subprocess.Popen[bytes] | Forked


class Gateway:
    """A running gateway."""

    def __init__(self, process: Process, port: int, admin_port: int, folder: Path) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.admin = f"http://127.0.0.1:{admin_port}"
        self.folder = folder

    def output(self) -> str:
        """All that it has printed so far, on stdout and stderr."""
        names = ("stdout", "stderr")
        return "".join((self.folder / name).read_text(errors="replace") for name in names)

    def access_log(self) -> list[Json]:
        """Its JSON lines about requests."""
        lines = (self.folder / "stdout").read_bytes().splitlines(keepends=True)
        whole = (line for line in lines if line.endswith(b"\n"))  # the last one may be being written
        records = [json.loads(line) for line in whole if line.startswith(b"{")]
        return [record for record in records if "request_id" in record]

    def logged(self, request_id: str) -> Json:
        """The access log's line about one request, as soon as it is there."""
        return eventually(
            lambda: next((line for line in self.access_log() if line["request_id"] == request_id), None),
            f"no line about {request_id} in the access log",
        )

    def metrics(self) -> str:
        return self.ask_admin("/metrics")[1]

    def ask_admin(self, path: str) -> tuple[int, str]:
        return get(self.admin + path)

    def settled(self) -> str:
        """Its metrics, once it serves no request any more."""
        return eventually(
            lambda: found if in_flight(found := self.metrics()) == 0 else None, "it is in flight for ever"
        )

    def in_flight(self) -> float:
        """How many requests it thinks it is serving."""
        return in_flight(self.metrics())

    def memory(self) -> int:
        """Resident bytes."""
        status = Path(f"/proc/{self.process.pid}/statm").read_text()
        return int(status.split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def terminate(self) -> None:
        """SIGTERM; does not wait."""
        self.process.send_signal(signal.SIGTERM)


@contextmanager
def running(
    config: Json, folder: Path, *arguments: str, env: dict[str, str] | None = None
) -> Iterator[Gateway]:
    """`dragoman run` with this configuration; `folder` gets its files."""

    def start(file: Path, _: int) -> Forked:
        command = ["run", "--log-format", "json", *arguments, "--config", str(file)]
        environment = _environment(folder) | (env or {})
        return forge().start(command, REPOSITORY, environment, folder / "stdout", folder / "stderr")

    with _started(start, config, folder) as gateway:
        yield gateway


@contextmanager
def running_stock(config: Json, folder: Path, *arguments: str) -> Iterator[Gateway]:
    """Stock mitmdump with our script, without our wrapper."""

    def start(file: Path, port: int) -> subprocess.Popen[bytes]:
        options = [f"gateway_config={file}", "gateway_log_format=json"]
        command = [str(BIN / "mitmdump"), "-s", "addons/gateway.py", *arguments, "-p", str(port)]
        command += [part for option in options for part in ("--set", option)]
        with open(folder / "stdout", "wb") as stdout, open(folder / "stderr", "wb") as stderr:
            return subprocess.Popen(
                command, cwd=REPOSITORY, env=_environment(folder), stdout=stdout, stderr=stderr
            )

    with _started(start, config, folder) as gateway:
        yield gateway


def run_command(
    *arguments: str, folder: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`dragoman …` to its end."""
    with TemporaryDirectory() as printed:
        files = Path(printed, "stdout"), Path(printed, "stderr")
        process = forge().start(arguments, folder, _environment(folder) | (env or {}), *files)
        code = process.wait(4 * PATIENCE)
        return subprocess.CompletedProcess(process.args, code, *(file.read_text() for file in files))


def eventually[T](look: Callable[[], T | None], complaint: str) -> T:
    """What `look` finds, as soon as it finds something that is true."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError(complaint)


def in_flight(metrics: str) -> float:
    return float(
        next(it for it in metrics.splitlines() if it.startswith("dragoman_inflight_requests")).split()[1]
    )


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def standard_config(upstream_url: str) -> Json:
    """Providers `a`, `b`, `c` of type openai, `anth_a`, `anth_b` of type anthropic, and unreachable ones."""
    closed = f"http://127.0.0.1:{free_port()}"
    providers = {name: _provider("openai", f"{upstream_url}/{name}/v1", name) for name in "abc"}
    providers |= {
        name: _provider("anthropic", f"{upstream_url}/{name}", name) for name in ("anth_a", "anth_b")
    }
    providers["refused"] = _provider("openai", f"{closed}/refused/v1", "refused")
    providers["dns"] = _provider("openai", "http://no-such-host.invalid/v1", "dns")
    tls = upstream_url.replace("http:", "https:")
    providers["tls"] = _provider("openai", f"{tls}/tls/v1", "tls")
    routes = [_route(chain, chain.split("-")) for chain in CHAINS]
    for name, (timeouts, chains) in HASTY.items():
        for chain in chains:
            routes.append(route := _route(f"{name}-{chain}", chain.split("-")))
            route["backends"][0]["timeouts"] = timeouts
    timeouts = HASTY["hasty"][0]
    routes.append(_route("all-hasty-a-b", ["a", "b"]) | {"timeouts": timeouts})
    routes += [_renamed("renamed-a", "a"), _renamed("renamed-anth_a", "anth_a")]
    server = {"shutdown_grace": "20s", "health": "off"}  # here providers fail all the time
    return {"server": server, "providers": providers, "routes": routes}


def _provider(kind: str, base_url: str, name: str) -> Json:
    return {"type": kind, "base_url": base_url, "api_key": f"{PROVIDER_KEY}-{name}"}


def _route(model: str, chain: list[str]) -> Json:
    backends: list[Json] = [{"provider": name, "priority": place} for place, name in enumerate(chain)]
    backoff = {"base": "10ms", "max": "20ms"}
    return {"name": model, "models": [model], "backends": backends, "retry": {"backoff": backoff}}


def _renamed(model: str, provider: str) -> Json:
    """A route whose provider calls the model something else."""
    return {"models": [model], "backends": [{"provider": provider, "model": "up-model"}]}


@contextmanager
def _started(start: Callable[[Path, int], Process], config: Json, folder: Path) -> Iterator[Gateway]:
    """`start` is told where the configuration is, and on which port to listen."""
    folder.mkdir(parents=True, exist_ok=True)
    port, admin_port = free_port(), free_port()
    addresses = {"listen": f"127.0.0.1:{port}", "admin": f"127.0.0.1:{admin_port}"}
    config = {**config, "server": config.get("server", {}) | addresses}
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(config, sort_keys=False))
    process = start(file, port)
    gateway = Gateway(process, port, admin_port, folder)
    try:
        eventually(lambda: is_ready(gateway), f"never ready: see {folder}")
        yield gateway
    finally:
        _stop(process)


def is_ready(gateway: Gateway) -> bool:
    """Whether clients can come in; fails when its process has ended."""
    assert gateway.process.poll() is None, f"it has ended: {gateway.output()}"
    try:
        return gateway.ask_admin("/ready")[0] == 200
    except OSError:
        return False


def _stop(process: Process) -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(PATIENCE)


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of the developer's own environment: no keys, no configuration, no state."""
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONUNBUFFERED": "1"}
