"""Every inbound chat API at every type of provider: a question, through our addons, to the embedded one.

What would go on the wire goes there, signed, and the answer comes back the same way. The models have the
names that they have at each provider; only on the wire the scenario takes their place.
"""

import http.client
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
import yaml
from mitmproxy import http as mitm

from tests import oracles
from tests.addons.calls import Chain, a_config, a_request
from tests.matrix import JUDGES, Judge
from tests.provider_cases import (
    CASES,
    COMPLETIONS_CASES,
    SCENARIOS,
    Body,
    chat,
    completions,
    converse,
    generate,
    messages,
)

# --- providers --------------------------------------------------------------------------------------

AWS = {
    "region": "us-east-1",
    "credentials": {"access_key_id": "AKIDMATRIX", "secret_access_key": "a-secret-of-this-test"},
}
GCP = {"project": "proj", "location": "us-east5", "credentials": {"access_token": "token-of-this-test"}}
KEY = {"api_key": "key-of-this-test"}
CLAUDE = "claude-opus-4-6"
BEDROCK = "us.anthropic.claude-opus-4-6-v1"


@dataclass(frozen=True, slots=True)
class Provider:
    """One type of provider: its options, what it speaks, and what its model is called there."""

    options: Mapping[str, Any]
    dialect: str
    model: str


PROVIDERS: Mapping[str, Provider] = {
    "openai": Provider({"type": "openai", **KEY}, "openai_chat", "gpt-5"),
    "azure": Provider(
        {"type": "azure-openai", "api_version": "2025-01-01-preview", **KEY}, "openai_chat", "dep"
    ),
    "azure-v1": Provider({"type": "azure-openai", "api_version": "v1", **KEY}, "openai_chat", "dep"),
    "cohere": Provider({"type": "cohere", **KEY}, "openai_chat", "command-a-03-2025"),
    "mistral": Provider({"type": "mistral", **KEY}, "openai_chat", "mistral-large-latest"),
    "anthropic": Provider({"type": "anthropic", **KEY}, "anthropic_messages", CLAUDE),
    "aws-anthropic": Provider({"type": "aws-anthropic", **AWS}, "anthropic_messages", BEDROCK),
    "gcp-anthropic": Provider({"type": "gcp-anthropic", **GCP}, "anthropic_messages", CLAUDE),
    "aws-bedrock": Provider({"type": "aws-bedrock", **AWS}, "bedrock_converse", BEDROCK),
    "gcp-vertex": Provider({"type": "gcp-vertex", **GCP}, "gemini_generate", "gemini-3-flash"),
    "gemini": Provider({"type": "gemini", **KEY}, "gemini_generate", "gemini-3-flash"),
}


def the_chain() -> Chain:
    """Our addons, with a route to each provider that is called like it."""
    routes = [
        {"models": [name], "backends": [{"provider": name, "model": provider.model}]}
        for name, provider in PROVIDERS.items()
    ]
    providers = {name: {**provider.options, "base_url": "demo"} for name, provider in PROVIDERS.items()}
    return Chain(config=a_config(yaml.safe_dump({"providers": providers, "routes": routes})))


# --- clients ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """What an answer says, whichever API it came in."""

    text: str = ""
    calls: tuple[tuple[str, Any], ...] = ()
    thinking: str = ""
    finish: str | None = None
    signature: str = ""


@dataclass(frozen=True, slots=True)
class Client:
    """One inbound API."""

    dialect: str
    judge: Judge
    ask: Callable[[str], Body]
    said: Callable[[Any], Said]
    reply: Callable[[Body, Any], Body]
    """A second request, which sends the answer to the first one back."""
    paths: tuple[str, str]
    """Whole and streamed."""
    cases: tuple[str, ...] = CASES


def _openai_said(answer: Any) -> Said:
    [choice] = answer["choices"]
    message = choice["message"]
    calls = [call["function"] for call in message.get("tool_calls") or ()]
    return Said(
        (message.get("content") or "") + (message.get("refusal") or ""),
        tuple((call["name"], orjson.loads(call["arguments"])) for call in calls),
        message.get("reasoning_content") or "",
        choice["finish_reason"],
        orjson.dumps(message.get("thinking_blocks") or "").decode(),
    )


