"""Of structures that are worth the same, the one with the least payment; and which they are."""

from protocol.deal.structure import Structure
from protocol.money.lending import Disposition, ReserveMethod, RiskModel
from server.finance.architect import (
    best_by_payment_band,
    best_offers,
    choices,
    price_plan,
)
from server.finance.plan import plan_deal
from tests.finance.architect.asked import WISH, offers, worths
from tests.finance.cases import car, cars, curve, inputs, model, programme, sheet


def test_ties_go_to_the_lower_payment_then_the_shorter_term_then_the_first_programme() -> None:
    """Sold without reserve, every structure is worth the same."""
    sold = {"disposition": Disposition.SOLD, "reserve_share_bp": 0.0}
    long = programme(programme_id="long", lender="Long", term_months=72, **sold)
    short = programme(programme_id="short", lender="Short", term_months=60, **sold)
    twin = programme(programme_id="twin", lender="Twin", term_months=72, **sold)
    assert offers(inputs(WISH), [short, long, twin], [car()])["lender"] == ["Long"]
    # A loan of 2 cents costs a cent a month over either term.
    tiny = {"amount_min_cents": 0, "buy_rate_bp": 0.0, "markup_max_bp": 0.0}
    rows = [programme(programme_id=str(term), term_months=term, **sold, **tiny) for term in (3, 2)]
    deal = inputs(Structure(terms_months=[2, 3]))
    columns = offers(deal, rows, [car(price_cents=3)])
    assert (columns["payment_cents"], columns["term_months"]) == ([1], [3])
    columns = offers(deal, rows, [car(price_cents=2)])
    assert (columns["payment_cents"], columns["term_months"]) == ([1], [2])


def test_the_least_payment_of_equal_values() -> None:
    """Sold for a thousandth of the loan, 500 cents less are worth half a cent less: the offer takes the least
    payment that rounds to the same value, and no more cash than that payment needs.
    """
    row = programme(
        disposition=Disposition.SOLD,
        reserve_method=ReserveMethod.PRINCIPAL,
        reserve_share_bp=10.0,
        chargeback_months=0,
    )
    wish = Structure(terms_months=[60], cash_down_max_cents=1_000_000)
    best = choices(price_plan(plan_deal(inputs(wish), sheet(row)), model()), cars(car()))[0]
    assert (best.npv_cents, best.payment_cents) == (302_500, 506_69)
    assert best.principal_cents == 2_499_530
    older = inputs(wish, engine=3)
    before = choices(price_plan(plan_deal(older, sheet(row)), model()), cars(car()))[0]
    assert (before.npv_cents, before.payment_cents) == (302_500, 506_79)


def test_of_equal_values_a_larger_discount_may_cost_less_a_month() -> None:
    """Where a loan loses a part of what is lent, a cent of discount may be worth a cent of value, rounded."""
    rows = (programme(term_months=12, amount_min_cents=0),)
    wish = Structure(terms_months=[12], cash_down_cents=20, cash_down_max_cents=40)
    found = 0
    for loss in (0.24, 0.40):
        deal = inputs(wish, discount_max_cents=12)
        pricing = price_plan(plan_deal(deal, sheet(*rows)), model(cnl=loss, funding_rate=0.0))
        for price in range(5_700, 5_760):
            one = car(price_cents=price, cost_cents=5_000)
            accepted = worths(pricing, rows, one)
            most = max(npv for npv, _ in accepted)
            tied = [each for npv, each in accepted if npv == most]
            columns = best_offers(pricing, cars(one))
            assert columns["npv_cents"] == [most]
            assert columns["payment_cents"] == [min(each.payment for each in tied)]
            without = [each.payment for each in tied if not each.discount]
            found += bool(without) and columns["payment_cents"][0] < min(without)
    assert found


def test_cash_comes_before_discount() -> None:
    """All of the customer's cash goes in first; then as little discount as the limit asks for."""
    wish = Structure(terms_months=[60], payment_max_cents=400_00, cash_down_max_cents=400_000)
    deal = inputs(wish, discount_max_cents=150_000)
    largest = int(plan_deal(deal, sheet(programme())).ceiling[0])
    columns = offers(deal, [programme()], [car(price_cents=largest + price) for price in (300_000, 450_000)])
    assert columns["cash_down_cents"] == [300_000, 400_000]
    assert columns["discount_cents"] == [0, 50_000]


def test_a_band_edge_may_be_worth_more_cash() -> None:
    """Where a lower loan-to-value loses much less, the offer asks for the cash that reaches its edge."""
    risky = [curve(cnl=0.20), curve(cnl=0.01, ltv_max_bp=9_000.0)]
    risk = RiskModel(version="risk-1", curves=tuple(risky))
    wish = Structure(terms_months=[60], cash_down_max_cents=1_000_000)
    pricing = price_plan(plan_deal(inputs(wish), sheet(programme())), risk)
    best = choices(pricing, cars(car()))[0]
    assert (best.ltv_bp, best.principal_cents) == (9_000.0, 1_980_000)


def test_payment_bands_hold_their_upper_edge() -> None:
    """A band is named by its highest payment; its best structure comes as close to it as a cent of cash."""
    wish = Structure(terms_months=[60], cash_down_max_cents=1_000_000)
    pricing = price_plan(plan_deal(inputs(wish), sheet(programme())), model())
    bands = best_by_payment_band(pricing, cars(car()))
    assert list(bands) == [350_00, 400_00, 450_00, 500_00, 550_00]
    assert [bands[top].payment_cents for top in (350_00, 400_00, 450_00, 500_00)] == list(bands)[:4]
    assert bands[550_00] == choices(pricing, cars(car()))[0]
