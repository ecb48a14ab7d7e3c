"""Laws that hold for many cases: one test goes over the cases of a cell, and names each that breaks the law.

A test for each case would say no more, and thousands of them take longer to be told of than to be run.
"""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import pytest

type Law = Callable[..., None]
type Cases = Mapping[str, tuple[Any, ...]]
"""What a law is asked of, by name."""

OUTCOMES = (Exception, pytest.fail.Exception, pytest.skip.Exception)


def holds(law: Law, cases: Cases, **others: Any) -> None:
    """Tries all cases, and fails with all that break the law. A case can't be skipped."""
    broken = dict[str, BaseException]()
    for name, case in cases.items():
        try:
            law(*case, **others)
        except OUTCOMES as error:
            error.add_note(f"in the case {name}")
            broken[name] = error
    if broken:
        told = f"{len(broken)} of {len(cases)} cases: {', '.join(broken)}"
        raise BaseExceptionGroup(told, list(broken.values()))


def over(cells: Mapping[str, Cases]) -> Callable[[Law], Law]:
    """Makes of a law a test for each cell. What the cases do not tell the law are fixtures, as ever."""
    told = max(len(case) for cases in cells.values() for case in cases.values())

    def decorate(law: Law) -> Law:
        @wraps(law)
        def test(cell: str, **others: Any) -> None:
            holds(law, cells[cell], **others)

        cell = inspect.Parameter("cell", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        others = list(inspect.signature(law).parameters.values())[told:]
        test.__signature__ = inspect.Signature([cell, *others])  # type: ignore[attr-defined]
        return pytest.mark.parametrize("cell", cells)(test)

    return decorate
