"""Drops programmes that cannot hold a car's best offer or a point of its frontier, before they are valued.

Most programmes of a rate sheet are worse for a car than one other over their whole range: the payment is the
same and the NPV is lower, whatever the principal. Such a pair is found from the ends of its range, and its
candidates, a dozen or more, are never built. Each pair is compared with two champions of its car: the pair
that is worth most, and the one that is worth most of those that the first did not drop. With a rate sheet of
24 rows they leave a quarter of the pairs; a third champion drops no more.

A champion must be worth a line over its whole range. Where lenders' rows overlap and reserves are capped,
those that are worth most often are not, so two more champions follow. They must be worth more than a pair at
a payment that is lower by a whole payment band. Then one of their candidates beats each of the pair's, and
the frontier is the same to the last point.

Why the ends suffice: the NPV of a pair lies between two lines in the payment, drawn with the lowest and the
highest slope and intercept of the risk bands in range. If the champion's payment factor is not higher, its
principal at the same payment is not smaller, so it needs no more discount. Above its highest payment the
champion keeps its best. The margin covers every rounding, so ties are never dropped.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from server.finance.architect.corners import MAX_PAYMENT_BANDS, PAYMENT_BAND_CENTS
from server.finance.architect.pairs import Index
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
    pairs = Pairs.of(pricing, structures)
    feasible = structures.feasible.copy()
    _drop(pairs, feasible, _may_champion(pricing).take(pairs.programme), pairs.beaten_by)
    _drop(pairs, feasible, pairs.in_corners, pairs.beaten_by_corners)
    return replace(structures, feasible=feasible)


def _drop(pairs: "Pairs", feasible: Flags, champions: Flags, beaten_by: Callable[[Index], Flags]) -> None:
    """Unmark the pairs that are beaten by CHAMPIONS of their car, one after the other; none of those is
    dropped by a later one. ``feasible`` has shape (c, p), ``champions``, which pairs may be one, (n,).
    """
    place = np.zeros(feasible.shape, dtype=np.intp)
    place.ravel()[pairs.number] = np.arange(len(champions))
    left = feasible.take(pairs.number)
    worth = np.full(feasible.shape, -np.inf)
    worth.ravel()[pairs.number] = np.where(left & champions, pairs.worth, -np.inf)
    cars, kept = np.arange(len(worth)), np.zeros_like(left)
    for _ in range(CHAMPIONS):
        column = worth.argmax(axis=1)
        champion, has_champion = place[cars, column], worth[cars, column] > -np.inf
        kept[champion.compress(has_champion)] = True
        gone = pairs.number.compress(left & beaten_by(champion) & has_champion.take(pairs.car) & ~kept)
        feasible.ravel()[gone] = False
        worth.ravel()[gone] = -np.inf
        worth[cars, column] = -np.inf
        left = feasible.take(pairs.number)


def _may_champion(pricing: Pricing) -> Flags:
    """Return which programmes are offered over their whole range and worth a line there, shape (p,): no
    cheaper row of the lender takes a part of it, and no cap of the reserve bends it.
    """
    whole: Flags = (pricing.plan.cheaper == NONE).all(axis=1)
    most = pricing.valuation.most
    return whole if most is None else whole & np.isinf(most).all(axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """The range of each feasible pair and the lines between which its NPV lies, before the front gross; all
    but ``margin``, in cents, have shape (n,), by car.

    ``number`` is that in (c, p). ``least`` and ``most`` are its payments in cents, not rounded; ``worth`` is
    at least reached at the largest loan, ``bound`` is never exceeded. If reserves are capped, the part of the
    value that grows with the principal stops growing at ``capped`` at the earliest. ``in_corners`` marks
    pairs that lend their whole range and need no discount at the largest loan; from a payment of ``regular``
    on they need none at all.
    """

    car: Index
    programme: Index
    number: Index
    rebate: Cents
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
    capped: Floats | None
    in_corners: Flags
    regular: Floats

    @classmethod
    def of(cls, pricing: Pricing, structures: Structures) -> "Pairs":
        """Return the feasible pairs of some cars."""
        car, programme = structures.feasible.nonzero()
        number = structures.pairs(car, programme)
        factors = pricing.plan.factors.take(programme)
        lowest, highest = structures.lowest.take(number), structures.principal.take(number)
        discount = structures.discount.take(number)
        slopes, intercepts = _ranges(pricing.valuation)
        bands = _crossed(pricing, structures.basis.take(number), programme, lowest, highest)
        low_slope, high_slope = slopes[0].take(bands), slopes[1].take(bands)
        low, high = intercepts[0].take(bands), intercepts[1].take(bands)
        inputs, most = pricing.plan.inputs, pricing.valuation.most
        step_worth = inputs.cash_step_cents * float(pricing.valuation.slope.max())
        cash_runs_out = structures.sales.owed.take(number) - structures.sales.headroom.cash_max.take(car)
        regular = (np.maximum(lowest, cash_runs_out) + inputs.cash_step_cents) * factors + 1
        gaps = np.zeros(len(number), dtype=np.bool_)
        for below, above in zip(structures.covered.low, structures.covered.high, strict=True):
            gaps |= (below.take(number) <= highest) & (above.take(number) >= lowest)
        grown, capped = highest * low_slope, None
        if most is not None:
            capped = most.min(axis=1).take(programme)
            grown = np.minimum(grown, capped)
        return cls(
            car=car,
            programme=programme,
            number=number,
            rebate=structures.sales.rebate.take(number),
            margin=MARGIN_CENTS + step_worth,
            factors=factors,
            least=lowest * factors,
            most=highest * factors,
            worth=grown + low - discount,
            bound=highest * high_slope + high - discount,
            low_slope=low_slope,
            low=low,
            high_slope=high_slope,
            high=high,
            capped=capped,
            in_corners=~gaps & (discount == inputs.structure.discount_cents) & (regular <= highest * factors),
            regular=regular,
        )

    def beaten_by(self, champion: Index) -> Flags:
        """Return which pairs are worth less than their car's champion at every payment; shape (n,).

        ``champion`` is its place among the pairs, shape (c,); it is worth a line.
        """
        its = champion.take(self.car)
        factor, start, least = self.factors.take(its), self.low.take(its), self.least.take(its)
        slope = self.low_slope.take(its) / factor
        slopes = self.high_slope / self.factors

        def beaten_at(payment: Floats) -> Flags:
            marks: Flags = slope * payment + start >= slopes * payment + self.high + self.margin
            return marks

        ends = np.minimum(self.most, self.most.take(its))
        beaten = self.bound + self.margin <= self.worth.take(its)
        within = beaten_at(self.least) & beaten_at(ends) & ((self.most <= ends) | beaten)
        everywhere = np.where(ends < self.least, beaten, within)
        # With another rebate, another amount is owed.
        alike = (factor <= self.factors) & (least <= self.least) & (self.rebate == self.rebate.take(its))
        marks: Flags = everywhere & alike
        return marks

    def beaten_by_corners(self, champion: Index) -> Flags:
        """Return which pairs are worth less, at every payment, than a candidate of their car's champion that
        costs no more; as ``beaten_by``.

        Payment bands have such candidates: one of the champion's lies within a band below each payment. What
        the champion is worth is concave in the payment, also with a cap, so the ends suffice again.
        """
        its = champion.take(self.car)
        slope, start = (self.low_slope / self.factors).take(its), self.low.take(its)
        highest = self.most.take(its)
        capped = None if self.capped is None else self.capped.take(its)
        slopes = self.high_slope / self.factors

        def beaten_at(payment: Floats) -> Flags:
            grown = slope * (payment - PAYMENT_BAND_CENTS)
            if capped is not None:
                grown = np.minimum(grown, capped)
            marks: Flags = grown + start >= slopes * payment + self.high + self.margin
            return marks

        ends = np.minimum(self.most, highest + PAYMENT_BAND_CENTS)
        beaten = self.bound + self.margin <= self.worth.take(its)
        within = beaten_at(self.least) & beaten_at(ends) & ((self.most <= ends) | beaten)
        everywhere = np.where(ends < self.least, beaten, within)
        reached = self.least >= np.maximum(
            self.regular.take(its), highest - (MAX_PAYMENT_BANDS - 1) * PAYMENT_BAND_CENTS
        )
        marks: Flags = everywhere & reached
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


def _crossed(pricing: Pricing, basis: Cents, programme: Index, lowest: Cents, highest: Cents) -> Index:
    """Return the places of pairs in ``_extremes``: LTV and PTI rise with the principal, so the bands in a
    range are those between its two ends.
    """
    bands, factors = pricing.valuation.bands, pricing.plan.factors.take(programme)
    income = np.asarray(pricing.plan.inputs.monthly_income_cents or 0, dtype=np.int64)
    ltvs, ptis = len(bands.ltv_edges), len(bands.pti_edges)

    def at(principal: Cents) -> tuple[Cents, Cents]:
        return np.divmod(bands.index_of(principal, basis, payments_cents(principal, factors), income), ptis)

    (ltv, pti), (to_ltv, to_pti) = at(lowest), at(highest)
    place = programme * ltvs + np.minimum(ltv, to_ltv)
    for size, band in (
        (ptis, np.minimum(pti, to_pti)),
        (ltvs, np.maximum(ltv, to_ltv)),
        (ptis, np.maximum(pti, to_pti)),
    ):
        place = place * size + band
    return place
