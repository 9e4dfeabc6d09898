"""All inventory of a store, loaded and then filtered.

What prices are computed from is read as a search of ours reads it, anew for each search. Which cars become a
deal is said here once more, in a few lines, and of all cars: so the comparison with ours is a check of both.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import numpy as np

from protocol.jobs import NUMBER_COLUMNS, UNKNOWN_COST, rebate_numbers
from protocol.money.inputs import CarName
from protocol.records import DealKind
from server.database.deals.deals import Deal, load_deal
from server.database.editions.rates import load_risk
from server.database.editions.versions import editions_in_force
from server.finance.architect import Pricing, price_plan
from server.finance.cars import Cars
from server.finance.cash_sales import cash_sales, covered
from server.finance.leasing.names import CarNames
from server.finance.leasing.ranking import leased
from server.finance.loans.structures import build_structures
from server.finance.offers import offers_of
from server.finance.plan import Plan, plan_deal
from server.finance.rounding import Flags
from server.finance.rules.limits import Limit
from server.finance.rules.rebates import rebate_for, without
from server.search.screening.basis import Basis, load_basis
from server.work.tables import Tables

STOCK: Final = (
    "SELECT * FROM vehicles WHERE store_id = $1 AND status = 'available' ORDER BY price_cents, vehicle_id"
)
CUSTOMER: Final = "SELECT c.* FROM customers c JOIN deals d USING (customer_id) WHERE d.deal_id = $1::uuid"


@dataclass(frozen=True, slots=True)
class Found:
    """The cars of a deal that can become one, as rows for the page, and what their offers are made of."""

    rows: list[dict[str, Any]]
    cars: Cars
    plan: Plan
    pricing: Pricing | None

    def offers(self, part: slice) -> dict[str, list[Any]]:
        """Return the offers of some of the cars."""
        names = CarNames.each(_names(self.rows[part]))
        return offers_of(self.plan, self.pricing, self.cars.at(part), names)


async def fetch_deal(connection: asyncpg.Connection, deal_id: str) -> tuple[Deal, dict[str, Any]]:
    """Return the deal and its customer, as every request fetched them."""
    deal = await load_deal(connection, deal_id)
    assert deal is not None
    return deal, dict(await connection.fetchrow(CUSTOMER, deal_id))


async def find_matches(connection: asyncpg.Connection, deal: Deal, mileage_max: int) -> Found:
    """Return the cars that can become a deal today."""
    today = dt.datetime.now(dt.UTC).date()
    in_force = await editions_in_force(connection, today)
    basis = await load_basis(connection, Tables(), deal, in_force, inventory=0, today=today)
    risk = await load_risk(connection, in_force.risk)
    plan = plan_deal(basis.inputs, basis.sheet, leases=basis.leases)
    stock = [dict(row) for row in await connection.fetch(STOCK, deal.store_id)]
    rows = [row for row in stock if row["mileage"] <= mileage_max]
    cars = _cars(rows, deal, basis, today)
    kept = np.flatnonzero(_becomes_a_deal(plan, cars, CarNames.each(_names(rows))))
    pricing = price_plan(plan, risk) if len(plan.programmes) else None
    return Found([rows[place] for place in kept.tolist()], cars.at(kept), plan, pricing)


def _names(rows: list[dict[str, Any]]) -> list[CarName]:
    return [(row["make"], row["model"], row["body"]) for row in rows]


def _cars(rows: list[dict[str, Any]], deal: Deal, basis: Basis, today: dt.date) -> Cars:
    """Return the numbers of a store's own cars, with this customer's rebates."""
    lists = [basis.rebates, *(without(basis.rebates, excluded) for excluded in basis.exclusions)]
    on, eligibilities = basis.inputs.structure.contract_date or today, deal.customer.eligibilities
    for row in rows:
        car = (row["make"], row["model"], row["year"], row["is_new"])
        row["rebate_cents"], *row["without"] = (rebate_for(each, *car, eligibilities, on) for each in lists)
        row["days_in_stock"] = (today - row["stocked_on"]).days
        row["transfer_cost_cents"] = row["transfer_days"] = 0
        row["cost_cents"] = UNKNOWN_COST if row["cost_cents"] is None else row["cost_cents"]
    numbers = {name: [int(row[name] or 0) for row in rows] for name in NUMBER_COLUMNS}
    columns = zip(*(row["without"] for row in rows), strict=True)
    return Cars.of(numbers | rebate_numbers(list(column) for column in columns))


def _becomes_a_deal(plan: Plan, cars: Cars, names: CarNames) -> Flags:
    """Return which cars a lender takes, the customer's cash pays for, or a lessor takes; shape (c,).

    A deal that is not financed has one way only: that of its kind.
    """
    kind, becomes = plan.inputs.structure.kind, np.zeros(len(cars), dtype=np.bool_)
    if kind is DealKind.FINANCE and not plan.empty:
        becomes |= build_structures(plan, cars).any_feasible()
    if kind is not DealKind.LEASE:
        becomes |= covered(cash_sales(plan, cars))
    if kind is not DealKind.CASH and plan.leases is not None:
        limit, _payment = leased(plan.leases, cars, names)
        becomes |= (limit == Limit.NONE) | (limit == Limit.NPV_FLOOR)
    return becomes
