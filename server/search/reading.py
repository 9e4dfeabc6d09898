"""What one page of a search is read and computed with, from the deal and the versions in force."""

import datetime as dt
from dataclasses import dataclass

from protocol.records import MAX_CENTS, Filters, Sort, Versions
from server.finance.plan import Plan, plan_deal, price_window
from server.finance.rebates import largest_rebate_cents
from server.search.basis import load_basis
from server.search.cursor import StockReader
from server.search.outside import outside_queries
from server.search.query import Keyset, Query, Stock, build_query
from server.store.deals import Deal
from server.work.tables import Tables

EVERY_PRICE = (1, MAX_CENTS)


@dataclass(frozen=True, slots=True)
class Reading:
    """A deal's plan, the versions behind it, the queries of its cars and of those just outside its window.

    Where the plan is empty, the query is for the planner only: no car is worth reading.
    """

    plan: Plan
    versions: Versions
    query: Query
    outside: list[Query]


async def prepare_reading(
    reader: StockReader,
    tables: Tables,
    deal: Deal,
    *,
    filters: Filters,
    sort: Sort,
    after: Keyset | None,
    today: dt.date,
) -> Reading:
    """Return how to read the cars of a deal behind ``after``.

    Raises CommandError (invalid) where the deal's dates contradict ``today`` or its address has no tax rule,
    NotInForce without rates.
    """
    stock = Stock(deal.store_id, deal.group_id, deal.structure.scope)
    in_force = await reader.versions(stock, today)
    basis = await load_basis(reader.connection, tables, deal, in_force, today)
    plan = plan_deal(basis.inputs, basis.sheet)
    window = price_window(plan, largest_rebate_cents(basis.rebates)) or EVERY_PRICE
    query = build_query(stock, filters, sort, window=window, after=after, today=today, rebates=basis.rebates)
    outside = outside_queries(stock, filters, window, today=today, rebates=basis.rebates)
    return Reading(plan, basis.versions, query, outside)
