"""The pages and the HTTP API without a socket server, and browsers that visit them."""

import datetime as dt
import re
from collections.abc import AsyncIterator, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg
import httpx
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from protocol.closing import CommandError
from protocol.rights import TokenScope
from server.counts.attempts import Attempts
from server.database.core.pool import open_pool
from server.database.core.scope import StoreScopes, everything
from server.database.people.credentials import PERSON_SCOPES, CredentialKind, issue_credential
from server.database.people.security_log import SecurityLog
from server.database.people.users import find_by_login
from server.hub.commands.papers import Papers
from server.hub.commands.quoting.quotes import Quotes
from server.settings import Settings, secret_of
from server.web import api, health, offers, security_api
from server.web.access.context import WebContext
from server.web.access.loopback import LoopbackOnly
from server.web.access.offer_door import OfferDoor
from server.web.access.request_rate import RequestRate
from server.web.access.sign_in import SignIn, hashing_threads
from server.web.answers import degrade, explain, refuse
from server.web.headers import SecurityHeaders
from server.web.pages import Pages
from server.work.editions import Editions
from tests.compute.here import ComputeHere

FIRST_PORT = 8000
ORIGIN = f"http://127.0.0.1:{FIRST_PORT}"


class Site:
    """The pages over a pool, and clients of them."""

    def __init__(
        self, settings: Settings, pool: asyncpg.Pool, redis: Redis, threads: ThreadPoolExecutor
    ) -> None:
        self.pool = pool
        self.stores = StoreScopes(pool)
        self.settings = settings
        self.checks = {"postgres": True, "redis": True}
        self.now = 0.0
        self.security = SecurityLog(pool, secret_of(settings), clock=lambda: self.now)
        compute, editions = ComputeHere(), Editions(everything(pool))
        self._context = WebContext(
            settings,
            pool,
            self.stores,
            self._readiness,
            self._metrics,
            SignIn(pool, Attempts(redis), threads, demo=settings.demo),
            RequestRate(clock=lambda: self.now),
            self.security,
            Papers(self.stores, Quotes(self.stores, compute, editions), compute, editions),
            OfferDoor(pool, self.stores, Attempts(redis)),
            secret_of(settings),
        )
        app = Starlette(
            routes=[*api.routes, *security_api.routes, *health.routes, *offers.routes, *Pages().routes()],
            exception_handlers={CommandError: refuse, HTTPException: explain, asyncpg.PostgresError: degrade},
        )
        self._app = SecurityHeaders(LoopbackOnly(app) if settings.demo else app)

    async def _metrics(self) -> bytes:
        return b"deal_connections 0\n"

    async def _readiness(self) -> Mapping[str, bool]:
        return self.checks

    async def _with_state(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, "state": {"web": self._context}}, receive, send)

    def browser(
        self, *, address: str = "127.0.0.1", base_url: str = ORIGIN, **options: object
    ) -> httpx.AsyncClient:
        """Return a client at ``address`` with cookies of its own, that does not follow redirects."""
        transport = httpx.ASGITransport(app=self._with_state, client=(address, 50_000))
        return httpx.AsyncClient(transport=transport, base_url=base_url, **options)  # type: ignore[arg-type]

    async def token(self, login: str, scopes: Collection[TokenScope] = PERSON_SCOPES) -> str:
        """Return a new bearer token."""
        async with self.pool.acquire() as database:
            account = await find_by_login(database, login)
            assert account is not None
            ttl = dt.timedelta(hours=1)
            return await issue_credential(database, account.id, CredentialKind.BEARER, ttl, scopes=scopes)


@asynccontextmanager
async def open_site(
    settings: Settings, *, demo: bool, origins: tuple[str, ...] = (ORIGIN,), **changes: tuple[str, ...]
) -> AsyncIterator[Site]:
    """Serve the pages over the settings' services; ``changes`` are of settings."""
    adjusted = replace(settings, demo=demo, allowed_origins=origins, **changes)  # type: ignore[arg-type]
    pool, redis = await open_pool(adjusted), Redis.from_url(adjusted.redis_url)
    try:
        with hashing_threads() as threads:
            yield Site(adjusted, pool, redis, threads)
    finally:
        await redis.aclose()
        await pool.close()


def csrf_of(page: httpx.Response) -> str:
    """Return the CSRF token that a page carries."""
    found = re.search(r'name="csrf-token" content="([^"]+)"', page.text)
    assert found
    return found[1]


async def sign_in(browser: httpx.AsyncClient, login: str, password: str = "demo") -> httpx.Response:  # noqa: S107 - the demo password is public
    """Send the sign-in form as the page would."""
    token = csrf_of(await browser.get("/login"))
    form = {"csrf_token": token, "login": login, "password": password, "next": "/"}
    return await browser.post("/login", data=form, headers={"origin": ORIGIN})
