"""A replica becomes the primary, while another one still follows the primary of before."""

import asyncio
from contextlib import ExitStack
from dataclasses import replace

import asyncpg
import pytest

from server.database.core.pool import open_pool
from server.database.core.scope import StoreScopes
from server.database.core.standbys.replica import State
from server.database.core.standbys.replicas import Replicas, origin_of, position_of
from server.settings import Settings
from tests.cluster.postgres.standby import Standby, open_standby
from tests.flow.conftest import stocked
from tests.services import Services, open_owner_pool

__all__ = ["stocked"]

pytestmark = pytest.mark.flow

GUARD_SECONDS = 30.0

FILLED = "INSERT INTO filler SELECT n, repeat('x', 500) FROM generate_series(1, 20000) AS n"
REPLAYED = "SELECT (pg_last_wal_replay_lsn() - '0/0')::bigint"
TIMELINES = """
SELECT (SELECT timeline_id FROM pg_control_checkpoint()),
       left(pg_walfile_name(pg_current_wal_lsn()), 8)
"""


async def caught_up(primary: asyncpg.Pool, standby: Standby) -> None:
    """Wait until a replica has what the primary has now."""
    there = await primary.fetchval("SELECT (pg_current_wal_flush_lsn() - '0/0')::bigint")
    async with asyncio.timeout(GUARD_SECONDS):
        while await standby.ask(REPLAYED) < there:  # noqa: ASYNC110 - the server is asked
            await asyncio.sleep(0.05)


async def cars_of(stores: StoreScopes) -> int:
    """Count the cars of a store as a search reads them."""
    async with stores.searched("riverside").acquire(snapshot=True) as database:
        found: int = await database.fetchval("SELECT count(*) FROM vehicles")
        return found


async def test_who_follows_the_primary_of_before_is_not_read(services: Services, stocked: Settings) -> None:
    """Its position is larger, in another history: neither a look nor a search takes it for fit."""
    with ExitStack() as running:
        chosen, _ = running.enter_context(open_standby(services, stocked))
        left, _ = running.enter_context(open_standby(services, stocked))
        async with (
            await open_owner_pool(stocked) as owner,
            await open_pool(stocked) as before,
            await open_pool(replace(stocked, database_url=chosen.url())) as now,
            await open_pool(replace(stocked, database_url=left.url())) as following,
        ):
            await owner.execute("CREATE TABLE filler (n int, text text)")
            await owner.execute(FILLED)
            await caught_up(owner, chosen)
            await caught_up(owner, left)
            replicas = Replicas(now, [following])
            (replica,) = replicas.all
            await replica.look(await origin_of(before))
            assert replica.state is State.FIT
            assert await cars_of(StoreScopes(before, replicas=replicas)) > 50
            assert (replica.reads, replicas.on_primary) == (1, 0)

            assert await chosen.ask("SELECT pg_promote()")
            # The checkpoint that writes the new timeline down takes its time.
            assert tuple(await now.fetchrow(TIMELINES)) == (1, "00000002")
            await owner.execute(FILLED)
            await caught_up(owner, left)
            wanted = await position_of(now)
            assert wanted.timeline == 2
            assert await left.ask(REPLAYED) > wanted.position

            assert await cars_of(StoreScopes(now, replicas=replicas)) > 50
            assert (replica.reads, replicas.on_primary) == (1, 1)
            await replica.look(await origin_of(now))
            assert replica.state is State.BEHIND
            await replica.look(await origin_of(before))
            assert replica.state is State.FIT