def _completion_said(answer: Any) -> Said:
    [choice] = answer["choices"]
    return Said(choice["text"], finish=choice["finish_reason"])


def _anthropic_said(answer: Any) -> Said:
    blocks = answer["content"]
    return Said(
        "".join(block["text"] for block in blocks if block["type"] == "text"),
        tuple((block["name"], block["input"]) for block in blocks if block["type"] == "tool_use"),
        "".join(block["thinking"] for block in blocks if block["type"] == "thinking"),
        answer["stop_reason"],
        "".join(block["signature"] for block in blocks if block["type"] == "thinking"),
    )


def _converse_said(answer: Any) -> Said:
    blocks = answer["output"]["message"]["content"]
    used = [block["toolUse"] for block in blocks if "toolUse" in block]
    thought = [block["reasoningContent"]["reasoningText"] for block in blocks if "reasoningContent" in block]
    return Said(
        "".join(block.get("text", "") for block in blocks),
        tuple((call["name"], call["input"]) for call in used),
        "".join(thought["text"] for thought in thought),
        answer["stopReason"],
        "".join(thought.get("signature", "") for thought in thought),
    )


def _gemini_said(answer: Any) -> Said:
    [candidate] = answer["candidates"]
    parts = candidate.get("content", {}).get("parts") or []
    called = [part["functionCall"] for part in parts if "functionCall" in part]
    return Said(
        "".join(part.get("text", "") for part in parts if not part.get("thought")),
        tuple((call["name"], call.get("args", {})) for call in called),
        "".join(part.get("text", "") for part in parts if part.get("thought")),
        candidate["finishReason"],
        "".join(part.get("thoughtSignature", "") for part in parts),
    )


def _then(name: str, said: Callable[[Any], Any], more: Body) -> Callable[[Body, Any], Body]:
    return lambda asked, answer: {**asked, name: [*asked[name], said(answer), more]}


def _completion_stream(stream: bytes) -> Any:
    """The answer that the pieces of a stream make: the vendor's SDK has nothing that adds them up."""
    pieces = [data for _, data in oracles.sse_events(stream)]
    assert pieces.pop() == "[DONE]"
    chunks = [orjson.loads(piece) for piece in pieces]
    told = [chunk["choices"][0] for chunk in chunks if chunk["choices"]]
    finish = next(choice["finish_reason"] for choice in reversed(told) if choice["finish_reason"])
    return {
        **{name: value for name, value in chunks[0].items() if value is not None},
        "choices": [
            {
                "index": 0,
                "logprobs": None,
                "text": "".join(choice["text"] for choice in told),
                "finish_reason": finish,
            }
        ],
        **next(({"usage": chunk["usage"]} for chunk in chunks if chunk.get("usage")), {}),
    }


COMPLETIONS = Judge(
    request=JUDGES["openai_chat"].request,
    response=oracles.check_openai_completion_response,
    stream=lambda stream: oracles.check_openai_completion_response(_completion_stream(stream)),
    error=oracles.check_openai_error,
    fold=_completion_stream,
    error_event=JUDGES["openai_chat"].error_event,
    finishes=JUDGES["openai_chat"].finishes,
    ends=JUDGES["openai_chat"].ends,
)
_ASSISTANT = ("role", "content", "tool_calls", "reasoning_content", "thinking_blocks")
_MORE: Body = {"role": "user", "content": "Go on."}

