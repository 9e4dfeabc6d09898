"""Which structure is best, and which structures form the frontier.

The objective: best NPV to the group among acceptable structures, ties by lower payment, then shorter term,
then the order of the rate sheet. Acceptable is feasible and at least the store's NPV floor.
"""

from bisect import bisect_right, insort
from collections.abc import Sequence

import numpy as np

from server.finance.architect.ranking.ties import least_paid
from server.finance.architect.space.candidates import Candidates
from server.finance.architect.space.pairs import Index, runs_of
from server.finance.architect.space.pricing import Pricing
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
    return chosen if len(first) == len(chosen) else chosen.at(first)


def undominated(found: Candidates) -> Index:
    """Return the numbers of the structures that none of the others of their car beats in both payment and
    NPV, by car, then by ascending payment; of equal ones the first in the order of the sheet.
    """
    order, car = found.by_payment(), found.car
    # NPVs of a later car are shifted above those of an earlier one, so one running maximum serves all.
    span = int(found.npv.max(initial=0)) - int(found.npv.min(initial=0)) + 1
    lifted = (car * span + found.npv).take(order)
    order = order.compress(lifted >= np.maximum.accumulate(lifted))
    return order.take(steps(car.take(order), found.payment.take(order), found.npv.take(order)))


def steps(car: Index, payment: Cents, npv: Cents) -> Index:
    """Return the numbers of the undominated ones of structures that are ordered by car, then by payment, and
    of which none is worth less than a cheaper one; of equal ones the first.
    """
    rises = np.ones(len(car), dtype=np.bool_)
    np.logical_or(car[1:] != car[:-1], npv[1:] > npv[:-1], out=rises[1:])
    number = rises.nonzero()[0]
    # Of those with one payment, the last is worth most.
    car, payment = car.take(number), payment.take(number)
    last = np.ones(len(number), dtype=np.bool_)
    np.logical_or(car[1:] != car[:-1], payment[1:] != payment[:-1], out=last[:-1])
    return number.compress(last)


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
