"""The frontier and the best offers of 600 cars against plain loops over every programme, term, cash and
discount: no structure of the whole space beats a point.
"""

import random
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest

from protocol.deal.structure import Structure
from protocol.money.inputs import DealInputs, RowRule
from protocol.money.lending import Programme, RateSheet
from protocol.records import BasisPoints, Tier
from server.finance.architect import Pricing, best_offers, choices, frontier, price_plan
from server.finance.plan import plan_deal
from tests.finance.cases import car, cars, inputs
from tests.finance.customers import MODEL, SHEET
from tests.finance.reference import half_up_of, principal
from tests.finance.sheets.edged import EDGED
from tests.finance.sheets.plain_rows import Deal, Offered, fits, is_undercut, rebate_name

CARS = 150
STEP = 5_000


@dataclass(frozen=True)
class Point:
    """One structure of the brute force."""

    made: Deal
    npv: int


def wish(chance: random.Random) -> Structure:
    """Draw what a customer wants."""
    least = chance.randrange(0, 300_000, 5_000)
    return Structure(
        tier=chance.choice([Tier.PRIME, Tier.NEAR_PRIME]),
        terms_months=chance.choice([[60, 72], [48, 60, 72, 84]]),
        tax_rate_bp=BasisPoints(725),
        fees_cents=79_900,
        products_cents=chance.choice([0, 180_000]),
        trade_allowance_cents=450_000,
        trade_acv_cents=420_000,
        payoff_cents=chance.choice([0, 600_000]),
        trade_credit=True,
        cash_down_cents=least,
        cash_down_max_cents=least + chance.randrange(0, 400_000, 2_500),
        payment_max_cents=chance.randrange(40_000, 110_000),
    )


def a_car(chance: random.Random) -> dict[str, int]:
    """Draw one car's numbers; a new one may have a rebate that subvented rates exclude."""
    price = chance.randrange(1_200_000, 5_000_000)
    is_new = chance.randrange(2)
    rebate = chance.choice([0, 150_000]) * is_new
    return car(
        price_cents=price,
        cost_cents=int(price * chance.uniform(0.8, 0.95)),
        invoice_cents=int(price * chance.uniform(0.85, 1.05)),
        msrp_cents=int(price * 1.05),
        wholesale_cents=int(price * chance.uniform(0.8, 1.0)),
        retail_cents=int(price * chance.uniform(0.95, 1.1)),
        year=chance.randrange(2016, 2026),
        mileage=chance.randrange(0, 120_000),
        is_new=is_new,
        rebate_cents=rebate,
        rebate_without_1_cents=rebate // 3,
    )


