"""The doorbells that a process hears: one pub/sub connection to Redis, whatever the number of channels.

Pub/sub is at most once, so a bell promises nothing. A listener gets each event that was heard, and is told
whenever Redis confirms the subscription, the first time and after each broken connection: what happened in
between stands in the channel's log, and the listener reads it there.

``subscribe`` and ``unsubscribe`` only say what is wanted; the one owner of the connection brings it about. So
a channel that is left and joined again in between keeps its subscription, and nothing can be overtaken.
"""

import asyncio
import math
from typing import Final, Protocol

import structlog
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from server.push.log import Entry
from server.push.redis_log import parse_bell
from server.push.redis_scripts import bell_name

PING_SECONDS: Final = 5.0
SILENCE_SECONDS: Final = 3 * PING_SECONDS
"""A connection on which not even the answer to a ping arrives for this long is dead."""

ANSWER_SECONDS: Final = 5.0
RECONNECT_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
SUBSCRIBE_AT_ONCE: Final = 500


class Listener(Protocol):
    """Who hears a channel. Both methods must return at once."""

    def heard(self, entry: Entry) -> None:
        """Take an event that was just published, or, with ``seq`` 0, word of a new epoch."""

    def confirmed(self) -> None:
        """Take note that the subscription stands from now on; earlier events may have been missed."""


class Bus:
    """One process's ears. ``run`` must be running for anything to be heard."""

    def __init__(self, redis_url: str) -> None:
        # Retries are ours: redis-py would reconnect and re-subscribe in silence. So are timeouts: on Python
        # 3.11 its own, by wait_for, can swallow the cancellation that ends a task.
        self._pool = ConnectionPool.from_url(
            redis_url,
            protocol=2,
            retry=Retry(NoBackoff(), 0),
            socket_connect_timeout=None,
            socket_timeout=None,
        )
        self._wanted: dict[bytes, Listener] = {}
        self._sent: set[bytes] = set()
        self._changed = asyncio.Event()
        self._up = asyncio.Event()
        self._log = structlog.get_logger("bus")

    @property
    def connected(self) -> bool:
        """Whether the connection stands: what readiness depends on."""
        return self._up.is_set()

    async def wait_connected(self) -> None:
        """Return as soon as the connection stands."""
        await self._up.wait()

    def subscribe(self, channel: str, listener: Listener) -> None:
        """Let ``listener`` hear ``channel``, in place of any earlier one."""
        self._wanted[bell_name(channel).encode()] = listener
        self._changed.set()

    def unsubscribe(self, channel: str) -> None:
        """Hear ``channel`` no more."""
        self._wanted.pop(bell_name(channel).encode(), None)
        self._changed.set()

    async def run(self) -> None:
        """Hear until cancelled; reconnect whenever the connection breaks."""
        failures = 0
        try:
            while True:
                try:
                    await self._hear_on_one_connection()
                except* (RedisError, OSError, TimeoutError) as errors:
                    failures = 0 if self.connected else failures + 1
                    pause = RECONNECT_SECONDS[min(failures, len(RECONNECT_SECONDS) - 1)]
                    self._log.warning("bus_broken", error=repr(errors.exceptions[0]), pause_seconds=pause)
                finally:
                    self._up.clear()
                await asyncio.sleep(pause)
        finally:
            await self._pool.aclose()

    async def _hear_on_one_connection(self) -> None:
        connection: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await connection.connect()  # type: ignore[no-untyped-call]
            self._sent.clear()
            self._up.set()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(connection), name="bus-read")
                tasks.create_task(self._write(connection), name="bus-write")
        finally:
            await connection.disconnect(nowait=True)

    async def _write(self, connection: AbstractConnection) -> None:
        """Bring the subscriptions in line with what is wanted, and ping when there is nothing to say."""
        while True:
            self._changed.clear()
            wanted = set(self._wanted)
            for command, names in (("UNSUBSCRIBE", self._sent - wanted), ("SUBSCRIBE", wanted - self._sent)):
                for some in _batches(sorted(names)):
                    await _send(connection, command, *some)
            self._sent = wanted
            try:
                async with asyncio.timeout(PING_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                await _send(connection, "PING")

    async def _read(self, connection: AbstractConnection) -> None:
        while True:
            async with asyncio.timeout(SILENCE_SECONDS):
                kind, name, *rest = await connection.read_response(
                    timeout=math.inf, disconnect_on_error=False
                )
            listener = self._wanted.get(name)
            if listener is None:
                continue
            if kind == b"message":
                listener.heard(parse_bell(rest[0]))
            elif kind == b"subscribe":
                listener.confirmed()


async def _send(connection: AbstractConnection, *command: str | bytes) -> None:
    async with asyncio.timeout(ANSWER_SECONDS):
        await connection.send_command(*command, check_health=False)


def _batches(names: list[bytes]) -> list[list[bytes]]:
    return [names[start : start + SUBSCRIBE_AT_ONCE] for start in range(0, len(names), SUBSCRIBE_AT_ONCE)]
