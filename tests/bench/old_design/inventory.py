"""All inventory of a store, loaded and then filtered."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import asyncpg
import numpy as np

from protocol.jobs import NUMBER_COLUMNS
from protocol.money.inputs import DealInputs
from protocol.money.lending import RateSheet, Rebate, RiskModel
from server.database.deals.deals import Deal, load_deal
from server.database.editions.products import load_catalogue
from server.database.editions.rates import load_rates, load_rebates, load_risk, load_taxes
from server.database.editions.versions import editions_in_force
from server.finance.cars import Cars
from server.finance.loans.structures import build_structures
from server.finance.plan import Plan, plan_deal
from server.finance.rules.rebates import rebate_for
from server.search.screening.inputs import deal_inputs

STOCK = "SELECT * FROM vehicles WHERE store_id = $1 AND status = 'available' ORDER BY price_cents, vehicle_id"
CUSTOMER = "SELECT c.* FROM customers c JOIN deals d USING (customer_id) WHERE d.deal_id = $1::uuid"


@dataclass(frozen=True, slots=True)
class Tables:
    """What prices are computed from, read for each search anew."""

    sheet: RateSheet
    risk: RiskModel
    inputs: DealInputs
    rebates: tuple[Rebate, ...]

    @property
    def plan(self) -> Plan:
        """Make the deal's plan."""
        return plan_deal(self.inputs, self.sheet)


async def fetch_deal(connection: asyncpg.Connection, deal_id: str) -> tuple[Deal, dict[str, Any]]:
    """Return the deal and its customer, as every request fetched them."""
    deal = await load_deal(connection, deal_id)
    assert deal is not None
    return deal, dict(await connection.fetchrow(CUSTOMER, deal_id))


async def load_tables(connection: asyncpg.Connection, deal: Deal) -> Tables:
    """Return what the deal's prices are computed from today."""
    today = dt.datetime.now(dt.UTC).date()
    in_force = await editions_in_force(connection, today)
    taxes = None if in_force.tax is None else await load_taxes(connection, in_force.tax)
    products = in_force.products if deal.structure.products else None
    catalogue = None if products is None else await load_catalogue(connection, products)
    rebates = () if in_force.rebates is None else await load_rebates(connection, in_force.rebates)
    return Tables(
        sheet=await load_rates(connection, in_force.rates),
        risk=await load_risk(connection, in_force.risk),
        inputs=deal_inputs(deal, taxes, today, catalogue=catalogue),
        rebates=rebates,
    )


async def find_matches(
    connection: asyncpg.Connection, deal: Deal, tables: Tables, mileage_max: int
) -> tuple[list[dict[str, Any]], Cars]:
    """Return the cars that can become a deal: as rows for the page, and as numbers for the NPV."""
    stock = [dict(row) for row in await connection.fetch(STOCK, deal.store_id)]
    rows = [row for row in stock if row["mileage"] <= mileage_max]
    on = tables.inputs.structure.contract_date or dt.datetime.now(dt.UTC).date()
    eligibilities = deal.customer.eligibilities
    for row in rows:
        car = (row["make"], row["model"], row["year"], row["is_new"])
        row["rebate_cents"] = rebate_for(tables.rebates, *car, eligibilities, on)
        row["days_in_stock"] = (dt.datetime.now(dt.UTC).date() - row["stocked_on"]).days
        row["transfer_cost_cents"] = row["transfer_days"] = 0
    cars = Cars.of({name: [int(row[name] or 0) for row in rows] for name in NUMBER_COLUMNS})
    kept = np.flatnonzero(build_structures(tables.plan, cars).any_feasible())
    return [rows[place] for place in kept.tolist()], cars.at(kept)
