"""What a deal's answers are computed from on a given day: inputs, sheets, open rebates, and versions."""

import datetime as dt
from dataclasses import dataclass

from msgspec import UNSET

from protocol.money.inputs import DealInputs
from protocol.money.leasing import LeaseSheet
from protocol.money.lending import RateSheet, Rebate
from protocol.records import Versions
from server.database.core.pool import Database
from server.database.deals.deals import Deal
from server.database.editions.versions import InForce
from server.finance.rules.rebates import exclusions_of, rebates_open_to
from server.finance.versions import ENGINE_VERSION
from server.search.screening.inputs import deal_inputs
from server.work.tables import Tables


@dataclass(frozen=True, slots=True)
class Basis:
    """``rebates`` are those that are valid on the contract date and open to the customer; ``exclusions`` the
    lists of rebates that rows of the sheet exclude. ``leases`` is None if no lease sheet is in force.
    """

    inputs: DealInputs
    sheet: RateSheet
    rebates: tuple[Rebate, ...]
    exclusions: tuple[tuple[str, ...], ...]
    versions: Versions
    leases: LeaseSheet | None


async def load_basis(
    database: Database, tables: Tables, deal: Deal, in_force: InForce, *, inventory: int, today: dt.date
) -> Basis:
    """Return the basis of a deal's answers for version ``inventory`` of the stock.

    Editions are read from Postgres at their first use. Raises CommandError as ``deal_inputs`` does, and
    NotInForce.
    """
    from server.finance.rules.taxes import tax_version

    taxes = None if in_force.tax is None else await tables.taxes(database, in_force.tax)
    limits = None if in_force.limits is None else await tables.limits(database, in_force.limits)
    products = in_force.products if deal.structure.products else None
    catalogue = None if products is None else await tables.products(database, products)
    inputs = deal_inputs(deal, taxes, today, limits=limits, catalogue=catalogue)
    sheet = await tables.rates(database, in_force.rates)
    leases = None if in_force.leases is None else await tables.leases(database, in_force.leases)
    rebates = () if in_force.rebates is None else await tables.rebates(database, in_force.rebates)
    return Basis(
        inputs=inputs,
        sheet=sheet,
        rebates=rebates_open_to(
            rebates, deal.customer.eligibilities, inputs.structure.contract_date or today
        ),
        exclusions=exclusions_of(sheet),
        versions=Versions(
            inventory=str(inventory),
            rates=in_force.rates,
            tax=tax_version(inputs.structure, in_force.tax or ""),
            risk=in_force.risk,
            engine=ENGINE_VERSION,
            limits=in_force.limits or "",
            products=products,
            leases=UNSET if in_force.leases is None else in_force.leases,
        ),
        leases=leases,
    )
