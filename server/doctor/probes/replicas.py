"""What each replica says of itself, beside where the primary was just before."""

import asyncio
import time
from typing import Final
from urllib.parse import parse_qs, urlsplit

import asyncpg
from msgspec.structs import replace

from server.database.core.one_row import one_row
from server.database.core.standbys.replica import Origin
from server.database.core.standbys.replicas import origin_of
from server.doctor.probes.deadline import Unknown, within
from server.doctor.probes.postgres import PROGRAM, application_session, direct_url, looking
from server.doctor.subjects.replicas import Followed, Replica
from server.settings import Settings

CATCH_UP_SECONDS: Final = 1.0
"""How long a replica gets to come to where the primary was. Usually it takes milliseconds."""

PAUSE_SECONDS: Final = 0.05

_STATE: Final = """
SELECT pg_is_in_recovery() AS follows,
       (SELECT system_identifier FROM pg_control_system()) AS system,
       (SELECT timeline_id FROM pg_control_checkpoint()) AS timeline,
       current_database()::text AS database,
       EXISTS (SELECT FROM pg_stat_wal_receiver) AS streams,
       CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE false END AS paused
"""
_POSITION: Final = """
SELECT (coalesce(pg_last_wal_replay_lsn(), '0/0') - '0/0'::pg_lsn)::bigint AS position,
       extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 AS ago
"""


async def read_replicas(settings: Settings, patience: float, seconds: float) -> Followed:
    """Return what the replicas of the settings say. Each, and the primary, gets ``patience`` to be reached
    and ``seconds`` to answer.
    """
    primary = await within(patience + seconds, _read_primary(settings))
    origin, database = (None, None) if isinstance(primary, Unknown) else primary
    replicas = await asyncio.gather(
        *(
            _read(number, url, settings, origin, (patience, seconds))
            for number, url in enumerate(settings.database_search_urls, 1)
        )
    )
    if origin is None:
        return Followed(replicas=tuple(replicas))
    return Followed(
        replicas=tuple(replicas), system=origin.system, timeline=origin.at.timeline, database=database
    )


async def _read_primary(settings: Settings) -> tuple[Origin, str]:
    async with looking(direct_url(settings), application_session(settings)) as database:
        return await origin_of(database), await database.fetchval("SELECT current_database()::text")


async def _read(
    number: int, url: str, settings: Settings, origin: Origin | None, times: tuple[float, float]
) -> Replica:
    replica = Replica(name=f"replica_{number}", server=server_of(url))
    found = await within(sum(times), _ask(replica, url, settings, origin))
    return replace(replica, error=found.reason) if isinstance(found, Unknown) else found


async def _ask(replica: Replica, url: str, settings: Settings, origin: Origin | None) -> Replica:
    # A pooler may be in between. It refuses the settings of a session, and keeps no statement prepared.
    session = {"application_name": PROGRAM} if settings.is_pooled else application_session(settings)
    async with looking(url, session, prepares=not settings.is_pooled) as database:
        known = replace(replica, **dict(await one_row(database, _STATE)))
        if origin is None or not known.follows or known.system != origin.system:
            return known
        behind, ago = await _behind(database, origin.at.position)
        return replace(known, behind_bytes=behind, applied_seconds_ago=ago)


async def _behind(database: asyncpg.Connection, wanted: int) -> tuple[int, float | None]:
    until = time.monotonic() + CATCH_UP_SECONDS
    while True:
        row = await one_row(database, _POSITION)
        behind = max(0, wanted - row["position"])
        if not behind or time.monotonic() > until:
            return behind, row["ago"]
        await asyncio.sleep(PAUSE_SECONDS)


def server_of(url: str) -> str:
    """Return the host and port of an address, without its login."""
    parts = urlsplit(url)
    options = parse_qs(parts.query)
    host = (parts.netloc.rpartition("@")[2] or options.get("host", [""])[0]) or "the default host"
    port = options.get("port", [""])[0]
    return f"{host}:{port}" if port else host
