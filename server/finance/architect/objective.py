"""Which structure is best, and which structures form the frontier.

The objective: best NPV to the group among acceptable structures, ties by lower payment, then shorter term,
then the order of the rate sheet. Acceptable is feasible and at least the store's NPV floor.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence

import numpy as np

from server.finance.architect.candidates import Candidates
from server.finance.architect.pairs import Index, runs_of
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
    if not len(found):
        return found
    starts, count = runs_of(found.car)
    most = found.npv.take(starts + count - 1).repeat(count)
    chosen = least_paid(pricing, found.at((found.npv == most).nonzero()[0]))
    first, count = runs_of(chosen.car)
    tied = (count.repeat(count) > 1).nonzero()[0]
    if tied.size:
        some = chosen.at(tied)
        car, term = some.car, pricing.plan.programmes.term.take(some.programme)
        order = np.lexsort((some.cash, some.pair, term, some.payment, car))
        first[count > 1] = tied.take(order.take(runs_of(car)[0]))
    return chosen.at(first)


def undominated(car: Index, payment: Cents, npv: Cents) -> Index:
    """Return the numbers of the structures that none of the others of their car beats in both payment and
    NPV, by car, then by ascending payment; of equal ones the first. There must be one.
    """
    # One key for car and payment: a car's payments follow those of the car before it.
    key = car * (int(payment.max()) + 1) + payment
    order = key.argsort(kind="stable")
    # NPVs of a later car are shifted above those of an earlier one, so one running maximum serves all.
    lifted = (car * (int(npv.max()) - int(npv.min()) + 1) + npv).take(order)
    rises = np.ones(len(order), dtype=np.bool_)
    np.greater(lifted[1:], np.maximum.accumulate(lifted)[:-1], out=rises[1:])
    order = order.compress(rises)
    # Of those with one payment, the last is worth most.
    key = key.take(order)
    last = np.ones(len(order), dtype=np.bool_)
    np.greater(key[1:], key[:-1], out=last[:-1])
    return order.compress(last)


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
