"""One socket: commands in order, events behind what was asked for, and what becomes of a client that does not
read.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from redis.exceptions import ConnectionError as RedisGone

from protocol import codec
from protocol.commands import AnyCommand
from protocol.records import Role, View
from server.database.core.scope import StoreScopes
from server.database.people.users import Account
from server.hub.channels.live_deals import LiveDeals
from server.hub.channels.registry import Registry
from server.hub.channels.session import Phase, Session, Watcher
from server.hub.commands.handlers import Handlers
from server.hub.commands.watch_handlers import WatchHandlers
from server.hub.connections import connection as connection_module
from server.hub.connections import working
from server.hub.connections.allowance import Allowance
from server.hub.connections.authority import Authority
from server.hub.connections.connection import Connection, Dispatch
from server.hub.sight.sight import Sight
from server.hub.sockets import delivery as delivery_module
from server.hub.sockets.limits import COMMANDS
from server.hub.sockets.reader import LINES_PER_TURN
from server.log.channel_log import Entry, Head
from tests.hub.channels.people import admitted
from tests.hub.commands.owners import OWNERS
from tests.hub.wires import GUARD_SECONDS, Wire

CHANNEL = "deal:1"
ACCOUNT = Account("u1", "ann", "Ann", Role.DESK_MANAGER, "riverside")
ADMITTED = admitted(ACCOUNT)


class StoredLog:
    """A log that holds events 1 to ``seq``."""

    def __init__(self, seq: int) -> None:
        self.seq = seq

    async def head(self, channel: str) -> Head:
        return Head("e1", self.seq, 0)

    async def read(self, channel: str, epoch: str, after: int, limit: int) -> list[Entry] | None:
        return [entry(seq) for seq in range(after + 1, min(self.seq, after + limit) + 1)]


class SilentBus:
    """A bus on which nothing rings."""

    def subscribe(self, channel: str, listener: object) -> None: ...

    def unsubscribe(self, channel: str) -> None: ...


def entry(seq: int, size: int = 0) -> Entry:
    return Entry("e1", seq, codec.encode({"type": "deal_changed", "channel": CHANNEL, "pad": "x" * size}))


async def answer(connection: Connection, command: AnyCommand) -> None:
    connection.reply(command.ref, {})


@asynccontextmanager
async def running(wire: Wire, log: Any = None, dispatch: Dispatch = answer) -> AsyncIterator[Connection]:
    """Serve a connection; on exit the client goes away."""
    async with asyncio.TaskGroup() as tasks:
        bus: Any = SilentBus()
        registry = Registry(log, bus, tasks)
        connection = Connection(ADMITTED, wire, registry, log, dispatch)
        connection.say(b'{"type":"welcome"}')
        served = tasks.create_task(connection.run(wire.receive, wire.send, 3600.0))
        await wire.frame()
        yield connection
        connection.close(None)
        wire.go_on()
        await served


def join(connection: Connection, session: Session, position: int, rows: AsyncGenerator[bytes] | None) -> None:
    assert session.epoch is not None
    connection.attach(
        session, Watcher(CHANNEL, Sight(View.MANAGER), session.epoch, position, connection), rows
    )


def live(connection: Connection) -> Session:
    """Return a session that the connection watches live."""
    session = Session(CHANNEL)
    session.open("e1", 0)
    join(connection, session, 0, None)
    return session


def receive(session: Session, arrived: Entry) -> None:
    """Take an event and deliver it, as the end of a turn would."""
    session.receive(arrived)
    session.deliver()


async def test_rows_then_missed_events_then_live_ones() -> None:
    """What comes while a snapshot is sent stands behind it, in order and once."""
    wire, log = Wire(), StoredLog(3)
    async with running(wire, log) as connection:
        session = Session(CHANNEL)
        session.open("e1", 3)

        async def rows() -> AsyncGenerator[bytes]:
            yield b'{"row":1}'
            log.seq = 4
            receive(session, entry(4))
            yield b'{"row":2}'

        join(connection, session, 2, rows())
        first = await wire.messages(4)
        receive(session, entry(5))
        assert first[:2] == [{"row": 1}, {"row": 2}]
        assert [message["seq"] for message in [*first[2:], *await wire.messages(1)]] == [3, 4, 5]


async def test_a_slow_reader_joins_again() -> None:
    """Beyond a mebibyte the channel is given up; the client is told, and nothing more of it is queued."""
    wire = Wire()
    async with running(wire) as connection:
        session = live(connection)
        wire.hold_back()
        for seq in range(1, 31):
            receive(session, entry(seq, size=50_000))
        assert {watcher.phase for watcher in session.watchers} == {Phase.GONE}
        wire.go_on()
        seen = []
        while not seen or seen[-1]["type"] != "resync":
            seen += [json.loads(line) for line in (await wire.frame())["text"].split("\n")]
        assert all(message["seq"] == number for number, message in enumerate(seen[:-1], 1))
        assert len(seen) < 30
        wire.say(text='{"type":"ping","ref":1}')
        assert await wire.messages(1) == [{"type": "reply", "ref": 1, "ok": True, "data": {}}]


async def test_a_reader_that_is_slow_twice_is_cut_off() -> None:
    """The second time in a minute, the connection closes with 4008: come back later."""
    wire = Wire()
    async with running(wire) as connection:
        wire.hold_back()
        for _ in range(2):
            session = live(connection)
            for seq in range(1, 31):
                receive(session, entry(seq, size=50_000))
        await asyncio.sleep(0)
        wire.go_on()
        while (frame := await wire.frame())["type"] != "websocket.close":
            pass
        assert frame["code"] == 4008


async def test_a_write_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that takes nothing at all is cut off, and holds nobody else up."""
    monkeypatch.setattr(delivery_module, "WRITE_SECONDS", 0.05)
    monkeypatch.setattr(connection_module, "CLOSE_SECONDS", 0.05)
    wire = Wire()
    wire.hold_back()
    nothing: Any = None
    async with asyncio.timeout(GUARD_SECONDS), asyncio.TaskGroup() as tasks:
        connection = Connection(ADMITTED, wire, Registry(nothing, nothing, tasks), nothing, answer)
        connection.say(b"{}")
        await connection.run(wire.receive, wire.send, 3600.0)
    assert wire.outbound.empty()


