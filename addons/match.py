"""Match: which endpoint is asked for, and what the request says; answers the lists of models."""

import re
from collections.abc import Hashable, Mapping, Sequence
from functools import lru_cache
from typing import cast
from urllib.parse import unquote

import orjson
from mitmproxy import http

from addons.call import Call, client_call
from addons.config import Endpoints
from addons.endpoints import ENDPOINTS, FORM, JSON, LISTED, MODELS, Endpoint, Family
from addons.models import model_answer, models_answer
from addons.proxy import header
from addons.refusals import Refusals
from translators import FORMS, body, form
from translators.canonical import Failed, Json
from translators.errors import BadRequest

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
MODEL_HEADERS = ("x-dragoman-model", "x-ai-eg-model")


class Match:
    """Finds the endpoint, refuses what is none, and reads the body."""

    def __init__(self, refusals: Refusals) -> None:
        self._refusals = refusals

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if call := client_call(flow):
            # (also where the request is refused already: it tells in whose words)
            call.endpoint, call.path_model = find(call.config.endpoints, path_of(flow))

    def request(self, flow: http.HTTPFlow) -> None:
        call = client_call(flow)
        if not call or flow.response:
            return
        try:
            if call.endpoint:
                self._read(call, call.endpoint)
            else:
                flow.response = self._local(call, path_of(flow))
        except BadRequest as error:
            failed = Failed("invalid_request", str(error), 400, param=error.field or None)
            flow.response = self._refusals.refuse(call, failed)
        except LookupError as error:
            flow.response = self._refusals.refuse(call, Failed("not_found", str(error.args[0]), 404))

    def _read(self, call: Call, endpoint: Endpoint) -> None:
        request = call.flow.request
        told = header(request.headers, "content-type", JSON)
        content_type = told.partition(";")[0].strip().lower()
        content_type = JSON if content_type.endswith("+json") else content_type
        if request.method != "POST":
            call.flow.response = self._refuse(call, 405, f"{endpoint.path} takes POST.", allow="POST")
        elif content_type not in endpoint.takes:
            wanted = " or ".join(endpoint.takes)
            call.flow.response = self._refuse(call, 415, f"The content type must be {wanted}.")
        elif endpoint.query and request.query.get(endpoint.query[0]) != endpoint.query[1]:
            wanted = "=".join(endpoint.query)
            call.flow.response = self._refuse(call, 400, f"{endpoint.path} is served only with ?{wanted}.")
        elif content_type == FORM:
            call.body = form.parse(request.raw_content or b"", told, FORMS.get(endpoint.dialect))
            self._read_fields(call, endpoint, call.body.outline)
        else:
            call.body = body.parse(request.raw_content or b"")
            self._read_fields(call, endpoint, call.body.json)

    def _read_fields(self, call: Call, endpoint: Endpoint, fields: Json) -> None:
        if endpoint.names_model:
            fields = {**fields, "model": unquote(call.path_model), "stream": endpoint.streams}
        model = fields.get("model") or self._header_model(call.flow.request)
        if not isinstance(model, str) or not model:
            raise BadRequest(
                "model", "must be a string" if model else "is required, in the body or in x-dragoman-model"
            )
        if _CONTROL.search(model):
            raise BadRequest("model", "must not contain control characters")
        stream = fields.get("stream")
        if not isinstance(stream, bool | None):
            raise BadRequest("stream", "must be true or false")
        call.model, call.stream = model, bool(stream) and not endpoint.whole
        endpoint.spoken.check_request(fields)

    def _header_model(self, request: http.Request) -> str:
        return next((value for name in MODEL_HEADERS if (value := header(request.headers, name))), "")

    def _local(self, call: Call, path: str) -> http.Response:
        """What the gateway answers by itself."""
        for family in LISTED:
            prefix = call.config.endpoints.prefix(family) + MODELS
            if path == prefix or path.startswith(prefix + "/"):
                if call.flow.request.method != "GET":
                    return self._refuse(call, 405, f"{MODELS} takes GET.", allow="GET")
                return self._models(call, family, path.removeprefix(prefix).removeprefix("/"))
        known = ", ".join(call.config.endpoints.prefix(e.family) + e.path for e in ENDPOINTS)
        return self._refuse(call, 404, f"There is no {path[:200]} here. Endpoints: {known}.")

    def _models(self, call: Call, family: Family, model: str) -> http.Response:
        query, headers, config = dict(call.flow.request.query), call.flow.request.headers, call.config
        found: Json = (
            model_answer(family, model, config, headers)
            if model
            else models_answer(family, query, config, headers)
        )
        return http.Response.make(200, orjson.dumps(found), {"content-type": "application/json"})

    def _refuse(self, call: Call, status: int, message: str, **headers: str) -> http.Response:
        response = self._refusals.refusal(status, message, path_of(call.flow))
        call.refusal = Failed("invalid_request", message, status)
        for name, value in {"x-request-id": call.request_id, **headers}.items():
            response.headers[name] = value
        return response


def path_of(flow: http.HTTPFlow) -> str:
    """The path that was asked for, without its query."""
    return flow.request.path.partition("?")[0]


def find(endpoints: Endpoints, path: str) -> tuple[Endpoint | None, str]:
    """The endpoint at a path, and the model that the path names, as it is written there."""
    prefixes = cast(Hashable, endpoints)  # it is: pydantic sees to that, and no checker
    if found := paths(prefixes).get(path):
        return found, ""
    for pattern, endpoint in patterns(prefixes):
        if named := pattern.fullmatch(path):
            return endpoint, named[1]
    return None, ""


@lru_cache(maxsize=64)
def paths(endpoints: Endpoints) -> Mapping[str, Endpoint]:
    """Every path that is an endpoint, under a configuration's prefixes."""
    return {
        endpoints.prefix(endpoint.family) + endpoint.path: endpoint
        for endpoint in ENDPOINTS
        if not endpoint.names_model
    }


@lru_cache(maxsize=64)
def patterns(endpoints: Endpoints) -> Sequence[tuple[re.Pattern[str], Endpoint]]:
    """The endpoints whose paths name a model."""
    return [
        (re.compile("([^/]+)".join(map(re.escape, path.split("{model}")))), endpoint)
        for endpoint in ENDPOINTS
        if endpoint.names_model and (path := endpoints.prefix(endpoint.family) + endpoint.path)
    ]
