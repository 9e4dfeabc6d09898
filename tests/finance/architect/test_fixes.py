"""The fix of a refused car makes it acceptable, and no smaller one does."""

from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import given

from protocol.deal.structure import RateReason, Structure
from protocol.events import Fix, FixKind
from protocol.money.inputs import AuthorityCovers, DealInputs
from protocol.money.lending import Programme, RiskModel
from protocol.records import BasisPoints
from server.finance.architect import (
    Refusal,
    best_offers,
    price_plan,
    refusal,
)
from server.finance.plan import plan_deal
from tests.finance import reference
from tests.finance.architect.asked import DEALS, STOCK, worths
from tests.finance.cases import car, cars, inputs, model, programme, sheet
from tests.finance.strategies import numbers


@given(**DEALS, stock=STOCK)
def test_a_fix_makes_the_car_acceptable(
    deal: DealInputs, rows: tuple[Programme, ...], risk: RiskModel, stock: list[dict[str, int]]
) -> None:
    """Whatever it names, applied by itself, gives an offer."""
    plan = plan_deal(deal, sheet(*rows))
    if plan.empty:
        return
    columns = best_offers(price_plan(plan, risk), cars(*stock))
    for one, fix in zip(stock, columns["fix"], strict=True):
        for changed in mended(deal, fix or {}, one):
            again = price_plan(plan_deal(changed, sheet(*rows)), risk)
            assert best_offers(again, cars(one))["npv_cents"] != [None]


@given(**DEALS, one=numbers())
def test_no_smaller_amount_is_a_fix(
    deal: DealInputs, rows: tuple[Programme, ...], risk: RiskModel, one: dict[str, int]
) -> None:
    """A cent less of cash, or of discount, and no structure is acceptable; also where the value falls with
    the principal, so that the best structure is inside a band.
    """
    plan = plan_deal(deal, sheet(*rows))
    if plan.empty:
        return
    fix = best_offers(price_plan(plan, risk), cars(one))["fix"][0] or {}
    for kind in ("cash_cents", "price_cents"):
        amount = fix.get(kind)
        if amount is None or amount > 60:
            continue
        less = next(mended(deal, {kind: amount - 1}, one))
        pricing = price_plan(plan_deal(less, sheet(*rows)), risk)
        assert all(npv < deal.npv_floor_cents for npv, _ in worths(pricing, rows, one)), (kind, amount)


def mended(deal: DealInputs, fix: dict[str, Any], one: dict[str, int]) -> Iterator[DealInputs]:
    """Yield the deal with each remedy of a car's fix."""
    s, replace = deal.structure, msgspec.structs.replace
    if "cash_cents" in fix:
        most = s.cash_down_cents if s.cash_down_max_cents is None else s.cash_down_max_cents
        yield replace(deal, structure=replace(s, cash_down_max_cents=most + fix["cash_cents"]))
    if "price_cents" in fix:
        most = reference.discount_limit(deal, one) + fix["price_cents"]
        yield replace(deal, discount_max_cents=most, authority_covers=AuthorityCovers.DISCOUNT)
    if "value_cents" in fix:
        yield replace(deal, npv_floor_cents=deal.npv_floor_cents - fix["value_cents"])
    if "term_months" in fix:
        yield replace(deal, structure=replace(s, terms_months=[fix["term_months"]], term_months=None))
    if "lender" in fix:
        yield replace(deal, structure=replace(s, rate_bp=None, rate_reason=None))


def test_fixes_in_numbers() -> None:
    """A car whose payment is too high: so much more cash, so much more discount, or a longer term."""
    wish = Structure(terms_months=[60], payment_max_cents=500_00)
    rows = [programme(), programme(term_months=72)]
    deal = inputs(wish)
    found = refusal(price_plan(plan_deal(deal, sheet(*rows)), model()), cars(car(price_cents=2_600_000)))
    largest = int(plan_deal(deal, sheet(*rows)).ceiling[0])
    more = 2_600_000 - largest
    assert found == Refusal(
        "payment_max", Fix(kind=FixKind.TERM, cash_cents=more, price_cents=more, term_months=72)
    )


def test_a_lender_at_its_own_rate_is_a_fix() -> None:
    """Where the deal states a rate, a programme that may not charge it may still take the car at its own."""
    wish = Structure(terms_months=[60], rate_bp=BasisPoints(750), rate_reason=RateReason.COMPETING_OFFER)
    rows = [programme(mileage_max=10), programme(programme_id="bank", lender="Bank", buy_rate_bp=900.0)]
    found = refusal(price_plan(plan_deal(inputs(wish), sheet(*rows)), model()), cars(car()))
    assert found == Refusal("mileage", Fix(kind=FixKind.PROGRAMME, lender="Bank"))
