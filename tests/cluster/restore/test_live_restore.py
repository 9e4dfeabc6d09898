"""A restore under people who are at work: what came after the backup is gone, on every screen."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from client import Deal
from protocol.deal.structure import StructureChanges
from protocol.records import View
from server.database.core.pool import connect_as_owner
from server.settings import Settings
from tests.cluster.restore.systems import command, up
from tests.flow.holdings import holdings_of
from tests.flow.shop import EASY, connect, token_of
from tests.services import open_folder

TURN_SECONDS = 0.02
GUARD_TURNS = 4_500


async def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for what a client must see."""
    for _ in range(GUARD_TURNS):
        if holds():
            return
        await asyncio.sleep(TURN_SECONDS)
    raise AssertionError(f"not seen: {what}")


async def drained(deal: Deal) -> None:
    """Read a deal's deliveries for as long as the test goes on, so that its inbox does not fill."""
    async for _ in deal:
        pass


async def change(deal: Deal, changes: StructureChanges) -> None:
    """Change a deal, and see it changed: the next change is based on that."""
    version = await deal.terms(changes)
    await until(lambda: deal.state.version >= version, "a change of one's own")


def shown_price(deal: Deal, car: str) -> int | None:
    """Return a car's price in cents on the screen; None if it is not there."""
    row = deal.rows.get(car)
    return None if row is None else row.match["price_cents"]


async def reprice(settings: Settings, cents: int) -> str:
    """Set the price of the store's first car, as an import does; return the car's id."""
    async with connect_as_owner(settings.database_owner_url) as owner:
        return str(
            await owner.fetchval(
                "UPDATE vehicles SET price_cents = $1 WHERE vehicle_id ="
                " (SELECT min(vehicle_id) FROM vehicles"
                " WHERE store_id = 'riverside' AND status = 'available')"
                " RETURNING vehicle_id",
                cents,
            )
        )


async def test_everyone_ends_with_the_restored_truth(tmp_path: Path) -> None:
    """Two people at a deal and one at the wall lived through it; a deal that nobody watched is right, too,
    and what is decided afterwards has the numbers that were lost. Their searches find restored cars alone.
    """
    with open_folder(in_memory=True) as folder, up(folder / "data", tmp_path / "up.log") as system:
        await system.ready()
        settings = system.settings
        async with connect_as_owner(settings.database_owner_url) as owner:
            rows = await owner.fetch(
                "SELECT deal_id::text FROM deals WHERE store_id = 'riverside' AND version = 0 LIMIT 2"
            )
        watched, unwatched = (row["deal_id"] for row in rows)
        sales, manager = [await token_of(settings, f"riverside-{who}") for who in ("sales", "manager")]
        async with (
            connect(system.url, sales) as one,
            connect(system.url, manager) as two,
            connect(system.url, manager) as three,
            asyncio.TaskGroup() as tasks,
        ):
            mine = await one.join(f"deal:{watched}", View.SALES)
            theirs = await two.join(f"deal:{watched}")
            wall = await three.join("desk:riverside")
            reading = [tasks.create_task(drained(deal)) for deal in (mine, theirs, wall)]
            await theirs.terms(EASY)
            await until(lambda: mine.state.version == 1, "the first change")

            backup = tmp_path / "backup"
            await asyncio.to_thread(command, "backup", str(backup), data_dir=folder / "data")
            before = await holdings_of(settings.database_owner_url)

            # What the restore takes back: decisions, prices, a person's token, deals.
            for version in range(1, 8):
                await change(mine, StructureChanges(cash_down_cents=version * 1_000_00))
            async with connect(system.url, sales) as four:
                away = await four.join(f"deal:{unwatched}", View.SALES)
                for version in range(6):
                    await change(away, StructureChanges(discount_cents=version * 100 + 100))
                await away.leave()
            await until(lambda: theirs.state.version == 8, "what will be lost")
            await until(lambda: wall.wall[unwatched]["deal_version"] == 6, "what will be lost, on the wall")
            car = await reprice(settings, 1_234_500)
            late = await token_of(settings, "riverside-sales")
            await mine.search()
            await until(lambda: shown_price(mine, car) == 1_234_500, "the price that will be lost")

            began = time.monotonic()
            said = await asyncio.to_thread(
                command, "restore", str(backup), "--replace", data_dir=folder / "data"
            )
            await until(lambda: mine.state.version == theirs.state.version == 1, "the restored deal")
            await until(lambda: wall.wall[unwatched]["deal_version"] == 0, "the restored wall")
            print(said, f"everyone had it {time.monotonic() - began:.1f} s after the command began")
            now = await holdings_of(settings.database_owner_url)
            # Their coming back is a new event.
            for told in (now, before):
                for name in [each for each in told if each.startswith("table security_events")]:
                    del told[name]
            assert now == before
            assert mine.state.structure["cash_down_cents"] == theirs.state.structure["cash_down_cents"] == 0
            # Who is not needed for that finds out by its next connection.
            await until(lambda: len(system.events("database_was_restored")) >= 3, "every process end")
            ended = [line["process"] for line in system.events("database_was_restored")]
            assert sorted(ended) == ["web", "web", "worker"]

            # The numbers that were lost are given again, and everybody hears of the new decisions.
            await change(mine, StructureChanges(cash_down_cents=77_00))
            await until(lambda: theirs.state.version == 2, "a decision after the restore")
            assert theirs.state.structure["cash_down_cents"] == 77_00
            async with connect(system.url, sales) as four:
                away = await four.join(f"deal:{unwatched}", View.SALES)
                assert away.state.version == 0
                await change(away, StructureChanges(discount_cents=55_00))
                await until(lambda: away.state.version == 1, "its first decision")
            await until(lambda: wall.wall[unwatched]["deal_version"] == 1, "a decision on the wall")
            await mine.search()
            await until(lambda: bool(mine.search_state and mine.search_state.ended), "a search to its end")
            assert shown_price(mine, car) not in {None, 1_234_500}
            assert all(row.match["price_cents"] != 1_234_500 for row in mine.rows.values())
            for task in reading:
                task.cancel()
        # The token of after the backup never was.
        async with connect_as_owner(settings.database_owner_url) as owner:
            held = await owner.fetchval("SELECT count(*) FROM credentials")
        assert late and held == 2
