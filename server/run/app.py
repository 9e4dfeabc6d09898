"""One web process: its lifespan owns every resource, opens them together and closes them all."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from importlib import import_module
from typing import Any, Final, TypedDict

import structlog
import uvicorn
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect

from protocol.closing import CommandError
from server.compute.pool import ComputePool
from server.counts.attempts import Attempts
from server.database.core.metered import MeteredPool
from server.database.core.pool import open_pool, open_system_pool
from server.database.core.scope import everything
from server.database.people.security_log import SecurityLog
from server.hub.assembly import assemble
from server.hub.endpoint import Endpoint
from server.hub.sockets.limits import FRAME_BYTES
from server.log.direct_sending import send_directly
from server.log.guarded_pool import GuardedPool
from server.log.peer import require_peer
from server.observe.ending import END_SECONDS, Ending
from server.observe.failing import REDIS_FAILS, SERVICE_FAILS
from server.observe.heap import settle_heap
from server.observe.metrics.start_up import StartUp
from server.observe.metrics.statements import StatementTimes
from server.observe.metrics.writing import written
from server.observe.probe.loop_watch import LoopWatch
from server.observe.probe.places import probe_folder
from server.observe.probe.probed import probed
from server.observe.spans import open_spans
from server.run.draining import Drain
from server.run.measuring import Measured, web_metrics
from server.run.probing import web_figures
from server.settings import Settings, secret_of
from server.web import api, health, security_api
from server.web.access import auth
from server.web.access.addresses import hosts_of
from server.web.access.context import WebContext
from server.web.access.loopback import LoopbackOnly
from server.web.access.request_rate import RequestRate
from server.web.access.sign_in import SignIn, hashing_threads
from server.web.answers import degrade, explain, part_from, refuse
from server.web.asgi.arrival import TimedHttp
from server.web.asgi.frames import BoundedWebSocket
from server.web.asgi.intake import IntakeTurns
from server.web.asgi.server import DrainingServer
from server.web.front import Front, endpoint
from server.web.headers import SecurityHeaders, is_https_only
from server.web.machine_metrics import MachineMetrics
from server.web.pages import Pages
from server.web.readiness import Readiness

REDIS_CONNECTIONS: Final = 20
REDIS_CONNECT_SECONDS: Final = 2.0
CONNECT_SECONDS: Final = 10.0
REDIS_SECONDS: Final = 5.0
"""How long a script may take to answer, and a command may wait for a connection."""

PING_SECONDS: Final = 20.0
STOP_SECONDS: Final = 3
BACKLOG: Final = 2048
SEND_BUFFER_BYTES: Final = 256 * 1024
"""The kernel's send buffer for a client that does not read. When it is full, the outbox fills."""

UNREAD_MS: Final = 30_000
"""After this long without an acknowledgement the kernel gives a connection up."""


class State(TypedDict):
    """The state that requests and sockets find as ``scope["state"]``."""

    web: WebContext
    socket: Endpoint
    turns: IntakeTurns


def create_app(settings: Settings, drain: Drain, ending: Ending, start: StartUp) -> Front:
    """Return the ASGI application of one web process; its lifespan raises if a service is out of reach."""
    requests = Starlette(
        routes=[*api.routes, *security_api.routes, *health.routes, *Pages().routes()],
        middleware=[
            Middleware(SecurityHeaders, https_only=is_https_only(settings.allowed_origins)),
            *([Middleware(LoopbackOnly)] if settings.demo else []),
        ],
        exception_handlers={CommandError: refuse, HTTPException: explain, ClientDisconnect: part_from}
        | dict.fromkeys(SERVICE_FAILS, degrade),
        lifespan=partial(_lifespan, settings, drain, ending, start),
    )
    return Front(LoopbackOnly(endpoint) if settings.demo else endpoint, requests)


