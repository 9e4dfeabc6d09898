"""A day, and its faults, of ten thousand stores and a million sockets.

``python -m tests.bench.capacity.simulation`` reckons with the measured costs and prints tables: the fleet,
what the day and each fault do to it, and which part is full first when there are more stores.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table

from tests.bench.capacity.costs import FILE, Costs, read
from tests.bench.capacity.happenings import (
    DAY_SECONDS,
    redis_node_fails_over,
    share_of_day,
    web_machine_dies,
    web_machine_is_replaced,
)
from tests.bench.capacity.model import Deployment, Fleet, Store, demand, fleet_for, memory_for
from tests.bench.capacity.world import CORES_A_NODE, PARTS, Happening, Record, World

STEP: Final = 60
"""Of a day, one second in so many is lived: a backlog that a second leaves is seen in the faults' runs."""

MINUTES: Final = 600
AT: Final = 60
GROWTH: Final = (1.0, 1.25, 1.5, 1.75, 2.0)
SOON_SECONDS: Final = 1.0
FAULTS: Final[tuple[tuple[str, Happening], ...]] = (
    ("a web machine dies", web_machine_dies),
    ("a web machine is replaced", web_machine_is_replaced),
    ("a Redis node fails over", redis_node_fails_over),
)


def busiest_ten_minutes(world: World, *faults: Happening) -> Record:
    """Live through ten minutes of the busiest hour, with faults after the first of them."""
    return world.run(range(MINUTES), lambda _: 1.0, [(AT, fault) for fault in faults])


def a_day(world: World) -> Record:
    """Live through one second of each minute of a day."""
    return world.run(range(0, DAY_SECONDS, STEP), share_of_day)


def seconds_until_well(record: Record) -> dict[str, int]:
    """Return, for each part, for how many seconds newcomers waited longer than ``SOON_SECONDS``."""
    return {part: sum(wait > SOON_SECONDS for wait in record.wait[part]) for part in PARTS}


def first_full(costs: Costs, store: Store, deployment: Deployment, fleet: Fleet) -> tuple[float, str] | None:
    """Return at which growth in stores a part cannot keep up, and which; None up to the last growth."""
    for growth in GROWTH:
        more = replace(deployment, stores=int(deployment.stores * growth))
        record = busiest_ten_minutes(World(costs, store, more, fleet))
        full = [part for part in PARTS if record.wait[part][-1] > SOON_SECONDS]
        if full:
            return growth, max(full, key=lambda part: record.wait[part][-1])
    return None


def show(costs: Costs, store: Store, deployment: Deployment, console: Console) -> None:
    """Print the tables."""
    needed = demand(costs, store, deployment)
    fleet, memory = fleet_for(needed), memory_for(costs, store, deployment)
    console.print(
        f"{deployment.stores:,} stores, {store.sockets * deployment.stores:,} sockets,"
        f" {store.open_deals * deployment.stores:,} open deals"
    )
    _print(
        console,
        "The fleet, at most 60 % busy in the busiest hour",
        ("part", "cores busy", "cores", "nodes"),
        [
            (part, f"{ms / 1000:,.0f}", f"{cores:,}", f"{-(-cores // CORES_A_NODE[part]):,}")
            for part, ms, cores in zip(PARTS, needed.parts, fleet.parts, strict=True)
        ],
    )
    console.print(
        f"Memory: web {memory.web:,.0f} GiB, Redis {memory.redis:,.0f} GiB; Postgres grows by"
        f" {memory.postgres_a_day:,.0f} GiB a day."
    )
    day = a_day(World(costs, store, deployment, fleet))
    _print(
        console,
        "The day: share of all cores that is busy",
        ("part", "median", "p95", "most"),
        [
            (part, *(f"{np.quantile(day.busy[part], share):.0%}" for share in (0.5, 0.95, 1.0)))
            for part in PARTS
        ],
    )
    rows = []
    for name, fault in (("nothing", None), *FAULTS):
        faults = () if fault is None else (fault,)
        record = busiest_ten_minutes(World(costs, store, deployment, fleet), *faults)
        long = seconds_until_well(record)
        rows.append((name, *(f"{max(record.wait[part]):.1f} s, {long[part]} s" for part in PARTS)))
    _print(
        console,
        f"The busiest hour: longest wait at a node, and for how long it was above {SOON_SECONDS:g} s",
        ("what happens", *PARTS),
        rows,
    )
    full = first_full(costs, store, deployment, fleet)
    console.print(
        "No part is full at twice the stores."
        if full is None
        else f"Full first: {full[1]}, at {full[0]:g} times the stores."
    )


def _print(console: Console, title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(*heads, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def main() -> None:
    """Read the costs, and show what they mean for so many stores."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.capacity.simulation", description=__doc__)
    parser.add_argument("--costs", type=Path, default=FILE, help="measured costs (those of the docs)")
    parser.add_argument("--stores", type=int, default=10_000, help="(%(default)s)")
    parser.add_argument("--sockets", type=int, default=100, help="of a store (%(default)s)")
    parser.add_argument(
        "--watching-processes",
        type=float,
        default=None,
        help="web processes that a deal's sockets are spread over (as many as sockets); 1: a store's people"
        " are served by one",
    )
    parser.add_argument("--heartbeat", type=float, default=1.0, help="seconds (%(default)s)")
    options = parser.parse_args()
    deployment = Deployment(
        options.stores,
        watching_processes=options.watching_processes,
        heartbeat_seconds=options.heartbeat,
    )
    show(read(options.costs), Store(sockets=options.sockets), deployment, Console(width=120))


if __name__ == "__main__":
    main()
