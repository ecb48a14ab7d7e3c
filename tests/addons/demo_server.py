"""The embedded provider, running in a thread of its own for tests of it."""

import asyncio
import http.client
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from addons.demo.server import Server
from tests.upstream import PATIENCE


@contextmanager
def running_demo() -> Generator[int]:
    """Its port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = Server()
    try:
        yield asyncio.run_coroutine_threadsafe(server.start(), loop).result(PATIENCE)
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.close()


def ask(
    port: int, path: str, body: Any, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body, as they are on the wire."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    connection.request("POST", path, sent, {"content-type": "application/json", **(headers or {})})
    answer = connection.getresponse()
    got = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return got


def chat(model: str, said: str = "Hi there", **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": said}], **more}


def message(model: str, said: str = "Hi there", **more: Any) -> dict[str, Any]:
    return {**chat(model, said), "max_tokens": 1000, **more}


WEATHER = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "days": {"type": "integer", "minimum": 2, "maximum": 7},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
    },
    "required": ["city", "days"],
    "additionalProperties": False,
}
CHAT_TOOLS = [
    {"type": "function", "function": {"name": name, "description": name, "parameters": WEATHER}}
    for name in ("get_weather", "get_forecast")
]
MESSAGE_TOOLS = [{"name": name, "input_schema": WEATHER} for name in ("get_weather", "get_forecast")]
