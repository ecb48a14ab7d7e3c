"""Anthropic's messages at AWS and at Google: its JSON in their envelopes.

https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude
"""

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from addons.demo import anthropic_messages, bedrock_errors, eventstream, google_errors
from addons.demo.answer import Answer, Ask, Content, Endpoint, Failure, Frames, Incoming, Rejected
from addons.demo.anthropic_request import ask_of, blocks, body_of, checked
from addons.demo.signature import signature
from addons.demo.wire import Json, dump, items, members, text

FIELDS = frozenset(
    {
        "anthropic_version",
        "max_tokens",
        "messages",
        "system",
        "temperature",
        "top_p",
        "top_k",
        "stop_sequences",
    }
    | {"tools", "tool_choice", "thinking", "output_config", "metadata", "cache_control", "context_management"}
)
"""What both take; the rest of Anthropic's own API they refuse."""
AWS_VERSION, GCP_VERSION = "bedrock-2023-05-31", "vertex-2023-10-16"
OWN_VERSIONS = ("2023-06-01", "2026-10-21")
"""Those of Anthropic's own API: its SDK sends them to both instead of theirs."""
AWS_BETAS = frozenset(
    {"computer-use-2024-10-22", "computer-use-2025-01-24", "computer-use-2025-11-24"}
    | {"context-1m-2025-08-07", "context-management-2025-06-27", "compact-2026-01-12"}
    | {"dev-full-thinking-2025-05-14", "interleaved-thinking-2025-05-14", "effort-2025-11-24"}
    | {"fine-grained-tool-streaming-2025-05-14", "token-efficient-tools-2025-02-19"}
    | {"tool-search-tool-2025-10-19", "tool-examples-2025-10-29", "output-128k-2025-02-19"}
    | {"mcp-client-2025-04-04", "mcp-client-2025-11-20", "model-context-window-exceeded-2025-08-26"}
    | {"pdfs-2024-09-25", "search-results-2025-06-09", "web-search-2025-03-05", "token-counting-2024-11-01"}
)
"""AWS refuses a request for one flag that it does not know."""
FROM_GOOGLE = frozenset({401, 403, 404, 405, 429, 503})
"""Statuses that Google answers with itself, before Anthropic's model is asked."""


def read_aws(request: Incoming) -> Ask:
    body = _checked(request, AWS_VERSION, FIELDS | {"anthropic_beta"})
    betas = body.pop("anthropic_beta", None)
    if betas is not None and not isinstance(betas, list):
        raise Rejected("anthropic_beta: Input should be a valid list")
    if unknown := [str(flag) for flag in items(betas) if flag not in AWS_BETAS]:
        raise Rejected(f"anthropic_beta: invalid beta flag: {', '.join(unknown)}")
    return _ask(request, body)


def read_aws_streamed(request: Incoming) -> Ask:
    """The path says that it is streamed; the body must not."""
    return replace(read_aws(request), stream=True)


def read_gcp(request: Incoming) -> Ask:
    """Google takes `stream`, and streams on either path if it is true."""
    body = _checked(request, GCP_VERSION, FIELDS | {"stream"})
    return _ask(request, body)


def read_gcp_streamed(request: Incoming) -> Ask:
    return replace(read_gcp(request), stream=True)


def read_gcp_count(request: Incoming) -> Ask:
    """Counting is a model of its own there, and the one that is meant stands in the body."""
    body = _checked(request, GCP_VERSION, FIELDS | {"model"})
    return ask_of(request, checked(body, "messages"))


def _ask(request: Incoming, body: Json) -> Ask:
    named = checked({**body, "model": request.named["model"]}, "max_tokens", "messages")
    for number, turn in enumerate(map(members, named["messages"])):
        for position, block in enumerate(blocks(turn.get("content"))):
            signed = signature("thinking", text(block.get("thinking")))
            if block.get("type") == "thinking" and block.get("signature") != signed:
                where = f"messages.{number}.content.{position}"
                raise Rejected(f"{where}: Invalid `signature` in `thinking` block")
    return ask_of(request, named)


