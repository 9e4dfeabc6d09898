"""The lines between which the NPV of each pair of a car and a programme lies, and its car's champions."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from server.finance.architect.pricing import Pricing
from server.finance.loans import Loans
from server.finance.rounding import WHOLE, Cents, Flags, Floats
from server.finance.value.valuation import Valuation

Index = NDArray[np.intp]

MARGIN_CENTS = 1_00
"""How much more a champion must be worth at least, because payments and NPVs are rounded to the cent. The
value of a step of cash is added.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """The range of each pair and the lines between which its NPV lies, before the front gross; all but
    ``margin``, in cents, have shape (n,), by car.

    At a payment of ``y`` cents the NPV is at least ``y * low_rate + low`` and at most ``y * high_rate +
    high``; if its reserve is capped, at least that or ``worth``. ``least`` and ``most`` are a pair's payments
    in cents, not rounded; ``worth`` is at least reached at the largest loan, ``bound`` is never exceeded.
    ``place`` is each pair's place, ``start``
    that of the first pair of each car that has one, ``segment`` the car's number among those.
    """

    margin: float
    place: Index
    start: Index
    segment: Index
    rebate: Cents
    factor: Floats
    least: Floats
    most: Floats
    worth: Floats
    bound: Floats
    low_rate: Floats
    low: Floats
    high_rate: Floats
    high: Floats

    @classmethod
    def of(cls, pricing: Pricing, loans: Loans) -> "Lines":
        """Return the lines of some loans, which need not be feasible."""
        programme, factor, valuation = loans.programme, loans.factor, pricing.valuation
        rates, intercepts = _ranges(pricing)
        band = _crossed(pricing, loans)
        low_rate, high_rate = rates.least.take(band), rates.most.take(band)
        low, high = intercepts.least.take(band), intercepts.most.take(band)
        step_worth = pricing.plan.inputs.cash_step_cents * float(valuation.slope.max())
        most = loans.principal * factor
        grown = most * low_rate
        if valuation.most is not None:
            grown = np.minimum(grown, valuation.most.min(axis=1).take(programme))
        start = np.flatnonzero(np.diff(loans.car, prepend=-1))
        return cls(
            margin=MARGIN_CENTS + step_worth,
            place=np.arange(len(loans)),
            start=start,
            segment=np.repeat(np.arange(len(start)), np.diff(start, append=len(loans))),
            rebate=loans.rebate,
            factor=factor,
            least=loans.lowest * factor,
            most=most,
            worth=grown + low - loans.discount,
            bound=most * high_rate + high - loans.discount,
            low_rate=low_rate,
            low=low,
            high_rate=high_rate,
            high=high,
        )

    def champions(self, among: Flags) -> Index:
        """Return the place of the pair that is worth most of those ``among`` its car's, for each pair; -1 if
        the car has none. Of equal ones it is the first.
        """
        worth = np.where(among, self.worth, -np.inf)
        most = np.maximum.reduceat(worth, self.start)
        tops = np.flatnonzero((worth == most.take(self.segment)) & among)[::-1]
        champion = np.full(len(self.start), -1, dtype=np.intp)
        # Of equal numbers the last one is kept.
        champion[self.segment.take(tops)] = tops
        return champion.take(self.segment)


class _Extremes(NamedTuple):
    """The least and the greatest values between two bands, of shape (p, L, T, L, T), from the first pair of
    bands to the second.
    """

    least: Floats
    most: Floats


def _ranges(pricing: Pricing) -> tuple[_Extremes, _Extremes]:
    """Return the extremes of each programme's NPV per unit of payment, and of its intercepts."""
    slopes, intercepts = _extremes_of(pricing.valuation)
    factors = pricing.plan.factors[:, None, None, None, None]
    return _Extremes(slopes.least / factors, slopes.most / factors), intercepts


@lru_cache(maxsize=64)
def _extremes_of(valuation: Valuation) -> tuple[_Extremes, _Extremes]:
    shape = -1, len(valuation.bands.ltv_edges), len(valuation.bands.pti_edges)
    return _extremes(valuation.slope.reshape(shape)), _extremes(valuation.intercept.reshape(shape))


def _extremes(values: Floats) -> _Extremes:
    programmes, ltvs, ptis = values.shape
    lows = np.full((programmes, ltvs, ptis, ltvs, ptis), np.inf)
    highs = np.full(lows.shape, -np.inf)
    for ltv, pti in np.ndindex(ltvs, ptis):
        for to_ltv in range(ltv, ltvs):
            for to_pti in range(pti, ptis):
                some = values[:, ltv : to_ltv + 1, pti : to_pti + 1]
                lows[:, ltv, pti, to_ltv, to_pti] = some.min(axis=(1, 2))
                highs[:, ltv, pti, to_ltv, to_pti] = some.max(axis=(1, 2))
    return _Extremes(lows, highs)


def _crossed(pricing: Pricing, loans: Loans) -> Index:
    """Return the places of pairs in ``_Extremes``: LTV and PTI rise with the principal, so the bands in a
    range are those between its two ends.
    """
    edges = pricing.valuation.bands.ltv_edges
    ltv = [loans.basis * edge // WHOLE for edge in edges[:-1].tolist()]
    pti = [column.take(loans.programme) for column in pricing.pti_principals.T]
    # Without an income, every payment is in the highest band.
    unknown = len(pricing.valuation.bands.pti_edges) - 1 - len(pti)
    place = loans.programme
    for principal in (loans.lowest, np.maximum(loans.lowest, loans.principal)):
        for passed, none in ((ltv, 0), (pti, unknown)):
            place = place * (len(passed) + none + 1) + none
            for edge in passed:
                place += principal > edge
    return place
