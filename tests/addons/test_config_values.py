import math

import pytest

from addons import config_values as values
from addons.config_values import Address, Plain


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("30s", 30), ("10m", 600), ("1h", 3600), ("1m30s", 90), ("1.5s", 1.5), ("0s", 0)],
)
def test_durations(text: str, seconds: float) -> None:
    assert math.isclose(float(str(values.duration(text))), seconds)


@pytest.mark.parametrize("text", ["30", "s", "30 s", "-1s", "1d", "", "1s\n"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="250ms, 30s or 10m"):
        values.duration(text)


@pytest.mark.parametrize(("text", "size"), [("64KiB", 65536), ("50MiB", 52428800), ("1MB", 10**6), ("7B", 7)])
def test_sizes(text: str, size: int) -> None:
    assert values.size(text) == size


@pytest.mark.parametrize("text", ["64", "64kb", "MiB", "1.5MiB", "-1KiB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="64KiB or 50MiB"):
        values.size(text)


@pytest.mark.parametrize("text", ["127.0.0.1:1975", "localhost:80", "[::1]:0", "0.0.0.0:65535"])
def test_addresses_are_written_as_they_are_read(text: str) -> None:
    found = values.address(text)
    assert isinstance(found, Address)
    assert str(found) == text


@pytest.mark.parametrize("text", ["1975", ":1975", "localhost", "a:65536", "::1:80", "http://a:80", "a:b"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        values.address(text)


def test_dates_and_times_are_unix_seconds() -> None:
    assert values.moment("2024-07-18") == 1721260800
    assert values.moment("2024-07-18T02:00:00+02:00") == 1721260800
    with pytest.raises(ValueError, match="must be a date"):
        values.moment("yesterday")


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "ä"])
def test_header_names_hold_nothing_else(name: str) -> None:
    with pytest.raises(ValueError, match="not a header name"):
        values.header_name(name)


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding", "connection", "upgrade"])
def test_a_connections_own_headers_are_not_set(name: str) -> None:
    with pytest.raises(ValueError, match="belongs to the connection"):
        values.settable_header(name)


@pytest.mark.parametrize(
    "name", ["Authorization", "X-Api-Key", "api-key", "cookie", "x-amz-security-token", "x-goog-api-key"]
)
def test_credentials_are_not_forwarded(name: str) -> None:
    with pytest.raises(ValueError, match="never forwarded"):
        values.forwardable_header(name)


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\nb", "a\0"])
def test_header_values_are_one_line(value: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        values.header_value(value)


@pytest.mark.parametrize(
    ("url", "cleaned"),
    [
        ("https://api.example.com/v1/", "https://api.example.com/v1"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
    ],
)
def test_base_urls_lose_their_last_slash(url: str, cleaned: str) -> None:
    assert values.base_url(url) == cleaned


@pytest.mark.parametrize(
    "url",
    [
        "api.example.com",
        "ftp://a",
        "https://",
        "https://user:word@a",
        "https://a/?b",
        "https://a/#b",
        "https://a:99999",
        "https://a:0",
        "https://a b",
        "https://[::1",
        "https://a\\b",
    ],
)
def test_what_is_no_base_url(url: str) -> None:
    with pytest.raises(ValueError, match=r"must|port"):
        values.base_url(url)


@pytest.mark.parametrize(
    ("text", "cleaned"), [("/", ""), ("", ""), ("anthropic/", "/anthropic"), ("/a/b", "/a/b")]
)
def test_prefixes_have_a_slash_in_front_only(text: str, cleaned: str) -> None:
    assert values.prefix(text) == cleaned


@pytest.mark.parametrize("text", ["/a//b", "/../a", "/a?b", "/a b", "/%2f", "/."])
def test_what_is_no_prefix(text: str) -> None:
    with pytest.raises(ValueError, match="plain path"):
        values.prefix(text)


def test_json_of_unquoted_scalars_follows_yaml_1_2() -> None:
    given = {"a": Plain("3"), "b": "3", "c": [Plain("true"), Plain("on"), None], "d": Plain("1e3")}
    assert values.json_of(given) == {"a": 3, "b": "3", "c": [True, "on", None], "d": 1000.0}
    assert type(values.json_of(Plain("on"))) is str
