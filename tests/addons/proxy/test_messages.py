from mitmproxy import http

from addons.proxy import shallow


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
