"""Candidate structures: those at the corners of a space in which the NPV is linear between corners.

For one car and programme the NPV is linear in the principal within a band, and falls by a cent with each cent
of discount, so the best structure is at a corner (``corners``).

Found cash is a whole number of the store's steps, or the customer's own least or most. It is rounded so that
the principal stays on the wanted side of its edge; if no step lies within the limits, the cash is exact.

Shapes: n pairs of a car and a feasible programme, m structures of all.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from server.finance.architect.space.corners import Corners, corners_of
from server.finance.architect.space.pairs import Index, Pairs
from server.finance.architect.space.pricing import Pricing
from server.finance.cars import Cars
from server.finance.contract import owed_before_cash_cents
from server.finance.loans.reaching import reached
from server.finance.loans.structures import Structures
from server.finance.rounding import WHOLE, Cents, Flags, half_up
from server.finance.rules.cheapest import is_covered


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Structures of some pairs, of shape (m,) in cents, ordered by car, then sheet; within a pair the largest
    loan comes first.

    ``pair`` is the number of the pair, ``band`` that of the risk band. ``npv`` includes the front gross.
    """

    pairs: Pairs
    pair: Index
    principal: Cents
    cash: Cents
    discount: Cents
    payment: Cents
    band: NDArray[np.int64]
    npv: Cents

    def __len__(self) -> int:
        return len(self.pair)

    @property
    def car(self) -> Index:
        """The number of each structure's car."""
        return self.pairs.car.take(self.pair)

    @property
    def programme(self) -> Index:
        """The number of each structure's programme."""
        return self.pairs.programme.take(self.pair)

    @property
    def front_gross(self) -> Cents:
        """What the store earns on car and trade, after the discount."""
        return self.pairs.front.take(self.pair) - self.discount

    def at(self, number: Index) -> "Candidates":
        """Return some of them, by number."""
        return Candidates(self.pairs, *(each.take(number) for each in self._columns()))

    def joined(self, other: "Candidates") -> "Candidates":
        """Return these and then the others, of the same pairs."""
        both = zip(self._columns(), other._columns(), strict=True)
        return Candidates(self.pairs, *(np.concatenate(each) for each in both))

    def by_payment(self) -> Index:
        """Return the numbers of all by car, then by ascending payment, then in the order of the sheet."""
        # One key: a car's payments follow those of the car before it.
        pairs, programmes = self.pairs, self.pairs.structures.feasible.shape[1]
        first = pairs.car * ((int(self.payment.max(initial=0)) + 1) * programmes) + pairs.programme
        order: Index = (self.payment * programmes + first.take(self.pair)).argsort(kind="stable")
        return order

    def _columns(self) -> tuple[NDArray[np.int64], ...]:
        return self.pair, self.principal, self.cash, self.discount, self.payment, self.band, self.npv


def build_candidates(pricing: Pricing, cars: Cars, structures: Structures) -> Candidates:
    """Return the candidates of every feasible pair, valued; each is within every limit to the cent, and no
    cheaper row of its lender fits.
    """
    pairs = Pairs.feasible(pricing, cars, structures)
    found = build_at(pricing, pairs, corners_of(pricing, pairs))
    enough = may_be_offered(found)
    return found if enough.all() else found.at(enough.nonzero()[0])


def build_at(pricing: Pricing, pairs: Pairs, wanted: Corners) -> Candidates:
    """Return the valued structures that come nearest to the wanted principals; shape (m,).

    If the cash is fixed, the smallest loan may be missed by a cent.
    """
    pair = wanted.pair
    principal, cash, discount = _reached(pricing, pairs, wanted)
    amount = principal.astype(np.float64)
    payment = half_up(amount * pairs.raised.take(pair))
    band = _band_of(pricing, pairs, pair, principal, payment)
    worth = pricing.valuation.npv_at(pairs.bands.take(pair) + band, amount)
    return Candidates(
        pairs=pairs,
        pair=pair,
        principal=principal,
        cash=cash,
        discount=discount,
        payment=payment,
        band=band,
        npv=worth + (pairs.front.take(pair) - discount),
    )


def may_be_offered(made: Candidates) -> Flags:
    """Return which structures are in the range of their pair, and no cheaper row lends them; shape (m,)."""
    pairs, pair = made.pairs, made.pair
    marks: Flags = made.principal >= pairs.floor.take(pair)
    if len(pairs.covered.low):
        marks &= made.principal <= pairs.highest.take(pair)
        some = pairs.touched.take(pair).nonzero()[0]
        if some.size:
            marks[some] &= ~is_covered(pairs.covered, pair.take(some), made.principal.take(some))
    return marks


