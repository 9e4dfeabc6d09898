"""The fault suite on a cluster: its faults, those of one Redis as their counterparts, and some more."""

import asyncio
import contextlib
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import redis
from redis.crc import key_slot

from server.work.queue import JOBS_KEY
from tests.cluster.redis.node import Node
from tests.cluster.redis.nodes import Cluster
from tests.cluster.redis.programs import program_of
from tests.faults import strain
from tests.faults.faults import BEHIND_SECONDS, FAULTS, HANG_SECONDS, Fault
from tests.faults.play import Scene
from tests.faults.servers import RedisServer
from tests.faults.stage import NotReached

KILLS, KILL_PAUSE_SECONDS = 5, 0.2
ROUNDS: Final = 3
LEAST_LOST_BYTES: Final = 1_000
"""Events of a deal, and not only the pings of a master."""

SPLIT_SECONDS: Final = 0.15
"""The pause after each few keys while a slot's keys are on two nodes."""

LONG_SPLIT_SECONDS: Final = 6.0
"""Twice as long as a command follows its slot."""


Address = tuple[str, str, str]
"""The scheme of an address, its login and its options."""

PLAIN: Final[Address] = ("redis+cluster", "", "")


class ClusterServer(RedisServer):
    """A cluster in the place of the stage's one Redis: what is done to that is done to all masters."""

    def __init__(
        self,
        folder: Path,
        options: Mapping[str, str] | None = None,
        *,
        address: Address = PLAIN,
        **client: Any,
    ) -> None:
        super().__init__(folder)
        self._address = address
        self.cluster = Cluster(program_of(), folder / "cluster", options or {}, **client)

    @property
    def url(self) -> str:
        """The cluster's address."""
        return self.cluster.url(*self._address)

    def start(self) -> None:
        """Start all nodes."""
        self.cluster.start()

    def kill(self) -> None:
        """End all nodes."""
        self.cluster.close()

    def client(self) -> redis.Redis:
        """Return a client of the master that has the queue."""
        return self.cluster.master_of(JOBS_KEY).client()

    def save(self, name: str = "dump.rdb") -> Path:
        """Let each master write its data to a file of its own."""
        for node in self.cluster.masters():
            node.ask("SAVE")
            if name != "dump.rdb":
                shutil.copy(node.folder / "dump.rdb", node.folder / name)
        return Path(name)

    def restart(self, data: Path | None) -> None:
        """Kill all masters and start them with the data of a file, or none, before replicas take over."""
        masters = self.cluster.masters()
        for node in masters:
            node.kill()
        for node in masters:
            dump = node.folder / "dump.rdb"
            if data is None:
                dump.unlink(missing_ok=True)
            elif data.name != dump.name:
                shutil.copy(node.folder / data.name, dump)
            node.start()
        self.cluster.wait_well()

    def freeze(self) -> None:
        """Let all masters hang."""
        for node in self.cluster.masters():
            node.freeze()

    def thaw(self) -> None:
        """Let all go on."""
        for node in self.cluster.nodes:
            node.thaw()


def _cluster(scene: Scene) -> Cluster:
    server = scene.stage.redis
    assert isinstance(server, ClusterServer)
    return server.cluster


async def _off_loop(call: Callable[..., object], *arguments: object) -> None:
    await asyncio.to_thread(call, *arguments)


def _master_of_deal(scene: Scene) -> Node:
    return _cluster(scene).master_of(f"{{{scene.one}}}:meta")


async def _kill_master(scene: Scene) -> None:
    """The master of a deal dies; its replica is promoted, and the dead one comes back as a replica."""
    cluster, master = _cluster(scene), _master_of_deal(scene)
    await _off_loop(cluster.kill, master)
    await scene.stage.ready()
    await _off_loop(master.start)
    await _off_loop(cluster.wait_well)


async def _kill_master_of_queue(scene: Scene) -> None:
    """The master with the queue dies while a search waits for its values."""
    cluster = _cluster(scene)
    async with scene.at_rest():
        master = cluster.master_of(JOBS_KEY)
        await _off_loop(cluster.kill, master)
        await _off_loop(master.start)
        await _off_loop(cluster.wait_well)


async def _hang_master(scene: Scene) -> None:
    """A master hangs for longer than the others wait: it goes on as a replica of the one that replaced it."""
    master = _master_of_deal(scene)
    master.freeze()
    try:
        await asyncio.sleep(2 * HANG_SECONDS)
    finally:
        master.thaw()
    await _off_loop(_cluster(scene).wait_well)


async def _take_over(scene: Scene) -> None:
    """A replica that heard nothing for a while takes over: what was written since then is lost."""
    cluster = _cluster(scene)
    replica = await asyncio.to_thread(cluster.replica_of, _master_of_deal(scene))
    lost_bytes = await asyncio.to_thread(cluster.take_over, replica, BEHIND_SECONDS)
    if lost_bytes < LEAST_LOST_BYTES:
        raise NotReached(f"the replica was only {lost_bytes} bytes behind")
    await _off_loop(cluster.wait_well)
    await scene.stage.ready()


async def _fail_over_and_back(scene: Scene) -> None:
    """The replica takes over in good order, and then gives back: the first master never ended."""
    cluster = _cluster(scene)
    for _ in range(2):
        replica = await asyncio.to_thread(cluster.replica_of, _master_of_deal(scene))
        await _off_loop(cluster.fail_over, replica)
        await asyncio.sleep(KILL_PAUSE_SECONDS)
    await _off_loop(cluster.wait_well)


