"""PostgreSQL's own way back: a base backup and the archived log, to a moment between two decisions."""

import asyncio
import time
import uuid
from dataclasses import replace

from protocol.deal.structure import StructureChanges
from protocol.records import Actor, Role
from server.database.core.migrate import migrate
from server.database.core.pool import connect_as_owner
from server.database.core.scope import everything
from server.database.decisions.edits.terms import change_terms
from server.database.sample.seed import SeedPlan, seed
from server.sample_deals.playing import play_deals
from server.settings import Settings
from tests.cluster.restore.clusters import APP_ROLE, OWNER_ROLE, SYSTEM_ROLE, Cluster, append, make_cluster
from tests.flow.holdings import holdings_of
from tests.services import open_folder, open_owner_pool, settings_for
from tests.services.databases import Database


def settings_of(cluster: Cluster, redis_url: str) -> Settings:
    """Return settings for the cluster's database."""
    urls = [cluster.url(role) for role in (APP_ROLE, OWNER_ROLE, SYSTEM_ROLE)]
    return settings_for(Database("deal", *urls, cluster.url("postgres")), redis_url, 8000)


async def decide(settings: Settings, versions: range) -> None:
    """Change the first deal, once for each version."""
    async with connect_as_owner(settings.database_owner_url) as owner:
        row = await owner.fetchrow(
            "SELECT deal_id, salesperson_id FROM deals ORDER BY created_at, deal_id LIMIT 1"
        )
    async with await open_owner_pool(settings) as pool:
        for version in versions:
            await change_terms(
                everything(pool),
                str(row["deal_id"]),
                op=uuid.uuid4(),
                based_on=version - 1,
                changes=StructureChanges(discount_cents=version),
                actor=Actor(id=str(row["salesperson_id"]), name="Ann", role=Role.SALESPERSON),
            )


def test_back_to_a_moment(redis_url: str) -> None:
    """After five of nine decisions, all from the log that was archived after the base backup."""
    with open_folder(in_memory=True) as folder:
        one = make_cluster(folder / "one")
        settings = settings_of(one, redis_url)
        with one.running():
            migrate(settings.database_owner_url)
            asyncio.run(seed(settings.database_owner_url, SeedPlan(vehicles=200, customers=10, deals=4)))
            base = one.sockets / "base"
            one.program("pg_basebackup", "-D", str(base), "-d", one.url("postgres", "postgres"), "-c", "fast")
            asyncio.run(decide(settings, range(1, 6)))
            asyncio.run(play_deals(settings))
            wanted = asyncio.run(holdings_of(settings.database_owner_url))
            moment = one.sql("SELECT clock_timestamp()")
            asyncio.run(decide(settings, range(6, 10)))
            assert asyncio.run(holdings_of(settings.database_owner_url)) != wanted
            one.sql("SELECT pg_switch_wal()")
        two = replace(one, folder=base)
        append(
            two,
            "postgresql.auto.conf",
            [
                f"restore_command = 'cp {one.archive}/%f %p'",
                f"recovery_target_time = '{moment}'",
                "recovery_target_action = promote",
                "archive_mode = off",
            ],
        )
        append(two, "recovery.signal", [])
        began = time.monotonic()
        with two.running():
            print(f"recovered in {time.monotonic() - began:.1f} s")
            assert asyncio.run(holdings_of(settings.database_owner_url)) == wanted
            # It is a database like any other again.
            asyncio.run(decide(settings, range(6, 7)))