@pytest.mark.parametrize(
    "frame", [{"bytes": b"x"}, {"text": "no json"}, {"text": "[]"}, {"text": '{"type":"ping"}'}]
)
async def test_what_no_reply_can_answer_closes(frame: dict[str, Any]) -> None:
    """Binary, no JSON object, no ref: 4000, behind the replies to what came before."""
    wire = Wire()
    async with running(wire):
        wire.say(text='{"type":"ping","ref":1}')
        wire.say(**frame)
        assert (await wire.messages(1))[0]["ref"] == 1
        assert (await wire.frame())["code"] == 4000


@pytest.mark.parametrize(
    "error", [RedisGone(), asyncpg.InterfaceError(""), ConnectionRefusedError(), TimeoutError()]
)
async def test_services_out_of_reach(error: Exception) -> None:
    """A command that Postgres or Redis fails is answered degraded, to be sent again; the socket stays."""

    class Gone:
        def acquire(self, **_: Any) -> Any:
            raise error

    nothing: Any = None
    pool: Any = Gone()
    wire = Wire()
    async with asyncio.TaskGroup() as tasks:
        registry = Registry(nothing, nothing, tasks)
        authority = Authority(LiveDeals(StoreScopes(pool), nothing, registry, lambda: True))
        watch = WatchHandlers(
            stores=nothing,
            authority=authority,
            joiner=nothing,
            wall_joiner=nothing,
            rooms=nothing,
            traces=nothing,
            note=nothing,
        )
        others = [object.__new__(kind) for kind in OWNERS if kind is not WatchHandlers]
        handlers = Handlers(Allowance(nothing), watch, *others, note=nothing)
        connection = Connection(ADMITTED, wire, registry, nothing, handlers)
        connection.say(b'{"type":"welcome"}')
        served = tasks.create_task(connection.run(wire.receive, wire.send, 3600.0))
        await wire.frame()
        fields = {"channel": f"deal:{uuid.uuid4()}", "search_id": "1", "stage": "first_matches", "ms": 3}
        wire.say(text=json.dumps({"type": "painted", "ref": 1, **fields}) + '\n{"type":"ping","ref":2}')
        refused, pong = await wire.messages(2)
        assert (refused["error"]["code"], refused["error"]["retry"]) == ("degraded", True)
        assert pong["ok"]
        wire.inbound.put_nowait({"type": "websocket.disconnect", "code": 1005})
        await served


