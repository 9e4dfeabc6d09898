"""The lines between which the NPV of each pair of a car and a programme lies, and its car's champions."""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from server.finance.architect.space.pricing import Pricing
from server.finance.loans.loans import Loans
from server.finance.rounding import WHOLE, Cents, Flags, Floats

Index = NDArray[np.intp]

MARGIN_CENTS = 1_00
"""How much more a champion must be worth at least, because payments and NPVs are rounded to the cent. The
value of a step of cash is added.
"""


class _Extremes(NamedTuple):
    """The least and the greatest values between two bands, of shape (p, L, T, L, T), from the first pair of
    bands to the second.
    """

    least: Floats
    most: Floats


class _Programmes(NamedTuple):
    """What the lines of a plan's programmes are drawn with: the extremes of their NPV per unit of payment and
    of their intercepts, and the least at which a reserve stops growing, of shape (p,); None without a cap.
    """

    rates: _Extremes
    intercepts: _Extremes
    most: Floats | None
    margin: float


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """The range of each pair and the lines between which its NPV lies, before the front gross; all but
    ``margin``, in cents, have shape (n,), by car.

    At a payment of ``y`` cents the NPV is at least ``y * low_rate + low`` and at most ``y * high_rate +
    high``; if its reserve is capped, at least that or ``worth``. ``least`` and ``most`` are a pair's payments
    in cents, not rounded; ``worth`` is at least reached at the largest loan, ``bound`` is never exceeded.
    ``place`` is each pair's place, ``start`` that of the first pair of each car that has one.
    """

    margin: float
    cars: int
    car: Index
    place: Index
    start: Index
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
        """Return the lines of some loans, at least one; they need not be feasible."""
        programmes, factor, band = _programmes(pricing), loans.factor, _crossed(pricing, loans)
        low_rate, low = (each.least.take(band) for each in (programmes.rates, programmes.intercepts))
        high_rate, high = (each.most.take(band) for each in (programmes.rates, programmes.intercepts))
        most = loans.principal * factor
        grown = most * low_rate
        if programmes.most is not None:
            grown = np.minimum(grown, programmes.most.take(loans.programme))
        return cls(
            margin=programmes.margin,
            cars=len(loans.cars),
            car=loans.car,
            place=np.arange(len(loans)),
            start=np.concatenate([[0], np.flatnonzero(loans.car[1:] != loans.car[:-1]) + 1]),
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
        most = np.full(self.cars, np.nan)
        most[self.car.take(self.start)] = np.maximum.reduceat(worth, self.start)
        most[np.isneginf(most)] = np.nan
        tops = np.flatnonzero(worth == most.take(self.car))[::-1]
        champion = np.full(self.cars, -1, dtype=np.intp)
        # Of equal numbers the last one is kept.
        champion[self.car.take(tops)] = tops
        return champion.take(self.car)


@lru_cache(maxsize=64)
def _programmes(pricing: Pricing) -> _Programmes:
    valuation = pricing.valuation
    shape = -1, len(valuation.bands.ltv_edges), len(valuation.bands.pti_edges)
    factors = pricing.plan.factors[:, None]
    step_worth = pricing.plan.inputs.cash_step_cents * float(valuation.slope.max())
    return _Programmes(
        rates=_extremes((valuation.slope / factors).reshape(shape)),
        intercepts=_extremes(valuation.intercept.reshape(shape)),
        most=None if valuation.most is None else valuation.most.min(axis=1),
        margin=MARGIN_CENTS + step_worth,
    )


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
    bands = pricing.valuation.bands
    ltv = [loans.basis * edge // WHOLE for edge in bands.ltv_edges[:-1].tolist()]
    pti = [column.take(loans.programme) for column in pricing.pti_principals.T]
    # Without an income, every payment is in the highest band.
    passed = 0 if pti else len(bands.pti_edges) - 1
    band: NDArray[np.int32] | int = 0
    for principal in (loans.lowest, np.maximum(loans.lowest, loans.principal)):
        for edges, count, already in (
            (ltv, len(bands.ltv_edges), 0),
            (pti, len(bands.pti_edges), passed),
        ):
            band = band * count + already
            for edge in edges:
                band = band + (principal > edge).astype(np.int32)
    size = (len(bands.ltv_edges) * len(bands.pti_edges)) ** 2
    return loans.programme * size + band
