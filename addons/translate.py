"""Translate: writes each attempt in the provider's words, and its answer in the client's."""

import time
from collections.abc import Awaitable
from dataclasses import replace
from email.utils import parsedate_to_datetime
from urllib.parse import quote

import orjson
from mitmproxy import http

from addons.call import Call, Try, client_call
from addons.config import Backend, Effective, Provider, Route, effective
from addons.decoding import RESPONSE_BYTES, Decoder, decode
from addons.endpoints import JSON
from addons.fetch import Fetch
from addons.outgoing import host_of, outgoing_request
from addons.proxy import (
    Exchange,
    Failure,
    Peek,
    Timeouts,
    drop_header,
    good_part,
    header,
    headers_among,
    is_replaying,
)
from addons.refusals import Refusals, named_in_header
from translators import SOURCES, TARGETS
from translators.canonical import Failed, Json, JsonValue
from translators.errors import STATUS, BadRequest, BadUpstream, Declined, Unsupported, Wanted
from translators.fields import spelling
from translators.form import Form
from translators.stream import ENDED_EARLY, Head, Stream
from translators.translator import DECLINED, Translator

EVENT_STREAMS = ("text/event-stream", "application/vnd.amazon.eventstream")
KEPT_HEADERS = frozenset(
    b"content-type content-length transfer-encoding date request-id "
    b"retry-after retry-after-ms x-should-retry".split()
)
"""What a client gets to see of a provider's headers, with those of its rate limits."""
RATE_LIMITS = (b"x-ratelimit-", b"anthropic-ratelimit-")
MOST_KNOWN = 1000
"""Backends whose settings are remembered."""
ANSWER_IDS = ("x-amzn-requestid", "x-request-id", "request-id", "apim-request-id")
"""Headers in which providers say what they call an answer; the first that there is counts."""
PRINTABLE = " !#$%&'()*+,/:;=?@[]^`{|}~.-_<>"
"""What stays as it is in a header's value; the rest is percent-encoded."""


