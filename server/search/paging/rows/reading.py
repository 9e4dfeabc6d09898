"""How a page of a search is read and computed, from the deal and the versions in force."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from protocol.records import MAX_CENTS, DealKind, Filters, Sort, Versions
from server.database.deals.deals import Deal, load_deal
from server.finance.rules.rebates import largest_rebate_cents
from server.search.answers.question import AsOf
from server.search.screening.basis import load_basis
from server.search.screening.plans import Plans
from server.search.sql.cursor import StockReader
from server.search.sql.estimates import Key, estimate_key
from server.search.sql.outside import outside_queries
from server.search.sql.query import LeasedCars, Stock, build_query
from server.search.sql.statement import Keyset, OrderedQuery
from server.search.sql.supplies import Supplies
from server.search.sql.supply import Supply
from server.work.tables import Tables

if TYPE_CHECKING:
    from server.finance.plan import Plan
    from server.search.screening.other_terms import OtherTerms

EVERY_PRICE = (1, MAX_CENTS)


@dataclass(frozen=True, slots=True)
class Reading:
    """A deal's plan and versions, and the queries for its cars and for those outside its price window.

    If ``unread``, no lender or lessor takes any car and cash pays for none: no car is read and the query
    serves only the planner's estimate. ``deal`` is the deal as of the snapshot that is read. Searches with
    the same ``estimate_key`` share an estimate. ``supply`` is that of the stock.
    """

    deal: Deal
    plan: "Plan"
    others: "OtherTerms"
    versions: Versions
    query: OrderedQuery
    outside: list[OrderedQuery]
    estimate_key: Key
    unread: bool = False
    supply: Supply = field(default_factory=dict)


async def current(reader: StockReader, deal: Deal, *, fixed: bool) -> tuple[Deal, int]:
    """Return the deal and the version of its stock, as of the snapshot.

    ``deal`` may come from memory: if the snapshot has a newer version, that one is returned, unless the deal
    is ``fixed``.
    """
    inventory, version = await reader.version(stock_of(deal), deal.id)
    if version > deal.version and not fixed:
        deal = await load_deal(reader.database, deal.id) or deal
        inventory, _ = await reader.version(stock_of(deal), deal.id)
    return deal, inventory


async def prepare_reading(
    reader: StockReader,
    tables: Tables,
    deal: Deal,
    as_of: AsOf,
    *,
    plans: Plans,
    supplies: Supplies,
    filters: Filters,
    sort: Sort,
    after: Keyset | None,
) -> Reading:
    """Return how to read the cars of a deal after ``after``, as of the snapshot.

    Raises CommandError (invalid) if the deal's dates contradict the day or its address has no tax rule,
    NotInForce for a missing edition.
    """
    today, in_force, inventory = as_of.today, as_of.in_force, as_of.inventory
    stock = stock_of(deal)
    basis = await load_basis(reader.database, tables, deal, in_force, inventory=inventory, today=today)
    plan, known, others = plans.of(
        basis.inputs, basis.sheet, largest_rebate_cents(basis.rebates), basis.leases
    )
    window, leased = known or EVERY_PRICE, leased_cars(plan)
    rebates: dict[str, Any] = {"rebates": basis.rebates, "exclusions": basis.exclusions}
    query = build_query(
        stock, filters, sort, window=window, after=after, today=today, leased=leased, **rebates
    )
    outside = outside_queries(stock, filters, window, today=today, leased=leased, **rebates)
    supply = await supplies.of(reader, stock, inventory, today)
    key = estimate_key(stock, filters, window, leased)
    financed = basis.inputs.structure.kind is DealKind.FINANCE
    unread = bool(plan.empty) and financed and known is None and leased is None
    return Reading(deal, plan, others, basis.versions, query, outside, key, unread, supply)


def leased_cars(plan: "Plan") -> LeasedCars | None:
    """Return which cars a lease programme may take, whatever they cost; None if it takes none."""
    leases = plan.leases
    if leases is None or leases.empty:
        return None
    return LeasedCars(leases.makes, leases.takes_used)


def stock_of(deal: Deal) -> Stock:
    """Return the stock that a deal's searches read."""
    return Stock(deal.store_id, deal.group_id, deal.structure.scope)
