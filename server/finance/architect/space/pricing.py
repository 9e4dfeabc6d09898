"""A search's plan with its valuation, built once and used for all cars."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import msgspec
import numpy as np

from protocol.events import FixKind
from protocol.money.inputs import DealInputs
from protocol.money.lending import RateSheet, RiskModel
from protocol.records import MAX_CENTS
from server.finance.architect.space.product_cuts import ProductCut, reduced_plans
from server.finance.cars import Cars
from server.finance.payment import largest_principal
from server.finance.plan import Plan, plan_deal
from server.finance.rounding import WHOLE, Cents
from server.finance.rules.programmes import terms_of
from server.finance.value.valuation import Valuation, value_plan

UNKNOWN_WORTH_CENTS = 1 << 48
"""More than any amount, and small enough for sums over the cars of a block."""


@dataclass(frozen=True, slots=True, eq=False)
class Pricing:
    """A plan, its valuation, and the principals at the upper edges of the PTI bands.

    ``pti_principals`` has shape (p, e), one for each edge but the last, which is none; e is 0 if the income
    is not known. ``wider`` returns the pricings after one change of the terms, by the kind of fix;
    ``reduced`` those with one product less or cheaper, the cheapest change first. Most searches need no fix,
    so they are computed when the first one is asked for.
    """

    plan: Plan
    valuation: Valuation
    pti_principals: Cents
    wider: "Callable[[], Mapping[FixKind, Pricing]]" = dict
    reduced: "Callable[[], Sequence[tuple[ProductCut, Pricing]]]" = tuple


def price_plan(plan: Plan, model: RiskModel) -> Pricing:
    """Return the plan's pricing with the curves of the deal's tier.

    Raises RiskModelError if the model lacks the tier. The plan must have a programme.
    """

    def wider() -> dict[FixKind, Pricing]:
        return {kind: _priced(wide, model) for kind, wide in _wider_plans(plan).items()}

    def reduced() -> list[tuple[ProductCut, Pricing]]:
        return [(cut, _priced(less, model)) for cut, less in reduced_plans(plan)]

    return replace(_priced(plan, model), wider=cache(wider), reduced=cache(reduced))


def with_cash(pricing: Pricing, cash_down_cents: int) -> Pricing:
    """Return the pricing with exactly this much cash, without recomputing: no limit depends on it."""
    plan = pricing.plan
    structure = msgspec.structs.replace(
        plan.inputs.structure, cash_down_cents=cash_down_cents, cash_down_max_cents=cash_down_cents
    )
    inputs = msgspec.structs.replace(plan.inputs, structure=structure)

    def wider() -> dict[FixKind, Pricing]:
        return {kind: with_cash(wide, cash_down_cents) for kind, wide in pricing.wider().items()}

    def reduced() -> list[tuple[ProductCut, Pricing]]:
        return [(cut, with_cash(less, cash_down_cents)) for cut, less in pricing.reduced()]

    paid = replace(plan, inputs=inputs)
    return replace(pricing, plan=paid, wider=cache(wider), reduced=cache(reduced))


def front_gross_cents(inputs: DealInputs, cars: Cars, price: Cents, discount: Cents | int) -> Cents:
    """Return what the store earns on each car and on the trade; may be negative.

    If the cost of a car is unknown, so is its gross: it is UNKNOWN_WORTH_CENTS more than at a cost of 0. That
    keeps every structure above any floor, and ranks them as any cost would. Whoever shows an amount leaves it
    out for such a car.

    ``price`` is the selling price before ``discount``. Rebates are the manufacturer's money, not the store's.
    A car of another store costs its transfer, and the floorplan cost of the transfer days. A trade that was
    not appraised earns and costs nothing.
    """
    s = inputs.structure
    floorplan = np.minimum(cars.floorplan_day_cents * (cars.days_in_stock + cars.transfer_days), MAX_CENTS)
    cost = np.where(cars.cost_known, cars.cost_cents, -UNKNOWN_WORTH_CENTS)
    carried = cost + cars.recon_cents + floorplan + cars.transfer_cost_cents
    earned = price - discount + s.doc_fee_cents + cars.holdback_cents + cars.dealer_cash_cents
    return earned - carried - (s.trade_allowance_cents - s.trade_value_cents)


def _priced(plan: Plan, model: RiskModel) -> Pricing:
    valuation = value_plan(plan, model)
    income = plan.inputs.monthly_income_cents
    edges = valuation.bands.pti_edges[:-1] if income else valuation.bands.pti_edges[:0]
    highest = np.broadcast_to(edges * (income or 0) // WHOLE, (len(plan.programmes), len(edges)))
    principals = largest_principal(highest, plan.factors[:, None])
    return Pricing(plan=plan, valuation=valuation, pti_principals=principals)


def _wider_plans(plan: Plan) -> dict[FixKind, Plan]:
    """Return the plans with every term of the sheet, and with every programme at its own rate."""
    structure, sheet = plan.inputs.structure, plan.sheet
    offered = set(structure.terms_months if structure.term_months is None else [structure.term_months])
    every = sorted(terms_of(sheet) | offered)
    plans = {}
    if set(every) != offered:
        plans[FixKind.TERM] = _changed(plan, sheet, term_months=None, terms_months=every)
    if structure.rate_bp is not None:
        plans[FixKind.PROGRAMME] = _changed(plan, sheet, rate_bp=None, rate_reason=None)
    count = np.count_nonzero(plan.programmes.takes_rate)
    return {
        kind: wide for kind, wide in plans.items() if np.count_nonzero(wide.programmes.takes_rate) > count
    }


def _changed(plan: Plan, sheet: RateSheet, **changes: object) -> Plan:
    structure = msgspec.structs.replace(plan.inputs.structure, **changes)
    return plan_deal(msgspec.structs.replace(plan.inputs, structure=structure), sheet, plan.only)
