"""Refusals: every error that the gateway itself tells a client, in the client's dialect and always JSON."""

from collections.abc import Callable

import orjson
from mitmproxy import http

from addons.call import Call
from addons.config import Config
from addons.endpoints import FAMILY_DIALECT, Family
from translators import SPOKEN
from translators.canonical import ErrorKind, Failed
from translators.dialect import Spoken
from translators.errors import STATUS

KINDS: dict[int, ErrorKind] = {
    400: "invalid_request",
    401: "authentication",
    404: "not_found",
    405: "invalid_request",
    408: "timeout",
    413: "too_large",
    415: "invalid_request",
    422: "unsupported",
    429: "rate_limit",
    431: "too_large",
    504: "timeout",
}


class Refusals:
    """Writes errors. `config` tells which prefix belongs to which family of endpoints."""

    def __init__(self, config: Callable[[], Config]) -> None:
        self._config = config

    def refusal(self, status: int, message: str, path: str) -> http.Response:
        """To a request that can't be read or may not go on."""
        kind = KINDS.get(status, "server" if status >= 500 else "invalid_request")
        return answer(self._spoken(path), Failed(kind, message, status), "")

    def fault(self, flow: http.HTTPFlow) -> http.Response:
        """To a request over which an addon has failed."""
        failed = Failed("server", "The gateway failed over this request; nothing more was sent.", 500)
        call = Call.of(flow)
        if call:
            call.refusal = failed
        return answer(self.spoken_for(flow), failed, call.request_id if call else "")

    def refuse(self, call: Call, failed: Failed) -> http.Response:
        """To this call, and remembered for the log."""
        call.refusal = failed
        return answer(self.spoken_for(call.flow), failed, call.request_id)

    def spoken_for(self, flow: http.HTTPFlow) -> Spoken:
        call = Call.of(flow)
        if call and call.endpoint:
            return call.endpoint.spoken
        return self._spoken(call.flow.request.path if call else flow.request.path)

    def _spoken(self, path: str) -> Spoken:
        return SPOKEN[FAMILY_DIALECT[family_of(path, self._config())]]


def family_of(path: str, config: Config) -> Family:
    """The family of endpoints under whose prefix a path is; the longest prefix wins."""
    prefixes: dict[Family, str] = {family: config.endpoints.prefix(family) for family in FAMILY_DIALECT}
    under: list[Family] = [family for family, prefix in prefixes.items() if path.startswith(prefix + "/")]
    return max(under, key=lambda family: len(prefixes[family])) if under else "openai"


def answer(spoken: Spoken, failed: Failed, request_id: str) -> http.Response:
    """An error as a response."""
    headers = {"content-type": "application/json"}
    if request_id:
        headers["x-request-id"] = request_id
    body, named = named_in_header(orjson.dumps(spoken.write_error(failed, request_id)))
    return http.Response.make(failed.status or STATUS[failed.kind], body, headers | named)


def named_in_header(error: bytes) -> tuple[bytes, dict[str, str]]:
    """An error's body, and the header in which AWS's clients look for its name."""
    if b'"__type"' not in error:
        return error, {}
    told: dict[str, object] = orjson.loads(error)
    name = told.pop("__type", None)
    return orjson.dumps(told), {"x-amzn-errortype": str(name)} if name else {}
