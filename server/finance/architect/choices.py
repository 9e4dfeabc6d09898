"""The choices for one car: its structures from best to worst, its frontier, the best of each payment band."""

from dataclasses import dataclass

import numpy as np

from protocol.events import Fix
from server.finance.architect.fixes import find_fixes
from server.finance.architect.pruning.dominated import without_dominated
from server.finance.architect.ranking.contenders import contenders
from server.finance.architect.ranking.frontiers import frontier_of_cars
from server.finance.architect.ranking.objective import acceptable, best_of_cars
from server.finance.architect.ranking.ties import least_paid
from server.finance.architect.space.candidates import Candidates, build_candidates
from server.finance.architect.space.corners import PAYMENT_BAND_CENTS
from server.finance.architect.space.pairs import Index
from server.finance.architect.space.pricing import Pricing
from server.finance.cars import Cars
from server.finance.loans.structures import Structures, build_structures
from server.finance.payment import payments_cents
from server.finance.rounding import HUNDREDTHS, WHOLE
from server.finance.rules.limits import Limit


@dataclass(frozen=True, slots=True)
class Choice:
    """One acceptable structure of one car. ``programme`` is its number in the plan.

    ``discount_cents`` is the whole discount, and ``front_gross_cents`` is net of it. ``binding`` names the
    limit that requires more cash or discount than requested, None if none does. ``ltv_bp`` is the principal
    over the programme's basis, ``pti_bp`` the payment over the monthly income, None if that is not known.
    ``rebate_cents`` is the manufacturer's rebate on the car, ``rebate_given_up_cents`` what the programme
    excludes of it, and ``excluded_rebates`` the names of what it excludes, if that costs the customer any.
    NPVs and gross are None if the cost of the car is unknown: no floor was checked then.
    """

    programme: int
    programme_id: str
    lender: str
    term_months: int
    rate_bp: float
    cash_down_cents: int
    discount_cents: int
    principal_cents: int
    payment_cents: int
    npv_cents: int | None
    stress_npv_cents: int | None
    binding: str | None
    ltv_bp: float
    pti_bp: float | None
    front_gross_cents: int | None
    rebate_cents: int
    rebate_given_up_cents: int
    excluded_rebates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one car has no acceptable structure: the limit's name, and the change that removes it."""

    binding: str
    fix: Fix | None


_OF_THE_LOAN = frozenset(
    {Limit.LTV_FRONT, Limit.LTV_TOTAL, Limit.AMOUNT_MAX, Limit.NEGATIVE_EQUITY, Limit.DOWN_MIN}
)
"""Limits that a cent of cash brings nearer by a cent."""


@dataclass(frozen=True, slots=True)
class Missed:
    """By how much a car misses a limit at the lender that comes nearest: cents of the payment for the
    customer's highest one, which is no lender's; else of the loan. None where the limit is no amount.
    """

    binding: str
    over_cents: int | None
    lender: str | None


def choices(pricing: Pricing, car: Cars) -> list[Choice]:
    """Return the acceptable structures of one car, the best first, each once.

    By the objective: NPV, then lower payment, shorter term, the sheet's order, less cash. Empty if there
    is none: ``refusal`` says why. ``with_cash`` gives those of another cash. The plan must have a programme.
    """
    structures, found, place = _acceptable(pricing, car)
    if not place.size:
        return []
    found = found.at(place)
    best = found.at(np.flatnonzero(found.npv == found.npv.max()))
    found = least_paid(pricing, best).joined(found)
    payment, npv, cash, programme = found.payment, found.npv, found.cash, found.programme
    term = pricing.plan.programmes.term[programme]
    order = np.lexsort((cash, programme, term, payment, -npv))
    listed = _choices(pricing, structures, found.at(order), known=_knows_cost(car))
    return list(dict.fromkeys(listed))


def frontier(pricing: Pricing, car: Cars) -> list[Choice]:
    """Return the structures of one car that no other structure beats in both payment and NPV, by ascending
    payment.
    """
    structures = without_dominated(pricing, build_structures(pricing.plan, car))
    found = contenders(pricing, car, structures)
    best = best_of_cars(pricing, found)
    if not len(best):
        return []
    points = frontier_of_cars(pricing, found, best)
    return _choices(pricing, structures, points, known=_knows_cost(car))