def _checked(request: Incoming, version: str, fields: frozenset[str]) -> Json:
    body = body_of(request)
    if body.get("anthropic_version") is None:
        raise Rejected("anthropic_version: Field required")
    if body["anthropic_version"] not in (version, *OWN_VERSIONS):
        raise Rejected(f"anthropic_version: Input should be '{version}'")
    if extra := [name for name in body if name not in fields]:
        raise Rejected("; ".join(f"{name}: Extra inputs are not permitted" for name in extra))
    return body


def write_aws(ask: Ask, answer: Answer) -> Content:
    counted = (
        ("x-amzn-bedrock-input-token-count", str(answer.usage.input)),
        ("x-amzn-bedrock-output-token-count", str(answer.usage.output)),
        ("x-amzn-bedrock-invocation-latency", "7"),
    )
    return replace(anthropic_messages.write(ask, answer), headers=counted)


def stream_aws(ask: Ask, answer: Answer) -> Frames:
    breaks = bedrock_errors.Breaks()

    def head() -> Iterator[bytes]:
        breaks.begin()
        yield from map(_chunk, anthropic_messages.started(ask, answer))

    return Frames(
        head=head(),
        content=map(_chunk, anthropic_messages.said(answer)),
        tail=map(_chunk, _measured(anthropic_messages.ended(ask, answer), answer)),
        error=breaks.frame,
        type=eventstream.TYPE,
    )


def _chunk(event: Json) -> bytes:
    return eventstream.event("chunk", {"bytes": base64.b64encode(dump(event)).decode()})


def _measured(events: Iterable[Json], answer: Answer) -> Iterator[Json]:
    """AWS adds to the last event what it has counted."""
    metrics = {
        "inputTokenCount": answer.usage.input,
        "outputTokenCount": answer.usage.output,
        "invocationLatency": 7,
        "firstByteLatency": 3,
    }
    for event in events:
        more = {"amazon-bedrock-invocationMetrics": metrics} if event["type"] == "message_stop" else {}
        yield event | more


def error_gcp(failure: Failure, digest: str) -> Content:
    writes = google_errors.write if failure.status in FROM_GOOGLE else anthropic_messages.error
    return writes(failure, digest)


def _aws(operation: str) -> re.Pattern[str]:
    return re.compile(f"/model/(?P<model>[^/]+)/{operation}")


def _gcp(method: str, model: str = "(?P<model>[^/]+)") -> re.Pattern[str]:
    place = "/v1(?:beta1)?/projects/[^/]+/locations/[^/]+/publishers/anthropic/models/"
    return re.compile(f"{place}{model}:{method}")


ENDPOINTS = (
    Endpoint(
        path=_aws("invoke-with-response-stream"),
        read=read_aws_streamed,
        write=write_aws,
        stream=stream_aws,
        error=bedrock_errors.write,
        headers=lambda digest: [
            *bedrock_errors.headers(digest),
            ("x-amzn-bedrock-content-type", "application/json"),
        ],
    ),
    Endpoint(
        path=_gcp("rawPredict", "count-tokens"),
        read=read_gcp_count,
        write=anthropic_messages.write_count,
        error=error_gcp,
        headers=anthropic_messages.headers,
    ),
    Endpoint(
        path=_gcp("rawPredict"),
        read=read_gcp,
        write=anthropic_messages.write,
        stream=anthropic_messages.stream,
        error=error_gcp,
        headers=anthropic_messages.headers,
    ),
    Endpoint(
        path=_gcp("streamRawPredict"),
        read=read_gcp_streamed,
        write=anthropic_messages.write,
        stream=anthropic_messages.stream,
        error=error_gcp,
        headers=anthropic_messages.headers,
    ),
)
INVOKE = Endpoint(
    path=_aws("invoke"),
    read=read_aws,
    write=write_aws,
    error=bedrock_errors.write,
    headers=bedrock_errors.headers,
)
"""One of several formats that are spoken on this path."""
