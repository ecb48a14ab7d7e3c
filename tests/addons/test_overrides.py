import pytest
from mitmproxy import http

from addons.overrides import AS_CONFIGURED, NAMES, Overrides, read_overrides
from translators.errors import BadRequest


def read(allowed: tuple[str, ...] = NAMES, **headers: str) -> Overrides:
    return read_overrides({f"x-dragoman-{name}": value for name, value in headers.items()}, allowed)


def test_nothing_is_as_configured() -> None:
    assert read() is read(()) is AS_CONFIGURED
    assert read((), provider="", timeout=" ") is AS_CONFIGURED
    assert read_overrides(http.Headers(x_other="1"), ()) is AS_CONFIGURED


def test_all_of_it() -> None:
    assert read(provider="a", timeout="1m30s", attempts="3") == Overrides("a", 90.0, 3)


@pytest.mark.parametrize(("text", "seconds"), [("30", 30), ("0.25", 0.25), ("250ms", 0.25), ("2s", 2)])
def test_times(text: str, seconds: float) -> None:
    assert read(timeout=text).timeout == seconds


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_allowed_is_refused_by_name(name: str) -> None:
    others = tuple(it for it in NAMES if it != name)
    with pytest.raises(BadRequest, match=f"x-dragoman-{name}"):
        read(others, **{name: "1"})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("timeout", text) for text in ("0", "-1", "0ms", "soon", "1e3", "nan", "inf", "9" * 20, "\u0661")),
        *(("attempts", text) for text in ("0", "-1", "101", "1.5", "many", "\u0661", "9" * 9)),
    ],
)
def test_what_can_not_be_is_refused(name: str, text: str) -> None:
    with pytest.raises(BadRequest, match=f"x-dragoman-{name}"):
        read(**{name: text})


def test_patience_is_only_ever_shortened() -> None:
    assert Overrides(timeout=5).total(60) == 5
    assert Overrides(timeout=90).total(60) == 60
    assert Overrides(timeout=90).total(None) == 90
    assert Overrides().total(60) == 60
    assert Overrides().total(None) is None