def best_by_payment_band(pricing: Pricing, car: Cars) -> dict[int, Choice]:
    """Return the best structure of each payment band, by ascending payment.

    A band is named by its highest payment, which belongs to it, and is PAYMENT_BAND_CENTS wide.
    """
    best: dict[int, Choice] = {}
    for choice in choices(pricing, car):
        best.setdefault(-(-choice.payment_cents // PAYMENT_BAND_CENTS) * PAYMENT_BAND_CENTS, choice)
    return dict(sorted(best.items()))


def refusal(pricing: Pricing, car: Cars) -> Refusal | None:
    """Return why one car has no acceptable structure and what changes that; None if it has one."""
    structures, _, place = _acceptable(pricing, car)
    if place.size:
        return None
    limit = Limit.NPV_FLOOR if structures.any_feasible()[0] else Limit(int(structures.nearest_limit()[0]))
    return Refusal(limit.name.lower(), find_fixes(pricing, car)[0])


def missed(pricing: Pricing, car: Cars) -> Missed | None:
    """Return by how much one car misses the limit that refuses it; None if it has a structure, or if cash
    would not help: there is no amount to name then.
    """
    structures = build_structures(pricing.plan, car)
    if structures.any_feasible()[0]:
        return None
    number = int(structures.shortfall[0].argmin())
    if not structures.curable()[0, number]:
        return None
    lender, lacking = pricing.plan.programmes.lender[number], int(structures.shortfall[0, number])
    limit = Limit(int(structures.limit[0, number]))
    if limit is Limit.PAYMENT_MAX:
        needed = structures.ceiling[:1, number] + lacking
        factor = pricing.plan.factors[number : number + 1]
        # Without a highest payment nothing is over it.
        most = pricing.plan.inputs.structure.payment_max_cents or 0
        return Missed(limit.name.lower(), int(payments_cents(needed, factor)[0]) - most, None)
    return Missed(limit.name.lower(), lacking if limit in _OF_THE_LOAN else None, lender)


def _knows_cost(car: Cars) -> bool:
    return bool(car.cost_known.all())


def _acceptable(pricing: Pricing, car: Cars) -> tuple[Structures, Candidates, Index]:
    structures = build_structures(pricing.plan, car)
    found = build_candidates(pricing, car, structures)
    return structures, found, np.flatnonzero(acceptable(pricing, found))


def _choices(pricing: Pricing, structures: Structures, found: Candidates, *, known: bool) -> list[Choice]:
    plan, income = pricing.plan, pricing.plan.inputs.monthly_income_cents
    made = []
    for at in range(len(found)):
        number = int(found.programme[at])
        principal, payment = int(found.principal[at]), int(found.payment[at])
        front = int(found.front_gross[at])
        stressed = pricing.valuation.npv_cents(number, found.band[at], principal, stressed=True)
        basis = int(structures.basis[0, number])
        rebate = int(structures.sales.rebate[0, number])
        given_up = int(structures.sales.whole_rebate[0]) - rebate
        made.append(
            Choice(
                programme=number,
                programme_id=plan.programmes.programme_id[number],
                lender=plan.programmes.lender[number],
                term_months=int(plan.programmes.term[number]),
                rate_bp=float(plan.sell_rate[number]) / HUNDREDTHS,
                cash_down_cents=int(found.cash[at]),
                discount_cents=int(found.discount[at]),
                principal_cents=principal,
                payment_cents=payment,
                npv_cents=int(found.npv[at]) if known else None,
                stress_npv_cents=int(stressed) + front if known else None,
                binding=Limit(int(structures.limit[0, number])).wire,
                ltv_bp=principal * (WHOLE // HUNDREDTHS) / basis,
                pti_bp=payment * (WHOLE // HUNDREDTHS) / income if income else None,
                front_gross_cents=front if known else None,
                rebate_cents=rebate,
                rebate_given_up_cents=given_up,
                excluded_rebates=plan.programmes.row[number].excluded_rebates if given_up else (),
            )
        )
    return made
