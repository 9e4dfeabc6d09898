"""Payments and loans of a warehouse as files of the history."""

import duckdb
import pytest

from server.history.aggregates.files import HistoryFiles
from tests.warehouse.conftest import Both
from tests.warehouse.sample import fill, loans, payments

pytestmark = pytest.mark.flow
NEWEST = """
SELECT payment_id, loan_id, due_on, paid_cents, principal_cents, interest_cents, balance_cents, status,
       days_past_due,
       recovery_cents FROM read_parquet($files, hive_partitioning = false)
QUALIFY row_number() OVER (PARTITION BY payment_id ORDER BY updated_at DESC) = 1 ORDER BY payment_id::int
"""


def payments_here(both: Both) -> list[tuple[object, ...]]:
    """Return the newest version of each payment in the files."""
    files = [str(file) for file in (both.folder / "history" / "payments").glob("*/*.parquet")]
    with duckdb.connect() as database:
        return database.execute(NEWEST, {"files": files}).fetchall()


async def test_the_files_hold_what_the_warehouse_has_and_later_versions_win(both: Both) -> None:
    await fill(both.source, loans=loans(3), payments=payments(36))

    found = await both.sync("loans", "payments", rows=20)

    assert (found["loans"].tally.added, found["payments"].tally.added) == (3, 36)
    files = HistoryFiles(both.folder / "history")
    assert files.months() == [f"2025-{month:02d}" for month in range(1, 13)]
    await both.change(
        "UPDATE deal_architect.payments SET status = 'late', days_past_due = 31, updated_at = now()"
        " WHERE payment_id % 6 = 0"
    )
    assert (await both.sync("payments", rows=20))["payments"].tally.changed == 6
    # They are within the overlap: read again, and nothing new.
    again = (await both.sync("payments", rows=20))["payments"].tally
    assert (again.read, again.unchanged, again.changed) == (6, 6, 0)

    there = await both.source.fetch(
        "SELECT payment_id::text, loan_id, due_on, paid_cents, principal_cents, interest_cents,"
        " balance_cents, status,"
        " days_past_due, recovery_cents FROM deal_architect.payments ORDER BY"
        " deal_architect.payments.payment_id"
    )
    assert payments_here(both) == [tuple(row) for row in there]
    assert both.proxy.refused == []
