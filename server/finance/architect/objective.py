"""Which structure is best, and which structures form the frontier.

The objective: best NPV to the group among acceptable structures, ties by lower payment, then shorter term,
then the order of the rate sheet. Acceptable is feasible and at least the store's NPV floor.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from server.finance.architect.candidates import Candidates, Index
from server.finance.architect.pricing import Pricing
from server.finance.architect.ties import least_paid
from server.finance.cars import Cars
from server.finance.rounding import Cents, Flags
from server.finance.structures import Structures

PAYMENT_STEPS = 64
"""Into how many steps the payments of a block are divided, to compare them without an order."""


def acceptable(pricing: Pricing, candidates: Candidates) -> Flags:
    """Return which candidates reach the store's floor; shape (m,)."""
    marks: Flags = candidates.npv >= pricing.plan.inputs.npv_floor_cents
    return marks


def best_of_cars(
    pricing: Pricing, cars: Cars, structures: Structures, found: Candidates, among: Flags
) -> Candidates:
    """Return the best structure of each car that has one among the candidates, by car."""
    place = np.flatnonzero(among)
    if not place.size:
        return found.at(place)
    car, npv = found.car[place], found.npv[place]
    starts = np.flatnonzero(np.diff(car, prepend=-1))
    most = np.repeat(np.maximum.reduceat(npv, starts), np.diff(starts, append=len(car)))
    # Only the ties are sorted, and stably: the sheet's order stays last.
    tied = least_paid(pricing, cars, structures, found.at(place[np.flatnonzero(npv == most)]))
    term = pricing.plan.programmes.term[tied.programme]
    order = np.lexsort((term, tied.payment, tied.car))
    return tied.at(order[np.flatnonzero(np.diff(tied.car[order], prepend=-1))])


def undominated(found: Candidates, among: Flags) -> Index:
    """Return the numbers of the structures that none of the others beats in both payment and NPV, by car,
    then by ascending payment; of equal ones the first.
    """
    place = np.flatnonzero(among)
    if not place.size:
        return place
    car, payment, npv = (each.take(place) for each in (found.car, found.payment, found.npv))
    # One key for car and payment: a car's payments follow those of the car before it.
    key = car * (int(payment.max()) + 1) + payment
    order = np.argsort(key, kind="stable")
    key, car, npv = key.take(order), car.take(order), npv.take(order)
    # The best of each payment, the first of equals; then a point counts where it tops all cheaper ones.
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    most = np.maximum.reduceat(npv, starts)
    tops = np.flatnonzero(npv == np.repeat(most, np.diff(starts, append=len(key))))
    tops = tops[np.diff(key[tops], prepend=-1) > 0]
    # NPVs of a later car are shifted above those of an earlier one, so one running maximum serves all.
    lifted = npv[tops] + car[tops] * (int(npv.max()) - int(npv.min()) + 1)
    rises = np.concatenate([[True], lifted[1:] > np.maximum.accumulate(lifted)[:-1]])
    kept: Index = place[order[tops[rises]]]
    return kept


def perhaps_undominated(found: Candidates, among: Flags) -> Flags:
    """Return the marks without most of the structures that one with a lower payment beats; shape (m,).

    Payments are compared by their steps, of PAYMENT_STEPS in all, so nothing is sorted.
    """
    place = np.flatnonzero(among)
    if not place.size:
        return among
    car, payment, npv = (each.take(place) for each in (found.car, found.payment, found.npv))
    least = int(payment.min())
    width = (int(payment.max()) - least) // PAYMENT_STEPS + 1
    step = car * PAYMENT_STEPS + (payment - least) // width
    best = np.full((int(car.max()) + 1, PAYMENT_STEPS), np.iinfo(np.int64).min)
    np.maximum.at(best.ravel(), step, npv)
    cheaper = np.full_like(best, np.iinfo(np.int64).min)
    np.maximum.accumulate(best[:, :-1], axis=1, out=cheaper[:, 1:])
    marks = np.zeros_like(among)
    marks[place] = npv > cheaper.ravel().take(step)
    return marks


def rank_reversals(npv: Sequence[int], stress_npv: Sequence[int]) -> list[int]:
    """Return for each offer how many of those that are worth less pass it when values are stressed.

    The sum is the number of pairs that change their order; a tie, before or after, is not a reversal.
    """
    rising = sorted(range(len(npv)), key=lambda place: npv[place])
    passed, seen, tied = [0] * len(npv), list[int](), list[int]()
    for number, place in enumerate(rising):
        if number and npv[place] != npv[rising[number - 1]]:
            for each in tied:
                insort(seen, each)
            tied = []
        passed[place] = len(seen) - bisect_right(seen, stress_npv[place])
        tied.append(stress_npv[place])
    return passed


def counts_by_car(car: NDArray[np.intp], cars: int) -> Cents:
    """Return how often each car occurs in ``car``; shape (c,)."""
    return np.bincount(car, minlength=cars).astype(np.int64)
