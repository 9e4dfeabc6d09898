"""A lender's rows once more, in the plainest form: every cent of cash and discount, one row at a time.

Shares nothing with the engine but payment factors and the value of a contract, which have tests of their own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from protocol.money.inputs import DealInputs
from protocol.money.lending import AdvanceRule, Programme
from tests.finance.reference import discount_limit, half_up, principal, selling_price

Car = dict[str, int]


@dataclass(frozen=True)
class Offered:
    """A row at a term, with a number of its own, its payment per unit of principal and its rebate's name."""

    number: int
    row: Programme
    term: int
    factor: float
    rebate: str


@dataclass(frozen=True)
class Deal:
    """One way to sell a car: what is lent, and what the customer pays down."""

    offered: Offered
    cash: int
    discount: int
    principal: int
    payment: int


def rebate_name(row: Programme, sheet_rows: Sequence[Programme]) -> str:
    """Return the name of a car's rebate under a row; there is one for each list of exclusions, sorted."""
    if not row.excluded_rebates:
        return "rebate_cents"
    lists = sorted({tuple(sorted(each.excluded_rebates)) for each in sheet_rows if each.excluded_rebates})
    return f"rebate_without_{lists.index(tuple(sorted(row.excluded_rebates))) + 1}_cents"


def equity_of(deal: DealInputs) -> int:
    """Return what the trade is worth to the deal; negative if more is owed on it."""
    s = deal.structure
    late = 0
    if s.payoff_good_through is not None and s.contract_date is not None:
        late = max(0, (s.contract_date - s.payoff_good_through).days)
    return s.trade_allowance_cents - s.payoff_cents - late * s.payoff_per_diem_cents


def is_within(amount: int, share_bp: float, of: int) -> bool:
    """Return whether an amount is at most a share of another, to the last digit of the share."""
    parts, unit = share_bp.as_integer_ratio()
    return amount * 10_000 * unit <= parts * of


def fits(deal: DealInputs, at: Offered, car: Car, cash: int, note: int) -> bool:
    """Return whether a row takes a car and a structure, by its own rate."""
    s, row, income = deal.structure, at.row, deal.monthly_income_cents
    payment = half_up(Decimal(note * at.factor))
    basis = car[f"{(row.new_ltv_basis if car['is_new'] else row.used_ltv_basis).value}_cents"]
    negative = max(0, -equity_of(deal))
    front = note - s.products_cents - (negative if row.advance_rule is AdvanceRule.PRICE_TTL else 0)
    down = cash + max(0, equity_of(deal))
    return bool(
        row.tier == s.tier
        and (row.new_cars if car["is_new"] else row.used_cars)
        and row.year_min <= car["year"] <= row.year_max
        and row.mileage_min <= car["mileage"] <= row.mileage_max
        and max(row.amount_min_cents, 1) <= note <= row.amount_max_cents
        and basis > 0
        and is_within(-note, -row.ltv_min_bp, basis)
        and is_within(note, row.ltv_total_max_bp, basis)
        and is_within(front, row.ltv_front_max_bp, basis)
        and down >= row.down_min_cents
        and (row.negative_equity_max_cents is None or negative - cash <= row.negative_equity_max_cents)
        and (row.backend_max_cents is None or s.products_cents <= row.backend_max_cents)
        and (s.payment_max_cents is None or payment <= s.payment_max_cents)
        and (income is None or is_within(payment, row.pti_max_bp, income))
        and (income is None or is_within(payment + deal.other_debt_cents, row.dti_max_bp, income))
    )


def is_undercut(deal: DealInputs, at: Offered, every: Sequence[Offered], car: Car, made: Deal) -> bool:
    """Return whether a cheaper row of the same lender fits the same car and structure."""
    return any(
        other.row.lender == at.row.lender
        and other.term == at.term
        and other.row.buy_rate_bp < at.row.buy_rate_bp
        and car[other.rebate] >= car[at.rebate]
        and fits(deal, other, car, made.cash, made.principal)
        for other in every
    )


def structures(deal: DealInputs, at: Offered, car: Car) -> Iterator[Deal]:
    """Yield every structure of a row on a car: cash first, then a discount for what cash does not cover.

    A cent of discount may take two cents off the loan, one of them tax: so may a cent less of cash beside it.
    """
    s, price = deal.structure, selling_price(deal, car)
    most = s.cash_down_cents if s.cash_down_max_cents is None else s.cash_down_max_cents
    before = None
    for discount in range(s.discount_cents, min(discount_limit(deal, car), price) + 1):
        owed = principal(deal, price, discount, car[at.rebate])
        least = s.cash_down_cents if before is None else max(s.cash_down_cents, most + 1 - (before - owed))
        before = owed
        for cash in range(least, most + 1):
            if fits(deal, at, car, cash, owed - cash):
                yield Deal(at, cash, discount, owed - cash, half_up(Decimal((owed - cash) * at.factor)))


def offerable(deal: DealInputs, every: Sequence[Offered], car: Car) -> Iterator[Deal]:
    """Yield what may be offered: every structure of every row that no cheaper row of its lender takes."""
    for at in every:
        for made in structures(deal, at, car):
            if not is_undercut(deal, at, every, car, made):
                yield made