def amounts(deal: DealInputs, own: set[int]) -> list[int]:
    """Return the cash that may be found: whole steps between the customer's least and most, and those two."""
    least = deal.structure.cash_down_cents
    most = max(least, deal.structure.cash_down_max_cents or 0)
    step = deal.cash_step_cents
    if step > 1:
        return sorted({least, most, *range(-(-least // step) * step, most + 1, step)})
    return sorted({least, most, *own, *range(least, most + 1, 7_300)})


@lru_cache(maxsize=4_096)
def factor(rate_bp: float, term: int) -> Fraction:
    """Return the payment per cent of principal, with regular months."""
    i = Fraction(str(rate_bp)) / 120_000
    return i / (1 - (1 + i) ** -term)


def takes(row: Programme, deal: DealInputs, one: dict[str, int]) -> bool:
    """Return whether a programme takes tier, term and car."""
    s = deal.structure
    return (
        row.tier == s.tier
        and (row.new_cars if one["is_new"] else row.used_cars)
        and one["year"] >= row.year_min
        and one["mileage"] <= row.mileage_max
    )


def rows_of(sheet: RateSheet, deal: DealInputs, one: dict[str, int]) -> list[Offered]:
    """Return the sheet's rows at the deal's terms that take tier and car, numbered as a plan numbers them."""
    rows = [
        (row, term)
        for row in sheet.programmes
        for term in sorted(deal.structure.terms_months)
        if row.tier == deal.structure.tier and row.takes_term(term)
    ]
    return [
        Offered(
            number, row, term, float(factor(rate_of(row, deal), term)), rebate_name(row, sheet.programmes)
        )
        for number, (row, term) in enumerate(rows)
        if takes(row, deal, one)
    ]


def offered(number: int, row: Programme, term: int, deal: DealInputs, sheet: RateSheet) -> Offered:
    """Return a row at a term and at its own rate."""
    share = float(factor(rate_of(row, deal), term))
    return Offered(number, row, term, share, rebate_name(row, sheet.programmes))


def rate_of(row: Programme, deal: DealInputs) -> float:
    """Return a row's sell rate in basis points."""
    return row.buy_rate_bp + min(row.markup_max_bp, deal.standard_markup_bp)


def every_structure(
    deal: DealInputs, one: dict[str, int], every: list[Offered], payments: list[int], pricing: Pricing
) -> list[Point]:
    """Return the structures of every row with each cash and discount, and at each of some payments its
    largest loan; without regard to cheaper rows.
    """
    s, found = deal.structure, []
    authority = max(deal.discount_max_cents, s.discount_cents)
    most_cash = max(s.cash_down_cents, s.cash_down_max_cents or 0)
    front = one["price_cents"] - one["cost_cents"] - (s.trade_allowance_cents - s.trade_acv_cents)
    edges = pricing.valuation.bands.ltv_edges.tolist()[:-1]
    wide = len(pricing.valuation.bands.pti_edges)
    for at in every:
        owed = {
            cut: principal(deal, one["price_cents"], cut, one[at.rebate])
            for cut in range(0, authority + 1, 1_000)
        }
        parts, of = at.factor.as_integer_ratio()
        largest = [int(Fraction(2 * each + 1) / (2 * Fraction(at.factor))) for each in payments]
        own = {owed[0] - note for note in largest if s.cash_down_cents <= owed[0] - note <= most_cash}
        pairs = {(cash, 0) for cash in amounts(deal, own)} | {(most_cash, cut) for cut in owed}
        basis = one[f"{(at.row.new_ltv_basis if one['is_new'] else at.row.used_ltv_basis).value}_cents"]
        made = [
            Deal(at, cash, cut, owed[cut] - cash, half_up_of((owed[cut] - cash) * parts, of))
            for cash, cut in pairs
            if fits(deal, at, one, cash, owed[cut] - cash)
        ]
        notes = np.array([each.principal for each in made], dtype=np.int64)
        band = sum((notes * 1_000_000 > basis * edge).astype(np.int64) for edge in edges) * wide + wide - 1
        worth = pricing.valuation.npv_cents(np.full(len(made), at.number), band, notes) if made else ()
        found += [
            Point(each, int(npv) + front - each.discount) for each, npv in zip(made, worth, strict=True)
        ]
    return found


@pytest.mark.parametrize("sheet", [SHEET, EDGED], ids=lambda sheet: sheet.version)
@pytest.mark.parametrize("step", [1, STEP])
def test_nothing_beats_a_frontier_point_or_the_best_offer(step: int, sheet: RateSheet) -> None:
    """Over 150 cars each, with exact cash and with whole steps of it: at a point's payment nothing is worth a
    dollar more, nor is anything worth more than the best offer, except what a cheaper row of its lender
    undercuts; found cash is round.
    """
    chance = random.Random(14)
    tried = points_seen = undercut = 0
    while tried < CARS:
        deal = inputs(
            wish(chance),
            discount_max_cents=chance.choice([0, 40_000]),
            cash_step_cents=step,
            row_rule=RowRule.CHEAPEST,
        )
        one = a_car(chance)
        pricing = price_plan(plan_deal(deal, sheet), MODEL)
        points = frontier(pricing, cars(one))
        if not points:
            continue
        tried += 1
        points_seen += len(points)
        best = choices(pricing, cars(one))[0]
        assert (points[-1].payment_cents, points[-1].npv_cents) == (best.payment_cents, best.npv_cents)
        assert best_offers(pricing, cars(one))["frontier"] == [len(points)]
        assert all(
            a.payment_cents < b.payment_cents and a.npv_cents < b.npv_cents for a, b in pairwise(points)
        )
        every = rows_of(sheet, deal, one)
        for each in every_structure(deal, one, every, [point.payment_cents for point in points], pricing):
            beaten = (point.npv_cents for point in points if point.payment_cents >= each.made.payment)
            if each.npv > min(best.npv_cents + 1, min(beaten, default=each.npv) + 100):
                assert is_undercut(deal, each.made.offered, every, one, each.made), each
                undercut += 1
        s = deal.structure
        for each in points:
            own = each.cash_down_cents in {s.cash_down_cents, s.cash_down_max_cents}
            assert own or each.cash_down_cents % step == 0
    assert points_seen > 3 * CARS
    assert undercut > CARS
