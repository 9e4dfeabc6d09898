"""Receives the bells of one Redis server: a pub/sub connection that proves that it hears.

A connection can be up and still receive nothing: it is half-open, or Redis lost its subscriptions. So the ear
checks itself: it rings a bell of its own over another connection, and reconnects if that does not arrive in
time.

``want`` and ``unwant`` only record what is wanted; the task that owns the connection carries it out. So a
channel that is left and joined again in between keeps its subscription, and commands cannot overtake each
other.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from server.log.channel_log import Entry
from server.log.links.bells import hear
from server.log.links.topology import slot_of
from server.log.redis_log import parse_bell
from server.observe.failing import REDIS_FAILS
from server.observe.reconnecting import stay_connected
from server.observe.standing import Standing

PING_SECONDS: Final = 5.0
SILENCE_SECONDS: Final = 3 * PING_SECONDS
"""A connection that receives nothing for this long, not even the answer to a ping, counts as dead."""

ANSWER_SECONDS: Final = 5.0
PROBE_SECONDS: Final = 2.0
"""How often an ear rings its own bell."""

DEAF_SECONDS: Final = 3.0
"""How long an ear waits for its own bell before it reconnects."""

SUBSCRIBE_AT_ONCE: Final = 500
AGAIN_SECONDS: Final = 0.01


class Subscriber(Protocol):
    """A listener of a channel. Both methods must return at once."""

    def heard(self, entry: Entry) -> None:
        """Take an event that was just published; ``seq`` 0 announces a new epoch."""

    def confirmed(self) -> None:
        """Note that the subscription is active from now on. Earlier events may have been missed."""


class Deaf(ConnectionError):
    """The connection is up but does not receive what is published."""

    def __str__(self) -> str:
        return "its own bell was not heard"


@dataclass(frozen=True, slots=True)
class Words:
    """The commands and replies of pub/sub, and whether a command names one channel at a time."""

    publish: str = "PUBLISH"
    subscribe: str = "SUBSCRIBE"
    unsubscribe: str = "UNSUBSCRIBE"
    message: bytes = b"message"
    subscribed: bytes = b"subscribe"
    lost: bytes = b""
    one_by_one: bool = False


PLAIN: Final = Words()
SHARDED: Final = Words(
    *("SPUBLISH", "SSUBSCRIBE", "SUNSUBSCRIBE", b"smessage", b"ssubscribe", b"sunsubscribe"),
    one_by_one=True,
)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often an ear proves that it hears, and how long it waits for that."""

    probe_seconds: float = PROBE_SECONDS
    deaf_seconds: float = DEAF_SECONDS


