"""The bells that a process receives: one pub/sub connection to Redis for all channels.

Pub/sub delivers at most once, so a bell may be lost. A listener gets each event that was received, and is
notified whenever Redis confirms its subscription: the first time and after each reconnection. It reads the
events in between from the channel's log.

A connection can be up and still receive nothing: it is half-open, or Redis lost its subscriptions. So the bus
checks itself: it rings a bell of its own over another connection, and reconnects if that does not arrive in
time.

``subscribe`` and ``unsubscribe`` only record what is wanted; the task that owns the connection carries it
out. So a channel that is left and joined again in between keeps its subscription, and commands cannot
overtake each other.
"""

import asyncio
import math
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import structlog
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from server.log.channel_log import Entry
from server.log.links.bells import hear
from server.log.links.peer import require_peer
from server.log.redis_log import parse_bell
from server.log.redis_scripts import bell_name
from server.observe.failing import REDIS_FAILS
from server.observe.reconnecting import stay_connected
from server.observe.standing import Standing

PING_SECONDS: Final = 5.0
SILENCE_SECONDS: Final = 3 * PING_SECONDS
"""A connection that receives nothing for this long, not even the answer to a ping, counts as dead."""

ANSWER_SECONDS: Final = 5.0
PROBE_SECONDS: Final = 2.0
"""How often the bus rings its own bell."""

DEAF_SECONDS: Final = 3.0
"""How long the bus waits for its own bell before it reconnects."""

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


class Bus:
    """The bus of one process. It receives only while ``run`` runs; ``standing`` says whether it does."""

    def __init__(
        self,
        redis_url: str,
        *,
        redis_uid: int | None = None,
        probe_seconds: float = PROBE_SECONDS,
        deaf_seconds: float = DEAF_SECONDS,
    ) -> None:
        self._probe_seconds = probe_seconds
        self._deaf_seconds = deaf_seconds
        self._probe = f"{{probe:{secrets.token_hex(8)}}}:bell".encode()
        self._probe_heard = asyncio.Event()
        self._heard_at: float | None = None
        # The bus has its own retries: redis-py would reconnect and subscribe again without notice. It has its
        # own timeouts too: on Python 3.11 those of redis-py (wait_for) can swallow a task's cancellation.
        self._pool = ConnectionPool.from_url(
            redis_url,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            socket_connect_timeout=None,
            socket_timeout=None,
            client_name="deal-architect-bells",
        )
        require_peer(self._pool, redis_uid)
        self._wanted: dict[bytes, Subscriber] = {}
        self._sent: set[bytes] = set()
        self._changed = asyncio.Event()
        self._after_read: Callable[[], None] = lambda: None
        self.standing = Standing()
        self._log = structlog.get_logger("bus")

    @property
    def connected(self) -> bool:
        """Whether the bus receives bells. Readiness depends on it."""
        return self.standing.is_up

    @property
    def silence_seconds(self) -> float:
        """How long ago the bus last received its own bell; infinite if it never has. Any thread may ask."""
        if self._heard_at is None:
            return math.inf
        return time.monotonic() - self._heard_at

    def subscribe(self, channel: str, listener: Subscriber) -> None:
        """Deliver the bells of ``channel`` to ``listener``, which replaces any earlier one."""
        self._wanted[bell_name(channel).encode()] = listener
        self._changed.set()

    def unsubscribe(self, channel: str) -> None:
        """Stop listening to ``channel``."""
        self._wanted.pop(bell_name(channel).encode(), None)
        self._changed.set()

    def after_each_read(self, look: Callable[[], None]) -> None:
        """Call ``look`` once after each read, for all bells of that read. It must return at once."""
        self._after_read = look

    async def run(self) -> None:
        """Receive until cancelled; reconnect whenever the connection breaks."""
        try:
            await stay_connected(self._hear, self.standing, outages=REDIS_FAILS, broken=self._broken)
        finally:
            await self._pool.aclose()

    def _broken(self, error: Exception) -> None:
        self._log.warning("bus_broken", error=error)

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
        while True:
            self._changed.clear()
            wanted = {self._probe, *self._wanted}
            for command, names in (("UNSUBSCRIBE", self._sent - wanted), ("SUBSCRIBE", wanted - self._sent)):
                for some in _batches(sorted(names)):
                    await _send(connection, command, *some)
            self._sent = wanted
            try:
                async with asyncio.timeout(PING_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                await _send(connection, "PING")

    async def _prove(self) -> None:
        """Ring the bus's own bell periodically. Raises Deaf if it does not arrive."""
        ringing: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await ringing.connect()  # type: ignore[no-untyped-call]
            while True:
                await self._ring_until_heard(ringing)
                self._heard_at = time.monotonic()
                self.standing.rise()
                await asyncio.sleep(self._probe_seconds)
        finally:
            await ringing.disconnect(nowait=True)

    async def _ring_until_heard(self, ringing: AbstractConnection) -> None:
        """Ring until the bell arrives: the first one may precede the subscription."""
        self._probe_heard.clear()
        try:
            async with asyncio.timeout(self._deaf_seconds):
                while not self._probe_heard.is_set():
                    await _send(ringing, "PUBLISH", self._probe, b"")
                    async with asyncio.timeout(ANSWER_SECONDS):
                        heard_by = await ringing.read_response(disconnect_on_error=False)
                    if heard_by:
                        await self._probe_heard.wait()
                    else:
                        await asyncio.sleep(AGAIN_SECONDS)
        except TimeoutError:
            raise Deaf from None

    async def _read(self, connection: AbstractConnection) -> None:
        await hear(connection, self._take, self._read_is_over).until_lost(SILENCE_SECONDS)

    def _read_is_over(self) -> None:
        self._after_read()

    def _take(self, reply: Sequence[Any]) -> None:
        kind, name, *rest = reply
        if name == self._probe:
            if kind == b"message":
                self._probe_heard.set()
            return
        listener = self._wanted.get(name)
        if listener is None:
            return
        if kind == b"message":
            listener.heard(parse_bell(rest[0]))
        elif kind == b"subscribe":
            listener.confirmed()


async def _send(connection: AbstractConnection, *command: str | bytes) -> None:
    async with asyncio.timeout(ANSWER_SECONDS):
        await connection.send_command(*command, check_health=False)


def _batches(names: list[bytes]) -> list[list[bytes]]:
    return [names[start : start + SUBSCRIBE_AT_ONCE] for start in range(0, len(names), SUBSCRIBE_AT_ONCE)]
