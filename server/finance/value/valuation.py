"""A structure's value to the group: two numbers for each programme and band, linear in the principal.

Held: the contract's value, front and product gross, less the products' expected chargebacks; the reserve is
paid within the group and not added; acquisition is cash that leaves the group. Sold: front and product gross
and the reserve, less the lender's fee and the expected chargebacks of both. Expected reserve chargebacks are
the share of contracts that end within the lender's window, not discounted, because they end within a few
months and are charged back in full.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from protocol.money.inputs import DealInputs
from protocol.money.lending import ReserveMethod, RiskModel
from protocol.records import MAX_CENTS
from server.finance.plan import Plan
from server.finance.rounding import WHOLE, Cents, Floats, half_up, hundredths_of_bp
from server.finance.rules.programmes import NO_CAP, Whole
from server.finance.value.curves import Bands, bands
from server.finance.value.factors import Factors, factor_table
from server.finance.value.unearned import given_back_cents


@dataclass(frozen=True, slots=True, eq=False)
class Valuation:
    """NPV in cents, before the front gross, as ``principal_cents * slope + intercept``; arrays of shape (p,
    B).

    ``slope`` is the NPV per cent of principal, ``intercept`` in cents; the ``stress_`` ones are the same at
    1.5 times the gross defaults and 0.8 times the recovery. If a lender caps the reserve, ``principal_cents *
    slope`` is at most ``most``, which it reaches just above the principal ``capped_from``, shape (p,); both
    are None if no lender does.
    """

    bands: Bands
    slope: Floats
    intercept: Floats
    stress_slope: Floats
    stress_intercept: Floats
    most: Floats | None = None
    stress_most: Floats | None = None
    capped_from: Cents | None = None

    def npv_cents(self, programme: Any, band: Any, principal_cents: Any, *, stressed: bool = False) -> Cents:
        """Return NPVs before the front gross, rounded half up once; programme and band numbers and principals
        broadcast.
        """
        return self.npv_at(np.asarray(programme * len(self.bands) + band), principal_cents, stressed=stressed)

    def npv_at(self, place: Whole, principal_cents: Any, *, stressed: bool = False) -> Cents:
        """Return NPVs as ``npv_cents``, by the place of programme and band among all of them."""
        slope = self.stress_slope if stressed else self.slope
        intercept = self.stress_intercept if stressed else self.intercept
        most = self.stress_most if stressed else self.most
        grown: Floats = principal_cents * slope.take(place)
        if most is not None:
            grown = np.minimum(grown, most.take(place))
        return half_up(np.asarray(grown + intercept.take(place)))


def value_plan(plan: Plan, model: RiskModel) -> Valuation:
    """Return the valuation of all programmes of a plan with the curves of the deal's tier.

    Raises:
        RiskModelError: the model lacks the tier, or its curves are not a full grid.
    """
    grid = bands(model, plan.inputs.structure.tier)
    programmes = plan.programmes
    table = factor_table(grid)
    expected, stressed = table.look_up(plan.sell_rate, programmes.term, programmes.chargeback_months)
    monthly_cost = np.array(
        [
            [curve.servicing_month_cents for curve in grid.curves_at(term)]
            for term in programmes.term.tolist()
        ],
        dtype=np.float64,
    ).reshape(len(programmes), len(grid))
    products, stress_products = _kept_products(plan, grid, expected, stressed)
    slope, intercept = _linear(plan, expected, monthly_cost, products)
    stress_slope, stress_intercept = _linear(plan, stressed, monthly_cost, stress_products)
    caps = _reserve_caps(plan, expected, stressed)
    return Valuation(
        bands=grid,
        slope=slope,
        intercept=intercept,
        stress_slope=stress_slope,
        stress_intercept=stress_intercept,
        **caps,
    )


def product_gross_cents(inputs: DealInputs) -> int:
    """Return the store's gross on the products: their price less the stated cost, or the usual share."""
    structure = inputs.structure
    cost = structure.products_cost_cents
    if cost is None:
        share = hundredths_of_bp(inputs.product_cost_share_bp)
        cost = (2 * structure.products_cents * share + WHOLE) // (2 * WHOLE)
    return structure.products_cents - cost


