import json
from typing import Any

import pytest
from mitmproxy import http

from addons.match import Match
from addons.refusals import Refusals
from addons.reread import Reread
from tests.addons.calls import Chain, a_request, asking, told


class Held(Chain):
    """Our addons, and a person who edits each client's request before its first attempt."""

    def __init__(self) -> None:
        super().__init__()
        self.reread = Reread(Match(Refusals(lambda: self.config)), self.route)
        self.addons = (*self.addons, self.reread)

    def edited(self, body: Any, **headers: str) -> tuple[Any, http.HTTPFlow | None]:
        call = self.call(a_request(asking("one")))
        call.flow.request.content = body if isinstance(body, bytes) else json.dumps(body).encode()
        call.flow.request.headers.update(headers)
        self.reread.attempt(call)
        return call, self.attempt(call)


def sent(attempt: http.HTTPFlow | None) -> Any:
    assert attempt
    return json.loads(attempt.request.content or b"")


def test_an_edit_reaches_the_provider() -> None:
    _, attempt = Held().edited(asking("one", temperature=0.5))
    assert sent(attempt)["temperature"] == 0.5


def test_another_model_takes_another_route() -> None:
    call, attempt = Held().edited(asking("anth/claude", max_tokens=5))
    assert attempt and attempt.request.host == "anth.example"
    assert (call.model, sent(attempt)["model"]) == ("anth/claude", "claude")


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (asking("nobody"), 404), ({"model": "one"}, 400)])
def test_an_edit_that_makes_no_sense_is_refused(body: Any, status: int) -> None:
    call, attempt = Held().edited(body)
    assert attempt is None and call.flow.response is None
    assert call.response.status_code == status and told(call.response)["error"]


def test_what_is_edited_after_the_first_attempt_comes_too_late() -> None:
    held = Held()
    call, _ = held.first(a_request(asking("three")))
    call.flow.request.content = json.dumps(asking("three", temperature=0.5)).encode()
    held.reread.attempt(call)
    assert "temperature" not in call.body.json  # type: ignore[union-attr]


def test_a_request_that_nobody_has_edited_is_read_once() -> None:
    held = Held()
    call = held.call(a_request(asking("one")))
    read = call.body
    held.reread.attempt(call)
    assert call.body is read
