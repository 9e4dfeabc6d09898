"""What one page of a search is read and computed with, from the deal and the versions in force."""

import datetime as dt
from dataclasses import dataclass

from protocol.closing import CommandError, ErrorCode
from protocol.inputs import DealInputs
from protocol.records import MAX_CENTS, Filters, Sort, StructureError, Versions
from server.finance.calendar import with_dates
from server.finance.plan import Plan, plan_deal, price_window
from server.finance.versions import ENGINE_VERSION, TAX_VERSION
from server.search.cursor import StockReader
from server.search.query import Keyset, Query, Stock, build_query
from server.store.deals import Deal
from server.work.tables import Tables

EVERY_PRICE = (1, MAX_CENTS)


@dataclass(frozen=True, slots=True)
class Reading:
    """A deal's plan, the versions behind it, and the query that reads its cars.

    Where the plan is empty, the query is for the planner only: no car is worth reading.
    """

    plan: Plan
    versions: Versions
    query: Query


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

    Raises CommandError (invalid) where the deal's dates contradict ``today``, NotInForce without rates.
    """
    inputs = _inputs(deal, today)
    stock = Stock(deal.store_id, deal.group_id, inputs.structure.scope)
    in_force = await reader.versions(stock, today)
    plan = plan_deal(inputs, await tables.rates(reader.connection, in_force.rates))
    window = price_window(plan) or EVERY_PRICE
    versions = Versions(
        inventory=str(in_force.inventory),
        rates=in_force.rates,
        tax=TAX_VERSION,
        risk=in_force.risk,
        engine=ENGINE_VERSION,
    )
    query = build_query(stock, filters, sort, window=window, after=after, today=today)
    return Reading(plan, versions, query)


def _inputs(deal: Deal, today: dt.date) -> DealInputs:
    try:
        structure = with_dates(deal.structure, today)
    except StructureError as error:
        raise CommandError(
            ErrorCode.INVALID, str(error), field=error.field, expected=error.expected
        ) from None
    return DealInputs(
        structure=structure,
        monthly_income_cents=deal.customer.monthly_income_cents,
        other_debt_cents=deal.customer.other_debt_cents,
        score=deal.customer.score,
        standard_markup_bp=deal.standard_markup_bp,
        npv_floor_cents=deal.npv_floor_cents,
    )
