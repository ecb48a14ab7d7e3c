"""Wire bytes in memory: fed to a real SDK as if a server had sent them, and cut into server-sent events."""

import importlib
import json
from typing import Any


def http_client(sdk: str, body: bytes, content_type: str, status: int = 200) -> Any:
    """A client of the very httpx that the SDK `sdk` uses; it answers every call with `body`."""
    module = importlib.import_module(f"{sdk}._base_client")
    httpx = getattr(module, "httpx", None) or module.httpx2  # SDKs are on their way from one to the other
    response = httpx.Response(status, headers={"content-type": content_type}, content=body)
    return httpx.Client(transport=httpx.MockTransport(lambda request: response))


def sse_events(stream: bytes) -> list[tuple[str | None, str]]:
    """(event, data) pairs by the rules of the HTML standard, without one that no blank line closes."""
    return _split(stream)[0]


def sse_json(stream: bytes, problems: list[str]) -> list[tuple[str | None, Any]]:
    """The events with their data parsed, except OpenAI's `[DONE]`; adds to `problems` what can't be read."""
    complete, cut = _split(stream)
    if cut:
        problems.append(f"the last event is not closed by a blank line: {cut[:80]!r}")
    parsed: list[tuple[str | None, Any]] = []
    for index, (name, data) in enumerate(complete):
        try:
            parsed.append((name, data if data == "[DONE]" else json.loads(data)))
        except ValueError as error:
            problems.append(f"event {index}: data is not JSON ({error}): {data[:80]!r}")
    return parsed


def arguments_problems(arguments: Any, where: str) -> list[str]:
    """What is wrong with a tool call's arguments, which must be JSON text of an object."""
    try:
        is_object = isinstance(json.loads(arguments), dict)
    except (TypeError, ValueError) as error:
        return [f"{where}: not JSON ({error})"]
    return [] if is_object else [f"{where}: JSON but not an object: {arguments[:60]!r}"]


def _split(stream: bytes) -> tuple[list[tuple[str | None, str]], str]:
    """The complete events, and the data of the one that was cut."""
    events: list[tuple[str | None, str]] = []
    name: str | None = None
    data: list[str] = []
    *lines, rest = stream.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for line in lines:
        if line.startswith("event:"):
            name = line[6:].removeprefix(" ")
        elif line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line:
            if data:
                events.append((name, "\n".join(data)))
            name, data = None, []
    return events, "\n".join([*data, rest]).strip()