async def _move_slots(scene: Scene) -> None:
    """The slots of everything in sight go round the masters, as fast as they can."""
    await _go_round(scene, ROUNDS, 0.0)


async def _split_slots(scene: Scene) -> None:
    """The same, with the keys of each slot on two nodes for a while."""
    await _go_round(scene, 1, SPLIT_SECONDS)


async def _split_for_long(scene: Scene) -> None:
    """The keys of a deal stay on two nodes for longer than any command waits."""
    cluster, master = _cluster(scene), _master_of_deal(scene)
    other, name = cluster.other_than(master), f"{{{scene.one}}}:meta"
    slot = key_slot(name.encode())

    def split() -> None:
        with cluster.moving(slot, other) as source:
            source.ask("MIGRATE", "127.0.0.1", other.port, name, 0, 5_000)
            time.sleep(LONG_SPLIT_SECONDS)
            cluster.take_keys(slot, source, other)

    await _off_loop(split)
    await _off_loop(cluster.wait_well)


async def _join_empty(scene: Scene) -> None:
    """A master without slots gets those of everything in sight; then it gives them back and goes."""
    cluster = _cluster(scene)
    homes = {slot: cluster.at(cluster.owners(cluster.running[0])[slot]) for slot in _slots(scene)}
    new = await asyncio.to_thread(cluster.join)
    for slot in homes:
        await _off_loop(cluster.move, slot, new, SPLIT_SECONDS)
    for slot, home in homes.items():
        await _off_loop(cluster.move, slot, home)
    await _off_loop(cluster.leave, new)
    await _off_loop(cluster.wait_well)


def _slots(scene: Scene) -> list[int]:
    names = {name for viewer in scene.viewers for name in viewer.channels}
    return [key_slot(f"{{{name}}}".encode()) for name in sorted(names)] + [key_slot(JOBS_KEY.encode())]


async def _go_round(scene: Scene, rounds: int, pause_seconds: float) -> None:
    cluster = _cluster(scene)
    slots = _slots(scene)
    masters = cluster.masters()
    for _ in range(rounds):
        for slot in slots:
            owner = cluster.owners(masters[0])[slot]
            place = next(place for place, node in enumerate(masters) if node.port == owner)
            for step in (1, 0):
                # Away, and back to where it was: an epoch of the first node may still stand there.
                to = masters[(place + step) % len(masters)]
                await _off_loop(cluster.move, slot, to, pause_seconds)
    await _off_loop(cluster.wait_well)


async def _kill_pubsub(scene: Scene) -> None:
    for _ in range(KILLS):
        for node in _cluster(scene).masters():
            node.ask("CLIENT", "KILL", "TYPE", "pubsub")
        await asyncio.sleep(KILL_PAUSE_SECONDS)


async def _overflow_buffers(scene: Scene) -> None:
    """Every master drops each subscriber that leaves more than a few kilobytes unread."""
    masters = _cluster(scene).masters()
    for node in masters:
        node.ask("CONFIG", "SET", "client-output-buffer-limit", strain.SMALL)
    try:
        for _ in range(strain.DEAF_ROUNDS):
            await scene.editors[1].search(strain.LARGE_SEARCH)
            await scene.editors[4].search(strain.LARGE_SEARCH)
            await asyncio.sleep(strain.DEAF_SECONDS)
    finally:
        for node in masters:
            with contextlib.suppress(redis.RedisError):
                node.ask("CONFIG", "SET", "client-output-buffer-limit", strain.USUAL)


_COUNTERPARTS: Final[dict[str, tuple[str, Callable[[Scene], Awaitable[None]] | None]]] = {
    "redis restarted without its data": ("all masters restarted without their data", None),
    "redis restarted with its data": ("all masters restarted with their data", None),
    "redis restarted with an old RDB": ("all masters restarted with old RDBs", None),
    "redis hangs": ("all masters hang", None),
    "redis fails over to a replica that is behind": ("a replica that is behind takes over", _take_over),
    "pub/sub connections killed": ("pub/sub connections to all masters killed", _kill_pubsub),
    "subscribers' buffers overflow": ("subscribers' buffers overflow on all masters", _overflow_buffers),
}
"""What a fault of one Redis is on a cluster: its name, and what is done if that is not the same."""


def _on_cluster(fault: Fault) -> Fault:
    name, inject = _COUNTERPARTS.get(fault.name, (fault.name, None))
    return Fault(name, inject or fault.inject)


CLUSTER_FAULTS: Final = (
    Fault("a master killed", _kill_master),
    Fault("the queue's master killed", _kill_master_of_queue),
    Fault("a master hangs and is replaced", _hang_master),
    Fault("a master fails over and back", _fail_over_and_back),
    Fault("slots move", _move_slots),
    Fault("slots move with their keys on two nodes", _split_slots),
    Fault("a slot's keys stay on two nodes", _split_for_long),
    Fault("an empty master joins", _join_empty),
    *(_on_cluster(fault) for fault in FAULTS),
)
SHORT: Final = tuple(
    fault for fault in CLUSTER_FAULTS if fault.inject in {_kill_master, _move_slots, _take_over}
)
"""What fails most, for every run of the tests."""
