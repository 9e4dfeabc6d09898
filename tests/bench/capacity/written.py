"""The tables of ``docs/capacity.md``, from the measured costs: for the terminal, and as Markdown.

A table stands between two comments that name it, so that a test can tell whether the page is what the costs
give.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from msgspec import structs
from rich.table import Table

from tests.bench.capacity.costs import OPERATIONS, Costs
from tests.bench.capacity.model import (
    CORES_A_NODE,
    MS,
    SINGLE,
    Deployment,
    Fleet,
    Kind,
    Store,
    cost_of,
    demand,
    fleet_for,
    full_first,
    memory_for,
    shares,
    stores_carried,
)
from tests.bench.capacity.simulation import (
    FAULTS,
    SOON_SECONDS,
    a_day,
    busiest_ten_minutes,
    seconds_of_waiting,
)
from tests.bench.capacity.world import PARTS, World

MOST_BUSY: Final = 0.6
DOC: Final = Path(__file__).resolve().parents[3] / "docs" / "capacity.md"
NAMES: Final = {
    "socket_second": "an idle, joined socket, for a second",
    "channel_second": "a quiet open deal, for a second, in each process that watches it",
    "stirred_second": "the same within ten seconds after an event",
    "join": "a socket opens and joins a deal",
    "event": "an event, whoever watches",
    "process": "an event reaches one more web process",
    "delivery": "an event reaches one more socket",
    "note": "a light decision (a note)",
    "select": "a decision that prices a car (select)",
    "quote": "a quote with a grid of twelve cells",
    "search": "a search, without its matches",
    "match": "one match, read, screened, valued, delivered",
    "job": "of that, a chunk's job is put, taken and settled",
}
SPACE: Final = {
    "socket_kib": "web process: a joined socket",
    "channel_kib": "web process: an open deal",
    "channel_redis_kib": "Redis: an open deal without a search",
    "match_redis_kib": "Redis: a match of its last search, valued",
    "note_postgres_kib": "Postgres: a light decision",
    "select_postgres_kib": "Postgres: a decision with its stored quote",
}


@dataclass(frozen=True, slots=True)
class Section:
    """One table and its name."""

    name: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]

    def table(self) -> Table:
        """Return it for the terminal."""
        table = Table(*self.heads, title=self.name, title_justify="left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        """Return it as Markdown, between its comments."""
        lines = [self.heads, ["---"] * len(self.heads), *self.rows]
        text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return f"<!-- {self.name} -->\n{text}\n<!-- end -->"


def put_into(page: str, sections: Iterable[Section]) -> str:
    """Return a page with its tables replaced. Raises ValueError for a table that has no place in it."""
    for section in sections:
        place = re.compile(rf"<!-- {re.escape(section.name)} -->.*?<!-- end -->", re.DOTALL)
        if not place.search(page):
            raise ValueError(f"{DOC.name} has no place for {section.name!r}")
        # As a function: nothing in it is a group of the pattern.
        page = place.sub(lambda _: section.markdown(), page)  # noqa: B023 - called within this turn
    return page


def sections(costs: Costs, store: Store, deployment: Deployment) -> list[Section]:
    """Return all tables."""
    return [
        _costs(costs),
        _space(costs),
        _carried(costs, store, deployment),
        _shares(costs, store, deployment),
        _fleet(costs, store, deployment),
        _limits(costs, store, deployment),
        _day(costs, store, deployment),
        _faults(costs, store, deployment),
        _changes(costs, store, deployment),
    ]


def _costs(costs: Costs) -> Section:
    # The queue's part is measured as Redis.
    measured = [part for part in PARTS if part != "queue"]
    rows = [
        (NAMES[name], *(_figure(max(0.0, getattr(getattr(costs, name), part)) * MS) for part in measured))
        for name in OPERATIONS
    ]
    return Section("costs", ("microseconds of processor time", *measured), rows)


def _space(costs: Costs) -> Section:
    rows = [(text, _figure(getattr(costs, name))) for name, text in SPACE.items()]
    return Section("space", ("what is kept", "KiB"), rows)


def _carried(costs: Costs, store: Store, deployment: Deployment) -> Section:
    kinds = {
        f"searches of {store.matches:,.0f} matches a second": cost_of(Kind.SEARCH, costs, store, deployment),
        "quotes a second": costs.quote,
        "decisions with a car a second": cost_of(Kind.SELECT, costs, store, deployment),
        "notes a second": cost_of(Kind.NOTE, costs, store, deployment),
        "deliveries a second": costs.delivery,
        "joins a second": costs.join,
        "quiet open deals": costs.channel_second,
        "idle sockets": costs.socket_second,
    }
    rows = [
        (name, *("-" if part <= 0.01 * max(spent.parts) else _figure(MS / part) for part in spent.parts))
        for name, spent in kinds.items()
    ]
    return Section("carried", ("one core, fully busy, carries", *PARTS), rows)


def _shares(costs: Costs, store: Store, deployment: Deployment) -> Section:
    total = demand(costs, store, deployment)
    rows = [
        (
            name,
            *(f"{max(0.0, part) / whole:.0%}" for part, whole in zip(spent.parts, total.parts, strict=True)),
        )
        for name, spent in shares(costs, store, deployment).items()
    ]
    return Section("shares", ("what asks it", *PARTS), rows)


def _fleet(costs: Costs, store: Store, deployment: Deployment) -> Section:
    needed = demand(costs, store, deployment)
    fleet, memory = fleet_for(needed), memory_for(costs, store, deployment)
    space = {
        "web": f"{memory.web:,.0f} GiB",
        "redis": f"{memory.redis:,.0f} GiB",
        "postgres": f"{memory.postgres_a_day:,.0f} GiB more a day",
    }
    rows = [
        (part, f"{ms / MS:,.1f}", f"{cores:,}", f"{_nodes(part, cores, fleet):,}", space.get(part, "-"))
        for part, ms, cores in zip(PARTS, needed.parts, fleet.parts, strict=True)
    ]
    return Section("fleet", ("part", "cores busy", "cores", "nodes", "data"), rows)


def _nodes(part: str, cores: int, fleet: Fleet) -> int:
    nodes = -(-cores // CORES_A_NODE[part])
    return max(nodes, fleet.queue) if part in SINGLE else nodes


def _limits(costs: Costs, store: Store, deployment: Deployment) -> Section:
    """Return what one node of each part carries."""
    names = {
        "web": "a web machine of 4 cores",
        "worker": "a worker machine of 4 cores",
        "redis": "a Redis node, without the queue",
        "queue": "the node that has the queue's slot: one in a system",
        "postgres": "a PostgreSQL primary of 32 cores: one in a system",
    }
    carried = stores_carried(costs, store, deployment)
    rows = [
        (names[part], f"{MOST_BUSY * carried[part]:,.0f}", f"{carried[part]:,.0f}")
        for part in sorted(PARTS, key=lambda part: carried[part])
    ]
    return Section("limits", ("carries so many stores", f"{MOST_BUSY:.0%} busy", "fully busy"), rows)


def _day(costs: Costs, store: Store, deployment: Deployment) -> Section:
    fleet = fleet_for(demand(costs, store, deployment))
    day = a_day(World(costs, store, deployment, fleet))
    rows = [
        (part, *(f"{np.quantile(day.busy[part], share):.0%}" for share in (0.5, 0.95, 1.0))) for part in PARTS
    ]
    return Section("day", ("busy over a day", "median", "95th percentile", "most"), rows)


def _faults(costs: Costs, store: Store, deployment: Deployment) -> Section:
    fleet = fleet_for(demand(costs, store, deployment))
    rows = []
    for name, faults in (("nothing", ()), *((name, (fault,)) for name, fault in FAULTS)):
        record = busiest_ten_minutes(World(costs, store, deployment, fleet), *faults)
        long = seconds_of_waiting(record)
        rows.append((name, *(f"{max(record.wait[part]):.1f} s ({long[part]} s)" for part in PARTS)))
    return Section("faults", (f"longest wait (for so long above {SOON_SECONDS:g} s)", *PARTS), rows)


def _changes(costs: Costs, store: Store, deployment: Deployment) -> Section:
    """Return the fleets of the ways to go on, and what is full first in each."""
    each_beat = {name: getattr(costs, name) for name in Costs.__struct_fields__}
    from_replicas = dict(each_beat)
    each_beat["channel_second"] = costs.stirred_second
    for name in ("search", "match"):
        from_replicas[name] = structs.replace(getattr(costs, name), postgres=0.0)
    ways = {
        "as it is": (costs, deployment),
        "searches from replicas, whose cores are not counted": (Costs(**from_replicas), deployment),
        "a store's people on one web process": (costs, replace(deployment, watching_processes=1.0)),
        "every deal in each heartbeat (before decision 0058)": (Costs(**each_beat), deployment),
    }
    rows = []
    for name, (own, way) in ways.items():
        fleet = fleet_for(demand(own, store, way))
        part, stores = full_first(own, store, way)
        rows.append((name, *(f"{cores:,}" for cores in fleet.parts), f"{part}, with {stores:,.0f} stores"))
    return Section("changes", ("cores", *PARTS, "full first in one system"), rows)


def _figure(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
