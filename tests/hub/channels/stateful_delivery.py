"""Hubs, bells and clients in every order that a machine finds: what each client sees is what the log holds.

The log is the one in memory; hubs (registry, feed, session) and connections are the real ones. Everything
that would wait on a network waits for ticks of the event loop, and a rule lets a few of them pass: so joins,
replays, gaps and lost bells run into one another.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from protocol import codec
from protocol.records import Role, View
from server.database.people.users import Account
from server.hub.channels.registry import Registry
from server.hub.channels.session import Watcher
from server.hub.connections.connection import Connection
from server.hub.sight.sight import Sight
from server.log.bus import Subscriber
from server.log.channel_log import Entry, Head
from tests.hub.channels.people import admitted
from tests.hub.wires import Wire, texts_in
from tests.twin.memory_log import MemoryLog

DEAL = "deal:1"
HUBS, CLIENTS = 2, 3
MANY_TICKS = 400

hubs = st.integers(0, HUBS - 1)
clients = st.integers(0, CLIENTS - 1)
bells = st.integers(0, 20)
rarely = st.sampled_from([False] * 2 + [True])


class DistantLog(MemoryLog):
    """Answers a tick after it was asked, and the answer is a tick on its way."""

    async def head(self, channel: str) -> Head:
        await asyncio.sleep(0)
        head = await super().head(channel)
        await asyncio.sleep(0)
        return head

    async def read(self, channel: str, epoch: str, after: int, limit: int) -> list[Entry] | None:
        await asyncio.sleep(0)
        entries = await super().read(channel, epoch, after, min(limit, 2))
        await asyncio.sleep(0)
        return entries


class LossyBus:
    """A process's ears: bells wait in ``ringing`` until a rule delivers, repeats or drops them."""

    def __init__(self) -> None:
        self.ringing: list[Entry] = []
        self.listener: Subscriber | None = None

    def subscribe(self, channel: str, listener: Subscriber) -> None:
        self.listener = listener
        listener.confirmed()

    def unsubscribe(self, channel: str) -> None:
        self.listener = None

    def deliver(self, which: int, keep: bool) -> None:
        if self.ringing:
            place = which % len(self.ringing)
            entry = self.ringing[place] if keep else self.ringing.pop(place)
            if self.listener is not None:
                self.listener.heard(entry)

    def drop(self, which: int) -> None:
        if self.ringing:
            self.ringing.pop(which % len(self.ringing))

    def reconnect(self) -> None:
        self.ringing.clear()
        if self.listener is not None:
            self.listener.confirmed()


