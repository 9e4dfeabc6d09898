"""Pages as a warehouse answers them: every row once, and no more read than a page needs."""

import datetime as dt
import json
from typing import Any

import pytest

from server.warehouse.fields import What
from server.warehouse.layout import Table, find_table, read_layout
from server.warehouse.reading.keyset import (
    KEY,
    NEWEST,
    Position,
    Walk,
    keys_query,
    moment_of,
    page_query,
    tie_query,
)
from server.warehouse.reading.pacing import Pacing
from server.warehouse.reading.source import Warehouse
from tests.warehouse.conftest import QUICK, STORES, Both
from tests.warehouse.sample import LONG_AGO, cars, fill, loans, payments

pytestmark = pytest.mark.flow
AT_ONCE = "UPDATE deal_architect.{} SET updated_at = '2026-01-05 06:00:00.25'"


async def table_of(both: Both, what: What, layout: str = "") -> Table:
    """Return a table as a sync finds it."""
    file = both.folder / "warehouse.toml"
    file.write_text(layout)
    warehouse = Warehouse(both.warehouse.owner_url, Pacing(1.0), QUICK)
    mapped = read_layout(file)[what]
    columns = await warehouse.columns(mapped)
    await warehouse.close()
    return find_table(mapped, columns)


async def keys_of(both: Both, table: Table, rows: int) -> list[str]:
    """Return the keys that a walk in pages of so many rows reads, in its order."""
    walk, found = Walk(Position(LONG_AGO), LONG_AGO + dt.timedelta(days=9), rows), []
    while not walk.done:
        page: list[Any] = []
        if (tie := tie_query(table, walk)) is not None:
            page += await both.source.fetch(tie[0], *tie[1])
        if len(page) < walk.rows:
            page += await both.source.fetch(page_query(table, walk, walk.rows - len(page))[0])
        found += [row[KEY] for row in page]
        last = Position(moment_of(page[-1][NEWEST]), page[-1][KEY]) if page else None
        walk = walk.after(len(page), last)
    return found


@pytest.mark.parametrize("at_once", [True, False])
async def test_rows_of_one_moment_come_once_whatever_their_keys_are(both: Both, at_once: bool) -> None:
    """Payments 2 to 9 come before 10 though '10' comes before '2', and so with keys of other types."""
    await fill(both.source, payments=payments(120), stock=cars(120, STORES), loans=loans(120))
    await both.change(
        "ALTER TABLE deal_architect.loans ALTER loan_id TYPE numeric USING substr(loan_id, 2)::int"
    )
    if at_once:
        for table in ("payments", "stock", "loans"):
            await both.change(AT_ONCE.format(table))
    for what, key, layout in (
        (What.PAYMENTS, "payment_id", ""),
        (What.LOANS, "loan_id", ""),
        (What.STOCK, "vin", ""),
        (What.STOCK, "stock_no", '[stock]\nid = "stock_no"\n'),
    ):
        there = await both.source.fetch(
            f"SELECT t.{key}::text AS key FROM deal_architect.{what} t"  # noqa: S608 - names of our own
            f" ORDER BY t.updated_at, t.{key}"
        )
        found = await keys_of(both, await table_of(both, what, layout), 7)
        assert found == [row["key"] for row in there], (what, key)


async def test_keys_are_listed_in_their_own_order(both: Both) -> None:
    await fill(both.source, stock=cars(120, STORES))
    await both.change(
        "ALTER TABLE deal_architect.stock ALTER stock_no TYPE integer USING substr(stock_no, 2)::int"
    )
    table, last, found = await table_of(both, What.STOCK, '[stock]\nid = "stock_no"\n'), None, []
    while True:
        sql, arguments = keys_query(table, last, 7)
        page = await both.source.fetch(sql, *arguments)
        found += [int(row[KEY]) for row in page]
        if len(page) < 7:
            break
        last = page[-1][KEY]
    assert found == list(range(120))


async def test_a_page_within_a_moment_reads_no_row_before_it(both: Both) -> None:
    """However many rows have the same updated_at, by the index that a warehouse needs."""
    await fill(both.source, payments=payments(3_000))
    await both.change(AT_ONCE.format("payments"))
    await both.change("ANALYZE deal_architect.payments")
    table = await table_of(both, What.PAYMENTS)
    walk = Walk(Position(moment_of("2026-01-05 06:00:00.25"), "2900"), LONG_AGO + dt.timedelta(days=9), 20)
    tie = tie_query(table, walk)
    assert tie is not None
    await both.change("SET enable_seqscan = off; SET enable_bitmapscan = off")
    for sql, arguments in (tie, page_query(table, walk, 20)):
        told = await both.source.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments)
        plan = told if isinstance(told, str) else json.dumps(told)
        assert '"Index Cond"' in plan
        assert "Rows Removed by Filter" not in plan, plan
        assert '"Sort Key"' not in plan, plan
