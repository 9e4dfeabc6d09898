"""Nodes that work off what people ask, second by second, with the measured costs.

Every second people do things at random. Each thing asks processor time of some node; a node that cannot do
all of it does the rest later, and what waits is its backlog. Pieces are thrown at nodes at random, as sockets
behind a proxy and deals over the slots of a cluster are, so that the busiest node counts. It is a model of
queues, not of code: it knows no locks, no network and no garbage collection.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tests.bench.capacity.costs import Costs
from tests.bench.capacity.meters import Spent
from tests.bench.capacity.model import (
    CORES_A_NODE,
    MS,
    SINGLE,
    Deployment,
    Fleet,
    Kind,
    Store,
    at_rest,
    cost_of,
)

Numbers = NDArray[np.float64]
PARTS: Final = Spent.__struct_fields__


@dataclass(slots=True)
class Nodes:
    """The nodes of one part: their cores, and the core-seconds that wait at each. A dead node has no core."""

    cores: Numbers
    backlog: Numbers

    @classmethod
    def of(cls, cores: int, cores_a_node: int, at_least: int = 1) -> "Nodes":
        """Return nodes with so many cores in all, and no node with more than ``cores_a_node``."""
        count = max(at_least, -(-cores // cores_a_node))
        return cls(np.full(count, cores / count), np.zeros(count))

    def take(self, asked: Numbers, seconds: float = 1.0) -> None:
        """Add what is asked of each node, in core-seconds, and let all work for a while.

        What is asked of a dead node is shared by the living.
        """
        living = self.cores > 0
        lost = float(asked[~living].sum())
        own = np.where(living, asked + lost / max(1, int(living.sum())), 0.0)
        self.backlog = np.maximum(0.0, self.backlog + own - self.cores * seconds)

    def longest_wait(self) -> float:
        """Return how many seconds a newcomer waits at the node with the longest queue."""
        living = self.cores > 0
        return float((self.backlog[living] / self.cores[living]).max(initial=0.0))


@dataclass(slots=True)
class Record:
    """What was seen each second, by part: the load (1: all cores busy), the longest wait in seconds."""

    busy: dict[str, list[float]] = field(default_factory=lambda: {part: [] for part in PARTS})
    wait: dict[str, list[float]] = field(default_factory=lambda: {part: [] for part in PARTS})


Happening = Callable[["World", int], None]


class World:
    """All nodes and all people. ``seed`` decides what happens at random."""

    def __init__(
        self, costs: Costs, store: Store, deployment: Deployment, fleet: Fleet, *, seed: int = 1
    ) -> None:
        self.costs, self.store, self.deployment = costs, store, deployment
        self.nodes = {
            part: Nodes.of(cores, CORES_A_NODE[part], fleet.queue if part in SINGLE else 1)
            for part, cores in zip(PARTS, fleet.parts, strict=True)
        }
        self.sockets = store.sockets * deployment.stores
        self.each = {kind: cost_of(kind, costs, store, deployment) for kind in Kind}
        self._rest = at_rest(costs, store, deployment).times(deployment.stores)
        self._more: dict[int, Spent] = {}
        self._chance = np.random.default_rng(seed)

    def run(
        self,
        seconds: Iterable[int],
        traffic: Callable[[int], float],
        happenings: Sequence[tuple[int, Happening]] = (),
    ) -> Record:
        """Live through some seconds. ``traffic`` is the share of the busiest hour at a second."""
        record = Record()
        for second in seconds:
            for at, happen in happenings:
                if at == second:
                    happen(self, second)
            self._live(second, traffic(second), record)
        return record

    def ask(self, spent: Spent, *, now: int, within: int) -> None:
        """Ask milliseconds beside what people do, spread over the next seconds."""
        for second in range(now, now + within):
            self._more[second] = self._more.get(second, Spent()) + spent.times(1 / within)

    def _live(self, second: int, share: float, record: Record) -> None:
        asked = self._rest + self._more.pop(second, Spent())
        pieces = 0
        for kind, cost in self.each.items():
            count = int(self._chance.poisson(self.store.rate(kind) * self.deployment.stores * share))
            asked += cost.times(count)
            pieces += count
        for part, milliseconds in zip(PARTS, asked.parts, strict=True):
            nodes, core_seconds = self.nodes[part], max(0.0, milliseconds) / MS
            nodes.take(self._thrown(core_seconds, len(nodes.cores), pieces))
            record.busy[part].append(core_seconds / float(nodes.cores.sum()))
            record.wait[part].append(nodes.longest_wait())

    def _thrown(self, asked: float, nodes: int, pieces: int) -> Numbers:
        """Return what each node is asked, with as many pieces as people did things thrown at random."""
        if pieces == 0:
            return np.full(nodes, asked / nodes)
        counts = self._chance.multinomial(pieces, np.full(nodes, 1 / nodes))
        return counts.astype(np.float64) * (asked / pieces)
