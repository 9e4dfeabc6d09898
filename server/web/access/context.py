"""Process state for request handlers. The lifespan creates it; requests find it as ``request.state.web``."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import asyncpg

from server.database.core.scope import StoreScopes
from server.database.people.security_log import SecurityLog
from server.hub.commands.papers import Papers
from server.settings import Settings
from server.web.access.offer_door import OfferDoor
from server.web.access.request_rate import RequestRate
from server.web.access.sign_in import SignIn


@dataclass(frozen=True, slots=True)
class WebContext:
    """Resources of one web process. ``readiness`` tells which of its dependencies answer; ``metrics`` returns
    what the processes of this machine export to Prometheus.
    """

    settings: Settings
    pool: asyncpg.Pool
    stores: StoreScopes
    readiness: Callable[[], Awaitable[Mapping[str, bool]]]
    metrics: Callable[[], Awaitable[bytes]]
    sign_in: SignIn
    requests: RequestRate
    security: SecurityLog
    papers: Papers
    offers: OfferDoor
    secret: bytes = field(repr=False)
