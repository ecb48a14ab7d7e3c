"""Calls as the layer would bring them to our addons, hook by hook, without a connection."""

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable
from typing import Any

from mitmproxy import http
from mitmproxy.test import tflow

from addons.admit import Admit
from addons.call import Call
from addons.config import Config
from addons.config_load import parse
from addons.credentials import Credentials
from addons.demo.addon import Demo
from addons.fetch import Fetch
from addons.health import Health
from addons.match import Match
from addons.proxy import Failure, shallow
from addons.refusals import Refusals
from addons.route import Route
from addons.seal import Seal
from addons.translate import Translate

CHAT, MESSAGES = "/v1/chat/completions", "/anthropic/v1/messages"

CONFIG = """
providers:
  a: {type: openai, base_url: "https://a.example/v1", api_key: key-of-a}
  b: {type: openai, base_url: "http://b.example:8080/base/v1", api_key: key-of-b}
  anth: {type: anthropic, base_url: "https://anth.example", api_key: key-of-anth}
  free: {type: openai, base_url: "http://free.example/v1"}
  demo: {type: demo}
  demo-claude: {type: demo, dialect: anthropic_messages}
server: {allow_direct: true}
routes:
  - {models: [one], backends: [{provider: a}]}
  - {models: [renamed], backends: [{provider: a, model: up-model}]}
  - {models: [three], backends: [{provider: a}, {provider: b, priority: 1}, {provider: anth, priority: 2}]}
"""


def a_config(text: str = CONFIG) -> Config:
    """What config.yaml would be with this text."""
    return parse(text, {})


def a_request(body: Any = b"", path: str = CHAT, method: str = "POST", **headers: str) -> http.Request:
    """A client's request; underscores in the names of `headers` are dashes, and `body` may be JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return http.Request.make(method, f"http://127.0.0.1:1{path}", content, fields(headers))


def a_call(request: http.Request | None = None, config: Config | None = None) -> Call:
    """A call of which no addon knows yet."""
    call = Call(flow=tflow.tflow(req=request or a_request()), config=config or a_config())
    call.bind(call.flow)
    return call


def asking(model: str = "one", path: str = CHAT, **fields: Any) -> Any:
    """The body of a small chat request."""
    limit = {} if path == CHAT else {"max_tokens": 9}
    return {"model": model, "messages": [{"role": "user", "content": "Hi"}], **limit, **fields}


class Chain:
    """Our own addons, in their order, for one configuration."""

    def __init__(self, text: str = CONFIG, config: Config | None = None, files: Fetch | None = None) -> None:
        self.config = config or a_config(text)
        refusals = Refusals(lambda: self.config)
        self.credentials = Credentials()
        self.credentials.use(self.config)
        self.seal = Seal(Demo(), self.credentials)
        self.seal.use(self.config)
        self.now = 0.0
        self.health = Health(clock=lambda: self.now)
        self.health.use(self.config)
        self.route = Route(refusals, self.health)
        self.translate = Translate(refusals, files)
        self.addons = (Admit(refusals), Match(refusals), self.health, self.route, self.translate, self.seal)

    def call(self, request: http.Request) -> Call:
        """A client's call, up to where an attempt is needed or it has been answered."""
        call = a_call(request, self.config)
        self.run("requestheaders", call.flow)
        if not call.flow.response:
            self.run("request", call.flow)
        if call.flow.response:
            self.run("responseheaders", call.flow)
            self.run("response", call.flow)
        return call

    def attempt(self, call: Call) -> http.HTTPFlow | None:
        """The next attempt, as it stands before the seal; `None` where there is none."""
        call.request = None
        while not (call.request or call.over):
            for addon in (self.health, self.credentials, self.route, self.translate, self.seal):
                waiting = addon.attempt(call)
                if inspect.isawaitable(waiting):
                    asyncio.run(_done(waiting))
        if not call.request:
            return None
        flow = tflow.tflow(req=call.request)
        call.bind(flow)
        call.attempts.append(flow)
        flow.metadata = {"attempt_of": call.flow.id, "attempt": len(call.attempts)}
        self.run("requestheaders", flow)
        self.run("request", flow)
        return flow

    def first(self, request: http.Request) -> tuple[Call, http.HTTPFlow]:
        """A call and its first attempt."""
        call = self.call(request)
        attempt = self.attempt(call)
        assert attempt, call.flow.response
        return call, attempt

    def fail(self, call: Call, failure: Failure) -> http.HTTPFlow | None:
        """The last attempt has failed: the next one."""
        call.failures.append(failure)
        return self.attempt(call)

    def answer(self, call: Call, response: http.Response) -> http.Response:
        """The last attempt has this answer: what the client gets, with the whole body where it streams."""
        attempt = call.attempts[-1]
        attempt.response = response
        self.run("responseheaders", attempt)
        call.flow.response = told = shallow(response)
        told.stream = False
        self.run("responseheaders", call.flow)
        self.run("response", attempt)
        if callable(told.stream):
            stream: Callable[[bytes], Any] = told.stream
            told.raw_content = b"".join([*stream(response.raw_content or b""), *stream(b"")])
        self.run("response", call.flow)
        return call.flow.response

    def settle(self, call: Call) -> None:
        """It is certain what the client gets."""
        self.health.settled(call)

    def run(self, hook: str, flow: http.HTTPFlow) -> None:
        for addon in self.addons:
            if handler := getattr(addon, hook, None):
                handler(flow)


async def _done(waiting: Awaitable[Any]) -> None:
    await waiting


def an_answer(body: Any, status: int = 200, **headers: str) -> http.Response:
    """A provider's answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = http.Response.make(status, headers=fields(headers))
    response.raw_content = content  # as it is: encoded already, where a header says so
    response.headers["content-length"] = str(len(content))
    return response


def fields(headers: dict[str, str]) -> http.Headers:
    """JSON unless they say otherwise."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return http.Headers(
        [
            (name.encode(), value.encode())
            for name, value in ({"content-type": "application/json"} | named).items()
        ]
    )


def told(response: http.Response | None) -> Any:
    """The JSON of an answer."""
    assert response
    return json.loads(response.raw_content or b"")