def band_of(pricing: Pricing, principal: Cents, payment: Cents, basis: Cents) -> NDArray[np.int64]:
    """Return the number of the risk band; if the income is not known, that of the highest PTI."""
    income = np.asarray(pricing.plan.inputs.monthly_income_cents or 0, dtype=np.int64)
    return pricing.valuation.bands.index_of(principal, basis, payment, income)


def _band_of(
    pricing: Pricing, pairs: Pairs, pair: Index, principal: Cents, payment: Cents
) -> NDArray[np.int64]:
    """Return the number of the risk band; if the income is not known, that of the highest PTI."""
    bands, income = pricing.valuation.bands, pricing.plan.inputs.monthly_income_cents or 0
    band = np.zeros(len(pair), dtype=np.int64)
    for edges in pairs.ltv_edges:
        band += principal > edges.take(pair)
    band *= len(bands.pti_edges)
    highest = payment.max(initial=0)
    for edge in bands.pti_edges[:-1].tolist():
        passed = income * edge // WHOLE if income else -1
        if highest > passed:
            band += payment > passed
    return band


def _reached(pricing: Pricing, pairs: Pairs, wanted: Corners) -> tuple[Cents, Cents, Cents]:
    """Return principal, cash and discount of the structures at the wanted principals, the cash in whole
    steps.
    """
    inputs, pair = pricing.plan.inputs, wanted.pair
    owed, least, most = pairs.owed.take(pair), pairs.cash_min.take(pair), pairs.cash_max.take(pair)
    discount = np.full(len(pair), inputs.structure.discount_cents, dtype=np.int64)
    cash = owed - wanted.principal
    needs = cash > most
    if needs.any():
        _discount(pricing, pairs, wanted, needs.nonzero()[0], (owed, cash, discount))
    cash = np.maximum(cash, least)
    if inputs.cash_step_cents > 1:
        cash = _stepped(inputs.cash_step_cents, pairs, wanted, (owed, cash, least, most))
    return owed - cash, cash, discount


def _discount(
    pricing: Pricing, pairs: Pairs, wanted: Corners, needs: Index, amounts: tuple[Cents, Cents, Cents]
) -> None:
    """Set what is owed, the cash and the discount of the structures that need one, by number."""
    owed, cash, discount = amounts
    which, asked = wanted.pair.take(needs), wanted.principal.take(needs)
    principal, cash[needs], discount[needs] = reached(pricing.plan.inputs, pairs.within(which), asked)
    owed[needs] = principal + cash[needs]
    short = (needs >= wanted.upper) & (principal < asked)
    if len(pairs.covered.low) and short.any():
        # A cent less of discount gives the next larger principal.
        some = needs.compress(short)
        price, rebate = pairs.within(which).sale_at(short.nonzero()[0])
        discount[some] -= 1
        owed[some] = owed_before_cash_cents(pricing.plan.inputs, price, discount.take(some), rebate)
        cash[some] = pairs.cash_max.take(which.compress(short))


def _stepped(step: int, pairs: Pairs, wanted: Corners, amounts: tuple[Cents, Cents, Cents, Cents]) -> Cents:
    """Return cash in whole steps, or the customer's own least or most: the smallest above ``cash``, or the
    largest below it where the principal is the lower end of its range. If that breaks a limit, the other; if
    both do, ``cash`` itself. Cash is never less than the least, and the least stays.
    """
    owed, cash, least, most = amounts
    smallest, low = pairs.floor.take(wanted.pair), slice(wanted.upper, None)
    stepped = np.minimum((cash + (step - 1)) // step * step, most)
    stepped[low] = np.maximum(cash[low] // step * step, least[low])
    np.copyto(stepped, cash, where=cash == least)
    left = owed - stepped
    breaks = left < smallest
    # Only a cash that is rounded down can make the loan too large.
    breaks[low] |= left[low] > pairs.highest.take(wanted.pair[low])
    if breaks.any():
        odd = breaks.nonzero()[0]
        amount = cash.take(odd)
        up = np.minimum((amount + (step - 1)) // step * step, most.take(odd))
        down = np.maximum(amount // step * step, least.take(odd))
        second = np.where(odd >= wanted.upper, up, down)
        left = owed.take(odd) - second
        fits = (left >= smallest.take(odd)) & (left <= pairs.highest.take(wanted.pair.take(odd)))
        stepped[odd] = np.where(fits & (amount != least.take(odd)), second, amount)
    return stepped