class Ear:
    """The ear for one server. It receives only while ``run`` runs; ``standing`` says whether it does.

    ``probe`` returns the name of its own bell, anew for each connection. ``after_read`` is called once after
    each read. ``moved`` is called if the server says that it does not have a channel's slot.
    """

    def __init__(
        self,
        pool: ConnectionPool,
        probe: Callable[[], bytes],
        *,
        words: Words,
        pace: Pace,
        standing: Standing,
        after_read: Callable[[], None],
        broken: Callable[[Exception], None],
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        self._pool, self._probe_of = pool, probe
        self._words, self._pace = words, pace
        self._after_read, self._broken, self._moved = after_read, broken, moved
        self._probe = b""
        self._probe_heard = asyncio.Event()
        self._wanted: dict[bytes, Subscriber] = {}
        self._sent: set[bytes] = set()
        self._changed = asyncio.Event()
        self.standing = standing
        self.heard_at: float | None = None

    def want(self, name: bytes, listener: Subscriber) -> None:
        """Deliver the bells of this name to ``listener``, which replaces any earlier one."""
        self._wanted[name] = listener
        self._changed.set()

    def unwant(self, name: bytes) -> None:
        """Stop listening to a name."""
        self._wanted.pop(name, None)
        self._changed.set()

    def want_only(self, wanted: dict[bytes, Subscriber]) -> None:
        """Listen to these names alone."""
        self._wanted = wanted
        self._changed.set()

    async def run(self) -> None:
        """Receive until cancelled; reconnect whenever the connection breaks."""
        try:
            await stay_connected(self._hear, self.standing, outages=REDIS_FAILS, broken=self._broken)
        finally:
            await self._pool.aclose()

    async def _hear(self) -> None:
        """Receive on one connection until it breaks. Raises the first of its tasks' REDIS_FAILS."""
        outage: BaseException | None = None
        try:
            await self._hear_on_one_connection()
        except* REDIS_FAILS as errors:
            outage = errors.exceptions[0]
        if outage is not None:
            raise outage

    async def _hear_on_one_connection(self) -> None:
        self._probe = self._probe_of()
        connection: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await connection.connect()  # type: ignore[no-untyped-call]
            self._sent.clear()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(connection), name="bus-read")
                tasks.create_task(self._write(connection), name="bus-write")
                tasks.create_task(self._prove(), name="bus-probe")
        finally:
            await connection.disconnect(nowait=True)

    async def _write(self, connection: AbstractConnection) -> None:
        """Keep the subscriptions equal to what is wanted, and ping when there is nothing to send."""
        words = self._words
        while True:
            self._changed.clear()
            wanted = {self._probe, *self._wanted}
            gone, new = self._sent - wanted, wanted - self._sent
            self._sent = wanted
            for command, names in ((words.unsubscribe, gone), (words.subscribe, new)):
                for some in _batches(sorted(names)):
                    # The channels of a cluster's command must be on one slot.
                    each = [(command, name) for name in some] if words.one_by_one else [(command, *some)]
                    await _send(connection, *each)
            try:
                async with asyncio.timeout(PING_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                await _send(connection, ("PING",))

    async def _prove(self) -> None:
        """Ring the ear's own bell periodically. Raises Deaf if it does not arrive."""
        ringing: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await ringing.connect()  # type: ignore[no-untyped-call]
            while True:
                await self._ring_until_heard(ringing)
                self.heard_at = time.monotonic()
                self.standing.rise()
                await asyncio.sleep(self._pace.probe_seconds)
        finally:
            await ringing.disconnect(nowait=True)

    async def _ring_until_heard(self, ringing: AbstractConnection) -> None:
        """Ring until the bell arrives: the first one may precede the subscription."""
        self._probe_heard.clear()
        try:
            async with asyncio.timeout(self._pace.deaf_seconds):
                while not self._probe_heard.is_set():
                    await _send(ringing, (self._words.publish, self._probe, b""))
                    async with asyncio.timeout(ANSWER_SECONDS):
                        heard_by = await ringing.read_response(disconnect_on_error=False)
                    if heard_by:
                        await self._probe_heard.wait()
                    else:
                        await asyncio.sleep(AGAIN_SECONDS)
        except TimeoutError:
            raise Deaf from None

    async def _read(self, connection: AbstractConnection) -> None:
        await hear(connection, self._take, self._read_is_over, self._refused).until_lost(SILENCE_SECONDS)

    def _read_is_over(self) -> None:
        self._after_read()

    def _take(self, reply: Sequence[Any]) -> None:
        kind, name, *rest = reply
        if name == self._probe:
            if kind == self._words.message:
                self._probe_heard.set()
            return
        listener = self._wanted.get(name)
        if listener is None:
            return
        if kind == self._words.message:
            listener.heard(parse_bell(rest[0]))
        elif kind == self._words.subscribed:
            listener.confirmed()
        elif kind == self._words.lost and name in self._sent:
            self._forget({name})

    def _refused(self, error: RedisError) -> None:
        """Take an error in place of a confirmation. Raises any that is not about a slot's place."""
        code, *words = str(error).split()
        if code != "MOVED":
            raise error
        slot = int(words[0])
        self._forget({name for name in self._sent if slot_of(name) == slot})

    def _forget(self, names: set[bytes]) -> None:
        """Subscribe to these again, here or where their slot is now."""
        if self._probe in names:
            raise Deaf
        self._sent -= names
        self._moved()


async def _send(connection: AbstractConnection, *commands: Sequence[str | bytes]) -> None:
    async with asyncio.timeout(ANSWER_SECONDS):
        packed: Any = connection.pack_commands(commands)
        await connection.send_packed_command(packed, check_health=False)


def _batches(names: list[bytes]) -> list[list[bytes]]:
    return [names[start : start + SUBSCRIBE_AT_ONCE] for start in range(0, len(names), SUBSCRIBE_AT_ONCE)]
