"""How much of the warehouse a sync uses, as the proxy before it sees it."""

import time

import pytest

from server.warehouse.reading.pacing import Pacing
from server.warehouse.reading.source import Warehouse
from tests.warehouse.conftest import QUICK, Both
from tests.warehouse.sample import fill, payments

pytestmark = pytest.mark.flow


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5])
async def test_the_warehouse_is_busy_for_its_share_and_with_one_query_at_a_time(
    both: Both, share: float
) -> None:
    await fill(both.source, payments=payments(10))
    both.proxy.delay_seconds = 0.02
    warehouse = Warehouse(both.url, Pacing(share), QUICK)
    await warehouse.fetch(("SELECT 1", ()))
    both.proxy.busy_seconds, began = 0.0, time.monotonic()
    for _ in range(20):
        await warehouse.fetch(("SELECT CAST(payment_id AS VARCHAR) FROM deal_architect.payments", ()))
    spent = time.monotonic() - began
    await warehouse.close()

    # The first query of the twenty waits for the share of the one before, and nobody waits after the last.
    assert 0.5 * share < both.proxy.busy_seconds / spent <= share * 1.15
    assert both.proxy.most_at_once == 1
