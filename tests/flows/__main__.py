"""`.venv/bin/python -m tests.flows` records the files beside this one anew, against the embedded provider."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from mitmproxy import http
from mitmproxy.io import FlowReader, FlowWriter

from addons.proxy import calls_of
from tests.e2e.client import CHAT, MESSAGES, chat, messages, post
from tests.gateway import running

FOLDER = Path(__file__).parent
KEYS = dict.fromkeys(("FLOWS_ID", "FLOWS_SECRET", "FLOWS_KEY"), "canary-of-the-recordings")
"""For recording only: nothing else needs them."""

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
OPENAI_TOOL = {"type": "function", "function": {"name": "weather", "parameters": SCHEMA}}
TOOL = {"name": "weather", "input_schema": SCHEMA}
THINKING = {"type": "enabled", "budget_tokens": 1024}
STREAM: dict[str, Any] = {"stream": True, "stream_options": {"include_usage": True}}

REQUESTS: dict[str, tuple[str, Any]] = {
    "chat": (CHAT, chat("demo/hello", temperature=0.5)),
    "chat-streamed": (CHAT, chat("demo/hello", **STREAM)),
    "chat-translated": (CHAT, chat("demo-claude/hello", temperature=0.5, stop=["END"], user="ada")),
    "chat-translated-streamed": (CHAT, chat("demo-claude/hello", **STREAM)),
    "chat-tools-translated": (CHAT, chat("demo-claude/tools", tools=[OPENAI_TOOL], tool_choice="required")),
    "chat-tools-translated-streamed": (CHAT, chat("demo-claude/tools", tools=[OPENAI_TOOL], **STREAM)),
    "chat-thinking-translated": (CHAT, chat("assistant", reasoning_effort="low", seed=7)),
    "messages": (MESSAGES, messages("demo-claude/hello")),
    "messages-thinking-streamed": (
        MESSAGES,
        messages("demo-claude/thinking", thinking=THINKING, stream=True) | {"max_tokens": 2000},
    ),
    "messages-translated": (MESSAGES, messages("demo/hello", system="Be brief.", stop_sequences=["END"])),
    "messages-translated-streamed": (MESSAGES, messages("demo/hello", stream=True)),
    "messages-tools-translated-streamed": (
        MESSAGES,
        messages("demo/parallel-tools", tools=[TOOL, TOOL | {"name": "news"}], stream=True),
    ),
    "fallback-after-429-streamed": (CHAT, chat("assistant", **STREAM)),
    "error-in-a-stream": (MESSAGES, messages("demo/error-mid", stream=True)),
    "error-in-a-stream-translated": (CHAT, chat("demo-claude/error-mid", stream=True)),
    "cut-stream-translated": (MESSAGES, messages("demo/cut", stream=True)),
    "reset": (CHAT, chat("demo/reset")),
    "error-translated": (MESSAGES, messages("demo/422")),
    "by-weight-1": (CHAT, chat("either")),
    "by-weight-2": (CHAT, chat("either")),
    "by-weight-3": (CHAT, chat("either")),
    "signed": (CHAT, chat("signed")),
    "with-a-key": (CHAT, chat("keyed")),
    "refused": (CHAT, {"model": "demo/hello", "messages": "none"}),
}


def record() -> None:
    """All of them, one file for each."""
    config = yaml.safe_load((FOLDER / "config.yaml").read_text())
    with tempfile.TemporaryDirectory() as folder:
        flows = Path(folder) / "all.flow"
        with running(config, Path(folder), "--record", str(flows), env=KEYS) as gateway:
            for path, body in REQUESTS.values():
                post(gateway.url, path, body, {"authorization": "Bearer canary-of-a-client"})
        with open(flows, "rb") as file:
            recorded = [flow for flow in FlowReader(file).stream() if isinstance(flow, http.HTTPFlow)]
    for name, call in zip(REQUESTS, calls_of(recorded), strict=True):
        write(FOLDER / f"{name}.flow", [call.client, *call.attempts])


def write(file: Path, flows: Sequence[http.HTTPFlow]) -> None:
    with open(file, "wb") as out:
        writer = FlowWriter(out)
        for flow in flows:
            writer.add(flow)


if __name__ == "__main__":
    record()
