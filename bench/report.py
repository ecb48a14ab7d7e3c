"""Report: the tables that the benchmark prints."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median, quantiles

from bench.contest import COMPARED, MEMORY_REQUESTS, SCENARIOS, Entrant, Scenario, Scores
from bench.load import Result

MEGABYTE = 1_000_000

Measure = Callable[[Result], float]


def per_second(result: Result) -> float:
    return len(result.latencies) / result.elapsed


def cpu_ms(result: Result) -> float:
    return result.cpu / len(result.latencies) * 1000


def percentile(times: list[float], percent: int) -> float:
    """In milliseconds."""
    return 1000 * (quantiles(times, n=100, method="inclusive")[percent - 1] if len(times) > 1 else times[0])


def latency(percent: int) -> Measure:
    return lambda result: percentile(result.latencies, percent)


def first_piece(percent: int) -> Measure:
    return lambda result: percentile(result.first_pieces, percent)


def delay(percent: int) -> Measure:
    return lambda result: percentile(result.delays, percent)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    label: str
    measure: Measure
    added: bool = False
    """Whether it is shown as what comes on top of no proxy."""
    digits: int = 2


def rows(scenario: Scenario) -> Iterator[Row]:
    """What is told of a scenario."""
    if not scenario.paced:
        yield Row(f"{scenario.unit}/s", per_second, digits=0)
    yield Row(f"CPU ms per {scenario.unit[:-1]}", cpu_ms)
    if not scenario.paced:
        yield Row("added ms, p50", latency(50), added=True)
        yield Row("added ms, p99", latency(99), added=True)
    if scenario.stream:
        yield Row("added ms to first piece, p50", first_piece(50), added=True)
        yield Row("added ms to first piece, p99", first_piece(99), added=True)
    if scenario.paced:
        yield Row("added ms per piece, p50", delay(50), added=True)
        yield Row("added ms per piece, p99", delay(99), added=True)


def values(scores: Scores, scenario: Scenario, row: Row, entrant: Entrant) -> list[float]:
    """One a round."""
    own = [row.measure(result) for result in scores.results[scenario.name, entrant]]
    if not row.added:
        return own
    direct = [row.measure(result) for result in scores.results[scenario.name, "direct"]]
    return [value - base for value, base in zip(own, direct, strict=True)]


def ratios(own: list[float], stock: list[float]) -> list[float]:
    """One a round: what is compared has had the same weather."""
    return [value / other if other else float("nan") for value, other in zip(own, stock, strict=True)]


# --- the table -----------------------------------------------------------------------------------

WIDTHS = (38, 10, 10, 10, 12, 10, 12)
HEAD = ("", "direct", "stock", "passing", "translating", "passing", "translating")
SUBHEAD = ("", "", "", "", "", "/ stock", "/ stock")


def table(scores: Scores) -> Iterator[str]:
    """All results, the median of all rounds."""
    yield from (line(HEAD), line(SUBHEAD))
    for scenario in SCENARIOS:
        if (scenario.name, scenario.entrants[0]) not in scores.results:
            continue
        yield f"\n{scenario.title}"
        if scenario.entrants != COMPARED:
            yield from beside(scores, scenario)
            continue
        for row in rows(scenario):
            by = {entrant: values(scores, scenario, row, entrant) for entrant in COMPARED}
            shown = [f"{median(by[entrant]):,.{row.digits}f}" for entrant in COMPARED]
            if row.added or row.measure is cpu_ms:
                shown[0] = ""  # nothing is added to nothing, and there is no proxy that could use any
            compared = [
                f"{median(ratios(by[name], by['stock'])):.2f}x" for name in ("passing", "translating")
            ]
            yield line((f"  {row.label}", *shown, *compared))
    if memory := scores.memory:
        yield f"\nmemory, {MEMORY_REQUESTS:,} JSON requests, 16 connections (Dragoman: half of each kind)"
        for label, size in (("resident MB before", "warm"), ("MB more afterwards", "growth")):
            shown = [
                f"{getattr(memory[name], size) / MEGABYTE:.1f}" if name in memory else "" for name in COMPARED
            ]
            yield line((f"  {label}", *shown, "", ""))


def beside(scores: Scores, scenario: Scenario) -> Iterator[str]:
    """Two forms of Dragoman: the second as so many times the first."""
    first, second = scenario.entrants
    yield line(("", first, second, "ratio"))
    for label, measure, digits in (("requests/s", per_second, 0), ("CPU ms per request", cpu_ms, 2)):
        one, other = ([measure(it) for it in scores.results[scenario.name, who]] for who in (first, second))
        ratio = f"{median(ratios(other, one)):.2f}x"
        yield line((f"  {label}", f"{median(one):,.{digits}f}", f"{median(other):,.{digits}f}", ratio))


def line(cells: tuple[str, ...]) -> str:
    first, *others = cells
    return (first.ljust(WIDTHS[0]) + "".join(map(str.rjust, others, WIDTHS[1:]))).rstrip()


# --- the targets ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Target:
    """What Dragoman has to reach, as a ratio to stock mitmdump, or to itself."""

    scenario: str
    entrant: Entrant
    label: str
    measure: Measure
    bound: float
    at_least: bool = True
    base: Entrant = "stock"


TARGETS = (
    Target("json-16", "passing", "requests/s", per_second, 1.6),
    Target("json-16", "translating", "requests/s", per_second, 1.4),
    Target("extras-16", "laden", "requests/s, of bare", per_second, 0.85, base="bare"),
    Target("sse-1", "passing", "streams/s", per_second, 1.0),
    Target("sse-1", "translating", "streams/s", per_second, 1.0),
    Target("sse-16", "passing", "streams/s", per_second, 1.0),
    Target("sse-16", "translating", "streams/s", per_second, 1.0),
    Target("paced-16", "passing", "ms to first piece, p50", first_piece(50), 1.0, at_least=False),
    Target("paced-16", "passing", "ms per piece, p50", delay(50), 1.0, at_least=False),
)
MEMORY_BOUND = 10 * MEGABYTE


def targets(scores: Scores) -> Iterator[str]:
    """Each target with what came out, its lowest and highest round, and whether that will do."""
    for target in TARGETS:
        if (target.scenario, target.entrant) not in scores.results:
            continue
        own, stock = (
            [target.measure(result) for result in scores.results[target.scenario, entrant]]
            for entrant in (target.entrant, target.base)
        )
        found = ratios(own, stock)
        sign = ">=" if target.at_least else "<="
        met = median(found) >= target.bound if target.at_least else median(found) <= target.bound
        label = f"{target.scenario}, {target.entrant}: {target.label}"
        spread = f"({min(found):.2f} to {max(found):.2f})"
        yield verdict(label, f"{sign} {target.bound}x", f"{median(found):.2f}x {spread}", met)
    if memory := scores.memory.get("passing"):
        growth = memory.growth / MEGABYTE
        bound = MEMORY_BOUND / MEGABYTE
        yield verdict("memory: MB more afterwards", f"< {bound:.0f}", f"{growth:.1f}", growth < bound)


def verdict(label: str, wanted: str, found: str, met: bool) -> str:
    return f"{label:<48}{wanted:>8}   {found:<22}{'met' if met else 'MISSED'}"
