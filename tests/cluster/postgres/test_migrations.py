"""The schema changes while people work: nobody waits for longer than a migration may wait for a table."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from client import Deal, Refreshed
from protocol.events import Event
from protocol.records import View
from server.database.core.migrate import MIGRATIONS, PROGRAM, Migration, bring_to_newest, newest_revision
from server.database.core.pool import connect_as_owner
from server.database.sample.seed import SeedPlan
from server.settings import Settings
from tests.flow.desk import keep_current, valued
from tests.flow.shop import EASY, connect, token_of
from tests.services import Services, Templates, free_port, settings_for, start_together

pytestmark = pytest.mark.flow

CARS = 12_000
GUARD_SECONDS = 60.0
LOCK_SECONDS, NOISE_SECONDS = 1.0, 1.5
"""What LOCK_TIMEOUT allows, and what a machine with other work adds before a lock is given up."""

WAITED = """
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - l.waitstart)), 0)::float8
  FROM pg_locks l JOIN pg_stat_activity a USING (pid)
 WHERE NOT l.granted AND a.datname = current_database() AND a.application_name <> $1
"""
"""How long people have waited for a lock by now. How long a machine takes for their work is no part of it."""

ADD = """
ALTER TABLE vehicles ADD COLUMN seats int;
ALTER TABLE vehicles ADD CONSTRAINT seats_positive CHECK (seats > 0) NOT VALID;
"""
FILL = """
-- step: index
CREATE INDEX CONCURRENTLY IF NOT EXISTS vehicles_seats ON vehicles (store_id, seats);

-- step: seats, repeated
UPDATE vehicles SET seats = 5 WHERE vehicle_id IN (
    SELECT vehicle_id FROM vehicles WHERE seats IS NULL ORDER BY vehicle_id LIMIT 2000);
"""
CHECK = "ALTER TABLE vehicles VALIDATE CONSTRAINT seats_positive;"
REVISION = """
from pathlib import Path
from server.database.core.migrate import run_sql_file

revision, down_revision = {revision!r}, {before!r}


def upgrade():
    run_sql_file({file!r}, Path(__file__).parent)
"""


@pytest.fixture
def large(services: Services, templates: Templates, redis_url: str) -> Iterator[Settings]:
    """Settings for a stock that takes a while to change."""
    with services.database(templates.of(SeedPlan(vehicles=CARS, customers=20, deals=20))) as made:
        yield replace(settings_for(made, redis_url, free_port()), pool_max=6)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The migrations of this release, and three more."""
    copied = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, copied, ignore=shutil.ignore_patterns("__pycache__"))
    before = newest_revision()
    revisions = {"9001": ("9001_seats.sql", ADD), "9002": ("9002_seats.online.sql", FILL)}
    for revision, (file, text) in (revisions | {"9003": ("9003_seats.sql", CHECK)}).items():
        (copied / file).write_text(text)
        module = REVISION.format(revision=revision, before=before, file=file)
        (copied / f"{revision}_seats.py").write_text(module)
        before = revision
    return copied


class Work:
    """What people ask for, how long they waited for it, and how long for a lock."""

    def __init__(self) -> None:
        self.longest = self.locked = 0.0
        self.asked = 0
        self.ended = asyncio.Event()

    async def timed(self, doing: Callable[[], Awaitable[object]]) -> None:
        """Ask for something; a refusal is raised."""
        began = time.monotonic()
        await doing()
        self.longest = max(self.longest, time.monotonic() - began)
        self.asked += 1

    async def keep_looking(self, url: str) -> None:
        """Look for who waits for a lock."""
        async with connect_as_owner(url) as owner:
            while not self.ended.is_set():
                self.locked = max(self.locked, await owner.fetchval(WAITED, PROGRAM))
                await asyncio.sleep(0.05)

    async def keep_working(self, deal: Deal, limit: int) -> None:
        """Search and write notes, as fast as a person may."""
        while not self.ended.is_set():
            limit += 1
            await self.timed(lambda: deal.search(limit=limit))  # noqa: B023 - awaited at once
            async with asyncio.timeout(GUARD_SECONDS):
                await self.timed(lambda: until_valued(deal))
            await self.timed(lambda: deal.desk.note("Still here."))
            # No more than one person may ask for.
            await asyncio.sleep(1)


async def until_valued(deal: Deal) -> None:
    """Return once the deal's search is valued.

    Every car that the migration changes is an event. A client that rests for a second may get more than it
    keeps; then its state is replaced, and says whether the search is valued.
    """
    async for delivery in deal:
        if isinstance(delivery, Event) and valued(delivery):
            return
        if isinstance(delivery, Refreshed) and deal.search_state and deal.search_state.valued:
            return


