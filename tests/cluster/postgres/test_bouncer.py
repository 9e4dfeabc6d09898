"""Everything works through PgBouncer in transaction mode, and nothing of one transaction is in another."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest

from client import Deal
from protocol.closing import CommandError, ErrorCode
from protocol.deal.workflow import Action, Reason
from protocol.records import DealState, View
from server.database.core.pool import connect_as_owner, open_pool, open_system_pool
from server.database.core.pooler import SettingsDropped
from server.database.core.scope import StoreScopes, everything
from server.database.importing import import_inventory
from server.settings import Settings
from tests.cluster.postgres.bouncer import Bouncer, open_bouncer
from tests.flow.conftest import stocked
from tests.flow.database.test_import import CIVIC, HEADER
from tests.flow.desk import keep_current, open_both, valued
from tests.flow.shop import EASY, connect, events_until, token_of
from tests.services import Services, answers, start_together, start_web

__all__ = ["stocked"]

pytestmark = pytest.mark.flow

GUARD_SECONDS = 30.0
LEAST_NOTES = 10
Pooled = tuple[Bouncer, Settings]


@pytest.fixture
async def pooled(services: Services, stocked: Settings) -> AsyncIterator[Pooled]:
    """PgBouncer with two server connections for each role, and settings that lead through it."""
    with open_bouncer(services, stocked) as opened:
        await opened[0].start()
        yield opened


async def test_a_deal_from_the_search_to_its_approval(pooled: Pooled, tmp_path: Path) -> None:
    """Join, terms, search, values, selection, submit, approval, find, the wall, an import by the owner."""
    _, settings = pooled
    async with open_both(settings, tmp_path) as both:
        await both.submitted()
        await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
        await both.agree(lambda deal: deal.state is DealState.APPROVED)
        found = await both.sales.find("Honda")
        assert found.rows
        token = await token_of(settings, "riverside-manager")
        async with connect(f"http://127.0.0.1:{settings.port}", token) as desk:
            wall = await desk.join("desk:riverside")
            assert wall.wall[both.sales.state.id]["state"] == "approved"
        feed = tmp_path / "stock.csv"
        feed.write_text(HEADER + CIVIC)
        summary = await import_inventory(
            settings.database_owner_url, feed, "riverside", {}, tmp_path / "rejects.csv"
        )
        assert summary.inserted == 1


async def test_many_searches_share_two_server_connections(pooled: Pooled, tmp_path: Path) -> None:
    """Two web processes with six connections each; every search of every deal ends with its values."""
    _, settings = pooled
    settings = replace(settings, pool_min=2, pool_max=6)
    async with AsyncExitStack() as held:
        webs = await held.enter_async_context(start_together(settings, tmp_path))
        deals = await _deals(held, settings, webs[0].url, 6)
        for turn in range(3):
            searches = [deal.search(limit=40 + turn) for deal in deals]
            notes = [deal.desk.note(f"Turn {turn}.") for deal in deals]
            await asyncio.gather(*searches, *notes)
            await asyncio.gather(*(_until_valued(deal) for deal in deals))
        assert all(len(deal.rows) > 20 for deal in deals)


async def test_nothing_of_a_transaction_is_seen_by_the_next(pooled: Pooled) -> None:
    """Two stores and the system take turns on one server connection: each sees its own rows, as its role."""
    bouncer, settings = pooled
    bouncer.stop()
    bouncer.change("default_pool_size", "1")
    await bouncer.start()
    async with (
        await open_pool(replace(settings, pool_min=2)) as pool,
        await open_system_pool(settings) as system,
    ):
        stores = StoreScopes(pool)

        async def seen_by(store: str) -> list[str]:
            async with stores.of(store).acquire() as database:
                rows = await database.fetch("SELECT DISTINCT store_id FROM deals")
                return [row["store_id"] for row in rows]

        async def seen_by_nobody() -> int:
            # Outside a scope there is no store, whoever used the connection before.
            return int(await pool.fetchval("SELECT count(*) FROM deals"))

        for _ in range(10):
            found = await asyncio.gather(
                *(seen_by("riverside"), seen_by("northgate"), seen_by_nobody(), seen_by("northgate"))
            )
            assert found == [["riverside"], ["northgate"], 0, ["northgate"]]
        assert await pool.fetchval("SELECT current_user") == "deal_app"
        assert await pool.fetchval("SHOW statement_timeout") == "10s"
        assert await pool.fetchval("SHOW jit") == "off"
        async with everything(system).acquire() as database:
            assert await database.fetchval("SELECT count(DISTINCT store_id) FROM deals") > 1
        # What another program of this pooler would find is as the server has it.
        stranger = await asyncpg.connect(bouncer.url(), statement_cache_size=0)
        try:
            async with stranger.transaction():
                assert await stranger.fetchval("SHOW jit") == "off"  # as the tests' server has it
                assert await stranger.fetchval("SHOW statement_timeout") == "0"
                assert not await stranger.fetchval("SELECT current_setting('deal.store_id', true)")
        finally:
            await stranger.close()


async def test_a_failure_in_a_transaction_leaves_nothing(pooled: Pooled) -> None:
    """A statement that fails, is cancelled or takes too long is rolled back on its server connection."""
    _, settings = pooled
    async with await open_pool(replace(settings, statement_timeout_ms=300, pool_max=3)) as pool:
        for _ in range(4):
            with pytest.raises(asyncpg.DivisionByZeroError):
                await pool.fetchval("SELECT 1 / 0")
            with pytest.raises(asyncpg.QueryCanceledError):
                await pool.fetchval("SELECT pg_sleep(5)")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await pool.fetchval("SELECT pg_sleep(0.25)")
        assert await asyncio.gather(*(pool.fetchval("SELECT 7") for _ in range(9))) == [7] * 9


@pytest.mark.parametrize("ignored", ["", "role, jit, statement_timeout, application_name"])
async def test_a_pooler_that_nobody_named_is_noticed(pooled: Pooled, ignored: str) -> None:
    """Whether it refuses what a session asks for or drops it silently, and also on the owner's address."""
    bouncer, settings = pooled
    bouncer.stop()
    bouncer.change("ignore_startup_parameters", ignored)
    await bouncer.start()
    with pytest.raises(SettingsDropped, match="DEAL_POOLER"):
        await open_pool(replace(settings, pooler="none", pool_min=1))
    with pytest.raises(SettingsDropped):
        async with connect_as_owner(settings.database_url):
            pass


