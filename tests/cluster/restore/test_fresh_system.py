"""A backup is restored into a fresh system, which then tells the same of every deal, to the cent."""

import asyncio
from pathlib import Path

import asyncpg
import httpx
import pytest
import redis

from protocol.deal.workflow import Action, Reason
from protocol.records import DealState, View
from server.database import backups
from server.database.backups import back_up, complete, open_backup, restore
from server.database.core import migrate
from server.database.core.same_database import SameDatabase
from server.sample_deals.playing import play_deals
from server.settings import Settings
from tests.commands.here import run_here
from tests.flow.holdings import holdings_of, worked_deals
from tests.flow.shop import connect, token_of
from tests.services import Database, Services, settings_for, start_together
from tests.web.site import csrf_of

pytestmark = pytest.mark.flow


def test_a_restored_system_is_the_original(stocked: Settings, services: Services, tmp_path: Path) -> None:
    """Deals in all states: audits, every step of their replays, pencils, walls and rows are equal; a token of
    before is good, a person signs in, and a deal goes on where it was.
    """
    asyncio.run(play_deals(stocked))
    token = asyncio.run(token_of(stocked, "riverside-sales"))
    backup = tmp_path / "backup"
    done = run_here("backup", str(backup), environ=stocked.environment())
    assert (done.returncode, done.stderr) == (0, "")
    before = asyncio.run(holdings_of(stocked.database_owner_url))
    assert sum(key.startswith("deal ") for key in before) >= 10
    assert before["pencils"] >= 20
    with services.database() as fresh:
        there = settings_for(fresh, stocked.redis_url, stocked.port)
        done = run_here("restore", str(backup), environ=there.environment())
        assert (done.returncode, done.stderr) == (0, "")
        assert asyncio.run(holdings_of(fresh.owner_url)) == before
        asyncio.run(_goes_on(there, tmp_path, token))


async def _goes_on(settings: Settings, folder: Path, token: str) -> None:
    deal_id = (await worked_deals(settings))["Grace Kimura"]
    async with (
        start_together(settings, folder) as [web],
        connect(web.url, token) as workspace,
        httpx.AsyncClient(base_url=web.url, timeout=60) as browser,
    ):
        form = {"login": "riverside-manager", "password": "demo", "next": "/"}
        form["csrf_token"] = csrf_of(await browser.get("/login"))
        assert (await browser.post("/login", data=form)).status_code == 303
        deal = await workspace.join(f"deal:{deal_id}", View.SALES)
        assert deal.state.state is DealState.COUNTERED and deal.state.proposal
        figures = deal.state.proposal.figures.new
        await deal.desk.act(Action.ACCEPT, Reason.CUSTOMER_AGREES, figures=figures)
        async for _ in deal:
            if deal.state.state is not DealState.COUNTERED:
                break


def test_an_older_backup_is_brought_to_the_newest_schema(
    services: Services, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an upgrade would have done with the database that it was made of. That takes time: Redis is empty
    and nobody's session is left before it begins.
    """
    with services.database() as old, services.database() as fresh, redis.Redis.from_url(redis_url) as client:
        asyncio.run(_make_first_release(old.owner_url))
        back_up(old.owner_url, tmp_path)
        manifest = open_backup(tmp_path)
        assert (manifest.revision, manifest.editions) == ("0001", {})
        client.set("an event that is lost", 1)
        found: list[object] = []

        def look_first(owner_url: str) -> None:
            found.extend((client.dbsize(), asyncio.run(_sessions(owner_url))))
            complete(owner_url)

        monkeypatch.setattr(backups, "complete", look_first)
        environ = settings_for(fresh, redis_url, 8000).environment()
        done = run_here("restore", str(tmp_path), environ=environ)
        assert (done.returncode, done.stderr, found) == (0, "", [0, 1])
        assert asyncio.run(migrate.is_current(fresh.owner_url))


async def _make_first_release(owner_url: str) -> None:
    owner = await asyncpg.connect(owner_url)
    await owner.execute((migrate.MIGRATIONS / "0001_initial.sql").read_text(encoding="utf-8"))
    await owner.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    await owner.execute("INSERT INTO alembic_version VALUES ('0001')")
    await owner.close()


async def _sessions(owner_url: str) -> int:
    """Return how many sessions the database has, this one included."""
    owner = await asyncpg.connect(owner_url)
    try:
        return int(
            await owner.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND backend_type = 'client backend'"
            )
        )
    finally:
        await owner.close()


async def test_a_process_knows_that_its_database_was_restored(stocked: Settings, tmp_path: Path) -> None:
    """By its first connection after that; a migration or a reconnection does not look like a restore."""
    ended: list[bool] = []
    same = SameDatabase(lambda: ended.append(True))
    url = stocked.database_owner_url
    for _ in range(2):
        owner = await asyncpg.connect(url)
        await same.check(owner)
        await owner.close()
    assert not ended
    manifest = await asyncio.to_thread(back_up, url, tmp_path)
    await asyncio.to_thread(restore, url, tmp_path, manifest, replace=True)
    owner = await asyncpg.connect(url)
    await same.check(owner)
    await owner.close()
    assert ended == [True]


def test_a_redis_that_is_away_is_told_of(
    migrated: Database, services: Services, redis_url: str, tmp_path: Path
) -> None:
    """The database is restored by then: the error says what is left to do."""
    files = {"DATABASE_URL": migrated.url, "DATABASE_OWNER_URL": migrated.owner_url, "REDIS_URL": redis_url}
    for name, address in files.items():
        (tmp_path / name).write_text(address)
    environ = {f"{name}_FILE": str(tmp_path / name) for name in files}
    assert run_here("backup", str(tmp_path / "one"), environ=environ).returncode == 0
    with services.database() as fresh:
        away = settings_for(fresh, f"unix://{tmp_path}/none.sock?db=0", 8000).environment()
        done = run_here("restore", str(tmp_path / "one"), environ=away)
        assert done.returncode == 1
        assert "the database is restored, but Redis could not be emptied" in done.stderr
        assert asyncio.run(migrate.is_current(fresh.owner_url))
