"""What a programme's rows make of a cell, by plain sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from protocol.money.inputs import DealInputs
from protocol.money.lending import Programme, RateSheet
from tests.finance import reference
from tests.finance.architect.test_frontier import factor, offered, rate_of
from tests.finance.sheets import plain_rows
from tests.finance.sheets.plain_rows import Car, Deal, Offered


@dataclass(frozen=True)
class PlainWay:
    """A row that takes a cell, its payment, and the total of its payments."""

    row: Programme
    payment: int
    total: int


def rows_at(sheet: RateSheet, deal: DealInputs, term: int) -> list[Offered]:
    """Return the rows of the deal's tier at a term, each at its own rate."""
    return [
        offered(number, row, term, deal, sheet)
        for number, row in enumerate(sheet.programmes)
        if row.tier == deal.structure.tier and row.takes_term(term)
    ]


def plain_ways(
    deal: DealInputs, every: Sequence[Offered], one: Car, programme_id: str, asked: tuple[int, int]
) -> list[PlainWay]:
    """Return the rows of a programme that take cash and discount, without those that a cheaper row of the
    lender undercuts.
    """
    cash, discount = asked
    found = []
    for at in every:
        note = reference.principal(deal, one["price_cents"], discount, one[at.rebate]) - cash
        if at.row.programme_id != programme_id or not plain_rows.fits(deal, at, one, cash, note):
            continue
        rate = rate_of(at.row, deal)
        payment = reference.half_up(note * factor(rate, at.term))
        if not plain_rows.is_undercut(deal, at, every, one, Deal(at, cash, discount, note, payment)):
            found.append(PlainWay(at.row, payment, total_of(note, payment, rate, at.term)))
    return found


def total_of(note: int, payment: int, rate: float, term: int) -> int:
    """Run a contract down with rounded interests, and return the sum of its payments."""
    balance, total = note, 0
    parts, of = (Fraction(str(rate)) / 120_000).as_integer_ratio()
    for number in range(1, term + 1):
        owed = balance + reference.half_up_of(balance * parts, of)
        paid = owed if number == term else min(payment, owed)
        balance, total = owed - paid, total + paid
    return total
