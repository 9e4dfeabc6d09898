"""The best lease of each car: of the rows that apply, the one that is worth most to the group.

Ties go by lower payment, then shorter term, then the sheet's order. Acceptable is what fits the limits and
reaches the store's floor. A lease has no credit model: its value is front and product gross, and the reserve
less what is expected to be given back of it. So it stands beside a financed offer by payment, not by value.
"""

from typing import Any, Final, cast

import numpy as np

from protocol.money.inputs import DealInputs
from protocol.money.leasing import LeaseSheet
from server.finance.architect.space.pricing import UNKNOWN_WORTH_CENTS
from server.finance.cars import Cars
from server.finance.columns import Spread, wire_limits, without
from server.finance.leasing.applying import Applying, rows_that_apply
from server.finance.leasing.candidates import Headroom, Index, Leases, build_leases, headroom_of
from server.finance.leasing.money import Amount
from server.finance.leasing.names import CarNames
from server.finance.leasing.plan import LeasePlan, plan_leases
from server.finance.rounding import Cents
from server.finance.rules.limits import Limit

BLOCK_PAIRS: Final = 16_384
"""About as many leases are computed at once, so that the arrays stay near cache size."""

LEASE_COLUMNS: Final = (
    "lease_payment_cents", "lease_term_months", "lease_lender", "lease_value_cents",
    "lease_due_at_signing_cents", "lease_miles_per_year", "lease_cash_down_cents", "lease_discount_cents",
    "lease_binding",
)  # fmt: skip
"""The columns of ``best_leases``. The payment is with tax; ``lease_binding`` is null if there is a lease."""


def best_leases(inputs: DealInputs, sheet: LeaseSheet, cars: Cars, names: CarNames) -> dict[str, list[Any]]:
    """Return the best lease of each car as ``best_of_plan``, by the deal's whole sheet.

    Raises StructureError if the address has no tax rule.
    """
    return best_of_plan(plan_leases(inputs, sheet), cars, names)


def best_of_plan(plan: LeasePlan, cars: Cars, names: CarNames) -> dict[str, list[Any]]:
    """Return the best lease of each car as LEASE_COLUMNS, each of length c.

    A car without a lease has None in every column but ``lease_binding``, which names the limit. The value is
    None if the cost of the car is unknown.
    """
    size = max(1, BLOCK_PAIRS // max(1, plan.rows.families))
    if len(cars) <= size:
        return _columns(plan, cars, names)
    columns: dict[str, list[Any]] = {name: [] for name in LEASE_COLUMNS}
    for start in range(0, len(cars), size):
        block = slice(start, start + size)
        some = CarNames(names.names, names.of_car[block])
        for name, values in _columns(plan, cars.at(block), some).items():
            columns[name] += values
    return columns


def leased(plan: LeasePlan, cars: Cars, names: CarNames) -> tuple[Cents, Cents]:
    """Return for each car the limit that refuses its lease, NONE if it has one, and the payment with tax;
    shape (c,). A car that is worth less than the store's floor has the limit NPV_FLOOR and a payment.
    """
    applying = rows_that_apply(plan, cars, names)
    limit, payment = applying.refusal.copy(), np.zeros(len(cars), dtype=np.int64)
    if applying.car.size:
        found = build_leases(plan, cars, applying.car, applying.row, headroom_of(plan, cars))
        first = part(found, _first(plan, found))
        limit[first.car] = first.limit
        payment[first.car] = first.money.payment_with_tax
    return limit, payment


def ranked(plan: LeasePlan, cars: Cars, applying: Applying, headroom: Headroom | None = None) -> Leases:
    """Return the leases of the rows that apply, by car and then from the best on; refused ones last, from the
    one that comes nearest on.
    """
    found = build_leases(plan, cars, applying.car, applying.row, headroom or headroom_of(plan, cars))
    return part(found, _order(plan, found))


def _order(plan: LeasePlan, found: Leases) -> Index:
    """Return the numbers of the leases as ``ranked``."""
    # Harder than any amount: more cash and discount make it worse.
    hard = found.excess + np.where(found.limit == Limit.LEASE_RESIDUAL, UNKNOWN_WORTH_CENTS, 0)
    rows = plan.rows
    payment = cast("Cents", found.money.payment_with_tax)
    ties = (rows.number[found.row], rows.term[found.row], payment, -found.value)
    return np.lexsort((*ties, hard, found.limit != Limit.NONE, found.car))


def part(leases: Leases, at: Index) -> Leases:
    """Return some of the leases, in the order of ``at``."""
    money = leases.money

    def of(amount: Amount) -> Amount:
        # An amount that no tax and no term changes is one number for all.
        return amount if isinstance(amount, int) or np.ndim(amount) == 0 else amount[at]

    fields = {name: of(getattr(money, name)) for name in money.__dataclass_fields__}
    own = {name: getattr(leases, name)[at] for name in leases.__dataclass_fields__ if name != "money"}
    return Leases(money=type(money)(**fields), **own)


def _first(plan: LeasePlan, found: Leases) -> Index:
    """Return the number of each car's first lease, by car."""
    order = _order(plan, found)
    first: Index = order[np.flatnonzero(np.diff(found.car[order], prepend=-1))]
    return first


def _columns(plan: LeasePlan, cars: Cars, names: CarNames) -> dict[str, list[Any]]:
    applying = rows_that_apply(plan, cars, names)
    limit, count = applying.refusal, len(cars)
    if not applying.car.size:
        columns: dict[str, list[Any]] = {name: [None] * count for name in LEASE_COLUMNS}
        return columns | {"lease_binding": wire_limits(limit)}
    found = build_leases(plan, cars, applying.car, applying.row, headroom_of(plan, cars))
    first = _first(plan, found)
    limit[found.car[first]] = found.limit[first]
    best = part(found, first[found.limit[first] == Limit.NONE])
    rows, taken = plan.rows, best.row
    shown = Spread(best.car, count).column
    lenders = np.array([row.lender for row in rows.row[taken].tolist()], dtype=object)
    due = np.broadcast_to(np.asarray(best.money.due_at_signing), best.car.shape)
    return {
        "lease_payment_cents": shown(np.asarray(best.money.payment_with_tax)),
        "lease_term_months": shown(rows.term.take(taken)),
        "lease_lender": shown(lenders),
        "lease_value_cents": without(shown(best.value), ~cars.cost_known),
        "lease_due_at_signing_cents": shown(due),
        "lease_miles_per_year": shown(rows.miles.take(taken)),
        "lease_cash_down_cents": shown(best.cash),
        "lease_discount_cents": shown(best.discount),
        "lease_binding": wire_limits(limit),
    }