class Translate:
    """Between the client's dialect and the provider's."""

    def __init__(self, refusals: Refusals, files: Fetch | None = None) -> None:
        self._refusals = refusals
        self._files = files or Fetch()
        self._known: dict[int, tuple[Backend, Effective]] = {}

    # --- requests -----------------------------------------------------------------------------------

    def attempt(self, exchange: Exchange) -> Awaitable[None] | None:
        call = exchange
        if not isinstance(call, Call) or not call.backend or call.over:
            return None
        try:
            self._try(call, call.backend)
        except Wanted as wanted:
            return self._fetch(call, call.backend, wanted)
        return None

    async def _fetch(self, call: Call, backend: Backend, wanted: Wanted) -> None:
        """Get the files that the provider wants to be given, and write the attempt after that."""
        if is_replaying():
            self._refuse_file(call, backend, wanted.meaning, "a replay fetches nothing")
            return
        try:
            call.fetched |= await self._files.files(wanted.addresses, wanted.meaning)
        except Unsupported as error:
            self._refuse_file(call, backend, error.meaning, error.reason)
            return
        self._try(call, backend)

    def _refuse_file(self, call: Call, backend: Backend, meaning: str, reason: str) -> None:
        assert call.endpoint and call.body
        field = spelling(meaning, SOURCES[call.endpoint.spoken.NAME].READS, given=call.body.json)
        call.unsupported.append((backend.provider, field, reason))

    def _try(self, call: Call, backend: Backend) -> None:
        """Write the attempt, or note why not. Raises `Wanted`."""
        try:
            self._write(call, backend)
        except Unsupported as error:
            call.unsupported.append((backend.provider, error.meaning, error.reason))
        except BadRequest as error:
            call.over = True
            failed = Failed("invalid_request", str(error), 400, param=error.field or None)
            call.response = self._refusals.refuse(call, failed)

    def _write(self, call: Call, backend: Backend) -> None:
        assert call.endpoint and call.rule and call.body
        provider = call.config.providers[backend.provider]
        if call.current and call.rest and call.failures[-1].kind == "part":
            self._ask(call, backend, replace(call.current), call.rest.pop(0))
            return
        model, host = backend.model or call.model, host_of(provider)
        target = host.spoken_for(call.endpoint.spoken, model, TARGETS)
        if not target:
            if host.spoken_for(call.endpoint.spoken, "", TARGETS):
                raise Unsupported("model", f"{model[:200]} is nothing to be asked at {call.endpoint.path}")
            raise Unsupported(call.endpoint.path, f"is nothing that {provider.type} serves")
        model = host.paths[target.NAME].named(model)
        translator = Translator(call.endpoint.spoken, target, host.envelope(target))
        files = call.fetched if call.config.server.fetch_images else None
        called = host.paths[target.NAME].called(model, provider.places)
        written = translator.request(call.body, called, elsewhere(call), files)
        call.rest = list(written.rest)
        self._ask(call, backend, Try(backend.provider, model, translator, written.dropped), written.body)
        if written.betas and call.request:
            call.request.headers["anthropic-beta"] = ",".join(written.betas)

    def _ask(self, call: Call, backend: Backend, attempt: Try, body: bytes) -> None:
        """Make the next attempt one that asks this."""
        assert call.rule
        provider, translator = call.config.providers[backend.provider], attempt.translator
        path = host_of(provider).paths[translator.target.NAME]
        settings = self._settings(provider, call.rule, backend)
        passes = translator.identity and isinstance(call.body, Form)
        call.request = outgoing_request(
            call,
            provider,
            translator.target,
            path=path.to(attempt.model, call.stream, provider.places),
            body=body,
            content_type=header(call.flow.request.headers, "content-type") if passes else JSON,
            settings=settings,
        )
        call.asked.append(backend)
        call.tries.append(attempt)
        call.judge = judge
        times = settings.timeouts
        total = call.overrides.total(times.total)
        call.timeouts = Timeouts(times.connect, times.first_byte, times.idle, total)
        call.streams = streams
        call.peek = peek

    def _settings(self, provider: Provider, rule: Route, backend: Backend) -> Effective:
        """What holds for a backend, worked out once. It is remembered by identity, and kept with it."""
        known = self._known.get(id(backend))
        if known and known[0] is backend:
            return known[1]
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        settings = effective(provider, rule, backend)
        self._known[id(backend)] = backend, settings
        return settings

    # --- answers ------------------------------------------------------------------------------------

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        call = client_call(flow)
        if not call or not flow.response:
            return
        if not (attempt := call.current) or not answered(call):
            tell(call, flow.response)
            return
        response = flow.response
        coding = header(response.headers, "content-encoding")
        keep_answer_headers(response)
        tell(call, response)
        if not streams(response):
            return
        if is_events(response):
            decoder = Decoder(coding, RESPONSE_BYTES)
            response.headers["content-type"] = attempt.translator.source.STREAM_TYPE
            response.headers["cache-control"] = "no-cache"
            stream = attempt.translator.stream(created_of(response), answer_id(call))
            response.stream = Translating(stream, decoder, call)
        else:
            response.stream = True

    def response(self, flow: http.HTTPFlow) -> None:
        call = client_call(flow)
        if (
            not call
            or not flow.response
            or flow.response.stream
            or not (attempt := call.current)
            or not answered(call)
        ):
            return
        raw = call.attempts[-1].response
        assert raw
        coding = header(raw.headers, "content-encoding")
        try:
            body = decode(flow.response.raw_content or b"", coding, RESPONSE_BYTES)
            written = self._whole(call, attempt.translator, flow.response, body)
        except Declined as declined:
            flow.response = self._refusals.refuse(call, declined.failed)
            tell(call, flow.response)
            return
        except (BadUpstream, ValueError) as error:
            failed = Failed("server", f"{attempt.provider} gave an answer that can't be used: {error}", 502)
            flow.response = self._refusals.refuse(call, failed)
            tell(call, flow.response)
            return
        flow.response.raw_content = written
        drop_header(flow.response.headers, "transfer-encoding")
        flow.response.headers["content-length"] = str(len(written))

    def _whole(self, call: Call, translator: Translator, response: http.Response, body: bytes) -> bytes:
        if response.status_code >= 300:
            told, kind = with_error_type(body, call.attempts[-1].response)
            _, written = translator.error(response.status_code, told, call.request_id)
            if written is None:
                if kind and translator.source.OWNER == "amazon":
                    response.headers["x-amzn-errortype"] = kind
                return body
            response.headers["content-type"] = "application/json"
            written, named = named_in_header(written)
            for name, value in named.items():
                response.headers[name] = value
            return written
        content_type = header(response.headers, "content-type")
        if translator.identity and "json" not in content_type:
            return body
        created, id = (0, "") if translator.identity else (created_of(response), answer_id(call))
        if call.stream and not translator.identity and not content_type.startswith(EVENT_STREAMS):
            response.headers["content-type"] = translator.source.STREAM_TYPE
            return translator.whole_as_stream(body, created, id)
        return translator.response(body, created, id, tokens_of(call.attempts[-1].response))


class Translating:
    """What the client's response streams through."""

    def __init__(self, stream: Stream, decoder: Decoder, call: Call) -> None:
        self._stream, self._decoder, self._call = stream, decoder, call

    def __call__(self, data: bytes) -> list[bytes]:
        if not data:
            return self._stream.close()
        try:
            frames = self._stream.feed(self._decoder.feed(data))
        except ValueError as error:
            return self._stream.fail(str(error))
        if frames and self._call.first_byte is None:
            self._call.first_byte = time.monotonic()
        return frames

    def abort(self, reason: str) -> list[bytes]:
        """`reason` is a timeout's name, or whatever the connection died of: nothing for clients to read."""
        ours = "timeout" in reason or "recording" in reason
        told = f"The provider's stream broke off: {reason}." if ours else ENDED_EARLY
        return self._stream.fail(told)