class Tasks:
    """Owns what a hub runs."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.all: list[asyncio.Task[Any]] = []

    def create_task(self, what: Coroutine[Any, Any, Any], *, name: str = "") -> asyncio.Task[Any]:
        self.all.append(self._loop.create_task(what, name=name))
        return self.all[-1]


class Hub:
    """A web process."""

    def __init__(self, log: MemoryLog, tasks: Tasks) -> None:
        self.bus = LossyBus()
        self.registry = Registry(log, self.bus, tasks)  # type: ignore[arg-type]

    async def beat(self, log: MemoryLog) -> None:
        """Ask as the keeper does."""
        channels = self.registry.channels
        pulses = await log.beat(channels, overdue_ms=0, lost_before_ms=0)
        for channel, pulse in zip(channels, pulses, strict=True):
            self.registry.compare(channel, pulse.epoch, pulse.seq)


class DecodingWire(Wire):
    """A socket whose client takes each message at once, while it reads."""

    def __init__(self, take: Callable[[dict[str, Any]], None]) -> None:
        super().__init__()
        self._take = take

    def write(self, frame: bytes) -> None:
        if self.ready:
            for text in texts_in(frame):
                for line in codec.split_frame(text):
                    self._take(codec.decode(line))

    def read(self, reads: bool) -> None:
        """Stop reading, or go on."""
        if reads:
            self.go_on()
        else:
            self.hold_back()


class Client:
    """A browser: it notes each event, and refuses what is not the very next one of its epoch."""

    def __init__(self, hub: Hub, log: MemoryLog, tasks: Tasks) -> None:
        account = Account("u1", "ann", "Ann", Role.DESK_MANAGER, "riverside")
        self.hub, self.log, self.tasks = hub, log, tasks
        self.wire = DecodingWire(self._take)
        self.connection = Connection(admitted(account), self.wire, hub.registry, log, self._dispatch)
        self.epoch, self.seq, self.joined = "", 0, False
        self.seen: list[tuple[str, int, int]] = []
        self.busy: asyncio.Task[Any] | None = None
        self.connection.say(b'{"type":"welcome"}')
        served = self.connection.run(self.wire.receive, self.wire.send, 3600)
        self.run = tasks.create_task(served)

    def command(self, what: Coroutine[Any, Any, None]) -> None:
        """Do one thing, unless an earlier one is still being done: commands go one by one."""
        if self.busy is None or self.busy.done():
            self.busy = self.tasks.create_task(what)
        else:
            what.close()

    async def join(self, since: bool) -> None:
        """Join as ``hub.join`` serves it, without a deal."""
        self.connection.detach(DEAL)
        with self.hub.registry.joining(DEAL) as feed:
            for _ in range(5):
                head = await self.log.head(DEAL)
                if await feed.capture(head):
                    break
            else:
                return
            start, rows = head.seq, None
            if since and self.epoch == head.epoch and self.seq <= head.seq:
                start = self.seq
            else:
                rows = _rows()
            self.connection.reply(1, {"epoch": head.epoch, "seq": start})
            watcher = Watcher(DEAL, Sight(View.MANAGER), head.epoch, start, self.connection)
            self.connection.attach(feed.session, watcher, rows)

    async def leave(self) -> None:
        """Leave the channel."""
        self.connection.detach(DEAL)
        self.connection.reply(2, {})

    async def _dispatch(self, connection: Connection, command: Any) -> None:
        raise AssertionError("nothing is sent through the socket")

    def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "reply" if message["ref"] == 1:
                self.epoch, self.seq, self.joined = message["data"]["epoch"], message["data"]["seq"], True
            case "reply" | "resync":
                self.joined = False
            case "deal_changed":
                assert self.joined, "nothing of a channel comes behind its leave or resync"
                assert message["seq"] == self.seq + 1, "no gap, no repetition, in order"
                self.seq += 1
                self.seen.append((self.epoch, self.seq, message["version"]))


async def _rows() -> AsyncGenerator[bytes]:
    await asyncio.sleep(0)
    yield b'{"type":"snapshot_end"}'


class DeliveryMachine(RuleBasedStateMachine):
    """Two hubs and three clients; at the end everybody has all that the log holds."""

    @initialize(places=st.lists(hubs, min_size=CLIENTS, max_size=CLIENTS))
    def connect(self, places: list[int]) -> None:
        self.loop = asyncio.new_event_loop()
        self.tasks = Tasks(self.loop)
        self.truth: dict[tuple[str, int], int] = {}
        self.no = 0
        self.log = DistantLog(ring=self._ring)
        self.saved = self.log.save()
        self.hubs = [Hub(self.log, self.tasks) for _ in range(HUBS)]
        self.clients = self.loop.run_until_complete(self._connect(places))
        for client in self.clients:
            client.command(client.join(since=False))
        self.pass_time(MANY_TICKS)

    async def _connect(self, places: list[int]) -> list[Client]:
        return [Client(self.hubs[place], self.log, self.tasks) for place in places]

    def _ring(self, channel: str, entry: Entry) -> None:
        if entry.seq:
            self.truth[entry.epoch, entry.seq] = codec.decode(entry.body)["version"]
        for hub in self.hubs:
            hub.bus.ringing.append(entry)

    @rule(ticks=st.integers(1, 12))
    def pass_time(self, ticks: int) -> None:
        self.loop.run_until_complete(_ticks(ticks))

    @rule(count=st.integers(1, 5))
    def decide(self, count: int) -> None:
        self.loop.run_until_complete(self._decide(count))

    async def _decide(self, count: int) -> None:
        head = await MemoryLog.head(self.log, DEAL)
        await self.log.set_base(DEAL, head.epoch, self.no)
        for _ in range(count):
            self.no += 1
            event = {"type": "deal_changed", "version": self.no, "changes": {}, "by": {}}
            await self.log.decide(DEAL, self.no, event)

    @rule(hub=hubs, which=bells, keep=rarely)
    def ring(self, hub: int, which: int, keep: bool) -> None:
        self._in_loop(lambda: self.hubs[hub].bus.deliver(which, keep))

    @rule(hub=hubs)
    def ring_all(self, hub: int) -> None:
        """Ring in one turn of the loop."""

        def ring() -> None:
            while self.hubs[hub].bus.ringing:
                self.hubs[hub].bus.deliver(0, keep=False)

        self._in_loop(ring)

    @rule(client=clients, reads=st.booleans())
    def read(self, client: int, reads: bool) -> None:
        """A client stops reading, or goes on."""
        self._in_loop(lambda: self.clients[client].wire.read(reads))

    def _in_loop(self, what: Callable[[], None]) -> None:
        async def call() -> None:
            what()

        self.loop.run_until_complete(call())

    @rule(hub=hubs, which=bells)
    def drop(self, hub: int, which: int) -> None:
        self.hubs[hub].bus.drop(which)

    @rule(hub=hubs, again=st.booleans())
    def notice(self, hub: int, again: bool) -> None:
        """A connection to Redis comes back, or a heartbeat shows where the log stands."""
        if again:
            self.hubs[hub].bus.reconnect()
        else:
            self.loop.run_until_complete(self.hubs[hub].beat(self.log))

    @rule(client=clients, how=st.sampled_from(["since", "anew", "leave"]))
    def command(self, client: int, how: str) -> None:
        """Join, with what was seen or from a snapshot, or leave."""
        it = self.clients[client]
        it.command(it.leave() if how == "leave" else it.join(since=how == "since"))

    @rule(
        fault=st.sampled_from(["save", "lose", "restore"]), really=rarely, count=st.integers(0, 4), hub=hubs
    )
    def fail(self, fault: str, really: bool, count: int, hub: int) -> None:
        """Redis saves what it has, or comes back without anything, or with what it had saved; then decisions
        are made before anybody has noticed.
        """
        if fault == "save":
            self.saved = self.log.save()
            return
        if really:
            self.log.restore(self.saved) if fault == "restore" else self.log.lose()
        self.decide(count)
        self.ring_all(hub)

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        try:
            self.loop.run_until_complete(self._settle())
        finally:
            for task in self.tasks.all:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*self.tasks.all, return_exceptions=True))
            self.loop.close()

    async def _settle(self) -> None:
        """Lose every bell. One heartbeat later, who watches has all; who had to join again does, and has."""
        for client in self.clients:
            client.wire.read(True)
        await _ticks(MANY_TICKS)
        head = await self.log.head(DEAL)
        for hub in self.hubs:
            await hub.beat(self.log)
        await _ticks(MANY_TICKS)
        for client in self.clients:
            assert not client.run.done(), "a connection ended"
            if client.joined:
                assert (client.epoch, client.seq) == (head.epoch, head.seq)
            else:
                client.command(client.join(since=True))
        await _ticks(MANY_TICKS)
        for client in self.clients:
            assert client.joined
            assert (client.epoch, client.seq) == (head.epoch, head.seq)
            assert all(self.truth[epoch, seq] == version for epoch, seq, version in client.seen)


async def _ticks(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)
