"""What the pages need of the process. The lifespan makes it; requests find it as ``request.state.web``."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import asyncpg
from prometheus_client import CollectorRegistry

from server.settings import Settings
from server.store.scope import Stores
from server.store.security_log import SecurityLog
from server.web.request_rate import RequestRate
from server.web.sign_in import SignIn


@dataclass(frozen=True, slots=True)
class WebContext:
    """Resources of one web process. ``readiness`` tells which of its dependencies answer."""

    settings: Settings
    pool: asyncpg.Pool
    stores: Stores
    readiness: Callable[[], Awaitable[Mapping[str, bool]]]
    metrics: CollectorRegistry
    sign_in: SignIn
    requests: RequestRate
    security: SecurityLog
    secret: bytes = field(repr=False)
