"""A pool of connections that knows how long callers wait for one, and how long their statements take."""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

import asyncpg

from server.observe.metrics.histogram import CALL_SECONDS, Histogram
from server.observe.metrics.statements import StatementTimes

INACTIVE_SECONDS: Final = 300.0
MOST_QUERIES: Final = 50_000
"""As asyncpg's own factory of pools has it: a connection that idles longer, or served more, is closed.
"""

WAIT_SECONDS: Final = 0.001
"""Who had to wait longer than this for a connection waited: for another caller's, or for a new one."""

TIMED: Final = ("fetch", "fetchrow", "fetchval", "execute", "executemany")


class MeteredPool(asyncpg.Pool):
    """A pool of asyncpg's. ``waits`` has every caller; ``waiting`` is how many wait now.

    Its connections are of the class ``kind``.
    """

    def __init__(
        self,
        url: str,
        statements: StatementTimes | None = None,
        kind: type[asyncpg.Connection] = asyncpg.Connection,
        **options: Any,
    ) -> None:
        self.waits = Histogram(CALL_SECONDS)
        self.waiting = 0
        super().__init__(
            url,
            connection_class=kind if statements is None else timed_by(statements, kind),
            record_class=asyncpg.Record,
            max_queries=MOST_QUERIES,
            max_inactive_connection_lifetime=INACTIVE_SECONDS,
            loop=None,
            **options,
        )

    async def _acquire(self, timeout: float | None) -> Any:  # noqa: ASYNC109 - asyncpg's own signature
        """Wait for a connection; every way of asyncpg's to get one comes through here."""
        began, pool = time.perf_counter(), super()
        self.waiting += 1
        try:
            return await pool._acquire(timeout)  # type: ignore[attr-defined]
        finally:
            self.waiting -= 1
            self.waits.add(time.perf_counter() - began)

    def figures(self) -> dict[str, float]:
        """Return the state of the pool, for any thread: its connections, and who had to wait for one."""
        return {
            "size": self.get_size(),
            "idle": self.get_idle_size(),
            "max": self.get_max_size(),
            "waiting": self.waiting,
            "waits_total": self.waits.above(WAIT_SECONDS),
            "wait_seconds_total": self.waits.total,
        }


def timed_by(statements: StatementTimes, kind: type[asyncpg.Connection]) -> type[asyncpg.Connection]:
    """Return the class of connections of a ``kind`` that tell ``statements`` what they took.

    A statement counts from the call to its last row. asyncpg's own loggers cost several times as much.
    """
    timed = {name: _timed(getattr(kind, name), statements) for name in TIMED}
    return type("TimedConnection", (kind,), {"__slots__": (), **timed})


def _timed(
    method: Callable[..., Awaitable[Any]], statements: StatementTimes
) -> Callable[..., Awaitable[Any]]:
    async def timed(self: asyncpg.Connection, text: str, *args: Any, **options: Any) -> Any:
        began = time.perf_counter()
        try:
            return await method(self, text, *args, **options)
        except Exception:
            statements.failed(text)
            raise
        finally:
            statements.took(text, time.perf_counter() - began)

    return timed
