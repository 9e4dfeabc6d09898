"""What the client of a cluster does about scripts and slots that a node does not have. Real nodes are in
tests/cluster/redis.
"""

import asyncio
import hashlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from itertools import pairwise
from typing import Any

import pytest
from redis.exceptions import AskError, NoScriptError
from redis.exceptions import ConnectionError as LostConnection

from server.log.bus import MOST_PAUSE_SECONDS, Bus
from server.log.links import topology
from server.log.links.cluster import ClusterClient
from server.log.links.guarded_pool import redis_breaker
from server.log.links.topology import SlotAway, Topology
from server.redis_address import Node, parse
from tests.virtual_time import run_virtually

FIRST, NEW = ("first", 1), ("new", 2)
KEY = "{deal:1}:meta"
SOURCE = "return 1"
SHA = hashlib.sha1(SOURCE.encode(), usedforsecurity=False).hexdigest()

Slots = list[list[Any]]
ALL: Slots = [[0, 16_383, [b"first", 1]]]
"""An answer to CLUSTER SLOTS: one master has them all."""


class FakeNode:
    """A node that knows scripts once they are loaded. ``refuses`` raises if it does not take them."""

    def __init__(self, refuses: Callable[[], None]) -> None:
        self._refuses = refuses
        self.scripts: set[str] = set()
        self.ran = 0

    async def execute_command(self, *args: Any, **_: Any) -> Any:
        if args[0] == "SCRIPT LOAD":
            self.scripts.add(hashlib.sha1(args[1].encode(), usedforsecurity=False).hexdigest())
        elif args[0] == "EVALSHA":
            self._refuses()
            if args[1] not in self.scripts:
                raise NoScriptError("no matching script")
            self.ran += 1
        return b"OK"

    def pipeline(self, *, transaction: bool) -> AbstractAsyncContextManager[Any]:
        assert not transaction
        return nullcontext(FakePipeline(self))


class FakePipeline:
    def __init__(self, node: FakeNode) -> None:
        self._node, self._commands = node, list[tuple[Any, ...]]()

    def execute_command(self, *args: Any, **_: Any) -> None:
        self._commands.append(args)

    async def execute(self, *, raise_on_error: bool) -> list[Any]:
        assert not raise_on_error
        calls = (self._node.execute_command(*each) for each in self._commands)
        return await asyncio.gather(*calls, return_exceptions=True)


class FakeCluster(ClusterClient):
    """A client of fake nodes."""

    def __init__(self, nodes: dict[Node, FakeNode]) -> None:
        super().__init__(Topology(parse("redis+cluster://first:1")), lambda _: pytest.fail(), redis_breaker())
        self._fakes: dict[Node, Any] = nodes

    def node(self, node: Node) -> Any:
        return self._fakes[node]


def answering(monkeypatch: pytest.MonkeyPatch, *answers: Slots) -> None:
    """Answer each question after the slots with the next answer, and the last one from then on."""
    left = list(answers)

    async def ask_first(*_: object) -> tuple[Slots, Node]:
        return (left.pop(0) if len(left) > 1 else left[0]), FIRST

    monkeypatch.setattr(topology, "ask_first", ask_first)
    monkeypatch.setattr(topology, "ASK_AGAIN_SECONDS", 0.0)


def asks_new() -> None:
    raise AskError("1 new:2")


def takes_all() -> None:
    pass


async def test_a_node_without_slots_learns_a_script_when_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """While its first slot is on its way, no list of masters has it: a script is loaded where it must run."""
    answering(monkeypatch, ALL)
    nodes = {FIRST: FakeNode(asks_new), NEW: FakeNode(takes_all)}
    redis = FakeCluster(nodes)
    script = redis.register_script(SOURCE)
    for _ in range(2):
        assert await script(keys=[KEY]) == b"OK"
    assert (nodes[NEW].ran, nodes[NEW].scripts, nodes[FIRST].scripts) == (2, {SHA}, set())


@pytest.mark.parametrize("moving", [True, False])
async def test_scripts_that_run_together_are_loaded_where_they_lack(
    monkeypatch: pytest.MonkeyPatch, moving: bool
) -> None:
    """Each of them runs once."""
    answering(monkeypatch, ALL)
    nodes = {FIRST: FakeNode(asks_new if moving else takes_all), NEW: FakeNode(takes_all)}
    redis = FakeCluster(nodes)
    script = redis.register_script(SOURCE)
    async with redis.pipeline(transaction=False) as pipe:
        for _ in range(3):
            pipe.evalsha(script.sha, 1, KEY)
        assert await pipe.execute() == [b"OK"] * 3
    assert nodes[NEW if moving else FIRST].ran == 3
    assert nodes[FIRST if moving else NEW].ran == 0


async def test_a_script_that_nobody_registered_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only its caller can have its source."""
    answering(monkeypatch, ALL)
    redis = FakeCluster({FIRST: FakeNode(takes_all)})
    with pytest.raises(NoScriptError):
        await redis.evalsha("unknown", 1, KEY)


async def test_a_slot_that_nobody_had_is_asked_after_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that started while the cluster was being made does not keep what it learned then."""
    answering(monkeypatch, [[0, 1, [b"first", 1]]], ALL)
    redis = FakeCluster({FIRST: FakeNode(takes_all)})
    with pytest.raises(SlotAway, match="no node of the cluster serves slot"):
        await redis.set(KEY, "1")
    assert await redis.set(KEY, "1")


@pytest.mark.parametrize("nodes", [2, 3, 6])
async def test_nodes_that_hang_are_an_outage_of_redis(monkeypatch: pytest.MonkeyPatch, nodes: int) -> None:
    """Whether one after the other gives up or their time together is over: a worker waits for them."""
    monkeypatch.setattr(topology, "ASK_SECONDS", 0.01)
    monkeypatch.setattr(topology, "ASK_ALL_SECONDS", 0.025)

    async def hangs(*_: object) -> None:
        async with asyncio.timeout(topology.ASK_SECONDS):
            await asyncio.Event().wait()

    monkeypatch.setattr(topology, "_ask", hangs)
    asked = Topology(parse("redis+cluster://" + ",".join(f"h{number}:1" for number in range(nodes))))
    with pytest.raises(LostConnection, match="answer"):
        await asked.settle()


def test_a_bus_asks_less_often_the_longer_a_master_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every web process asks while a master is not heard, each at moments of its own."""
    monkeypatch.setattr(topology, "ASK_AGAIN_SECONDS", 0.0)

    async def asked_at(seconds: float) -> list[float]:
        times: list[float] = []
        loop = asyncio.get_running_loop()

        async def ask_first(*_: object) -> None:
            times.append(loop.time())
            raise LostConnection("no node answers")

        monkeypatch.setattr(topology, "ask_first", ask_first)
        bus = asyncio.create_task(Bus("redis+cluster://h:1").run())
        await asyncio.sleep(seconds)
        bus.cancel()
        with pytest.raises(asyncio.CancelledError):
            await bus
        return times

    times = run_virtually(asked_at(60.0))
    pauses = [after - before for before, after in pairwise(times)]
    assert pauses[0] <= 0.3
    assert all(MOST_PAUSE_SECONDS <= pause <= 1.51 * MOST_PAUSE_SECONDS for pause in pauses[5:])
    assert len(set(pauses[5:])) > 10
