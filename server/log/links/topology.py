"""Which node of a cluster has which slot, and who the master is that Sentinels name.

Nothing is watched: an error of a node shows that something has changed, and then the others are asked. Each
question has a connection of its own, so that it waits for nobody.
"""

import asyncio
import secrets
import time
from collections.abc import Iterable
from typing import Any, Final

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import AuthenticationError, RedisError
from redis.exceptions import ConnectionError as LostConnection

from server.observe.failing import REDIS_FAILS
from server.redis_address import Node, RedisAddress

ASK_SECONDS: Final = 1.0
"""How long one node may take to answer. A node that hangs must not keep others from being asked."""

ASK_ALL_SECONDS: Final = 3.0
"""How long all nodes together may take, if one after another hangs."""

ASK_AGAIN_SECONDS: Final = 0.2
"""The shortest time between two questions: until a replica is promoted, the answer stays the same."""


class SlotAway(LostConnection):
    """No node of the cluster serves this slot now."""


class Topology:
    """The slots of a cluster, as they were last told."""

    def __init__(self, address: RedisAddress) -> None:
        self._address = address
        self._owners: list[Node | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        self._known: tuple[Node, ...] = address.nodes
        self._asking = asyncio.Lock()
        self._doubted = True
        self._asked_at = -ASK_AGAIN_SECONDS
        self.masters: tuple[Node, ...] = ()
        self.is_whole = False
        """Whether every slot has a node."""

    def owner(self, slot: int) -> Node:
        """Return the node that serves a slot. Raises SlotAway; then the cluster is asked again."""
        node = self._owners[slot]
        if node is None:
            self.doubt()
            raise SlotAway(f"no node of the cluster serves slot {slot}")
        return node

    def owner_or_none(self, slot: int) -> Node | None:
        """Return the node that serves a slot, if there is one."""
        return self._owners[slot]

    def slots_of(self, node: Node) -> list[int]:
        """Return the slots of a node."""
        return [slot for slot, owner in enumerate(self._owners) if owner == node]

    def moved(self, slot: int, node: Node) -> None:
        """Note what a node has said of one slot. Other slots have probably moved too."""
        self._owners[slot] = node
        self.doubt()

    def doubt(self) -> None:
        """Ask again before the next command."""
        self._doubted = True

    async def settle(self) -> None:
        """Ask the cluster if there is doubt; not again for a short time if that brings nothing.

        Raises REDIS_FAILS if nothing is known yet and no node answers.
        """
        if not self._doubted or (self.masters and self._asking.locked()):
            # One caller waits for the answer; the others go where they went before.
            return
        async with self._asking:
            if self._doubted and time.monotonic() - self._asked_at >= ASK_AGAIN_SECONDS:
                try:
                    await self._ask()
                finally:
                    self._asked_at = time.monotonic()

    async def _ask(self) -> None:
        """Take the first answer. If it is old, the nodes correct it: they refuse slots of others."""
        others = [node for node in self._known if node not in self.masters]
        asked = [*_shuffled(self.masters), *_shuffled(others)]
        try:
            async with asyncio.timeout(ASK_ALL_SECONDS):
                reply, node = await ask_first(asked, self._address.url_of, "CLUSTER SLOTS")
        except REDIS_FAILS as error:
            if self.masters:
                return
            if isinstance(error, RedisError):
                raise
            raise LostConnection(f"no node of the cluster answered in {ASK_ALL_SECONDS:g} s") from error
        self._doubted = False
        owners: list[Node | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        known: dict[Node, None] = {}
        for start, end, *nodes in reply:
            # A node that does not know its own name is where it was asked.
            places = [(_text(host) or node[0], int(port)) for host, port, *_ in nodes]
            owners[start : end + 1] = [places[0]] * (end + 1 - start)
            known |= dict.fromkeys(places)
        self._owners, self.is_whole = owners, None not in owners
        self.masters = tuple(dict.fromkeys(owner for owner in owners if owner is not None))
        self._known = tuple(known | dict.fromkeys(self._address.nodes))


class MasterOfSentinels:
    """The master that Sentinels name. A connection of redis-py's Sentinel support asks it as its pool."""

    is_master: Final = True
    check_connection: Final = False

    def __init__(self, address: RedisAddress) -> None:
        self._address = address

    async def get_master_address(self) -> Node:
        """Return where the master is. Raises RedisError."""
        address = self._address
        asked = _shuffled(address.nodes)
        command = ("SENTINEL GET-MASTER-ADDR-BY-NAME", address.service)
        reply, _ = await ask_first(asked, address.url_of_sentinel, *command)
        return _text(reply[0]), int(reply[1])


async def ask_first(nodes: Iterable[Node], url_of: Any, *command: str) -> tuple[Any, Node]:
    """Return the first answer that is not empty, and whose it is. Raises AuthenticationError, RedisError.

    Where some do not answer and others know nothing, the latter is the error: that is what to look into.
    """
    failed: Exception | None = None
    unknown: RedisError | None = None
    for node in nodes:
        try:
            reply = await _ask(url_of(node), *command)
        except AuthenticationError:
            raise
        except REDIS_FAILS as error:
            failed = error
        else:
            if reply:
                return reply, node
            unknown = LostConnection(f"{node[0]}:{node[1]} knows none: {' '.join(command)}")
    if unknown is not None:
        raise unknown
    if isinstance(failed, RedisError):
        raise failed
    raise LostConnection(f"no answer to {' '.join(command)}") from failed


async def _ask(url: str, *command: str) -> Any:
    pool = ConnectionPool.from_url(
        url, protocol=2, retry=Retry(NoBackoff(), 0), socket_connect_timeout=None, socket_timeout=None
    )
    connection: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]
    try:
        async with asyncio.timeout(ASK_SECONDS):
            await connection.connect()  # type: ignore[no-untyped-call]
            await connection.send_command(*command, check_health=False)
            return await connection.read_response()
    finally:
        await connection.disconnect(nowait=True)


def slot_of(key: str | bytes) -> int:
    """Return the slot of a key or of a sharded channel."""
    return key_slot(key.encode() if isinstance(key, str) else key)


def _shuffled(nodes: Iterable[Node]) -> list[Node]:
    """Return the nodes in any order, so that not all processes ask the same one first."""
    return sorted(nodes, key=lambda _: secrets.randbits(32))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value or "")