class Peeking:
    """Looks at the head of a stream for the layer, and remembers the error that it may be."""

    def __init__(self, head: Head, response: http.Response, call: Call) -> None:
        self._head, self._call = head, call
        coding = header(response.headers, "content-encoding")
        self._decoder = Decoder(coding, RESPONSE_BYTES)

    def feed(self, data: bytes) -> Failure | bool:
        if not data:
            return self._failure(Failed("server", ENDED_EARLY, 502))
        try:
            verdict = self._head.feed(self._decoder.feed(data))
        except ValueError as error:
            verdict = Failed("server", str(error), 502)
        return self._failure(verdict) if isinstance(verdict, Failed) else verdict

    def _failure(self, failed: Failed) -> Failure:
        self._call.head_error = failed
        return Failure("stream", "error in stream", failed.status or STATUS[failed.kind])


def judge(call: Exchange, response: http.Response) -> Failure | None:
    """Keep the answer to one of several requests, and ask the next one of the same backend.

    One that is a refusal is the client's, unless the route retries what is refused like this.
    """
    assert isinstance(call, Call) and call.current and call.rule
    translator, retries = call.current.translator, call.rule.retry.matches_status(DECLINED)
    if response.status_code >= 300 or not (call.rest or (retries and not translator.identity)):
        return None
    try:
        coding = header(response.headers, "content-encoding")
        body = decode(response.raw_content or b"", coding, RESPONSE_BYTES)
        if retries and (failed := translator.declined(body)):
            call.head_error = failed
            return Failure("declined", failed.message, failed.status)
        if not call.rest:
            return None
        translator.part(body, answer_id(call), tokens_of(response))
    except (BadUpstream, ValueError):
        return None  # the client is told so, as of any answer that can't be read
    call.again = call.asked[-1]
    return good_part(response)


def peek(call: Exchange, response: http.Response) -> Peek | None:
    """What tells a stream's head from an error."""
    assert isinstance(call, Call) and call.current
    return Peeking(call.current.translator.peek(), response, call) if is_events(response) else None


def answered(call: Call) -> bool:
    """Whether the client's response is the last attempt's, and not one of the gateway's own."""
    return call.response is None and not call.faults and bool(call.attempts and call.attempts[-1].response)


def streams(response: http.Response) -> bool:
    """Whether an answer goes to the client as it comes: event streams and sounds do, JSON is held whole."""
    content_type = header(response.headers, "content-type")
    return response.status_code < 300 and content_type.startswith(
        (*EVENT_STREAMS, "audio/", "application/octet-stream")
    )


def is_events(response: http.Response) -> bool:
    """Whether a good answer is a stream of events."""
    return response.status_code < 300 and header(response.headers, "content-type").startswith(EVENT_STREAMS)


def elsewhere(call: Call) -> Json:
    """What a client says as fields of its body, but in the path, or in the header of Anthropic's betas."""
    assert call.endpoint
    if call.endpoint.names_model:
        return {"stream": call.endpoint.streams}
    if call.endpoint.spoken.OWNER != "anthropic":
        return {}
    told = header(call.flow.request.headers, "anthropic-beta")
    flags: list[JsonValue] = [flag for name in told.split(",") if (flag := name.strip())]
    return {"betas": flags} if flags else {}


def answer_id(call: Call) -> str:
    """What a provider calls its answer, where the body does not say; the same in a replay."""
    raw = call.attempts[-1].response
    told = headers_among(raw.headers, ANSWER_IDS) if raw else {}
    return next((value for value in told.values() if value), call.request_id)


def tokens_of(raw: http.Response | None) -> int | None:
    """What AWS counts beside an answer that does not say: the tokens that went into it."""
    counted = header(raw.headers, "x-amzn-bedrock-input-token-count") if raw else ""
    return int(counted) if counted.isascii() and counted.isdigit() else None


def with_error_type(body: bytes, raw: http.Response | None) -> tuple[bytes, str]:
    """An error of AWS's with its type in the body, where the header has it; and the type."""
    kind = header(raw.headers, "x-amzn-errortype") if raw else ""
    if not kind:
        return body, ""
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body, kind
    return (orjson.dumps({"__type": kind, **told}) if isinstance(told, dict) else body), kind


def keep_answer_headers(response: http.Response) -> None:
    """Leave of a provider's headers what is meant for clients, and how the body is framed."""
    response.headers.fields = tuple(
        (name, value)
        for name, value in response.headers.fields
        if (lower := name.lower()) in KEPT_HEADERS or lower.startswith(RATE_LIMITS)
    )


def tell(call: Call, response: http.Response) -> None:
    """Add the gateway's own headers."""
    told = {"x-request-id": call.request_id}
    if attempt := call.current:
        told["x-dragoman-provider"] = attempt.provider
        told["x-dragoman-model"] = quote(attempt.model, safe=PRINTABLE)
        told["x-dragoman-attempts"] = str(len(call.attempts))
        if attempt.dropped:
            told["x-dragoman-dropped"] = quote(",".join(attempt.dropped), safe=PRINTABLE)
    drop_header(response.headers, "x-request-id")
    response.headers.fields += tuple((name.encode(), value.encode()) for name, value in told.items())


def created_of(response: http.Response) -> int:
    """When the provider answered, in Unix seconds: by its own clock, so that a replay says the same."""
    try:
        return int(parsedate_to_datetime(header(response.headers, "date")).timestamp())
    except ValueError:
        return int(response.timestamp_start)
