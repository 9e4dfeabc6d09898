"""How much of the warehouse a sync uses, as the proxy before it sees it."""

import time

import pytest

from server.database.core.pool import open_pool
from server.warehouse.fields import What
from server.warehouse.layout import read_layout
from server.warehouse.reading.pacing import Pacing, Patience
from server.warehouse.reading.source import Warehouse
from server.warehouse.rejects import open_rejects
from server.warehouse.syncing import Plan, sync_once
from tests.warehouse.conftest import QUICK, STORES, Both
from tests.warehouse.sample import cars, fill, payments

pytestmark = pytest.mark.flow
SLOW = """
ALTER TABLE deal_architect.stock RENAME TO cars;
ALTER TABLE deal_architect.cars DROP COLUMN deleted_at;
CREATE FUNCTION slow(vin text) RETURNS text IMMUTABLE LANGUAGE plpgsql
    AS $$ BEGIN PERFORM pg_sleep(0.02); RETURN ''; END $$;
CREATE VIEW deal_architect.stock AS SELECT *, slow(vin) AS fuel FROM deal_architect.cars;
"""


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
async def test_the_warehouse_is_busy_for_its_share_and_with_one_query_at_a_time(
    both: Both, share: float
) -> None:
    await fill(both.source, payments=payments(10))
    both.proxy.delay_seconds = 0.02
    pacing = Pacing(share)
    warehouse = Warehouse(both.url, pacing, QUICK)
    await warehouse.fetch(("SELECT 1", ()))
    await pacing.wait()
    both.proxy.busy_seconds, began = 0.0, time.monotonic()
    for _ in range(19):
        await warehouse.fetch(("SELECT CAST(payment_id AS VARCHAR) FROM deal_architect.payments", ()))
    # Each query with the rest that follows it, the last one too: any of them may take long.
    await pacing.wait()
    spent = time.monotonic() - began
    await warehouse.close()

    assert 0.5 * share < both.proxy.busy_seconds / spent <= share * 1.15
    assert both.proxy.most_at_once == 1


async def test_a_whole_sync_keeps_its_share(both: Both) -> None:
    """With a page that takes too long and is halved, with pages, and with keys that are compared."""
    await fill(both.source, stock=cars(12, STORES))
    await both.change(SLOW)
    both.proxy.delay_seconds = 0.01
    patience = Patience(2, 0.001, 0.001, 0.15, 5)
    plan = Plan(read_layout(None), (What.STOCK,), both.folder, rows=12)
    pacing = Pacing(0.25)
    warehouse = Warehouse(both.url, pacing, patience)
    # To connect takes five short queries, which are beside the share.
    await warehouse.fetch(("SELECT 1", ()))
    await pacing.wait()
    both.proxy.busy_seconds = 0.0
    async with await open_pool(both.settings) as pool:
        with open_rejects(both.folder / "rejects.csv") as rejects:
            began = time.monotonic()
            found = await sync_once(plan, warehouse, both.settings.database_owner_url, pool, rejects=rejects)
            await pacing.wait()
            spent = time.monotonic() - began

    assert (found[What.STOCK].tally.added, found[What.STOCK].compared) == (12, True)
    assert found[What.STOCK].pages > 1
    assert both.proxy.busy_seconds / spent <= 0.25 * 1.15
    assert both.proxy.most_at_once == 1
    noted = await both.ours.fetchval("SELECT source_ms FROM sync_state WHERE what = 'stock'")
    assert noted == pytest.approx(1000 * warehouse.busy_seconds, rel=0.1)
