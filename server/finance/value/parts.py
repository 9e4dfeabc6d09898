"""The breakdown of a structure's NPV into parts, and the cash expected in each month.

Each part of a held contract is the change when one effect is switched on, in FINANCE's order: interest (money
free, nobody defaults or prepays), funding, loss, prepayment, servicing, acquisition.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from protocol.money.lending import RiskCurve, RiskModel
from protocol.money.values import MonthlyCash
from server.finance.plan import Plan
from server.finance.rounding import Cents, Floats, annual_fraction, half_up
from server.finance.rules.programmes import Whole
from server.finance.value.curves import bands
from server.finance.value.factors import Factors, contract_factors, risk_of
from server.finance.value.months import Risk, live
from server.finance.value.unearned import earning_of, gross_cents, unearned_factors
from server.finance.value.valuation import (
    product_gross_cents,
    reserve_cents,
    value_plan,
)

Part = Literal[
    "interest",
    "funding",
    "loss",
    "prepayment",
    "servicing",
    "acquisition",
    "front_gross",
    "product_gross",
    "reserve",
    "lender_fee",
    "chargebacks",
]

SWITCHED_ON = ("interest", "funding", "loss", "prepayment")
"""The cumulative steps that make up the slope of a contract's value."""


def npv_parts(
    plan: Plan,
    model: RiskModel,
    programme: int,
    *,
    principal_cents: int,
    ltv_bp: float | None,
    pti_bp: float | None,
    front_gross_cents: int,
) -> dict[Part, int]:
    """Return the parts of one structure in cents; their sum is its NPV.

    ``programme`` is its number in the plan. ``ltv_bp`` and ``pti_bp`` choose the band; None if the share is
    not known. Amounts in whole cents stay unchanged; the others are rounded so that each running total is
    exact to the cent.

    Raises:
        RiskModelError: the model lacks the tier, or its curves are not a full grid.
    """
    valuation = value_plan(plan, model)
    band = valuation.bands.index_at(ltv_bp, pti_bp)
    net = int(valuation.npv_cents(programme, band, principal_cents))
    rate, term, curve = _contract(plan, model, programme, band)
    window = plan.programmes.chargeback_months[[[programme]]]
    factors = contract_factors(rate, term, steps(curve, int(term[0, 0])), window)
    products = product_gross_cents(plan.inputs)
    unearned = -_given_back_cents(plan, programme, model, band, factors)
    exact: dict[Part, float | int]
    if plan.programmes.held[programme]:
        exact = {
            **contract_parts(factors, principal_cents, curve.servicing_month_cents),
            "acquisition": -int(plan.programmes.acquisition[programme]),
            "front_gross": int(front_gross_cents),
            "product_gross": products,
            "chargebacks": unearned,
        }
    else:
        reserve = reserve_cents(plan, programme, principal_cents)
        exact = {
            "front_gross": int(front_gross_cents),
            "product_gross": products,
            "reserve": reserve,
            "lender_fee": -int(plan.programmes.lender_fee[programme]),
            "chargebacks": unearned - reserve * float(factors.ended[0, -1]),
        }
    return rounded_parts(exact, net + front_gross_cents)


def _given_back_cents(plan: Plan, programme: int, model: RiskModel, band: int, factors: Factors) -> float:
    """Return the product gross that one contract is expected to give back, in cents, not rounded."""
    if not plan.inputs.products:
        return product_gross_cents(plan.inputs) * float(factors.unearned[0, -1])
    return sum(lines_given_back(plan, model, programme, band))


