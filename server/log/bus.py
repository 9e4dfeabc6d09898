"""The bells that a process receives, for all channels: over one connection from one Redis, and over one from
each master of a cluster.

Pub/sub delivers at most once, so a bell may be lost. A listener gets each event that was received, and is
notified whenever Redis confirms its subscription: the first time, after each reconnection, and after its slot
has moved to another node. It reads the events in between from the channel's log.
"""

import asyncio
import math
import secrets
import time
from collections.abc import Callable
from typing import Final

import structlog
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from server.log.ear import DEAF_SECONDS, PLAIN, PROBE_SECONDS, SHARDED, Deaf, Ear, Pace, Subscriber
from server.log.links.connecting import pool_of
from server.log.links.topology import ASK_AGAIN_SECONDS, Topology, slot_of
from server.log.redis_scripts import bell_name
from server.observe.failing import REDIS_FAILS
from server.observe.standing import Standing
from server.redis_address import Kind, Node, parse

__all__ = ["Bus", "Deaf", "Subscriber"]

SINGLE: Final = ("", 0)
"""Stands for the only server where there is no cluster."""

MOST_NAMES: Final = 1_000_000
"""How many names are tried until one is on a slot of a node: three for a third of the slots, and 16,384 on
average for a node with one slot.
"""


MOST_PAUSE_SECONDS: Final = 1.0
"""The longest pause between two questions after the masters of a cluster while one of them is not heard. A
replica that was promoted meanwhile is found that much later.
"""


class Bus:
    """The bus of one process. It receives only while ``run`` runs; ``standing`` says whether it does, from
    every server.
    """

    def __init__(
        self,
        redis_url: str,
        *,
        redis_uid: int | None = None,
        probe_seconds: float = PROBE_SECONDS,
        deaf_seconds: float = DEAF_SECONDS,
    ) -> None:
        self._address, self._uid = parse(redis_url), redis_uid
        self._pace = Pace(probe_seconds, deaf_seconds)
        self._wanted: dict[bytes, Subscriber] = {}
        self._after_read: Callable[[], None] = lambda: None
        self._changed = asyncio.Event()
        self._log = structlog.get_logger("bus")
        self.standing = Standing()
        self._topology = Topology(self._address) if self._address.kind is Kind.CLUSTER else None
        self._ears: dict[Node, Ear] = {}
        if self._topology is None:
            self._ears[SINGLE] = self._ear(None, self.standing)

    @property
    def connected(self) -> bool:
        """Whether the bus receives bells. Readiness depends on it."""
        return self.standing.is_up

    @property
    def silence_seconds(self) -> float:
        """How long ago the bus last received its own bell from each server; infinite if it never has. Any
        thread may ask.
        """
        heard = [ear.heard_at for ear in tuple(self._ears.values())]
        since = [time.monotonic() - at for at in heard if at is not None]
        return max(since) if since and len(since) == len(heard) else math.inf

    def subscribe(self, channel: str, listener: Subscriber) -> None:
        """Deliver the bells of ``channel`` to ``listener``, which replaces any earlier one."""
        name = bell_name(channel).encode()
        self._wanted[name] = listener
        ear = self._ear_for(name)
        if ear is not None:
            ear.want(name, listener)

    def unsubscribe(self, channel: str) -> None:
        """Stop listening to ``channel``."""
        name = bell_name(channel).encode()
        self._wanted.pop(name, None)
        ear = self._ear_for(name)
        if ear is not None:
            ear.unwant(name)

    def after_each_read(self, look: Callable[[], None]) -> None:
        """Call ``look`` once after each read, for all bells of that read. It must return at once."""
        self._after_read = look

    async def run(self) -> None:
        """Receive until cancelled; reconnect whenever a connection breaks."""
        if self._topology is None:
            await self._ears[SINGLE].run()
        else:
            await self._follow(self._topology)

    async def _follow(self, topology: Topology) -> None:
        """Keep an ear for each master, and each channel with the master of its slot."""
        running: dict[Node, asyncio.Task[None]] = {}
        pause = ASK_AGAIN_SECONDS
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._changed.clear()
                try:
                    await topology.settle()
                except REDIS_FAILS as error:
                    self._log.warning("bus_broken", error=error)
                for node in running.keys() - set(topology.masters):
                    running.pop(node).cancel()
                    del self._ears[node]
                for node in topology.masters:
                    if node not in running:
                        ear = self._ears[node] = self._ear(node, _Part(self._look))
                        running[node] = tasks.create_task(ear.run(), name=f"bus-{node[0]}:{node[1]}")
                self._share_out(topology)
                self._look()
                if self.standing.is_up:
                    await self._changed.wait()
                    pause = ASK_AGAIN_SECONDS
                # What has changed is not known everywhere at once: it is asked for until all hear.
                await asyncio.sleep(_longer(pause))
                pause = min(2 * pause, MOST_PAUSE_SECONDS)
                topology.doubt()

    def _share_out(self, topology: Topology) -> None:
        shares: dict[Node, dict[bytes, Subscriber]] = {node: {} for node in self._ears}
        for name, listener in self._wanted.items():
            node = topology.owner_or_none(slot_of(name))
            if node is not None:
                shares[node][name] = listener
        for node, share in shares.items():
            self._ears[node].want_only(share)

    def _look(self) -> None:
        """Make the standing of the whole that of all parts."""
        whole = self._topology is not None and self._topology.is_whole
        if whole and all(ear.standing.is_up for ear in self._ears.values()):
            self.standing.rise()
        else:
            self.standing.fall()

    def _ear_for(self, name: bytes) -> Ear | None:
        if self._topology is None:
            return self._ears[SINGLE]
        node = self._topology.owner_or_none(slot_of(name))
        return None if node is None else self._ears.get(node)

    def _ear(self, node: Node | None, standing: Standing) -> Ear:
        # An ear has its own retries: redis-py would reconnect and subscribe again without notice. It has its
        # own timeouts too: on Python 3.11 those of redis-py (wait_for) can swallow a task's cancellation.
        pool = pool_of(
            self._address,
            ConnectionPool,
            self._uid,
            node,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            socket_connect_timeout=None,
            socket_timeout=None,
            client_name="deal-architect-bells",
        )
        return Ear(
            pool,
            lambda: self._probe_of(node),
            words=PLAIN if node is None else SHARDED,
            pace=self._pace,
            standing=standing,
            after_read=self._read_is_over,
            broken=self._broken,
            moved=self._changed.set,
        )

    def _probe_of(self, node: Node | None) -> bytes:
        """Return a name that nobody else listens to, on a slot of the node."""
        unique = secrets.token_hex(8)
        names = (f"{{probe:{unique}:{number}}}:bell".encode() for number in range(MOST_NAMES))
        if node is None or self._topology is None:
            return next(names)
        slots = set(self._topology.slots_of(node))
        found = next((name for name in names if slot_of(name) in slots), None)
        if found is None:
            raise Deaf
        return found

    def _read_is_over(self) -> None:
        self._after_read()

    def _broken(self, error: Exception) -> None:
        self._log.warning("bus_broken", error=error)
        self._changed.set()


def _longer(seconds: float) -> float:
    """Return up to half as long again, so that not all processes ask at once."""
    return seconds * (1 + secrets.randbelow(500) / 1000)


class _Part(Standing):
    """The standing of one ear of several."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__()
        self._changed = changed

    def rise(self) -> None:
        """Record that it is up."""
        super().rise()
        self._changed()

    def fall(self) -> None:
        """Record that it is down."""
        super().fall()
        self._changed()
