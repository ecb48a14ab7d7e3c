"""The command: `make bench`, or with options `make bench ARGS="--quick"`."""

import os
import sys
import tempfile
from pathlib import Path

import click

from bench import report
from bench.contest import SCENARIOS, Entrant, Scenario, Scores, gathered
from bench.profiling import profile
from bench.subjects import OTHER_ROUTES

MEMORY = "memory"
NAMES = [*(scenario.name for scenario in SCENARIOS), MEMORY]

ABOUT = f"""\
One run on loopback, everyone in turn; medians of {{rounds}} rounds, ratios taken within each round.
{os.cpu_count()} cores, load {{load:.1f}} before. Provider and clients are processes of their own and keep
connections open. Where others are at work, CPU time is steadier than what is counted per second.

direct       The clients ask the provider itself.
stock        mitmdump --mode reverse, the same version, no addons: -q, flow_detail=0,
             connection_strategy=lazy, and for streams stream_large_bodies=1.
passing      Dragoman with keys, routes, prices, metrics and a JSON access log (to /dev/null):
             OpenAI to OpenAI, the model changed.
translating  The same, OpenAI to Anthropic and back. Stock can't do that: it passes the OpenAI bytes.
bare         passing, without health, usage, costs, metrics and log: what it takes to be a gateway at all.
laden        passing, with {{others}} other routes before the one that is meant, which has weights,
             priorities and retries, balances by latency, and is watched for its health.
"""


@click.command()
@click.option("--quick", is_flag=True, help="Half a minute instead of three: one round.")
@click.option("--rounds", type=click.IntRange(min=1), default=9, show_default=True)
@click.option(
    "--seconds", type=click.FloatRange(min=0.1), default=0.5, show_default=True, help="For each measurement."
)
@click.option("--only", multiple=True, type=click.Choice(NAMES), help="This alone; may be repeated.")
@click.option(
    "--profile",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Instead: run --only (or json-16) under cProfile, keep its statistics here, and print the top.",
)
@click.option("--translate", is_flag=True, help="With --profile: OpenAI to Anthropic.")
@click.option("--requests", default=1000, show_default=True, help="With --profile: how many.")
def main(
    *,
    quick: bool,
    rounds: int,
    seconds: float,
    only: tuple[str, ...],
    file: Path | None,
    translate: bool,
    requests: int,
) -> None:
    """Compare Dragoman with stock mitmdump."""
    if not Path("/proc/self/stat").exists():
        raise click.ClickException("CPU and memory are read from /proc: this needs Linux.")
    chosen = [scenario for scenario in SCENARIOS if not only or scenario.name in only]
    if file:
        profile(
            file, chosen[0] if only else SCENARIOS[1], "translating" if translate else "passing", requests
        )
        return
    rounds = 1 if quick else rounds
    click.echo(ABOUT.format(rounds=rounds, load=os.getloadavg()[0], others=OTHER_ROUTES))
    weighed: tuple[Entrant, ...] = ("passing",) if quick else ("passing", "stock")
    scores = compare(chosen, rounds, seconds, weighed if not only or MEMORY in only else ())
    click.echo("\n".join(report.table(scores)))
    click.echo("\nTargets (in brackets the lowest and the highest round)")
    click.echo("\n".join(report.targets(scores)))


def compare(scenarios: list[Scenario], rounds: int, seconds: float, weighed: tuple[Entrant, ...]) -> Scores:
    """All rounds, after a look at the memory of those who are to be weighed."""
    scores = Scores()
    with tempfile.TemporaryDirectory() as folder, gathered(Path(folder)) as field:
        for entrant in weighed:
            say("memory")
            scores.weigh(field, entrant)
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            scores.play(field, scenarios, seconds)
    say("")
    return scores


def say(progress: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{progress}", err=True, nl=False)


if __name__ == "__main__":
    main(prog_name="bench")
