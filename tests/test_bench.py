"""The benchmark measures what it says, and takes no wrong answer for a fast one."""

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest
from click.testing import CliRunner

from bench import load, report, subjects, wire
from bench.__main__ import main
from bench.contest import SCENARIOS, Memory, Scores
from bench.load import Job, Result
from bench.subjects import Subject
from tests.gateway import eventually

SECOND = Result(elapsed=1.0, cpu=0.5, latencies=[0.01] * 100, first_pieces=[0.02] * 100, delays=[0.001] * 9)


@pytest.fixture(scope="module")
def provider() -> Iterator[Subject]:
    with subjects.provider() as running:
        yield running


@pytest.mark.parametrize("model", [wire.OPENAI, wire.OPENAI + wire.PACED])
def test_as_many_answers_as_were_asked_for(provider: Subject, model: str) -> None:
    result = load.run(provider, Job(model=model, connections=4, requests=20))
    assert len(result.latencies) == 20
    assert all(0 < latency <= result.elapsed for latency in result.latencies)


def test_it_ends_when_the_time_is_up(provider: Subject) -> None:
    job = Job(model=wire.OPENAI, connections=4, seconds=0.2)
    assert load.run(provider, job).elapsed >= 0.2
    eventually(lambda: len(load.run(provider, job).latencies) >= 4, "nobody is ever answered in time")


def test_a_stream_is_timed_to_its_first_piece(provider: Subject) -> None:
    result = load.run(provider, Job(model=wire.OPENAI, connections=2, stream=True, requests=6))
    assert len(result.first_pieces) == 6
    assert all(map(float.__le__, result.first_pieces, result.latencies))


def test_each_piece_of_a_paced_stream_is_timed(provider: Subject) -> None:
    job = Job(model=wire.OPENAI + wire.PACED, connections=2, stream=True, requests=2)
    result = load.run(provider, job)
    assert len(result.delays) == 2 * wire.PACED_PIECES
    assert all(0 < delay < load.PATIENCE for delay in result.delays)
    assert min(result.latencies) > (wire.PACED_PIECES - 1) * wire.PACE


def test_cpu_time_is_the_subjects(provider: Subject) -> None:
    job, before = Job(model=wire.OPENAI, connections=4, seconds=0.5), provider.cpu_seconds()
    result = eventually(lambda: (it := load.run(provider, job)).cpu and it, "it never had any")
    assert 0 < result.cpu <= provider.cpu_seconds() - before


@pytest.mark.parametrize(
    ("number", "wanted"), [("PIECES", wire.PIECES + 1), ("PATH", "/v1/messages")], ids=["pieces", "dialect"]
)
def test_a_wrong_answer_is_no_result(
    provider: Subject, monkeypatch: pytest.MonkeyPatch, number: str, wanted: object
) -> None:
    monkeypatch.setattr(wire, number, wanted)
    with pytest.raises(RuntimeError, match="pieces have arrived"):
        load.run(provider, Job(model=wire.OPENAI, connections=1, stream=True, requests=1))


def scores(faster: float, growth: int = 0) -> Scores:
    """Two rounds in which Dragoman is so many times as fast as stock, and has a slow second one."""
    made = Scores()
    for scenario in SCENARIOS:
        for entrant in scenario.entrants:
            elapsed = 1 / faster if entrant in ("passing", "translating", "laden") else 1.0
            first = replace(SECOND, elapsed=elapsed)
            made.results[scenario.name, entrant] = [first, replace(first, elapsed=2 * elapsed)]
    made.memory["passing"] = Memory(100_000_000, growth)
    return made


def verdicts(made: Scores, label: str) -> list[str]:
    return [line.split()[-1] for line in report.targets(made) if label in line]


def test_targets_are_met_or_missed() -> None:
    assert verdicts(scores(1.6), "/s") == ["met"] * 7
    assert verdicts(scores(1.5), "/s") == ["MISSED", *["met"] * 6]
    assert verdicts(scores(0.9), "/s") == ["MISSED", "MISSED", "met", *["MISSED"] * 4]
    assert verdicts(scores(0.8), "of bare") == ["MISSED"]
    assert verdicts(scores(1, growth=9_900_000), "memory") == ["met"]
    assert verdicts(scores(1, growth=10_000_000), "memory") == ["MISSED"]


def test_only_what_was_measured_is_told() -> None:
    made = scores(2)
    made.memory.clear()
    made.results = {key: found for key, found in made.results.items() if key[0] == "json-16"}
    assert len(list(report.targets(made))) == 2
    text = "\n".join(report.table(made))
    assert "JSON, 16 connections" in text
    assert "stream" not in text and "memory" not in text


def test_ratios_are_taken_within_a_round() -> None:
    (row,) = [line for line in report.table(scores(2)) if "requests/s" in line][:1]
    assert row.split() == ["requests/s", "75", "75", "150", "150", "2.00x", "2.00x"]
    assert "2.00x (2.00 to 2.00)" in next(report.targets(scores(2)))
    assert math.isnan(report.ratios([1.0], [0.0])[0])


def test_it_runs() -> None:
    """Dragoman answers as it should, translated too: a wrong answer would end it."""
    run = CliRunner().invoke(main, ["--only", "json-1", "--rounds", "1", "--seconds", "0.1"])
    assert run.exit_code == 0, run.output
    assert "JSON, 1 connection" in run.output