async def test_a_process_that_cannot_start_says_why(pooled: Pooled, tmp_path: Path) -> None:
    _, settings = pooled
    wrong = replace(settings, pooler="none")
    with pytest.raises(AssertionError, match="set DEAL_POOLER=transaction"):
        async with start_web(wrong, tmp_path):
            pass


async def test_the_pooler_is_paused_and_restarted_under_load(pooled: Pooled, tmp_path: Path) -> None:
    """Nobody loses a note: each is answered, or refused and sent again, and stands once in its deal."""
    bouncer, settings = pooled
    async with AsyncExitStack() as held:
        [web] = await held.enter_async_context(start_together(settings, tmp_path))
        deals = await _deals(held, settings, web.url, 4)
        ended = asyncio.Event()
        writing = [asyncio.create_task(_write(deal, ended)) for deal in deals]
        await asyncio.sleep(0.5)
        await bouncer.command("PAUSE")
        await asyncio.sleep(1.5)
        await bouncer.command("RESUME")
        await asyncio.sleep(0.5)
        for _ in range(2):
            bouncer.stop()
            await asyncio.sleep(0.3)
            await bouncer.start()
            await asyncio.sleep(1.5)
        ended.set()
        written = await asyncio.gather(*writing)
        async with asyncio.timeout(GUARD_SECONDS):
            while not await answers(settings.port, "/readyz"):  # noqa: ASYNC110 - it is asked for
                await asyncio.sleep(0.05)
        async with connect_as_owner(settings.database_owner_url) as owner:
            for deal, notes in zip(deals, written, strict=True):
                stored = await owner.fetch(
                    "SELECT body->>'text' AS text FROM deal_events WHERE deal_id::text = $1"
                    " AND kind = 'note_added' ORDER BY no",
                    deal.channel.removeprefix("deal:"),
                )
                own = [row["text"] for row in stored if row["text"].startswith("Turn")]
                assert own == notes
                assert len(notes) > LEAST_NOTES
        await asyncio.gather(*(deal.search(limit=45) for deal in deals))
        await asyncio.gather(*(_until_valued(deal) for deal in deals))


async def _write(deal: Deal, ended: asyncio.Event) -> list[str]:
    """Write notes until told to end, some in any case; return them: each was answered in the end."""
    written: list[str] = []
    while not ended.is_set() or len(written) <= LEAST_NOTES:
        text = f"Turn {len(written)}."
        await _note(deal, text)
        written.append(text)
        await asyncio.sleep(0.15)
    return written


async def _note(deal: Deal, text: str) -> None:
    """Write a note, as the same command until it is answered."""
    op = uuid.uuid4()
    async with asyncio.timeout(GUARD_SECONDS):
        while True:
            try:
                await deal.desk.note(text, op=op)
            except CommandError as error:
                assert error.code in {ErrorCode.DEGRADED, ErrorCode.RATE_LIMITED}, error
                await asyncio.sleep(0.2)
            else:
                return


async def _deals(held: AsyncExitStack, settings: Settings, url: str, count: int) -> list[Deal]:
    async with connect_as_owner(settings.database_owner_url) as owner:
        rows = await owner.fetch(
            "SELECT deal_id::text FROM deals WHERE store_id = 'riverside' AND state = 'working'"
            " ORDER BY deal_id LIMIT $1",
            count,
        )
    deals = []
    for row in rows:
        token = await token_of(settings, "riverside-manager")
        workspace = await held.enter_async_context(connect(url, token))
        deal = keep_current(await workspace.join(f"deal:{row['deal_id']}", View.MANAGER), settings)
        await deal.terms(EASY)
        deals.append(deal)
    return deals


async def _until_valued(deal: Deal) -> None:
    async with asyncio.timeout(GUARD_SECONDS):
        await events_until(deal, valued)
