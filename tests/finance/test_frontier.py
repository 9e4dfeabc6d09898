"""The frontier and the best offers of 300 cars against plain loops over every programme, term, cash and
discount: no structure of the whole space beats a point.
"""

import random
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import floor

import pytest

from protocol.money.inputs import DealInputs
from protocol.money.lending import Programme
from protocol.records import BasisPoints, Tier
from protocol.structure import Structure
from server.finance.architect import Choice, best_offers, choices, frontier, price_plan
from server.finance.plan import plan_deal
from tests.finance.cases import car, cars, inputs
from tests.finance.customers import MODEL, SHEET
from tests.finance.reference import half_up, principal

CARS = 300
STEP = 5_000


@dataclass(frozen=True)
class Point:
    """One structure of the brute force."""

    programme: str
    cash: int
    discount: int
    payment: int
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
    """Draw one car's numbers."""
    price = chance.randrange(1_200_000, 5_000_000)
    return car(
        price_cents=price,
        cost_cents=int(price * chance.uniform(0.8, 0.95)),
        invoice_cents=int(price * chance.uniform(0.85, 1.05)),
        msrp_cents=int(price * 1.05),
        wholesale_cents=int(price * chance.uniform(0.8, 1.0)),
        retail_cents=int(price * chance.uniform(0.95, 1.1)),
        year=chance.randrange(2016, 2026),
        mileage=chance.randrange(0, 120_000),
        is_new=chance.randrange(2),
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
        and row.term_months in s.terms_months
        and (row.new_cars if one["is_new"] else row.used_cars)
        and one["year"] >= row.year_min
        and one["mileage"] <= row.mileage_max
    )


def every_structure(
    deal: DealInputs, one: dict[str, int], points: list[Choice], pricing: object
) -> list[Point]:
    """Return the acceptable structures: each programme with each cash and discount, and at each payment of
    the points its largest loan.
    """
    s, found = deal.structure, []
    authority = max(deal.discount_max_cents, s.discount_cents)
    most_cash = max(s.cash_down_cents, s.cash_down_max_cents or 0)
    plan, valuation = pricing.plan, pricing.valuation  # type: ignore[attr-defined]
    rows = [row for row in SHEET.programmes if row.tier == s.tier and row.term_months in s.terms_months]
    owed = {cut: principal(deal, one["price_cents"], cut, 0) for cut in range(0, authority + 1, 1_000)}
    front = one["price_cents"] - one["cost_cents"] - (s.trade_allowance_cents - s.trade_acv_cents)
    for number, row in enumerate(rows):
        if not takes(row, deal, one):
            continue
        rate = row.buy_rate_bp + min(row.markup_max_bp, deal.standard_markup_bp)
        share = factor(rate, row.term_months)
        largest = [int(Fraction(2 * point.payment_cents + 1) / (2 * share)) for point in points]
        own = {owed[0] - note for note in largest if s.cash_down_cents <= owed[0] - note <= most_cash}
        pairs = {(cash, 0) for cash in amounts(deal, own)} | {(most_cash, cut) for cut in owed}
        basis = one[f"{(row.new_ltv_basis if one['is_new'] else row.used_ltv_basis).value}_cents"]
        for cash, cut in pairs:
            note = owed[cut] - cash
            payment = half_up(note * share) if note > 0 else 0
            if (
                not max(row.amount_min_cents, 1) <= note <= row.amount_max_cents
                or note * 10_000 > basis * Fraction(row.ltv_total_max_bp)
                or (note - s.products_cents) * 10_000 > basis * Fraction(row.ltv_front_max_bp)
                or payment > (s.payment_max_cents or payment)
            ):
                continue
            ltvs = [edge / 1_000_000 for edge in valuation.bands.ltv_edges.tolist()[:-1]]
            band = sum(note > basis * Fraction(str(edge)) for edge in ltvs) * len(valuation.bands.pti_edges)
            band += len(valuation.bands.pti_edges) - 1
            worth = note * float(valuation.slope[number, band]) + float(valuation.intercept[number, band])
            found.append(Point(row.programme_id, cash, cut, payment, floor(worth + 0.5) + front - cut))
    assert len(plan.programmes) == len(rows)
    return found


@pytest.mark.parametrize("step", [1, STEP])
def test_nothing_beats_a_frontier_point_or_the_best_offer(step: int) -> None:
    """Over 300 cars, with exact cash and with whole steps of it: at a point's payment nothing is worth a
    dollar more, nor is anything worth more than the best offer; found cash is round.
    """
    chance = random.Random(14)
    tried = points_seen = 0
    while tried < CARS:
        deal = inputs(wish(chance), discount_max_cents=chance.choice([0, 40_000]), cash_step_cents=step)
        one = a_car(chance)
        pricing = price_plan(plan_deal(deal, SHEET), MODEL)
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
        every = every_structure(deal, one, points, pricing)
        for point in points:
            cheaper = (each.npv for each in every if each.payment <= point.payment_cents)
            beaten = max(cheaper, default=point.npv_cents)
            assert beaten <= point.npv_cents + 100, point
        assert max(each.npv for each in every) <= best.npv_cents + 1
        s = deal.structure
        for each in points:
            own = each.cash_down_cents in {s.cash_down_cents, s.cash_down_max_cents}
            assert own or each.cash_down_cents % step == 0
    assert points_seen > 3 * CARS
