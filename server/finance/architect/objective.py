"""Which structure is best, and which structures form the frontier.

The objective: best NPV to the group among acceptable structures, ties by lower payment, then shorter term,
then the order of the rate sheet. Acceptable is feasible and at least the store's NPV floor.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence

import numpy as np

from server.finance.architect.candidates import Candidates
from server.finance.architect.pairs import Index, starts_of
from server.finance.architect.pricing import Pricing
from server.finance.architect.ties import least_paid
from server.finance.rounding import Cents, Flags


def acceptable(pricing: Pricing, candidates: Candidates) -> Flags:
    """Return which candidates reach the store's floor; shape (m,)."""
    marks: Flags = candidates.npv >= pricing.plan.inputs.npv_floor_cents
    return marks


def best_of_cars(pricing: Pricing, found: Candidates) -> Candidates:
    """Return the best structure of each car that has one among the contenders, by car.

    A contender's NPV is at least that of every cheaper one, so the last ones of a car are worth most.
    """
    car, npv = found.car, found.npv
    starts = starts_of(car)
    count = np.diff(starts, append=len(car))
    last = starts + count - 1
    tied = np.flatnonzero(npv == np.repeat(npv.take(last), count))
    chosen = least_paid(pricing, found.at(tied))
    if len(tied) == len(starts):
        return chosen
    car, term = chosen.car, pricing.plan.programmes.term.take(chosen.programme)
    order = np.lexsort((chosen.cash, chosen.pair, term, chosen.payment, car))
    return chosen.at(order.take(starts_of(car.take(order))))


def undominated(car: Index, payment: Cents, npv: Cents) -> Index:
    """Return the numbers of the structures that none of the others of their car beats in both payment and
    NPV, by car, then by ascending payment; of equal ones the first.
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
