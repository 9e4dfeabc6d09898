"""What a web process opens before it serves: its pools of connections to Postgres and Redis, and its port."""

import socket
import ssl
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from typing import Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError

from server.database.core.guard import readers_of
from server.database.core.metered import MeteredPool
from server.database.core.standbys.replicas import open_replica_pools
from server.log.links.connecting import connect_guarded
from server.log.links.guarded_pool import Guard
from server.observe.ending import Ending
from server.observe.failing import REDIS_FAILS
from server.observe.metrics.start_up import StartUp
from server.observe.metrics.statements import StatementTimes
from server.settings import Settings

REDIS_CONNECTIONS: Final = 20
REDIS_CONNECT_SECONDS: Final = 2.0
REDIS_SECONDS: Final = 5.0
"""How long a script may take to answer, and a command may wait for a connection."""

BACKLOG: Final = 2048
SEND_BUFFER_BYTES: Final = 256 * 1024
"""The kernel's send buffer for a client that does not read. When it is full, the outbox fills."""

UNREAD_MS: Final = 30_000
"""After this long without an acknowledgement the kernel gives a connection up."""


async def kept(
    stack: AsyncExitStack, ending: Ending, start: StartUp, name: str, opening: Awaitable[MeteredPool]
) -> MeteredPool:
    """Open a pool of connections to Postgres, which ``stack`` closes; return it."""
    pool = await opening
    start.reached(name)
    stack.push_async_callback(ending.close, f"postgres {name}".replace("_", " "), pool.close)
    return pool


async def open_replicas(
    stack: AsyncExitStack, ending: Ending, settings: Settings, statements: StatementTimes
) -> list[MeteredPool]:
    """Return a pool for each replica that searches read from, which ``stack`` closes. None connects yet."""
    pools = await open_replica_pools(settings, statements, readers_of(settings.pool_max))
    for pool in pools:
        stack.push_async_callback(ending.close, "postgres replica", pool.close)
    return pools


async def open_redis(
    stack: AsyncExitStack, ending: Ending, start: StartUp, settings: Settings
) -> tuple[Redis, Guard]:
    """Return a client of Redis, whose breaker is open if Redis does not answer now, and what guards it.

    Raises RedisError if Redis will never answer: another account's, or one that refuses our certificate
    authority, password or rights.
    """
    redis, guard = connect_guarded(
        settings.redis_url,
        settings.redis_uid,
        max_connections=REDIS_CONNECTIONS,
        timeout=REDIS_SECONDS,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_CONNECT_SECONDS,
        client_name="deal-architect-web",
    )
    stack.push_async_callback(ending.close, "redis connections", redis.aclose)
    try:
        await guard.ping()
    except REDIS_FAILS as error:
        if _is_refusal(error):
            structlog.get_logger("web").error("redis_refuses_us", error=error)
            raise
        structlog.get_logger("web").warning("without_redis", error=error)
        guard.breaker.trip()
    start.reached("redis")
    return redis, guard


def _is_refusal(error: BaseException | None) -> bool:
    """Return whether the error, or one behind it, remains until somebody changes a setting."""
    while error is not None:
        if isinstance(error, AuthenticationError | NoPermissionError | ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def listening(host: str, port: int) -> socket.socket:
    """Return a listening socket that other web processes may share. Raises OSError for a taken port."""
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        # Accepted sockets inherit these.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