def reserve_slope(plan: Plan) -> Floats:
    """Return the reserve per unit of principal, shape (p,): a share of it, or of the finance charge at the
    sell rate less that at the buy rate; 0 if it is flat.
    """
    programmes = plan.programmes
    extra_charge = programmes.term * (plan.factors - plan.buy_factors)
    base = np.select(
        [
            _is(programmes.reserve_method, ReserveMethod.FINANCE_CHARGE),
            _is(programmes.reserve_method, ReserveMethod.PRINCIPAL),
        ],
        [extra_charge, np.ones(len(programmes))],
        0.0,
    )
    return base * programmes.reserve_share / WHOLE


def reserve_flat_cents(plan: Plan) -> Cents:
    """Return the reserve that does not depend on the principal, shape (p,)."""
    programmes = plan.programmes
    flat = np.where(_is(programmes.reserve_method, ReserveMethod.FLAT), programmes.reserve_flat, 0)
    return np.minimum(flat, programmes.reserve_max)


def reserve_cents(plan: Plan, programme: int, principal_cents: int) -> float:
    """Return one structure's reserve, within the lender's cap and not rounded."""
    share = principal_cents * float(reserve_slope(plan)[programme])
    cap = int(plan.programmes.reserve_max[programme])
    return min(share, float(cap)) + float(reserve_flat_cents(plan)[programme])


def _reserve_caps(plan: Plan, expected: Factors, stressed: Factors) -> dict[str, Any]:
    """Return the fields of a valuation in which lenders' caps on the reserve count; none if there is none."""
    programmes, share = plan.programmes, reserve_slope(plan)
    caps = (programmes.reserve_max != NO_CAP) & ~programmes.held & (share > 0)
    if not caps.any():
        return {}
    most = np.where(caps, programmes.reserve_max, np.inf)[:, None]
    reached = np.floor(np.where(caps, programmes.reserve_max, -1) / np.where(caps, share, 1.0))

    def kept(factors: Factors) -> Floats:
        return np.where(caps[:, None], most * (1.0 - factors.ended), np.inf)

    return {
        "most": kept(expected),
        "stress_most": kept(stressed),
        "capped_from": np.minimum(reached, MAX_CENTS).astype(np.int64),
    }


def _kept_products(plan: Plan, grid: Bands, expected: Factors, stressed: Factors) -> tuple[Floats, Floats]:
    """Return the product gross less what is expected to be given back of it, and that under stress; in
    cents, shape (p, B).

    Product lines have their own curves; a flat sum is earned evenly over the contract's term.
    """
    gross, lines = product_gross_cents(plan.inputs), plan.inputs.products
    if not lines:
        return gross * (1.0 - expected.unearned), gross * (1.0 - stressed.unearned)
    back, stress_back = given_back_cents(lines, grid, plan.sell_rate, plan.programmes.term)
    return gross - back, gross - stress_back


def _linear(plan: Plan, factors: Factors, monthly_cost: Floats, products: Floats) -> tuple[Floats, Floats]:
    """Return slope and intercept of shape (p, B); ``products`` is the gross that is kept of them."""
    programmes = plan.programmes
    held = programmes.held[:, None]
    kept = 1.0 - factors.ended
    held_costs = monthly_cost * factors.servicing + programmes.acquisition[:, None]
    reserve = reserve_flat_cents(plan)[:, None] * kept - programmes.lender_fee[:, None]
    slope = np.where(held, factors.principal, reserve_slope(plan)[:, None] * kept)
    return slope, products + np.where(held, -held_costs, reserve)


def _is(methods: NDArray[np.object_], method: ReserveMethod) -> NDArray[np.bool_]:
    return np.array([each == method for each in methods.tolist()], dtype=np.bool_)
