import pytest
from mitmproxy import http

from addons.proxy import shallow
from addons.proxy.messages import pause

NOW = 784111777.0
"""Sun, 06 Nov 1994 08:49:37 GMT."""


def test_a_shallow_copy_has_headers_of_its_own() -> None:
    request = http.Request.make("POST", "http://x.example/p", b"body", http.Headers(a="1"))
    twin = shallow(request)
    twin.headers["a"] = "2"
    twin.headers["b"] = "3"
    twin.path = "/other"
    assert request.headers["a"] == "1"
    assert "b" not in request.headers and request.path == "/p"
    assert isinstance(twin, http.Request) and twin.raw_content is request.raw_content


def test_changes_are_to_the_copy_alone() -> None:
    response = http.Response.make(200, b"body")
    twin = shallow(response, content=None, timestamp_end=None)
    assert twin.raw_content is None and response.raw_content == b"body"
    assert isinstance(twin, http.Response) and twin.status_code == 200
    assert not twin.stream


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3),
        ({"retry-after": "0"}, 0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "1500.5", "retry-after": "9"}, 1.5005),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:47 GMT"}, 10),
        ({"retry-after": "Sunday, 06-Nov-94 08:49:47 GMT"}, 10),
        ({"retry-after": "Sun Nov  6 08:49:47 1994"}, 10),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:30 GMT"}, 0),
        ({"retry-after": "Tue, 01 Feb 2000 00:00:30 GMT", "date": "Tue, 01 Feb 2000 00:00:00 GMT"}, 30),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:47 GMT", "date": "today"}, 10),
        *(({"retry-after": text}, None) for text in ("", "soon", "-1", "1e9", "\u00b2", "1" * 40)),
        *(({"retry-after": text}, None) for text in ("Sun, 99 Nov 1994", "Mon, 1 Jan 99999 00:00:00 GMT")),
        ({}, None),
    ],
)
def test_a_pause_is_seconds_milliseconds_or_a_date(headers: dict[str, str], seconds: float | None) -> None:
    fields = http.Headers([(name.encode(), value.encode()) for name, value in headers.items()])
    assert pause(fields, NOW) == seconds
