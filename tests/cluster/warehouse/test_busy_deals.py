"""Customers of the warehouse whose deals take no change."""

from typing import Any

import pytest

from protocol.closing import CommandError, ErrorCode
from server.warehouse.storing.facts import customer_id_of
from tests.warehouse.conftest import Both
from tests.warehouse.sample import customers, fill
from tests.warehouse.test_customers import give_deal

pytestmark = pytest.mark.flow


@pytest.mark.parametrize("code", [ErrorCode.CONFLICT, ErrorCode.BUSY])
async def test_a_deal_that_takes_no_change_keeps_its_customer_and_stops_nobody(
    both: Both, monkeypatch: pytest.MonkeyPatch, code: ErrorCode
) -> None:
    """Nor does asking again count anew who is gone: six of twenty are 30 %, and may go."""
    await fill(both.source, customers=customers(20, ["riverside"]))
    await both.sync("customers", rows=100)
    key = customer_id_of("riverside", "12")
    await give_deal(both, 12)
    await both.change(
        "UPDATE deal_architect.customers SET deleted_at = now(), updated_at = now() WHERE customer_id < 6"
    )
    await both.change(
        "UPDATE deal_architect.customers SET monthly_income = 6000, updated_at = now()"
        " WHERE customer_id IN (12, 14)"
    )
    asked = []

    async def refuse(*arguments: Any, **_named: Any) -> None:
        asked.append(arguments)
        raise CommandError(code, "not now")

    monkeypatch.setattr("server.warehouse.storing.customers.change_customer", refuse)

    found = (await both.sync("customers", rows=100))["customers"].tally

    assert (found.removed, found.updated, found.rejected) == (6, 1, 1)
    assert len(asked) == {ErrorCode.CONFLICT: 4, ErrorCode.BUSY: 1}[code]
    assert "deal_architect.customers,12,rejected" in both.rejects()
    assert (
        await both.ours.fetchval("SELECT monthly_income_cents FROM customers WHERE customer_id = $1", key)
        != 600_000
    )
