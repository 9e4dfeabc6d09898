"""What a process hears over a real Redis, and what it does when it was deaf for a while."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from redis.asyncio import Redis

from protocol import codec
from protocol.records import View
from server.hub.channels.registry import Registry
from server.hub.channels.session import Watcher
from server.hub.sight.sight import Sight
from server.hub.sockets.wire import FastLane
from server.log.bus import SINGLE, Bus
from server.log.channel_log import Entry
from server.log.redis_log import RedisLog
from server.log.redis_scripts import bell_name
from server.log.search_log import Outcome
from tests.hub.wires import texts_in

pytestmark = pytest.mark.flow

DEAL = "deal:1"
GUARD_SECONDS = 60.0


@dataclass
class Ears:
    """A listener that remembers, and wakes whoever waits."""

    events: list[Entry] = field(default_factory=list)
    confirmations: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def heard(self, entry: Entry) -> None:
        self.events.append(entry)
        self.changed.set()

    def confirmed(self) -> None:
        self.confirmations += 1
        self.changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(GUARD_SECONDS):
            while not holds():
                await self.changed.wait()
                self.changed.clear()


@dataclass
class Inbox:
    """A watcher's outlet."""

    seqs: list[int] = field(default_factory=list)
    resyncs: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def fast_lane(self) -> FastLane:
        return FastLane(self.write, lambda: False)

    def write(self, frame: bytes) -> None:
        (text,) = texts_in(frame)
        self.seqs += [codec.decode(message)["seq"] for message in codec.split_frame(text)]
        self.changed.set()

    def send_resync(self, channel: str) -> None:
        self.resyncs += 1
        self.changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(GUARD_SECONDS):
            while not holds():
                await self.changed.wait()
                self.changed.clear()


@asynccontextmanager
async def listening(redis_url: str) -> AsyncIterator[tuple[Bus, asyncio.TaskGroup]]:
    """Run a bus; on exit everything that the group runs is cancelled."""

    class Stop(Exception):
        """Ends the group."""

    bus = Bus(redis_url)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(bus.run())
            await bus.standing.wait_up()
            yield bus, tasks
            raise Stop
    except* Stop:
        pass


async def decide(log: RedisLog, *numbers: int) -> None:
    for no in numbers:
        event = {"type": "deal_changed", "version": no, "changes": {}, "by": {}}
        assert (await log.decide(DEAL, no, event))[0] is Outcome.PUBLISHED


async def based(log: RedisLog) -> Any:
    head = await log.head(DEAL)
    await log.set_base(DEAL, head.epoch, 0)
    return head


async def test_every_connection_confirms(redis: Redis, redis_url: str) -> None:
    """A broken connection comes back by itself and each subscription is confirmed anew: something may be
    missing.
    """
    log = RedisLog(redis)
    await based(log)
    async with listening(redis_url) as (bus, _):
        ears = Ears()
        bus.subscribe(DEAL, ears)
        await ears.until(lambda: ears.confirmations == 1)
        await decide(log, 1)
        await ears.until(lambda: len(ears.events) == 1)
        await redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await ears.until(lambda: ears.confirmations == 2)
        await decide(log, 2)
        await ears.until(lambda: len(ears.events) == 2)
    assert [entry.seq for entry in ears.events] == [1, 2]


async def test_who_unsubscribed_hears_nothing(redis: Redis, redis_url: str) -> None:
    """And who subscribes again in between takes over without a hole."""
    log = RedisLog(redis)
    await based(log)
    async with listening(redis_url) as (bus, _):
        first, second = Ears(), Ears()
        bus.subscribe(DEAL, first)
        await first.until(lambda: first.confirmations == 1)
        bus.unsubscribe(DEAL)
        bus.subscribe(DEAL, second)
        await decide(log, 1)
        await second.until(lambda: len(second.events) == 1)
        bus.unsubscribe(DEAL)
        third = Ears()
        bus.subscribe("deal:other", third)
        await third.until(lambda: third.confirmations == 1)
        # Commands of one connection are carried out in order: by now the first channel is given up.
        assert await redis.execute_command("PUBSUB", "CHANNELS", "{deal:*") == [b"{deal:other}:bell"]
    assert first.events == []


