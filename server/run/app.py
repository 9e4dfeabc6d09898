"""One web process: its lifespan owns every resource, opens them together and closes them all."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from importlib import import_module
from typing import Final, TypedDict

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect

from protocol.closing import CommandError
from server.compute.pool import ComputePool
from server.counts.attempts import Attempts
from server.database.core.pool import open_pool, open_system_pool
from server.database.core.scope import everything
from server.database.core.standbys.replicas import Replicas
from server.database.people.security_log import SecurityLog
from server.errors import UserError
from server.hub.assembly.hub import assemble
from server.hub.endpoint import Endpoint
from server.hub.sockets.limits import FRAME_BYTES
from server.observe.ending import END_SECONDS, Ending
from server.observe.failing import SERVICE_FAILS
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
from server.run.opening import kept, listening, open_redis, open_replicas
from server.run.probing import web_figures
from server.settings import Settings, secret_of
from server.web import api, health, offers, security_api
from server.web.access import auth
from server.web.access.addresses import hosts_of
from server.web.access.context import WebContext
from server.web.access.loopback import LoopbackOnly
from server.web.access.offer_door import OfferDoor
from server.web.access.request_rate import RequestRate
from server.web.access.sign_in import SignIn, hashing_threads
from server.web.answers import degrade, explain, part_from, refuse
from server.web.asgi.arrival import TimedHttp
from server.web.asgi.intake import IntakeTurns
from server.web.asgi.passing import PassableWebSocket
from server.web.asgi.server import DrainingServer
from server.web.front import Front, endpoint
from server.web.handover.moving import Moving
from server.web.handover.routing import Routing
from server.web.handover.stores import StoreList
from server.web.handover.taking import Handover
from server.web.headers import SecurityHeaders, is_https_only
from server.web.machine_metrics import MachineMetrics
from server.web.pages import CLIENT_FILES, Pages, build_of
from server.web.readiness import Readiness

CONNECT_SECONDS: Final = 10.0
PING_SECONDS: Final = 20.0
STOP_SECONDS: Final = 3


class State(TypedDict):
    """The state that requests and sockets find as ``scope["state"]``."""

    web: WebContext
    socket: Endpoint
    turns: IntakeTurns


def create_app(settings: Settings, drain: Drain, ending: Ending, start: StartUp, handover: Handover) -> Front:
    """Return the ASGI application of one web process; its lifespan raises if a service is out of reach."""
    requests = Starlette(
        routes=[*api.routes, *security_api.routes, *health.routes, *offers.routes, *Pages().routes()],
        middleware=[
            Middleware(SecurityHeaders, https_only=is_https_only(settings.allowed_origins)),
            *([Middleware(LoopbackOnly)] if settings.demo else []),
        ],
        exception_handlers={CommandError: refuse, HTTPException: explain, ClientDisconnect: part_from}
        | dict.fromkeys(SERVICE_FAILS, degrade),
        lifespan=partial(_lifespan, settings, drain, ending, start, handover=handover),
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
    handover = Handover(probe_folder(settings.data_dir))
    config = uvicorn.Config(
        create_app(settings, drain, ending, start, handover),
        # Always explicit: uvicorn's default trusts this machine, or an environment variable that is not ours.
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        interface="asgi3",
        http=TimedHttp,
        ws=PassableWebSocket,
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
    server = DrainingServer(
        *(config, settings.notify_socket, drain.run, ending.begin, load_the_rest),
        handover=handover if settings.stores_apart else None,
    )
    try:
        with listening(settings.host, settings.port) as listener:
            server.run(sockets=[listener])
    finally:
        # Threads that still run, and the embedded services.
        ending.allow(END_SECONDS)
    if server.failed:
        raise SystemExit(1)


LATER: Final = (
    # The modules that searches, quotes and presentations compute with. NumPy takes much of the start time.
    *("server.search.screening.screen", "server.finance.quoting", "server.paper.screen.shown"),
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
    settings: Settings,
    drain: Drain,
    ending: Ending,
    start: StartUp,
    app: Starlette,
    *,
    handover: Handover,
) -> AsyncIterator[State]:
    logger, statements = structlog.get_logger("web"), StatementTimes()
    try:
        async with AsyncExitStack() as stack:
            pool, system, (redis, redis_guard) = await asyncio.gather(
                kept(stack, ending, start, "pool", open_pool(settings, statements)),
                kept(stack, ending, start, "system_pool", open_system_pool(settings, statements)),
                open_redis(stack, ending, start, settings),
            )
            replicas = Replicas(pool, await open_replicas(stack, ending, settings, statements))
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
                redis_guard=redis_guard,
                replicas=replicas,
                compute=compute,
                tasks=tasks,
                secret=secret,
                note=security.note,
                digest=security.digest,
                export=export,
            )
            stack.push_async_callback(ending.close, "searches", hub.searches.aclose)
            admit = partial(auth.admit, pool, settings, security)
            stores = StoreList(everything(system))
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
                pass_on=Routing(handover, stores).pass_on,
                page_build=build_of(CLIENT_FILES),
            )
            tasks.create_task(Moving(handover, stores, hub.connections).run(), name="moving")

            watch, process = LoopWatch(), f"web-{os.getpid()}"
            measured = Measured(
                *(hub, sockets, compute, pool, system, replicas, statements, watch, start, handover)
            )
            own = written(web_metrics(measured), process)
            stack.enter_context(probed("web", settings.data_dir, watch, web_figures(measured), own))
            metrics = MachineMetrics(process, own, probe_folder(settings.data_dir), redis)
            drain.attach(sockets, hub.searches)
            async with asyncio.timeout(CONNECT_SECONDS):
                await hub.wait_connected()
            start.reached("hub")
            logger.info("web ready", host=settings.host, port=settings.port)
            threads = stack.enter_context(hashing_threads())
            attempts = Attempts(redis)
            sign_in = SignIn(pool, attempts, threads, demo=settings.demo)
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
                OfferDoor(pool, hub.stores, attempts),
                secret,
            )
            # Last, so that only the first quote waits for these processes to start.
            await stack.enter_async_context(compute.running(settings.compute_processes))
            start.reached("ready")
            yield State(web=web, socket=sockets, turns=IntakeTurns())
    except* UserError as refused:
        logger.error("web cannot start", reason="; ".join(str(error) for error in refused.exceptions))
        signal.raise_signal(signal.SIGTERM)
        raise
    except* Exception:
        # Without its background tasks, a process that still answers would only seem to work.
        logger.exception("web failed")
        signal.raise_signal(signal.SIGTERM)
        raise
