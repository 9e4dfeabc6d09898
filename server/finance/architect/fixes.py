"""The single changes that make a refused car acceptable, in numbers.

More cash and a lower price are found in closed form and then checked by building the changed structures; a
remedy that fails the check is not offered. Another term, or another programme if the deal overrides the rate,
is searched for in the wider plans. The value fix is the gap between the best feasible structure and the
floor.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from protocol.events import Fix, FixKind
from protocol.records import MAX_CENTS
from server.finance.architect.ranking.contenders import contenders
from server.finance.architect.ranking.objective import acceptable, best_of_cars
from server.finance.architect.space.candidates import band_of, build_candidates
from server.finance.architect.space.corners import band_edges, falls_anywhere
from server.finance.architect.space.pairs import Index, Pairs
from server.finance.architect.space.pricing import Pricing, front_gross_cents
from server.finance.architect.space.product_cuts import ProductCut
from server.finance.cars import Cars
from server.finance.contract import least_discount_cents, owed_before_cash_cents, tax_rate
from server.finance.loans.structures import Headroom, Structures, build_structures, headroom_of
from server.finance.payment import payments_cents
from server.finance.rounding import Cents, Flags
from server.finance.rules.cheapest import gap_edges, is_covered
from server.finance.versions import WHOLE_MONTHS_ENGINE


class Choosable(NamedTuple):
    """The choices of a wider plan."""

    term_months: int
    lender: str


_NOTHING = np.iinfo(np.int64).max
"""No amount is a remedy."""


def find_fixes(pricing: Pricing, cars: Cars) -> list[Fix | None]:
    """Return a fix for each car; None if it has none. No car may have an acceptable structure."""
    structures = build_structures(pricing.plan, cars)
    cash, price = _checked(pricing, cars, *_money(pricing, cars, structures))
    value = _missing_value(pricing, cars, structures)
    terms = _best_elsewhere(pricing, cars, FixKind.TERM)
    programmes = _best_elsewhere(pricing, cars, FixKind.PROGRAMME)
    cuts = _product_cuts(pricing, cars)
    return [
        _fix(
            amounts={
                FixKind.CASH: _some(cash[car]),
                # Less than a fixed discount leaves of it may be given, and more is not asked for.
                FixKind.PRICE: None if pricing.plan.inputs.discount_fixed else _some(price[car]),
                FixKind.VALUE: _some(value[car]),
            },
            term=terms[car],
            programme=programmes[car],
            cut=cuts[car],
        )
        for car in range(len(cars))
    ]


def _fix(
    *,
    amounts: dict[FixKind, int | None],
    term: Choosable | None,
    programme: Choosable | None,
    cut: ProductCut | None,
) -> Fix | None:
    """Return all remedies, the cheapest one as the kind; of equal amounts the first."""
    found = {kind: cents for kind, cents in amounts.items() if cents is not None}
    if cut is not None:
        found[FixKind.PRODUCT] = cut.less_cents
    if programme is not None:
        kind = FixKind.PROGRAMME
    elif term is not None:
        kind = FixKind.TERM
    elif found:
        kind = min(found, key=lambda each: found[each])
    else:
        return None
    return Fix(
        kind=kind,
        cash_cents=amounts[FixKind.CASH],
        price_cents=amounts[FixKind.PRICE],
        value_cents=amounts[FixKind.VALUE],
        term_months=None if term is None else term.term_months,
        lender=None if programme is None else programme.lender,
        product_id=None if cut is None else cut.product_id,
        product_price_cents=None if cut is None else cut.price_cents,
    )


def _money(pricing: Pricing, cars: Cars, structures: Structures) -> tuple[Cents, Cents]:
    """Return the least further cash and the least further discount for each car, or _NOTHING; shape (c,).

    The cents by which a principal is worth more than the floor are available for a discount. Cash must cover
    what the discount, within that and the seller's authority, does not.
    """
    plan, sales = pricing.plan, structures.sales
    inputs, asked = plan.inputs, plan.inputs.structure.discount_cents
    car, programme, principal = _tried(pricing, cars, structures)
    pair = structures.pairs(car, programme)
    band = band_of(
        pricing,
        principal,
        payments_cents(principal, plan.factors.take(programme)),
        structures.basis[car, programme],
    )
    front = front_gross_cents(inputs, cars, sales.price, asked).take(car)
    npv = pricing.valuation.npv_cents(programme, band, principal) + front
    # What a cheaper row of the lender lends, now or with more cash, is no remedy.
    worth = (npv >= inputs.npv_floor_cents) & ~is_covered(structures.covered, pair, principal)
    car, programme, principal, npv = (each[worth] for each in (car, programme, principal, npv))
    allowed = asked + npv - inputs.npv_floor_cents
    price, rebate, largest = (
        sales.price.take(car),
        sales.rebate[car, programme],
        sales.headroom.discount_max.take(car),
    )
    cash_min, cash_max = structures.cash_min[car, programme], sales.headroom.cash_max.take(car)
    owed = owed_before_cash_cents(inputs, price, np.minimum(allowed, largest), rebate)
    cash = np.maximum(owed - principal, cash_min) - cash_max
    # A further discount is the remedy if the largest one is not enough, and all that is allowed is.
    highest, most = np.minimum(price, allowed), principal + cash_max
    may = np.flatnonzero((highest > largest) & (owed > most) & (cash_min <= cash_max))
    may = may[owed_before_cash_cents(inputs, price[may], highest[may], rebate[may]) <= most[may]]
    further = least_discount_cents(inputs, price[may], rebate[may], most[may]) - largest[may]
    return (
        _least_of_cars(np.where(cash > 0, cash, _NOTHING), car, len(cars)),
        _least_of_cars(further, car[may], len(cars)),
    )


def _tried(pricing: Pricing, cars: Cars, structures: Structures) -> tuple[Index, Index, Cents]:
    """Return cars, programmes and principals of the structures among which a remedy is sought: the largest
    loan of each pair that cash can cure, and the edges between that and the smallest one.
    """
    car, programme = structures.curable().nonzero()
    ceiling, owed = structures.ceiling[car, programme], structures.sales.owed[car, programme]
    top = np.minimum(ceiling, owed - structures.cash_min[car, programme])
    pair = structures.pairs(car, programme)
    edges = np.concatenate(
        [
            band_edges(pricing, Pairs.of(pricing, cars, structures, car, programme)).T,
            *gap_edges(structures.covered, pair),
        ],
        axis=1,
    )
    if falls_anywhere(pricing):
        inside = pricing.plan.inputs.engine >= WHOLE_MONTHS_ENGINE
        tops = np.concatenate([top[:, None], edges], axis=1)
        crossings = [_crossings(pricing, cars, structures, (car, programme, tops))] if inside else []
        edges = np.concatenate([edges, edges + 1, *crossings], axis=1)
    within = (edges >= structures.floor[car, programme][:, None]) & (edges < top[:, None])
    which = np.concatenate([np.arange(len(car)), within.nonzero()[0]])
    return car.take(which), programme.take(which), np.concatenate([top, edges[within]])


def _crossings(
    pricing: Pricing, cars: Cars, structures: Structures, below: tuple[Index, Index, Cents]
) -> Cents:
    """Return principals inside the bands below some others, where the value falls with the principal: the
    largest that is worth the store's floor, the largest that leaves room for the whole discount, and the one
    at which the discount that is needed is the discount that the value allows; shape (n, k).

    ``below`` are n cars, their programmes, and principals of shape (n, t).
    They only start a check: each is valued in the band where it turns out to be.
    """
    plan, sales, valuation = pricing.plan, structures.sales, pricing.valuation
    inputs, asked = plan.inputs, plan.inputs.structure.discount_cents
    car, programme, tops = below
    band = band_of(
        pricing,
        tops,
        payments_cents(tops, plan.factors[programme][:, None]),
        structures.basis[car, programme][:, None],
    )
    slope = valuation.slope[programme[:, None], band]
    spare = valuation.intercept[programme[:, None], band] - inputs.npv_floor_cents
    spare = spare + front_gross_cents(plan.inputs, cars, sales.price, asked)[car][:, None]
    falls = slope < 0
    slope = np.where(falls, slope, -1.0)
    room = (sales.headroom.discount_max - asked)[car][:, None]
    taxed = 1.0 + tax_rate(inputs)
    lacking = (sales.owed[car, programme] - sales.headroom.cash_max[car])[:, None]
    turn = slope + 1.0 / taxed
    met = (lacking / taxed - spare) / np.where(turn == 0, 1.0, turn)
    exact = np.concatenate([-spare / slope, (room - spare) / slope, met], axis=1)
    found = np.floor(np.clip(exact, 0, MAX_CENTS)).astype(np.int64)
    found = np.where(np.tile(falls, 3), found, 0)
    return np.concatenate([found - 1, found, found + 1], axis=1)


def _least_of_cars(amounts: Cents, car: Index, cars: int) -> Cents:
    least = np.full(cars, _NOTHING, dtype=np.int64)
    np.minimum.at(least, car, amounts)
    return least


def _checked(pricing: Pricing, cars: Cars, cash: Cents, price: Cents) -> tuple[Cents, Cents]:
    """Return the amounts that give an acceptable structure when applied; else _NOTHING."""

    def with_cash(headroom: Headroom, more: Cents) -> Headroom:
        return replace(headroom, cash_max=headroom.cash_max + more)

    def with_price(headroom: Headroom, more: Cents) -> Headroom:
        return replace(headroom, discount_max=headroom.discount_max + more)

    def checked(amounts: Cents, widen: Callable[[Headroom, Cents], Headroom]) -> Cents:
        named = np.flatnonzero(amounts != _NOTHING)
        if not named.size:
            return amounts
        those, more = cars.at(named), amounts[named]
        stands = _acceptable_within(pricing, those, widen(headroom_of(pricing.plan, those), more))
        result = amounts.copy()
        result[named[~stands]] = _NOTHING
        return result

    step, most = pricing.plan.inputs.cash_step_cents, pricing.plan.cash_max
    exact = checked(cash, with_cash)
    if step > 1:
        # The whole cash is a round amount, unless the lender's smallest loan leaves no room for one.
        stepped = np.where(
            exact == _NOTHING,
            _NOTHING,
            -(-(np.where(exact == _NOTHING, 0, exact) + most) // step) * step - most,
        )
        stepped = checked(stepped, with_cash)
        exact = np.where(stepped == _NOTHING, exact, stepped)
    return exact, checked(price, with_price)


def _acceptable_within(pricing: Pricing, cars: Cars, headroom: Headroom) -> Flags:
    found = build_candidates(pricing, cars, build_structures(pricing.plan, cars, headroom))
    marks = np.zeros(len(cars), dtype=np.bool_)
    marks[found.car[acceptable(pricing, found)]] = True
    return marks


def _missing_value(pricing: Pricing, cars: Cars, structures: Structures) -> Cents:
    """Return the gap between the best feasible structure and the store's floor, or _NOTHING; shape (c,)."""
    if not structures.feasible.any():
        return np.full(len(cars), _NOTHING, dtype=np.int64)
    found = build_candidates(pricing, cars, structures)
    lacking = pricing.plan.inputs.npv_floor_cents - found.npv
    return _least_of_cars(lacking, found.car, len(cars))