async def test_a_deaf_hub_reads_what_it_missed(redis: Redis, redis_url: str) -> None:
    """Events published while the pub/sub connection is broken arrive all the same, in order and once."""
    log = RedisLog(redis)
    head = await based(log)
    async with listening(redis_url) as (bus, tasks):
        registry, inbox = Registry(log, bus, tasks), Inbox()
        with registry.joining(DEAL) as feed:
            assert await feed.capture(head)
            watcher = Watcher(DEAL, Sight(View.MANAGER), head.epoch, 0, inbox)
            feed.session.watchers.add(watcher)
            assert feed.session.go_live(watcher)
        await decide(log, 1, 2)
        await inbox.until(lambda: len(inbox.seqs) == 2)
        await redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await decide(log, *range(3, 150))
        await inbox.until(lambda: len(inbox.seqs) == 149)
        assert (inbox.seqs, inbox.resyncs) == (list(range(1, 150)), 0)
        registry.leave(watcher)
        assert len(registry) == 0


async def test_a_new_epoch_sends_watchers_back(redis: Redis, redis_url: str) -> None:
    """When Redis lost the log, the next publication tells every hub, and each watcher joins again."""
    log = RedisLog(redis)
    head = await based(log)
    async with listening(redis_url) as (bus, tasks):
        registry, inbox = Registry(log, bus, tasks), Inbox()
        with registry.joining(DEAL) as feed:
            await feed.capture(head)
            watcher = Watcher(DEAL, Sight(View.MANAGER), head.epoch, 0, inbox)
            feed.session.watchers.add(watcher)
            feed.session.go_live(watcher)
        await decide(log, 1)
        await inbox.until(lambda: inbox.seqs == [1])
        await redis.flushall()
        fresh = await based(log)
        await inbox.until(lambda: inbox.resyncs == 1)
        assert fresh.epoch != head.epoch
        assert feed.session.epoch == fresh.epoch


async def test_a_bus_that_hears_nothing_finds_out(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that stands without its subscriptions is given up, and all of them come again."""
    bus = Bus(redis_url, probe_seconds=0.05, deaf_seconds=0.5)
    made: list[Any] = []
    pool = bus._ears[SINGLE]._pool
    make = pool.make_connection

    def remember() -> Any:
        made.append(make())
        return made[-1]

    monkeypatch.setattr(pool, "make_connection", remember)
    ears = Ears()
    bus.subscribe(DEAL, ears)
    async with asyncio.TaskGroup() as tasks, Redis.from_url(redis_url) as redis:
        running = tasks.create_task(bus.run())
        await ears.until(lambda: ears.confirmations == 1)
        await bus.standing.wait_up()
        assert bus.silence_seconds < GUARD_SECONDS
        # Nobody is told of this: the connection stands, Redis answers, and nothing is heard.
        await made[0].send_command("UNSUBSCRIBE", check_health=False)
        await ears.until(lambda: ears.confirmations == 2)
        await redis.publish(bell_name(DEAL), b"epoch 1 0 {}")
        await ears.until(lambda: bool(ears.events))
        running.cancel()


async def test_a_bus_is_not_ready_while_it_is_deaf(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where what is published never arrives, connected is never said."""
    bus = Bus(redis_url, probe_seconds=0.05, deaf_seconds=0.2)
    ear = bus._ears[SINGLE]
    read = ear._read

    async def read_nothing(connection: Any) -> None:
        await asyncio.Event().wait()
        await read(connection)

    monkeypatch.setattr(ear, "_read", read_nothing)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(bus.run())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await bus.standing.wait_up()
        assert not bus.connected
        assert bus.silence_seconds == float("inf")
        running.cancel()


async def test_a_read_is_over_behind_what_it_brought(redis: Redis, redis_url: str) -> None:
    """Whoever delivers what was heard is called with nothing left to be heard."""
    await based(log := RedisLog(redis))
    ears = Ears()
    heard_then: list[int] = []
    async with listening(redis_url) as (bus, _):
        bus.after_each_read(lambda: heard_then.append(len(ears.events)))
        bus.subscribe(DEAL, ears)
        await ears.until(lambda: ears.confirmations == 1)
        await decide(log, 1, 2)
        await ears.until(lambda: len(ears.events) == 2)
    assert heard_then[-1] == 2


async def test_a_fault_of_a_listener_ends_the_bus(redis: Redis, redis_url: str) -> None:
    """It is no outage, so it is not hidden by connecting again."""

    class Fault(Ears):
        def confirmed(self) -> None:
            raise ZeroDivisionError

    bus = Bus(redis_url)
    bus.subscribe(DEAL, Fault())
    with pytest.raises(ExceptionGroup) as caught:
        async with asyncio.timeout(GUARD_SECONDS):
            await bus.run()
    assert caught.group_contains(ZeroDivisionError)
