"""What `dragoman demo` shows: every API of clients at every type of provider, asked for real, without a key.

A gateway is started for it, whose providers are all the embedded one, each in its own wire format and signed.
"""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import yaml

type Json = dict[str, Any]

KEY = "a-key-of-nobody"
PATIENCE = 30.0
"""Seconds for the gateway to start, and for an answer."""

PROVIDERS: Mapping[str, Json] = {
    "openai": {"api_key": KEY},
    "anthropic": {"api_key": KEY},
    "azure-openai": {"api_key": KEY, "api_version": "2025-01-01-preview"},
    "aws-bedrock": {"region": "us-east-1", "credentials": {"access_key_id": KEY, "secret_access_key": KEY}},
    "aws-anthropic": {"region": "us-east-1", "credentials": {"access_key_id": KEY, "secret_access_key": KEY}},
    "gcp-vertex": {"project": "p", "location": "us-central1", "credentials": {"access_token": KEY}},
    "gcp-anthropic": {"project": "p", "location": "us-east5", "credentials": {"access_token": KEY}},
    "gemini": {"api_key": KEY},
    "cohere": {"api_key": KEY},
    "groq": {"api_key": KEY},
}
"""The types of provider and what each needs to be said; `groq` stands for all presets."""


def asked(model: str, text: str, stream: bool) -> Iterator[tuple[str, str, Json]]:
    """For each API of clients its name, the path and the body of one request."""
    said = [{"role": "user", "content": text}]
    named = quote(model, safe="")
    gemini = "streamGenerateContent?alt=sse" if stream else "generateContent"
    yield "chat", "/v1/chat/completions", {"model": model, "messages": said, "stream": stream}
    yield (
        "completions",
        "/v1/completions",
        {"model": model, "prompt": text, "stream": stream, "max_tokens": 99},
    )
    messages = {"model": model, "messages": said, "stream": stream, "max_tokens": 9999}
    yield "messages", "/anthropic/v1/messages", messages
    contents: Json = {"contents": [{"role": "user", "parts": [{"text": text}]}]}
    yield "gemini", f"/gemini/v1beta/models/{named}:{gemini}", contents
    converse: Json = {"messages": [{"role": "user", "content": [{"text": text}]}]}
    yield "converse", f"/bedrock/model/{named}/converse{'-stream' if stream else ''}", converse


def show(model: str, text: str) -> Iterator[str]:
    """A line for each type of provider, as soon as it has answered; the last line sums up."""
    head = [name for name, *_ in asked("", "", False)]
    yield f"{'':16}{''.join(f'{name:>22}' for name in head)}"
    good = total = 0
    with running() as url:
        for provider in PROVIDERS:
            cells = list[str]()
            whole, streamed = (asked(f"{provider}/{model}", text, stream) for stream in (False, True))
            for pair in zip(whole, streamed, strict=True):
                answers = [answer(url, path, body) for _, path, body in pair]
                good += sum(status == 200 for status, _ in answers)
                total += len(answers)
                cells.append(" ".join(f"{status} {seconds * 1000:.0f}ms" for status, seconds in answers))
            yield f"{provider:16}{''.join(f'{cell:>22}' for cell in cells)}"
    yield f"{good} of {total} answered with 200. Each cell: whole, then streamed."


def answer(url: str, path: str, body: Json) -> tuple[int, float]:
    """The status of an answer that was read to its end, and the seconds that it took."""
    request = urllib.request.Request(
        url + path, json.dumps(body).encode(), {"content-type": "application/json"}
    )
    started = time.monotonic()
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            response.read()
            return response.status, time.monotonic() - started
    except urllib.error.HTTPError as error:
        return error.code, time.monotonic() - started
    except OSError:
        return 0, time.monotonic() - started


@contextmanager
def running() -> Generator[str]:
    """A gateway with all of `PROVIDERS`, and its address."""
    listen, admin = (f"127.0.0.1:{free_port()}" for _ in range(2))
    providers = {name: {"type": name, "base_url": "demo", **options} for name, options in PROVIDERS.items()}
    with TemporaryDirectory() as folder:
        file = Path(folder) / "config.yaml"
        file.write_text(
            yaml.safe_dump({"server": {"listen": listen, "admin": admin}, "providers": providers})
        )
        process = subprocess.Popen(
            [sys.argv[0], "run", "--config", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_for(f"http://{admin}/ready", process)
            yield f"http://{listen}"
        finally:
            process.terminate()
            process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    """Until the gateway takes requests. Raises `TimeoutError`, or `ChildProcessError` when it has ended."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            raise ChildProcessError("the gateway did not start")
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the gateway did not start in time")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
