"""Contest: what is measured, and how: everyone in turn, round after round, as the weather changes."""

from collections.abc import Generator, Iterable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench import load, subjects, wire
from bench.load import Job, Result
from bench.subjects import Subject

Entrant = Literal["direct", "stock", "passing", "translating", "bare", "laden"]
"""No proxy, stock mitmdump, Dragoman where both sides speak OpenAI, and where one speaks Anthropic.

And Dragoman passing with nothing of routing, usage, costs and metrics, and with all that there is of it.
"""

MODELS: dict[Entrant, str] = {
    "direct": wire.OPENAI,
    "stock": wire.OPENAI,
    "passing": wire.OPENAI,
    "translating": wire.ANTHROPIC,
    "bare": wire.OPENAI,
    "laden": wire.OPENAI,
}
COMPARED: tuple[Entrant, ...] = ("direct", "stock", "passing", "translating")
WEIGHED_OUT: tuple[Entrant, ...] = ("bare", "laden")
MEMORY_REQUESTS = 5000
MEMORY_CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way to load a proxy."""

    name: str
    title: str
    connections: int
    stream: bool = False
    paced: bool = False
    entrants: tuple[Entrant, ...] = COMPARED

    @property
    def unit(self) -> str:
        return "streams" if self.stream else "requests"

    def job(self, entrant: Entrant, seconds: float = 0.0, requests: int = 0) -> Job:
        """This load for `seconds` or `requests`; a paced one is a stream on each connection."""
        return Job(
            model=MODELS[entrant] + (wire.PACED if self.paced else ""),
            connections=self.connections,
            stream=self.stream,
            seconds=seconds,
            requests=self.connections if self.paced and not requests else requests,
        )


_STREAM = f"stream of {wire.PIECES} pieces"
_PACED = f"stream of {wire.PACED_PIECES} pieces, one every {wire.PACE * 1000:.0f} ms"

SCENARIOS = (
    Scenario("json-1", "JSON, 1 connection", 1),
    Scenario("json-16", "JSON, 16 connections", 16),
    Scenario("extras-16", "JSON, 16 connections, bare and laden", 16, entrants=WEIGHED_OUT),
    Scenario("sse-1", f"{_STREAM}, 1 connection", 1, stream=True),
    Scenario("sse-16", f"{_STREAM}, 16 connections", 16, stream=True),
    Scenario("paced-16", f"{_PACED}, 16 connections", 16, stream=True, paced=True),
)


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident bytes after the warm-up, and how many were added by `MEMORY_REQUESTS`."""

    warm: int
    growth: int


@dataclass(frozen=True, slots=True)
class Field:
    """All who take part, running."""

    direct: Subject
    stock: Subject
    streaming_stock: Subject
    dragoman: Subject
    bare: Subject
    laden: Subject

    def subject(self, entrant: Entrant, stream: bool) -> Subject:
        match entrant:
            case "direct":
                return self.direct
            case "stock":
                return self.streaming_stock if stream else self.stock
            case "bare":
                return self.bare
            case "laden":
                return self.laden
            case _:
                return self.dragoman

    def measure(self, scenario: Scenario, entrant: Entrant, seconds: float) -> Result:
        return load.run(self.subject(entrant, scenario.stream), scenario.job(entrant, seconds))

    def memory(self, entrant: Entrant) -> Memory:
        """Of Dragoman with both kinds of requests. To be asked before all else, which would warm it up."""
        subject = self.subject(entrant, stream=False)
        models = [MODELS[entrant]] if entrant == "stock" else [wire.OPENAI, wire.ANTHROPIC]

        def ask(requests: int) -> int:
            for model in models:
                part = requests // len(models)
                load.run(subject, Job(model=model, connections=MEMORY_CONNECTIONS, requests=part))
            return subject.resident_bytes()

        warm = ask(MEMORY_REQUESTS // 10)
        return Memory(warm, ask(MEMORY_REQUESTS) - warm)


@contextmanager
def gathered(folder: Path) -> Generator[Field]:
    """Start all who take part."""
    folders = [folder / name for name in ("stock", "streaming-stock", "dragoman", "bare", "laden")]
    for each in folders:
        each.mkdir()
    with ExitStack() as stack:
        direct = stack.enter_context(subjects.provider())
        yield Field(
            direct,
            stack.enter_context(subjects.stock(direct, folders[0])),
            # Without this option it would hold each stream until it is whole.
            stack.enter_context(subjects.stock(direct, folders[1], "stream_large_bodies=1")),
            stack.enter_context(subjects.dragoman(direct, folders[2])),
            stack.enter_context(subjects.bare(direct, folders[3])),
            stack.enter_context(subjects.laden(direct, folders[4])),
        )


class Scores:
    """All results: of each scenario and entrant one a round."""

    def __init__(self) -> None:
        self.results: dict[tuple[str, Entrant], list[Result]] = {}
        self.memory: dict[Entrant, Memory] = {}

    def play(self, field: Field, scenarios: Iterable[Scenario], seconds: float) -> None:
        """One round."""
        for scenario in scenarios:
            for entrant in scenario.entrants:
                result = field.measure(scenario, entrant, seconds)
                self.results.setdefault((scenario.name, entrant), []).append(result)

    def weigh(self, field: Field, entrant: Entrant) -> None:
        """Measure memory."""
        self.memory[entrant] = field.memory(entrant)
