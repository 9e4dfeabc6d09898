"""Which structure is best, and which structures form the frontier.

The objective: best NPV to the group among acceptable structures, ties by lower payment, then shorter term,
then the order of the rate sheet. Acceptable is feasible and at least the store's NPV floor.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence

import numpy as np

from server.finance.architect.candidates import Candidates
from server.finance.architect.pairs import Index
from server.finance.architect.pricing import Pricing
from server.finance.architect.ties import least_paid
from server.finance.rounding import Cents, Flags


def acceptable(pricing: Pricing, candidates: Candidates) -> Flags:
    """Return which candidates reach the store's floor; shape (m,)."""
    marks: Flags = candidates.npv >= pricing.plan.inputs.npv_floor_cents
    return marks


def best_of_cars(pricing: Pricing, found: Candidates, among: Flags) -> Candidates:
    """Return the best structure of each car that has one among the candidates, by car."""
    place = np.flatnonzero(among)
    if not place.size:
        return found.at(place)
    car, npv = found.car.take(place), found.npv.take(place)
    starts = _starts(car)
    most = np.repeat(np.maximum.reduceat(npv, starts), np.diff(starts, append=len(car)))
    # Only the ties are sorted, and stably: the sheet's order stays last.
    tied = least_paid(pricing, found.at(place.compress(npv == most)))
    if len(tied) == len(starts):
        return tied
    car, term = tied.car, pricing.plan.programmes.term.take(tied.programme)
    order = np.lexsort((term, tied.payment, car))
    return tied.at(order.take(_starts(car.take(order))))


def undominated(car: Index, payment: Cents, npv: Cents) -> Index:
    """Return the numbers of the structures that none of the others of their car beats in both payment and
    NPV, by car, then by ascending payment; of equal ones the first. NPVs are not negative.
    """
    if not len(car):
        return np.zeros(0, dtype=np.intp)
    # One key for car and payment: a car's payments follow those of the car before it.
    key = car * (int(payment.max()) + 1) + payment
    order = np.argsort(key, kind="stable")
    # NPVs of a later car are shifted above those of an earlier one, so one running maximum serves all.
    lifted = (car * (int(npv.max()) - int(npv.min()) + 1) + npv).take(order)
    most = np.maximum.accumulate(lifted)
    rises = np.flatnonzero(np.concatenate([[True], lifted[1:] > most[:-1]]))
    # Of those with one payment, the last is worth most.
    key = key.take(order.take(rises))
    last = np.concatenate([key[1:] > key[:-1], [True]])
    return order.take(rises.compress(last))


def _starts(car: Index) -> Index:
    """Return where each car's structures begin; they are ordered by car."""
    return np.flatnonzero(np.diff(car, prepend=-1))


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


def counts_by_car(car: Index, cars: int) -> Cents:
    """Return how often each car occurs in ``car``; shape (c,)."""
    return np.bincount(car, minlength=cars).astype(np.int64)
