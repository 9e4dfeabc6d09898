"""Drops programmes that cannot hold a car's best offer or a point of its frontier, before they are valued.

Most programmes of a rate sheet are worse for a car than one other over their whole range: the payment is the
same and the NPV is lower, whatever the principal. Such a pair is found from the ends of its range, and its
candidates, a dozen or more, are never built. Each pair is compared with two champions of its car: the pair
that is worth most, and the one that is worth most of those that the first did not drop. With a rate sheet of
24 rows they leave a quarter of the pairs; a third champion drops no more.

Why the ends suffice: the NPV of a pair lies between two lines in the payment, drawn with the lowest and the
highest slope and intercept of the risk bands in range. If the champion's payment factor is not higher, its
principal at the same payment is not smaller, so it needs no more discount. Above its highest payment the
champion keeps its best. The margin covers every rounding, so ties are never dropped.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from server.finance.architect.pricing import Pricing
from server.finance.payment import payments_cents
from server.finance.rounding import Cents, Flags, Floats
from server.finance.rules.cheapest import NONE
from server.finance.structures import Structures
from server.finance.value.valuation import Valuation

CHAMPIONS = 2

MARGIN_CENTS = 1_00
"""How much more the champion must be worth at least, because payments and NPVs are rounded to the cent. The
value of a step of cash is added.
"""


def without_dominated(pricing: Pricing, structures: Structures) -> Structures:
    """Return the structures with only the pairs feasible that may be best for their car or undominated.

    Every car keeps a pair if it had one. Nothing is dropped if the NPV falls with the principal anywhere.
    """
    if not structures.feasible.any() or (pricing.valuation.slope < 0).any():
        return structures
    pairs = _Pairs.of(pricing, structures)
    left, champions = structures.feasible.copy(), np.zeros_like(structures.feasible)
    cars = np.arange(len(left))
    may_champion, rebate = _may_champion(pricing), structures.sales.rebate
    for _ in range(CHAMPIONS):
        among = left & ~champions & may_champion
        champion = np.where(among, pairs.worth, -np.inf).argmax(axis=1)
        champions[cars, champion] = True
        # With another rebate, another amount is owed.
        dropped = pairs.dominated_by(cars, champion)
        dropped &= rebate == rebate[cars, champion][:, None]
        has_champion: Flags = np.logical_or.reduce(among, axis=1)
        dropped &= has_champion[:, None]
        dropped[cars, champion] = False
        left &= ~dropped
    return replace(structures, feasible=left)


def _may_champion(pricing: Pricing) -> Flags:
    """Return which programmes are offered over their whole range and worth a line there, shape (p,): no
    cheaper row of the lender takes a part of it, and no cap of the reserve bends it.
    """
    whole: Flags = (pricing.plan.cheaper == NONE).all(axis=1)
    most = pricing.valuation.most
    return whole if most is None else whole & np.isinf(most).all(axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """The range of each pair and the lines between which its NPV lies, before the front gross.

    ``margin`` in cents, ``factors`` of shape (p,), all others (c, p). ``least`` and ``most`` are its payments
    in cents, not rounded; ``worth`` is at least reached at the largest loan, ``bound`` is never exceeded.
    """

    margin: float
    factors: Floats
    least: Floats
    most: Floats
    worth: Floats
    bound: Floats
    low_slope: Floats
    low: Floats
    high_slope: Floats
    high: Floats

    @classmethod
    def of(cls, pricing: Pricing, structures: Structures) -> "_Pairs":
        """Return the pairs of some cars. Where a structure is not feasible, its amounts mean nothing."""
        slopes, intercepts = _ranges(pricing.valuation)
        bands = _crossed(pricing, structures)
        low_slope, high_slope = slopes[0][bands], slopes[1][bands]
        low, high = intercepts[0][bands], intercepts[1][bands]
        factors, highest = pricing.plan.factors, structures.principal
        step_worth = pricing.plan.inputs.cash_step_cents * float(pricing.valuation.slope.max())
        return cls(
            margin=MARGIN_CENTS + step_worth,
            factors=factors,
            least=structures.lowest * factors,
            most=highest * factors,
            worth=np.where(structures.feasible, highest * low_slope + low - structures.discount, -np.inf),
            bound=highest * high_slope + high - structures.discount,
            low_slope=low_slope,
            low=low,
            high_slope=high_slope,
            high=high,
        )

    def dominated_by(self, cars: NDArray[np.intp], champion: NDArray[np.intp]) -> Flags:
        """Return which pairs their car's champion dominates; shape (c, p)."""

        def its(values: Floats) -> Floats:
            chosen: Floats = values[cars, champion][:, None]
            return chosen

        factor = self.factors[champion][:, None]
        slope, start = its(self.low_slope) / factor, its(self.low)
        slopes = self.high_slope / self.factors

        def beaten_at(payment: Floats) -> Flags:
            marks: Flags = slope * payment + start >= slopes * payment + self.high + self.margin
            return marks

        ends = np.minimum(self.most, its(self.most))
        beaten = self.bound + self.margin <= its(self.worth)
        within = beaten_at(self.least) & beaten_at(ends) & ((self.most <= ends) | beaten)
        everywhere = np.where(ends < self.least, beaten, within)
        marks: Flags = everywhere & (factor <= self.factors) & (its(self.least) <= self.least)
        return marks


Extremes = tuple[Floats, Floats]


@lru_cache(maxsize=64)
def _ranges(valuation: Valuation) -> tuple[Extremes, Extremes]:
    """Return the least and greatest slopes and intercepts of each programme between any two bands."""
    shape = -1, len(valuation.bands.ltv_edges), len(valuation.bands.pti_edges)
    return _extremes(valuation.slope.reshape(shape)), _extremes(valuation.intercept.reshape(shape))


def _extremes(values: Floats) -> Extremes:
    """Return the least and the greatest of values of shape (p, L, T) between two bands each; shape
    (p, L, T, L, T), from the first pair of bands to the second.
    """
    programmes, ltvs, ptis = values.shape
    lows = np.full((programmes, ltvs, ptis, ltvs, ptis), np.inf)
    highs = np.full(lows.shape, -np.inf)
    for ltv, pti in np.ndindex(ltvs, ptis):
        for to_ltv in range(ltv, ltvs):
            for to_pti in range(pti, ptis):
                some = values[:, ltv : to_ltv + 1, pti : to_pti + 1]
                lows[:, ltv, pti, to_ltv, to_pti] = some.min(axis=(1, 2))
                highs[:, ltv, pti, to_ltv, to_pti] = some.max(axis=(1, 2))
    return lows, highs


def _crossed(pricing: Pricing, structures: Structures) -> tuple[NDArray[np.int64], ...]:
    """Return the index of each pair into ``_extremes``: LTV and PTI rise with the principal, so the bands in
    its range are those between its two ends.
    """
    bands = pricing.valuation.bands
    income = np.asarray(pricing.plan.inputs.monthly_income_cents or 0, dtype=np.int64)

    def at(principal: Cents) -> NDArray[np.int64]:
        payment = payments_cents(principal, pricing.plan.factors)
        number = bands.index_of(principal, structures.basis, payment, income)
        return np.stack(np.divmod(number, len(bands.pti_edges)))

    first, last = at(structures.lowest), at(structures.principal)
    return np.arange(len(pricing.plan.factors)), *np.minimum(first, last), *np.maximum(first, last)
