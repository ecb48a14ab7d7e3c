"""Report: runs cases, and tells what came of them, to people and to machines."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from addons.cases.case import Case, Verdict, can_accept, cases_in, files_in
from addons.cases.case import accept as accept_file
from addons.cases.repeat import repeat
from addons.cases.structure import Absent, Difference, Value

COULD_NOT_RUN = 2
"""The exit code where nobody knows."""
MOST, WIDE = 10, 160
"""Differences of one case that are listed, and characters of each value."""


def run(places: Iterable[Path], config: str) -> list[Case]:
    """All cases that there are, with what came of them."""
    cases = [case for file in files_in(places) for case in cases_in(file)]
    if any(case.recorded for case in cases):
        asyncio.run(repeat(cases, config))
    return cases


def accept(cases: Sequence[Case]) -> None:
    """Let the recordings say what is."""
    by_file = defaultdict[Path, list[Case]](list)
    for case in cases:
        by_file[case.file].append(case)
    for file, own in by_file.items():
        if any(case.differences and can_accept(case) for case in own):
            accept_file(file, own)


def exit_code(cases: Sequence[Case]) -> int:
    """The worst of them; no cases at all are no success."""
    codes: dict[Verdict, int] = {"ok": 0, "differs": 1, "could not run": COULD_NOT_RUN}
    return max((codes[case.verdict] for case in cases), default=COULD_NOT_RUN)


def text(cases: Sequence[Case], verbose: bool) -> str:
    """A line for each case, what differs below it, and a sum."""
    lines = [line for case in cases for line in _case(case, verbose)]
    counts = ((verdict, sum(case.verdict == verdict for case in cases)) for verdict in _VERDICTS)
    sums = ", ".join(f"{count} {verdict}" for verdict, count in counts if count)
    return "\n".join([*lines, sums or "there are no recordings"])


_VERDICTS: tuple[Verdict, ...] = ("ok", "differs", "could not run")


def _case(case: Case, verbose: bool) -> Iterator[str]:
    place = f"{case.file}{f' {case.number}' if case.number else ''}"
    verdict = "accepted" if case.accepted and case.differences else case.verdict
    yield f"{verdict:<9} {place}  {case.title}".rstrip()
    if case.problem:
        yield f"    {case.problem}"
    if verbose and case.now:
        for number, attempt in enumerate(case.now.attempts, 1):
            asked = f"{attempt.metadata['provider']}/{attempt.metadata['model']}"
            yield f"    attempt {number}: {asked}, {attempt.request.method} {attempt.request.path}"
    shown = case.differences if verbose else case.differences[:MOST]
    for difference in shown:
        yield from _difference(difference, 10**9 if verbose else WIDE)
    if rest := len(case.differences) - len(shown):
        yield f"    and {rest} more (-v shows them)"
    if case.differences and not can_accept(case):
        yield "    more attempts than there are answers for: --update can't help, record it again"


def _difference(difference: Difference, wide: int) -> Iterator[str]:
    old, new = _shown(difference.recorded), _shown(difference.now)
    start = max(0, _common(old, new) - wide // 4) if max(len(old), len(new)) > wide else 0
    yield f"    {difference.where}"
    yield f"      recorded: {_cut(old, start, wide)}"
    yield f"      now:      {_cut(new, start, wide)}"


def _shown(value: Value) -> str:
    return "nothing" if isinstance(value, Absent) else json.dumps(value, ensure_ascii=False)


def _common(one: str, other: str) -> int:
    """How many characters they begin with alike."""
    pairs = zip(one, other, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def _cut(text: str, start: int, wide: int) -> str:
    end = start + wide
    return f"{'…' if start else ''}{text[start:end]}{'…' if len(text) > end else ''}"


def as_json(cases: Sequence[Case]) -> str:
    """A list of cases, each with what differs."""
    told = [
        {
            "file": str(case.file),
            "number": case.number,
            "title": case.title,
            "verdict": case.verdict,
            "accepted": case.accepted and bool(case.differences),
            "problem": case.problem or None,
            "text": "\n".join(_case(case, False)),
            "differences": [{"where": it.where, **_sides(it)} for it in case.differences],
        }
        for case in cases
    ]
    return json.dumps(told, indent=2, ensure_ascii=False)


def _sides(difference: Difference) -> dict[str, object]:
    """Both values; one that is not there has no key."""
    sides = {"recorded": difference.recorded, "now": difference.now}
    return {name: value for name, value in sides.items() if not isinstance(value, Absent)}
