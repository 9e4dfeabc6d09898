"""What a run shows at the terminal: a progress bar while it runs, and a summary."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from client.load.judging.result import NAMES
from client.load.planning.plan import Plan
from client.load.running.driver import Job, Listener
from client.load.running.run import Tick

FIGURES = ("count", "p50_ms", "p95_ms", "p99_ms", "max_ms")


@contextmanager
def showing(job: Job, *, quiet: bool) -> Iterator[Listener]:
    """Yield what draws a progress bar on standard error; with ``quiet`` nothing is drawn."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[said]}"),
    )
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as progress:
        task = progress.add_task("connecting", total=None, said="")
        running = job.plan

        def prepares(what: str, done: int, total: int) -> None:
            progress.update(task, description=f"making {what}", completed=done, total=total, said="")

        def begins(plan: Plan) -> None:
            nonlocal running
            running = plan
            level = f" at {plan.level}" if job.until else ""
            progress.update(task, description=f"{plan.mode}{level}", completed=0, total=plan.seconds, said="")

        def ticks(tick: Tick) -> None:
            over = tick.at > running.seconds
            name = "waiting for answers, checking views" if over else str(running.mode)
            p95 = "" if tick.p95_ms is None else f", p95 {tick.p95_ms:,.1f} ms"
            said = f"{tick.live:,}/{tick.sockets:,} live, {tick.events:,} events{p95}"
            done = min(max(tick.at, 0.0), running.seconds)
            progress.update(task, description=name, completed=done, said=said)

        yield Listener(prepares, begins, ticks)


def summary(outcome: Mapping[str, Any]) -> None:
    """Print an outcome, as JSON has it."""
    console = Console(highlight=False)
    result = outcome["result"]
    table = Table(title="Steady phase, ms from the intended time", title_justify="left")
    table.add_column("latency")
    for name in FIGURES:
        table.add_column(name.removesuffix("_ms"), justify="right")
    for name, figures in result["phases"]["steady"].items():
        cells = [f"{figures[each]:,.0f}" if each == "count" else f"{figures[each]:,.1f}" for each in FIGURES]
        table.add_row(NAMES.get(name, name), *cells)
    console.print(table)
    for step in outcome["steps"]:
        told = ", ".join(f"{each['condition']}: {_value(each)}" for each in step["conditions"])
        console.print(
            f"level {step['level']}: {told}{'' if step['valid'] else ' (generator saturated)'}", markup=False
        )
    for each in result["conditions"]:
        state = "holds" if each["met"] else "MISSED"
        console.print(f"{each['condition']}: {_value(each)}, {state}", markup=False)
    counts = ", ".join(f"{count} {name}" for name, count in result["views"]["counts"].items())
    console.print(f"views: {result['views']['checked']:,} clients checked: {counts}", markup=False)
    for detail in result["views"]["details"]:
        console.print(f"  {detail}", markup=False)
    for name in ("refused", "unanswered", "closes", "slow", "said"):
        for what, count in result["counts"][name].items():
            console.print(f"{name}: {what}: {count:,}", markup=False)
    for number, each in enumerate(result["generator"]["processes"], 1):
        console.print(
            f"generator {number}: {each['cpu']:.0%} of a core, loop lag p99 {each['lag_p99_ms']:.1f} ms,"
            f" arrivals late p99 {each['late_p99_ms']:.1f} ms",
            markup=False,
        )
    if outcome["deals_left_open"]:
        console.print(f"{outcome['deals_left_open']} deals could not be marked as lost", markup=False)
    console.print(outcome["verdict"], markup=False, style="bold")


def _value(verdict: Mapping[str, Any]) -> str:
    if verdict["value"] is None:
        return "not measured"
    return f"{verdict['value']:,.1f} {'%' if verdict['unit'] == 'percent' else 'ms'}"