async def test_a_session_that_expires_closes_the_socket() -> None:
    """4001: sign in again."""
    wire = Wire()
    nothing: Any = None
    async with asyncio.TaskGroup() as tasks:
        connection = Connection(ADMITTED, wire, Registry(nothing, nothing, tasks), nothing, answer)
        connection.say(b"{}")
        await connection.run(wire.receive, wire.send, 0.01)
    await wire.frame()
    assert (await wire.frame())["code"] == 4001


@pytest.mark.parametrize("frames", [["\n" * 60_000], [""] * 200, [" \n\t\r\n" * 100], ["\n\n"] * 80])
async def test_empty_lines_count(frames: list[str]) -> None:
    """Blank lines and empty frames are counted as commands are: a flood of them ends with 4009."""
    wire, floods = Wire(), list[str]()
    nothing: Any = None
    async with asyncio.timeout(GUARD_SECONDS), asyncio.TaskGroup() as tasks:
        registry = Registry(nothing, nothing, tasks)
        connection = Connection(
            ADMITTED, wire, registry, nothing, answer, on_flood=lambda: floods.append("ann")
        )
        for frame in frames:
            wire.say(text=frame)
        connection.say(b"{}")
        await connection.run(wire.receive, wire.send, 3600.0)
    sent = [wire.outbound.get_nowait() for _ in range(wire.outbound.qsize())]
    assert sent[-1]["code"] == 4009
    assert floods == ["ann"]


async def test_a_newline_at_the_end_of_a_command_costs_nothing() -> None:
    """Whether a client separates its commands by newlines or ends each with one, fifty are answered."""
    wire = Wire()
    async with running(wire):
        wire.say(text="".join(f'{{"type":"ping","ref":{ref}}}\n' for ref in range(COMMANDS)))
        assert all(reply["ok"] for reply in await wire.messages(COMMANDS))
        wire.say(text='\n{"type":"ping","ref":50}')
        assert (await wire.messages(1))[0]["error"]["code"] == "rate_limited"


async def test_lines_are_refused_a_few_at_a_time() -> None:
    """A frame full of commands that are refused at once leaves others their turn in between."""
    wire = Wire()
    async with running(wire):
        wire.say(text="\n".join('{"type":"dance","ref":1}' for _ in range(COMMANDS)))
        sizes: list[int] = []
        while sum(sizes) < COMMANDS:
            sizes.append((await wire.frame())["text"].count("\n") + 1)
        assert max(sizes) <= 2 * LINES_PER_TURN


async def test_a_flood_that_the_protocol_ended_is_told() -> None:
    """Where the layer below closed with 4009 for frames that are no commands, that is a flood as well."""
    wire, floods = Wire(), list[str]()
    nothing: Any = None
    async with asyncio.timeout(GUARD_SECONDS), asyncio.TaskGroup() as tasks:
        registry = Registry(nothing, nothing, tasks)
        connection = Connection(
            ADMITTED, wire, registry, nothing, answer, on_flood=lambda: floods.append("ann")
        )
        wire.inbound.put_nowait({"type": "websocket.disconnect", "code": 4009})
        connection.say(b"{}")
        await connection.run(wire.receive, wire.send, 3600.0)
    assert floods == ["ann"]


async def test_a_command_that_takes_long_says_that_it_still_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until its reply, and never after it: a page that waits knows that the server is there."""
    monkeypatch.setattr(working, "WORKING_SECONDS", 0.001)
    wire, done = Wire(), asyncio.Event()

    async def slowly(connection: Connection, command: AnyCommand) -> None:
        await done.wait()
        await answer(connection, command)

    async with running(wire, dispatch=slowly):
        wire.say(text='{"type":"history","ref":4,"channel":"deal:1"}')
        seen: list[Any] = []
        while len(seen) < 2:
            seen += await messages_of(wire)
        done.set()
        wire.say(text='{"type":"ping","ref":5}')
        while seen[-1]["ref"] != 5:
            seen += await messages_of(wire)
    *before, first, second = seen
    assert all(message == {"type": "working", "ref": 4} for message in before)
    assert len(before) >= 2
    assert [(reply["type"], reply["ref"]) for reply in (first, second)] == [("reply", 4), ("reply", 5)]


async def messages_of(wire: Wire) -> list[Any]:
    """Return the messages of the next frame."""
    return [json.loads(line) for line in (await wire.frame())["text"].split("\n")]
