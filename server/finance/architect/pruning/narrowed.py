"""Narrows the range in which a pair of a car and a programme is tried, by what another pair's corners beat.

A champion of a car may have a capped reserve, and a lower or an upper end that a cheaper row cuts off, if no
gap lies within its range and it needs no discount at the largest loan. Its candidates include the edges of
the payment bands, so that one of them lies within a band below each payment. A pair that is worth less than
the champion at a payment that is lower by a whole band is beaten there by a candidate that costs no more. So
neither the best offer nor a point of the frontier changes, if the pair has no candidates there.

What the champion is worth is concave in the payment, also with a cap and above its highest payment, where it
keeps its best; what the pair is worth at most is a line. So the pair is beaten in one range of payments. Its
own range gets smaller if the beaten one includes an end of it. A champion may lose a part of its range too:
whatever beats its candidates also beats those that they beat.
"""

import numpy as np

from server.finance.architect.pruning.lines import Lines
from server.finance.architect.space.corners import MAX_PAYMENT_BANDS, PAYMENT_BAND_CENTS
from server.finance.architect.space.pricing import Pricing
from server.finance.loans.loans import Loans
from server.finance.rounding import Cents, Flags

CORNER_CHAMPIONS = 2

ASTRAY_CENTS = 1_00
"""How far a candidate may be from its corner, besides a step of cash: a cent of discount is taxed."""

_FLAT = 1e-12
"""A slope that is as good as none: a fraction of a cent over the largest payment."""


def narrowed(pricing: Pricing, loans: Loans, lines: Lines, left: Flags) -> tuple[Flags, Cents, Cents]:
    """Return which of the pairs that are ``left`` may still be tried, and their least and greatest principal
    that needs to be.
    """
    step, asked = pricing.plan.inputs.cash_step_cents, pricing.plan.inputs.structure.discount_cents
    factor, most = lines.factor, lines.most
    cash_runs_out = loans.owed - loans.sale.headroom.cash_max.take(loans.car)
    # From here on the pair needs no discount, and its bands have candidates.
    regular = (np.maximum(loans.lowest, cash_runs_out) + step) * factor + 1
    among = left & (loans.discount == asked) & (regular <= most)
    for below, above in zip(loans.covered.low, loans.covered.high, strict=True):
        among &= (below > loans.principal) | (above < loans.lowest)
    regular = np.maximum(regular, most - (MAX_PAYMENT_BANDS - 1) * PAYMENT_BAND_CENTS)
    rates, high = np.maximum(lines.high_rate, _FLAT), lines.high - loans.discount + lines.margin
    least, left = lines.least, left.copy()
    for _ in range(CORNER_CHAMPIONS):
        its = lines.champions(among)
        others = (its >= 0) & (its != lines.place)
        rate, start = lines.low_rate.take(its), lines.low.take(its) - asked
        rises = rate - rates
        rises[rises == 0] = -_FLAT
        level = (high - start + rate * PAYMENT_BAND_CENTS) / rises
        first, last = regular.take(its), (lines.worth.take(its) - high) / rates
        first = np.where(rises > 0, np.maximum(first, level), first)
        last = np.where(rises > 0, last, np.minimum(last, level))
        from_top = (last >= most) & (first <= most) & others
        from_bottom = (first <= least) & (last >= least) & others
        left &= ~(from_top & from_bottom)
        least = np.where(from_bottom, np.minimum(last, most), least)
        most = np.where(from_top, first, most)
        among &= left & others
    pad = step + ASTRAY_CENTS
    lowest = np.floor(least / factor).astype(np.int64) - pad
    return left, lowest, np.ceil(most / factor).astype(np.int64) + pad