def serve(settings: Settings) -> None:
    """Run one web process until it is told to end. Several may serve one port.

    After a stop signal it ends at most END_SECONDS after its drain time, whatever hangs.
    """
    start = StartUp()
    start.reached("imports")
    drain, ending = Drain(settings.drain_seconds), Ending("web", settings.drain_seconds + END_SECONDS)
    proxies = hosts_of(settings.trusted_proxies)
    config = uvicorn.Config(
        create_app(settings, drain, ending, start),
        # Always explicit: uvicorn's default trusts this machine, or an environment variable that is not ours.
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        interface="asgi3",
        http=TimedHttp,
        ws=BoundedWebSocket,
        ws_max_size=FRAME_BYTES,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_per_message_deflate=False,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    # uvicorn raises its stop signal again after it has closed everything; for us that is a clean exit.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.begin())
    server = DrainingServer(config, settings.notify_socket, drain.run, ending.begin, load_the_rest)
    try:
        with _listen(settings.host, settings.port) as listener:
            server.run(sockets=[listener])
    finally:
        # Threads that still run, and the embedded services.
        ending.allow(END_SECONDS)
    if server.failed:
        raise SystemExit(1)


LATER: Final = (
    # The modules that searches and quotes compute with. NumPy takes much of the start time.
    *("server.search.screening.screen", "server.finance.quoting"),
    *("starlette.templating", "argon2", "server.observe.metrics.exposition"),
)
"""Imported once the process is ready, or before that by the code that needs one first."""


def load_the_rest() -> None:
    """Import the modules that the start need not wait for. Nothing that lasts comes after it."""
    for name in LATER:
        import_module(name)
    settle_heap()


@asynccontextmanager
async def _lifespan(
    settings: Settings, drain: Drain, ending: Ending, start: StartUp, app: Starlette
) -> AsyncIterator[State]:
    logger, statements = structlog.get_logger("web"), StatementTimes()
    try:
        async with AsyncExitStack() as stack:
            pool, system, redis_pool = await asyncio.gather(
                _kept(stack, ending, start, "pool", open_pool(settings, statements)),
                _kept(stack, ending, start, "system_pool", open_system_pool(settings, statements)),
                _open_redis(stack, ending, start, settings),
            )
            # The pool is closed on its own, after all who use it.
            redis = Redis(connection_pool=redis_pool)
            secret = secret_of(settings)
            security = SecurityLog(pool, secret)
            stack.push_async_callback(ending.close, "security events", security.aclose)
            compute = ComputePool()
            tasks = await stack.enter_async_context(ending.background())
            tasks.create_task(security.run(), name="security")
            export = None
            if settings.otlp_endpoint:
                export = open_spans("web")
                stack.push_async_callback(ending.close, "spans", partial(asyncio.to_thread, export.close))
            hub = assemble(
                *(settings, pool, everything(system), redis),
                redis_pool=redis_pool,
                compute=compute,
                tasks=tasks,
                note=security.note,
                export=export,
            )
            stack.push_async_callback(ending.close, "searches", hub.searches.aclose)
            admit = partial(auth.admit, pool, settings, security)
            sockets = Endpoint(
                admit,
                hub.people,
                hub.outages,
                hub.connections,
                registry=hub.registry,
                log=hub.log,
                dispatch=hub.handlers,
                allowance=hub.allowance,
                seats=hub.seats,
                note=security.note,
            )

            watch, process = LoopWatch(), f"web-{os.getpid()}"
            measured = Measured(hub, sockets, compute, pool, system, statements, watch, start)
            own = written(web_metrics(measured), process)
            stack.enter_context(probed("web", settings.data_dir, watch, web_figures(measured), own))
            metrics = MachineMetrics(process, own, probe_folder(settings.data_dir), redis)
            drain.attach(sockets, hub.searches)
            async with asyncio.timeout(CONNECT_SECONDS):
                await hub.wait_connected()
            start.reached("hub")
            logger.info("web ready", host=settings.host, port=settings.port)
            threads = stack.enter_context(hashing_threads())
            sign_in = SignIn(pool, Attempts(redis), threads, demo=settings.demo)
            ready = Readiness(pool, redis, hub=hub, compute=compute, sign_in=sign_in)

            async def readiness() -> Mapping[str, bool]:
                return {**await ready(), "serving": not drain.begun}

            web = WebContext(
                settings,
                pool,
                hub.stores,
                readiness,
                metrics,
                sign_in,
                RequestRate(),
                security,
                hub.papers,
                secret,
            )
            # Last, so that only the first quote waits for these processes to start.
            await stack.enter_async_context(compute.running(settings.compute_processes))
            start.reached("ready")
            yield State(web=web, socket=sockets, turns=IntakeTurns())
    except* Exception:
        # Without its background tasks, a process that still answers would only seem to work.
        logger.exception("web failed")
        signal.raise_signal(signal.SIGTERM)
        raise


async def _kept(
    stack: AsyncExitStack, ending: Ending, start: StartUp, name: str, opening: Awaitable[MeteredPool]
) -> MeteredPool:
    pool = await opening
    start.reached(name)
    stack.push_async_callback(ending.close, f"postgres {name}".replace("_", " "), pool.close)
    return pool


async def _open_redis(
    stack: AsyncExitStack, ending: Ending, start: StartUp, settings: Settings
) -> GuardedPool:
    """Return connections to Redis, whose breaker is open if Redis does not answer now.

    Raises AuthenticationError if another account's Redis answers.
    """
    connections: Any = GuardedPool.from_url(
        settings.redis_url,
        max_connections=REDIS_CONNECTIONS,
        timeout=REDIS_SECONDS,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_CONNECT_SECONDS,
        client_name="deal-architect-web",
    )
    require_peer(connections, settings.redis_uid)
    send_directly(connections)
    pool: GuardedPool = connections
    stack.push_async_callback(ending.close, "redis connections", pool.aclose)
    try:
        await pool.ping()
    except AuthenticationError:
        raise
    except REDIS_FAILS as error:
        structlog.get_logger("web").warning("without_redis", error=error)
        pool.breaker.trip()
    start.reached("redis")
    return pool


def _listen(host: str, port: int) -> socket.socket:
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
