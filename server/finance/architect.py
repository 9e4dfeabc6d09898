"""The best structure for each car: every feasible programme and term valued, the most valuable one offered.

The objective: best NPV to the group among acceptable structures, ties by lower payment, then shorter term,
then the order of the rate sheet. Acceptable is feasible and at least the store's NPV floor.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protocol.lending import RiskModel
from protocol.records import Tier
from server.finance.cars import Cars
from server.finance.contract import selling_price_cents
from server.finance.limits import Limit
from server.finance.plan import Plan
from server.finance.rounding import HUNDREDTHS, WHOLE, Cents, Flags, annual_fraction, half_up
from server.finance.structures import Structures, build_structures
from server.finance.valuation import STRESS_DEFAULTS, ContractFactors, contract_factors

_NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True, eq=False)
class Pricing:
    """A plan with its contract factors, expected and stressed: made once for a search."""

    plan: Plan
    expected: ContractFactors
    stressed: ContractFactors
    servicing_month_cents: int


def price_plan(plan: Plan, model: RiskModel) -> Pricing:
    """Return the plan's pricing under the curve of the deal's tier. Raises KeyError where the model lacks the
    tier.
    """
    curves = {curve.tier: curve for curve in model.curves}
    curve = curves[Tier(plan.inputs.structure.tier)]
    rate, term = annual_fraction(plan.sell_rate), plan.programmes.term
    return Pricing(
        plan=plan,
        expected=contract_factors(rate, term, curve),
        stressed=contract_factors(rate, term, curve, defaults=STRESS_DEFAULTS),
        servicing_month_cents=curve.servicing_month_cents,
    )


def best_offers(pricing: Pricing, cars: Cars) -> dict[str, list[Any]]:
    """Return the best offer of each car: ``events.OFFER_COLUMNS`` but ``vehicle_id`` and ``rev``, each of
    length c.

    A car without an acceptable structure has None in every column but ``binding``, which then names what
    refuses it. The plan must have a programme.
    """
    structures = build_structures(pricing.plan, cars)
    front = front_gross_cents(pricing.plan, cars)[:, None]
    npv = _npv_cents(pricing, structures, pricing.expected, front)
    acceptable = structures.feasible & (npv >= pricing.plan.inputs.npv_floor_cents)
    best, frontier = _choose(structures, npv, pricing.plan.programmes.term, acceptable)
    stressed = _npv_cents(pricing, structures, pricing.stressed, front)
    car = np.arange(len(cars))
    offered = acceptable[car, best]
    refusal = np.where(structures.any_feasible(), int(Limit.NPV_FLOOR), structures.nearest_limit())
    binding = np.where(offered, structures.limit[car, best], refusal)
    nothing = np.full(len(cars), None, dtype=object)

    def shown(values: NDArray[Any]) -> list[Any]:
        columns: list[Any] = np.where(offered, values.astype(object), nothing).tolist()
        return columns

    return {
        "payment_cents": shown(structures.payment[car, best]),
        "term_months": shown(pricing.plan.programmes.term[best]),
        "lender": shown(pricing.plan.programmes.lender[best]),
        "rate_bp": shown(pricing.plan.sell_rate[best] / HUNDREDTHS),
        "cash_down_cents": shown(structures.cash[car, best]),
        "discount_cents": shown(np.full(len(cars), pricing.plan.inputs.structure.discount_cents)),
        "npv_cents": shown(npv[car, best]),
        "stress_npv_cents": shown(stressed[car, best]),
        "binding": [Limit(code).wire for code in binding.tolist()],
        "fix": nothing.tolist(),
        "frontier": shown(frontier),
    }


def front_gross_cents(plan: Plan, cars: Cars) -> Cents:
    """Return what the store earns on the car itself and on the trade; shape (c,), may be negative."""
    s = plan.inputs.structure
    carried = cars.cost_cents + cars.recon_cents + cars.floorplan_day_cents * cars.days_in_stock
    earned = selling_price_cents(s, cars.price_cents) + cars.holdback_cents + cars.dealer_cash_cents
    over_allowance = s.trade_allowance_cents - s.trade_acv_cents
    return earned - s.discount_cents - carried - over_allowance


def _npv_cents(pricing: Pricing, structures: Structures, factors: ContractFactors, front: Cents) -> Cents:
    """Return NPVs of shape (c, p), held or sold as the programme says; meaningless where not feasible."""
    plan, programmes = pricing.plan, pricing.plan.programmes
    held = (
        structures.principal * factors.principal
        - pricing.servicing_month_cents * factors.servicing
        - programmes.acquisition
    )
    extra_charge = programmes.term * (plan.factors - plan.buy_factors)
    reserve = half_up(structures.principal * (extra_charge * programmes.reserve_share / WHOLE))
    return front + np.where(programmes.held, half_up(held), reserve - programmes.lender_fee)


def _choose(
    structures: Structures, npv: Cents, term: NDArray[np.int64], acceptable: Flags
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return each car's best programme, and how many acceptable ones are not dominated."""
    # By payment, then term; the sort is stable, so the sheet's order stays last.
    order = np.argsort(structures.payment * (int(term.max()) + 1) + term, axis=1, kind="stable")
    worth = np.take_along_axis(np.where(acceptable, npv, _NEVER), order, axis=1)
    best = np.take_along_axis(order, worth.argmax(axis=1)[:, None], axis=1)[:, 0]
    before = np.maximum.accumulate(worth, axis=1)[:, :-1]
    frontier = (worth[:, 1:] > before).sum(axis=1) + (worth[:, 0] > _NEVER)
    return best, frontier
