"""What one of each thing costs, as it was measured, and how it is kept."""

from pathlib import Path
from typing import Final

import msgspec

from tests.bench.capacity.meters import Spent

FILE: Final = Path(__file__).with_name("measured.json")
"""The costs that ``docs/capacity.md`` states. ``python -m tests.bench --only capacity`` measures new ones."""


class Costs(msgspec.Struct, frozen=True):
    """Milliseconds of processor time of one operation, by part; KiB of what is kept.

    ``channel_second`` is a quiet open deal, ``stirred_second`` one that has just had an event, in one process
    that watches it, ``socket_second`` a joined socket: for a second in which nothing happens. ``event`` is
    what an event costs whoever watches, ``process`` what each further web process adds in which somebody
    watches, ``delivery`` what each socket adds. ``note`` is a light decision, ``select`` one that prices a
    car; both with their event, without deliveries. A search of n matches costs ``search`` and n times
    ``match``, from the command to all values. In that, each of its jobs costs ``job`` of the node that has
    the slot of the queue.
    """

    machine: dict[str, str]
    socket_second: Spent
    channel_second: Spent
    stirred_second: Spent
    join: Spent
    event: Spent
    process: Spent
    delivery: Spent
    note: Spent
    select: Spent
    quote: Spent
    search: Spent
    match: Spent
    job: Spent
    socket_kib: float
    channel_kib: float
    channel_redis_kib: float
    match_redis_kib: float
    note_postgres_kib: float
    select_postgres_kib: float


OPERATIONS: Final = (
    *("socket_second", "channel_second", "stirred_second", "join", "event", "process", "delivery"),
    *("note", "select", "quote", "search", "match", "job"),
)
"""The fields of ``Costs`` that are processor time."""


def read(path: Path = FILE) -> Costs:
    """Return the costs of a file. Raises OSError, msgspec.ValidationError."""
    return msgspec.json.decode(path.read_bytes(), type=Costs)


def write(costs: Costs, path: Path = FILE) -> None:
    """Write the costs to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(costs), indent=2) + b"\n")