CLIENTS: Mapping[str, Client] = {
    "chat": Client(
        "openai_chat",
        JUDGES["openai_chat"],
        chat,
        _openai_said,
        _then(
            "messages",
            lambda answer: {
                name: value
                for name, value in answer["choices"][0]["message"].items()
                if name in _ASSISTANT and value is not None
            },
            _MORE,
        ),
        ("/v1/chat/completions",) * 2,
    ),
    "completions": Client(
        "openai_completions",
        COMPLETIONS,
        completions,
        _completion_said,
        lambda asked, answer: asked,
        ("/v1/completions",) * 2,
        COMPLETIONS_CASES,
    ),
    "messages": Client(
        "anthropic_messages",
        JUDGES["anthropic_messages"],
        messages,
        _anthropic_said,
        _then(
            "messages",
            lambda answer: {
                "role": "assistant",
                "content": [
                    {name: value for name, value in block.items() if value is not None}
                    for block in answer["content"]
                ],
            },
            _MORE,
        ),
        ("/anthropic/v1/messages",) * 2,
    ),
    "converse": Client(
        "bedrock_converse",
        JUDGES["bedrock_converse"],
        converse,
        _converse_said,
        _then(
            "messages",
            lambda answer: answer["output"]["message"],
            {"role": "user", "content": [{"text": "Go on."}]},
        ),
        ("/bedrock/model/{}/converse", "/bedrock/model/{}/converse-stream"),
    ),
    "gemini": Client(
        "gemini_generate",
        JUDGES["gemini_generate"],
        generate,
        _gemini_said,
        _then(
            "contents",
            lambda answer: answer["candidates"][0]["content"],
            {"role": "user", "parts": [{"text": "Go on."}]},
        ),
        (
            "/gemini/v1beta/models/{}:generateContent",
            "/gemini/v1beta/models/{}:streamGenerateContent?alt=sse",
        ),
    ),
}


# --- asking -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of one question."""

    status: int
    headers: mitm.Headers
    body: bytes
    sent: Any = None
    """What the provider was asked; nothing where it was not."""
    wire: Mapping[str, str] = field(default_factory=dict[str, str])
    """And with which headers."""

    @property
    def dropped(self) -> str:
        return self.headers.get("x-dragoman-dropped", "")

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Gateway:
    """Our addons before the embedded provider."""

    def __init__(self, port: int) -> None:
        self._chain = the_chain()
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)

    def ask(
        self, client: Client, provider: str, case: str, body: Body, stream: bool, **headers: str
    ) -> Asked:
        """One request of a client, answered by the scenario of a case."""
        path = client.paths[stream].format(provider)
        in_body = "{}" not in client.paths[stream]
        named = {"model": provider, **({"stream": True} if stream else {}), **body} if in_body else body
        request = a_request(named, path, **headers)
        call = self._chain.call(request)
        attempt = None if call.flow.response else self._chain.attempt(call)
        if not attempt:
            response = call.flow.response or call.response
            assert response
            return Asked(response.status_code, response.headers, response.content or b"")
        sealed = call.seal(attempt)
        sent = orjson.loads(sealed.content or b"")
        status, fields, told = self._wire(sealed, PROVIDERS[provider].model, SCENARIOS.get(case, case))
        response = self._chain.answer(call, mitm.Response(b"HTTP/1.1", status, b"", fields, told, None, 0, 0))
        return Asked(
            response.status_code,
            response.headers,
            response.raw_content or b"",
            sent,
            dict(sealed.headers.items()),
        )

    def _wire(self, sealed: mitm.Request, model: str, scenario: str) -> tuple[int, mitm.Headers, bytes]:
        """The provider's answer, when the scenario is put in the place of the model."""
        body = orjson.loads(sealed.content or b"")
        path = re.sub(rf"(?<=[/]){re.escape(model)}(?=[/:])", scenario, sealed.path)
        if "model" in body:
            body["model"] = scenario
        headers = dict(sealed.headers.items())
        content = orjson.dumps(body)
        headers["content-length"] = str(len(content))
        self._connection.request(sealed.method, path, content, headers)
        answer = self._connection.getresponse()
        fields = [(name.lower().encode(), value.encode()) for name, value in answer.getheaders()]
        try:
            told = answer.read()
        except http.client.IncompleteRead as cut:
            told = cut.partial
            self._connection.close()
        kept = [field for field in fields if field[0] != b"transfer-encoding"]
        return answer.status, mitm.Headers(kept), told