def _best_elsewhere(pricing: Pricing, cars: Cars, kind: FixKind) -> list[Choosable | None]:
    """Return term and lender of each car's best structure in the wider plan, None without one."""
    wide = pricing.wider().get(kind)
    if wide is None:
        return [None] * len(cars)
    structures = build_structures(wide.plan, cars)
    if not structures.feasible.any():
        return [None] * len(cars)
    best = best_of_cars(wide, contenders(wide, cars, structures))
    programmes = wide.plan.programmes
    named: list[Choosable | None] = [None] * len(cars)
    for car, number in zip(best.car.tolist(), best.programme.tolist(), strict=True):
        named[car] = Choosable(int(programmes.term[number]), programmes.lender[number])
    return named


def _product_cuts(pricing: Pricing, cars: Cars) -> list[ProductCut | None]:
    """Return the cheapest cut that makes each car acceptable; None if none does."""
    found: list[ProductCut | None] = [None] * len(cars)
    for cut, less in pricing.reduced():
        missing = np.array([car for car, known in enumerate(found) if known is None], dtype=np.intp)
        if not missing.size:
            break
        those = cars.at(missing)
        for car in missing[_acceptable_within(less, those, headroom_of(less.plan, those))].tolist():
            found[car] = cut
    return found


def _some(cents: np.int64) -> int | None:
    return None if cents == _NOTHING else int(cents)
