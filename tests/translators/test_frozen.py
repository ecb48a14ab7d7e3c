"""Canonical objects can't be told from frozen dataclasses, but by who tries to change them."""

from dataclasses import dataclass, fields, replace

from translators.canonical import Cache, Text
from translators.canonical.frozen import dataclass as quick


@dataclass(frozen=True, slots=True)
class Stock:
    name: str
    parts: tuple[str, ...] = ()


@quick(frozen=True, slots=True)
class Quick:
    name: str
    parts: tuple[str, ...] = ()


def test_they_are_equal_hashed_and_replaced_alike() -> None:
    stock, quick = Stock("a", ("b",)), Quick("a", ("b",))
    assert quick == Quick("a", ("b",)) != Quick("a") and len({quick, Quick("a", ("b",))}) == 1
    assert hash(quick) == hash(stock) and repr(quick) == repr(stock).replace("Stock", "Quick")
    assert replace(quick, name="c") == Quick("c", ("b",))
    assert [field.name for field in fields(Quick)] == [field.name for field in fields(Stock)]
    assert not hasattr(quick, "__dict__")


def test_so_are_the_canonical_ones() -> None:
    assert len({Text("a", Cache("5m")), Text("a", Cache("5m")), Text("a")}) == 2
    assert "__setattr__" not in vars(Text), "which is what is dear"
