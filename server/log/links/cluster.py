"""A client of a Redis cluster: each command goes to the node that has its key, in the usual time.

redis-py has a cluster client. It is not used because it may send ASKING on another connection than the
command that it is for, repeats commands that may have been executed, and has no pools that can be waited for,
so that neither the breaker nor the time limits of a single Redis would keep their meaning (decision 0051).
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

from redis.asyncio import ConnectionPool, Redis
from redis.commands.core import AsyncScript
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MovedError,
    NoScriptError,
    ResponseError,
    TryAgainError,
)

from server.log.links.guarded_pool import probe
from server.log.links.keys import key_of, sharded
from server.log.links.topology import SlotAway, Topology, slot_of
from server.observe.breaker import Breaker
from server.observe.failing import REDIS_FAILS
from server.redis_address import Node

REDIRECTED_SECONDS: Final = 3.0
"""How long a command follows its slot. While the keys of a slot are on two nodes, no script can run on it."""

AGAIN_SECONDS: Final = 0.02
REDIRECTIONS: Final = (AskError, TryAgainError, ClusterDownError)

Command = tuple[tuple[Any, ...], dict[str, Any]]
T = TypeVar("T")


class ClusterClient(Redis):
    """Has a pool for each master. ``breaker`` is that of all of them: while it is open, nothing is asked."""

    def __init__(
        self, topology: Topology, pool_of: Callable[[Node], ConnectionPool], breaker: Breaker
    ) -> None:
        super().__init__(connection_pool=ConnectionPool())
        self.topology, self.breaker = topology, breaker
        self._pool_of = pool_of
        self._nodes: dict[Node, Redis] = {}
        self._sources: dict[str, str] = {}

    def node(self, node: Node) -> Redis:
        """Return the client of one node, whose connections are made as they are needed."""
        if node not in self._nodes:
            self._nodes[node] = Redis.from_pool(self._pool_of(node))
        return self._nodes[node]

    async def masters(self) -> list[Redis]:
        """Return the clients of all masters. Raises REDIS_FAILS if no node says which these are."""
        await self.topology.settle()
        if not self.topology.masters:
            raise SlotAway("no node of the cluster answered")
        return [self.node(node) for node in self.topology.masters]

    def register_script(self, script: Any) -> AsyncScript:  # type: ignore[override]
        """Return a script that rings its bells on the node of its slot: others have no listener for it."""
        source = sharded(script)
        registered = super().register_script(source)
        self._sources[registered.sha] = source
        return registered

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run a command where its key is; one without a key on all masters. Raises RedisError."""
        self.breaker.check()
        key = key_of(args)
        if key is None:
            answers = await _all(_execute(node, args, options) for node in await self.masters())
            return answers[0] if args[0] != "KEYS" else [found for some in answers for found in some]

        async def send(node: Redis, asking: bool) -> Any:
            if not asking:
                with contextlib.suppress(NoScriptError):
                    return await _execute(node, args, options)
            return _or_raise(await self.send_to(node, [(args, options)], asking=asking))[0]

        return await self.where(slot_of(key), send)

    async def where(self, slot: int, send: Callable[[Redis, bool], Awaitable[T]]) -> T:
        """Call ``send`` with the node of a slot and whether it must send ASKING first; follow the slot.

        Raises SlotAway if no node serves it in time, and what ``send`` raises.
        """
        deadline, moves = time.monotonic() + REDIRECTED_SECONDS, 0
        asked: Node | None = None
        problem: ResponseError
        while True:
            await self.topology.settle()
            node = asked or self.topology.owner(slot)
            try:
                return await send(self.node(node), asked is not None)
            except MovedError as error:
                if moves:
                    # Two nodes that disagree are not asked in turn as fast as they answer.
                    await asyncio.sleep(AGAIN_SECONDS)
                asked, problem, moves = None, error, moves + 1
                self.topology.moved(slot, _place_of(error, node))
            except AskError as error:
                asked, problem = _place_of(error, node), error
            except TryAgainError as error:
                asked, problem = None, error
                await asyncio.sleep(AGAIN_SECONDS)
            except ClusterDownError as error:
                self.topology.doubt()
                raise SlotAway(str(error)) from error
            except REDIS_FAILS as error:
                if not isinstance(error, ResponseError):
                    self.topology.doubt()
                raise
            if time.monotonic() > deadline:
                raise SlotAway(f"slot {slot} is moving: {problem}") from problem

    async def send_to(self, node: Redis, commands: Sequence[Command], *, asking: bool = False) -> list[Any]:
        """Run commands on one connection of a node and return their answers, errors among them. Scripts that
        the node does not know are loaded there first.
        """
        replies = await _send_together(node, commands, asking=asking)
        unknown = await self._teach(node, commands, replies)
        if unknown:
            again = await _send_together(node, [commands[number] for number in unknown], asking=asking)
            for number, reply in zip(unknown, again, strict=True):
                replies[number] = reply
        return replies

    async def _teach(self, node: Redis, commands: Sequence[Command], replies: Sequence[Any]) -> list[int]:
        """Load the scripts that a node said it does not know; return the numbers of their commands.

        Any node may lack them: one that gets its first slot is no master yet for those who ask the cluster.
        """
        unknown = [
            number
            for number, reply in enumerate(replies)
            if isinstance(reply, NoScriptError) and commands[number][0][1] in self._sources
        ]
        for sha in {commands[number][0][1] for number in unknown}:
            await _execute(node, ("SCRIPT LOAD", self._sources[sha]), {})
        return unknown

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Any:
        """Return commands that go together: one trip to each node, or a transaction on one slot."""
        return ClusterPipeline(self, transaction)

    async def ping(self, **_: Any) -> Any:
        """Ask every master, past the breaker. Raises REDIS_FAILS."""
        await self.topology.settle()
        if not self.topology.is_whole:
            self.topology.doubt()
            raise SlotAway("not every slot of the cluster has a node")
        try:
            await _all(_ping(node) for node in await self.masters())
        except REDIS_FAILS:
            self.topology.doubt()
            raise
        return True

    async def probe(self) -> None:
        """Ask every master as the breaker's probe. Raises REDIS_FAILS, CircuitOpen."""
        await probe(self)

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Close all connections."""
        for node in self._nodes.values():
            await node.aclose(close_connection_pool=close_connection_pool)


class ClusterPipeline:
    """Collects commands; ``execute`` returns their answers in order. Only methods that we use."""

    def __init__(self, client: ClusterClient, transaction: bool) -> None:
        self._client = client
        self._transaction = transaction
        self._commands: list[Command] = []

    async def __aenter__(self) -> "ClusterPipeline":
        return self

    async def __aexit__(self, *_: object) -> None:
        self._commands.clear()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return redis-py's method of that name, which ends in ``execute_command`` of this pipeline."""
        method = getattr(Redis, name)
        return lambda *args, **options: method(self, *args, **options)

    def execute_command(self, *args: Any, **options: Any) -> "ClusterPipeline":
        """Remember a command."""
        self._commands.append((args, options))
        return self

    async def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Run the commands. Raises RedisError; with ``raise_on_error`` also for an answer that is one."""
        self._client.breaker.check()
        replies = await (self._in_one_slot() if self._transaction else self._by_node())
        return _or_raise(replies) if raise_on_error else replies

    async def _in_one_slot(self) -> list[Any]:
        keys = [key for args, _ in self._commands if (key := key_of(args)) is not None]

        async def send(node: Redis, asking: bool) -> list[Any]:
            if asking:
                # Queued commands cannot ask: they wait until the slot has moved.
                raise TryAgainError("a transaction waits for its slot")
            return await _send_together(node, self._commands, transaction=True)

        return await self._client.where(slot_of(keys[0]), send)

    async def _by_node(self) -> list[Any]:
        topology = self._client.topology
        await topology.settle()
        by_node: dict[Node, list[int]] = {}
        keys = [key_of(args) for args, _ in self._commands]
        # What has no key goes where the first key is.
        first = next((key for key in keys if key is not None), "")
        for number, key in enumerate(keys):
            by_node.setdefault(topology.owner(slot_of(first if key is None else key)), []).append(number)
        replies: list[Any] = [None] * len(self._commands)

        async def send(node: Node, numbers: Sequence[int]) -> None:
            commands = [self._commands[number] for number in numbers]
            try:
                answers = await self._client.send_to(self._client.node(node), commands)
            except REDIS_FAILS:
                topology.doubt()
                raise
            for number, answer in zip(numbers, answers, strict=True):
                replies[number] = answer

        await _all(send(*each) for each in by_node.items())
        moved = [number for number, reply in enumerate(replies) if isinstance(reply, REDIRECTIONS)]
        await _all(self._send_again(replies, number) for number in moved)
        return replies

    async def _send_again(self, replies: list[Any], number: int) -> None:
        args, options = self._commands[number]
        try:
            replies[number] = await self._client.execute_command(*args, **options)
        except ResponseError as error:
            replies[number] = error


async def _all(calls: Iterable[Awaitable[T]]) -> list[T]:
    """Return what all calls return. Raises the first error when all have ended: none is left behind."""
    ends = await asyncio.gather(*calls, return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException):
            raise end
    return ends  # type: ignore[return-value]


async def _send_together(
    node: Redis, commands: Sequence[Command], *, asking: bool = False, transaction: bool = False
) -> list[Any]:
    """Run commands on one connection of a node and return their answers, errors among them."""
    async with node.pipeline(transaction=transaction) as pipe:
        for args, options in commands:
            if asking:
                pipe.execute_command("ASKING")
            pipe.execute_command(*args, **options)
        replies: list[Any] = await pipe.execute(raise_on_error=False)
    return replies[1::2] if asking else replies


def _or_raise(replies: list[Any]) -> list[Any]:
    for reply in replies:
        if isinstance(reply, Exception):
            raise reply
    return replies


def _execute(node: Redis, args: Sequence[Any], options: dict[str, Any]) -> Awaitable[Any]:
    execute: Any = node.execute_command
    answer: Awaitable[Any] = execute(*args, **options)
    return answer


async def _ping(node: Redis) -> None:
    pool: Any = node.connection_pool
    # A guarded pool has a ping that its breaker does not stop.
    await (pool.ping() if hasattr(pool, "ping") else node.ping())


def _place_of(error: AskError, asked: Node) -> Node:
    # A node that does not know its own name is where it was asked.
    return error.host or asked[0], error.port