@asynccontextmanager
async def people_at_work(settings: Settings, folder: Path) -> AsyncIterator[Work]:
    """Three people with a deal each; nothing that they ask for may fail."""
    async with connect_as_owner(settings.database_owner_url) as owner:
        rows = await owner.fetch(
            "SELECT deal_id::text FROM deals WHERE store_id = 'riverside' AND state = 'working'"
            " ORDER BY deal_id LIMIT 3"
        )
    work, token = Work(), await token_of(settings, "riverside-manager")
    async with AsyncExitStack() as held:
        [web] = await held.enter_async_context(start_together(settings, folder))
        deals = []
        for row in rows:
            workspace = await held.enter_async_context(connect(web.url, token))
            deal = keep_current(await workspace.join(f"deal:{row['deal_id']}", View.MANAGER), settings)
            await deal.terms(EASY)
            deals.append(deal)
        working = [
            asyncio.create_task(work.keep_working(deal, 40 + 500 * no)) for no, deal in enumerate(deals)
        ]
        working.append(asyncio.create_task(work.keep_looking(settings.database_owner_url)))
        try:
            yield work
        finally:
            work.ended.set()
            await asyncio.gather(*working)


@asynccontextmanager
async def long_transaction(url: str, table: str) -> AsyncIterator[int]:
    """Somebody else's report, which has read a table and is not ended; gives its process."""
    report = await asyncpg.connect(url, server_settings={"application_name": "a report"})
    try:
        async with report.transaction(isolation="repeatable_read"):
            await report.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - ours
            yield report.get_server_pid()
    finally:
        await report.close()


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(GUARD_SECONDS):
        while not await holds():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)


async def has_asked(work: Work, times: int) -> bool:
    """Return whether people have asked for more than so much."""
    return work.asked > times


async def test_people_work_while_the_schema_changes(large: Settings, folder: Path, tmp_path: Path) -> None:
    """A column, an index, a value for every car and a check, past a report that holds the stock."""
    said: list[str] = []

    async def says(text: str) -> bool:
        return any(text in line for line in said)

    async with people_at_work(large, tmp_path) as work:
        await asyncio.sleep(1)
        async with long_transaction(large.database_owner_url, "vehicles") as report:
            migrating = asyncio.create_task(
                bring_to_newest(large.database_owner_url, Migration(said.append, folder))
            )
            await until(lambda: says("again in 2.0 s"))
            assert any(f"waits for vehicles: process {report} (a report" in line for line in said), said
            assert not await says("9001: done")
        await until(lambda: says("9001: done"))
        async with asyncio.timeout(GUARD_SECONDS):
            await migrating
        await until(lambda: has_asked(work, 20))
    print(f"asked {work.asked}, longest {work.longest:.2f} s, a lock {work.locked:.2f} s", *said, sep="\n")
    assert 0 < work.locked < LOCK_SECONDS + NOISE_SECONDS
    await assert_whole(large)


async def test_a_migration_that_was_interrupted_goes_on(large: Settings, folder: Path) -> None:
    """An index that was being built is dropped and built anew; what was done by then stays."""
    url = large.database_owner_url
    async with connect_as_owner(url) as owner:

        async def builds() -> bool:
            return bool(
                await owner.fetchval(
                    "SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('vehicles_seats')"
                )
            )

        # Building an index waits for what began before, whatever that reads.
        async with long_transaction(url, "customers"):
            migrating = asyncio.create_task(bring_to_newest(url, Migration(folder=folder)))
            await until(builds)
            await owner.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = $1 AND query LIKE '%CREATE INDEX%'",
                PROGRAM,
            )
            with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
                await migrating
        assert await owner.fetchval("SELECT version_num FROM alembic_version") == "9001"
        assert not await owner.fetchval(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'vehicles_seats'::regclass"
        )
        # Several at once: one of them goes on, and its index does not wait for those that wait for it.
        await asyncio.gather(*(bring_to_newest(url, Migration(folder=folder)) for _ in range(3)))
    await assert_whole(large)


async def assert_whole(settings: Settings) -> None:
    """Assert that all revisions are applied, wholly."""
    async with connect_as_owner(settings.database_owner_url) as owner:
        assert await owner.fetchval("SELECT version_num FROM alembic_version") == "9003"
        assert await owner.fetchval("SELECT count(*) FROM vehicles WHERE seats = 5") == CARS
        assert await owner.fetchval(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'vehicles_seats'::regclass"
        )
        assert await owner.fetchval("SELECT convalidated FROM pg_constraint WHERE conname = 'seats_positive'")
