"""A day, and its faults, of ten thousand stores and a million sockets.

``python -m tests.bench.capacity.simulation`` reckons with the measured costs and prints tables: what one core
carries, the fleet, what the day and each fault do to it, and which part of a system is full first. With
``--write`` it puts them into ``docs/capacity.md``.
"""

import argparse
from pathlib import Path
from typing import Final

from rich.console import Console

from tests.bench.capacity.costs import FILE, read
from tests.bench.capacity.happenings import (
    DAY_SECONDS,
    queue_node_fails_over,
    redis_node_fails_over,
    share_of_day,
    web_machine_dies,
    web_machine_is_replaced,
)
from tests.bench.capacity.model import Deployment, Store
from tests.bench.capacity.world import PARTS, Happening, Record, World

STEP: Final = 60
"""Of a day, one second in so many is lived: what a second leaves undone is seen in the faults' runs."""

TEN_MINUTES: Final = 600
AT: Final = 60
SOON_SECONDS: Final = 1.0
FAULTS: Final[tuple[tuple[str, Happening], ...]] = (
    ("a web machine dies", web_machine_dies),
    ("a web machine is replaced", web_machine_is_replaced),
    ("a Redis node fails over", redis_node_fails_over),
    ("the queue's node fails over", queue_node_fails_over),
)


def busiest_ten_minutes(world: World, *faults: Happening) -> Record:
    """Live through ten minutes of the busiest hour, with faults after the first of them."""
    return world.run(range(TEN_MINUTES), lambda _: 1.0, [(AT, fault) for fault in faults])


def a_day(world: World) -> Record:
    """Live through one second of each minute of a day."""
    return world.run(range(0, DAY_SECONDS, STEP), share_of_day)


def seconds_of_waiting(record: Record) -> dict[str, int]:
    """Return, for each part, for how many seconds newcomers waited longer than ``SOON_SECONDS``."""
    return {part: sum(wait > SOON_SECONDS for wait in record.wait[part]) for part in PARTS}


def main() -> None:
    """Read the costs, and show what they mean for so many stores."""
    from tests.bench.capacity.written import DOC, put_into, sections  # noqa: PLC0415 - it imports this module

    parser = argparse.ArgumentParser(prog="python -m tests.bench.capacity.simulation", description=__doc__)
    parser.add_argument("--costs", type=Path, default=FILE, help="measured costs (those of the docs)")
    parser.add_argument("--stores", type=int, default=10_000, help="(%(default)s)")
    parser.add_argument("--sockets", type=int, default=100, help="of a store (%(default)s)")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {DOC.name}")
    options = parser.parse_args()
    found = sections(read(options.costs), Store(sockets=options.sockets), Deployment(options.stores))
    console = Console(width=120)
    for section in found:
        console.print(section.table())
    if options.write:
        DOC.write_text(put_into(DOC.read_text(), found))


if __name__ == "__main__":
    main()