def monthly_cash(
    plan: Plan,
    model: RiskModel,
    programme: int,
    *,
    principal_cents: int,
    ltv_bp: float | None,
    pti_bp: float | None,
) -> MonthlyCash:
    """Return the holder's expected cash of each month until the last recovery, in cents, not discounted;
    arguments as for ``npv_parts``.
    """
    band = bands(model, plan.inputs.structure.tier).index_at(ltv_bp, pti_bp)
    rate, term, curve = _contract(plan, model, programme, band)
    months = list(live(rate, term, risk_of([[curve]], term[:, 0])))
    lag = curve.recovery_lag_months
    columns = np.zeros((3, len(months) + lag))
    for index, month in enumerate(months):
        columns[0, index] = principal_cents * month.cash[0, 0]
        columns[1, index + lag] = principal_cents * curve.recovery * month.default[0, 0]
        columns[2, index] = curve.servicing_month_cents * month.opening[0, 0]
    collected, recovered, servicing = half_up(columns).tolist()
    return MonthlyCash(collected=collected, recovered=recovered, servicing=servicing)


def lines_given_back(plan: Plan, model: RiskModel, programme: int, band: int) -> list[float]:
    """Return what one contract is expected to give back of each product line's gross, in cents, not
    rounded; arguments as for ``npv_parts``, with the number of the band.
    """
    rate, term, curve = _contract(plan, model, programme, band)
    risk = risk_of([[curve]], term[:, 0])
    return [
        gross_cents(each)
        * float(unearned_factors(rate, term, risk, [earning_of(each, int(term[0, 0]))])[0, 0])
        for each in plan.inputs.products
    ]


def steps(curve: RiskCurve, term_months: int) -> Risk:
    """Return the risk of one contract, shape (1, 4): of each of SWITCHED_ON with all before it."""
    return switched_on(risk_of([[curve]], np.array([term_months], dtype=np.int64)))


def switched_on(risk: Risk) -> Risk:
    """Return the steps of one contract's whole risk, of shape (1, 1), as shape (1, 4)."""

    def from_step(values: Floats, first: int) -> Floats:
        return np.where(np.arange(len(SWITCHED_ON)) >= first, values, 0.0)

    return Risk(
        funding=from_step(risk.funding, 1),
        gross_defaults=from_step(risk.gross_defaults, 2),
        timing=risk.timing,
        recovery=risk.recovery,
        recovery_lag=risk.recovery_lag,
        abs_speed=from_step(risk.abs_speed, 3),
    )


def contract_parts(factors: Factors, principal: float, servicing_per_month: float) -> dict[Part, float]:
    """Return a contract's parts up to servicing, not rounded, in the unit of ``principal``; ``factors`` are
    those of ``switched_on``.
    """
    values = principal * np.diff(factors.principal[0], prepend=0.0)
    interest, funding, loss, prepayment = values.tolist()
    return {
        "interest": interest,
        "funding": funding,
        "loss": loss,
        "prepayment": prepayment,
        "servicing": -servicing_per_month * float(factors.servicing[0, -1]),
    }


def rounded_parts(exact: Mapping[Part, float | int], total_cents: int) -> dict[Part, int]:
    """Return parts in whole cents that sum to ``total_cents``, as the exact ones do to within half a cent.

    Whole parts stay. Each other part is the growth of the running total, rounded half up. The last one that
    is not 0 takes the difference to the total, so a part of 0 stays 0.
    """
    whole = sum(part for part in exact.values() if isinstance(part, int))
    running: Floats = np.cumsum([0.0 if isinstance(part, int) else part for part in exact.values()])
    rounded: Cents = np.where(running == running[-1], total_cents - whole, half_up(running))
    grown = np.diff(rounded, prepend=0).tolist()
    return {
        name: part if isinstance(part, int) else growth
        for (name, part), growth in zip(exact.items(), grown, strict=True)
    }


def _contract(plan: Plan, model: RiskModel, programme: int, band: int) -> tuple[Floats, Whole, RiskCurve]:
    """Return annual rate and term of shape (1, 1), and the curve, of one programme in one band."""
    term = plan.programmes.term[[[programme]]]
    curve = bands(model, plan.inputs.structure.tier).curves_at(int(term[0, 0]))[band]
    return annual_fraction(plan.sell_rate[[[programme]]]), term, curve
