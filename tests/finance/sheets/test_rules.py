"""Advance rules, caps and first-payment days of lenders' sheets: each has its name and its fix."""

import datetime as dt
from typing import Any

import pytest

from protocol.deal.deal_parts import LenderTerms
from protocol.deal.structure import Structure, StructureChanges, StructureError, revised
from protocol.deal.workflow import LenderStatus
from protocol.events import Fix, FixKind
from protocol.money.lending import AdvanceRule, Disposition, Programme, ReserveMethod
from protocol.money.products import Product, ProductKind, SoldProduct
from protocol.records import Tier
from server.finance.architect import best_offers, price_plan
from server.finance.calendar import after_days, days_to_first_payment, with_dates
from server.finance.loans.structures import build_structures
from server.finance.plan import plan_deal
from server.finance.products import with_products
from server.finance.quoting import Case, quote_structure
from server.finance.rules.backend import Backend, backend_of
from server.finance.rules.decided import decided_sheet
from server.finance.rules.limits import Limit
from server.finance.rules.programmes import terms_of
from server.finance.value.parts import npv_parts
from tests.finance.cases import TODAY, car, cars, inputs, model, programme, sheet

FIXED = {"terms_months": [60], "cash_down_cents": 0, "cash_down_max_cents": 0}


def answer(structure: Structure, *rows: Programme, **changes: int) -> tuple[str | None, Fix | None]:
    """Return what binds a used car under some rows, and its fix."""
    case = Case(inputs(structure), car(**changes), sheet(*rows), model())
    found = quote_structure(case).answer
    assert isinstance(found.binding, str | None)
    return found.binding, found.fix or None


@pytest.mark.parametrize(
    ("changes", "limit"),
    [
        ({"year_max": 2021}, "model_year_max"),
        ({"mileage_min": 30_001}, "mileage_min"),
        ({"ltv_min_bp": 11_364.0}, "ltv_min"),
    ],
)
def test_the_other_edge_of_a_band_has_a_name(changes: dict[str, Any], limit: str) -> None:
    """A car of 2022 with 30,000 miles; $25,000 on $22,000 are 113.63 %."""
    assert answer(Structure(**FIXED), programme(**changes)) == (limit, None)


@pytest.mark.parametrize("changes", [{"year_max": 2022}, {"mileage_min": 30_000}, {"ltv_min_bp": 11_363.0}])
def test_both_edges_of_a_band_belong_to_it(changes: dict[str, Any]) -> None:
    """As the upper ones do."""
    assert answer(Structure(**FIXED), programme(**changes)) == (None, None)


def test_a_band_of_terms_is_a_row_at_each_offered_term() -> None:
    """From 36 to 60 months; outside it there is no programme, and the fix names the nearest worth most."""
    row = programme(term_min_months=36)
    plan = plan_deal(inputs(Structure(terms_months=[24, 36, 39, 48, 60, 72])), sheet(row))
    assert plan.programmes.term.tolist() == [36, 39, 48, 60]
    assert terms_of(sheet(row)) == {36, 48, 60}
    assert terms_of(sheet(programme(term_min_months=30, term_months=65))) == {30, 36, 48, 60, 65}
    binding, fix = answer(Structure(terms_months=[72]), row)
    assert (binding, fix and fix.kind, fix and fix.term_months) == ("term", FixKind.TERM, 60)


def test_an_approval_shortens_a_band_of_terms() -> None:
    """Its maximum term is the band's upper edge; a band that begins above it is left out."""
    terms = LenderTerms(
        decision_id="d",
        lender="Harbor Credit",
        status=LenderStatus.APPROVED,
        tier=Tier.PRIME,
        rate_bp=650.0,
        advance_max_cents=3_000_000,
        term_months=48,
        expires_at=dt.datetime.combine(TODAY, dt.time(), dt.UTC),
    )
    rows = sheet(
        programme(term_min_months=36),
        programme(term_min_months=54),
        programme(term_min_months=24, subvented=True, buy_rate_bp=199.0),
    )
    found = decided_sheet(rows, inputs(lender_terms=(terms,))).programmes
    assert [(row.term_min_months, row.term_months) for row in found] == [(36, 48), (24, 48)]
    # The manufacturer's rate stays, because it is lower.
    assert [row.buy_rate_bp for row in found] == [650.0, 199.0]


def test_what_the_front_end_limit_counts() -> None:
    """100 % of $22,000: products never count; negative equity of $3,000 only under `all_but_products`."""
    structure = Structure(
        **FIXED, products_cents=200_000, payoff_cents=300_000, price_cents=2_200_000, discount_cents=0
    )

    def binding(rule: AdvanceRule, front: float = 10_000.0) -> str | None:
        row = programme(advance_rule=rule, ltv_front_max_bp=front, ltv_total_max_bp=13_000.0)
        return answer(structure, row)[0]

    assert binding(AdvanceRule.ALL_BUT_PRODUCTS) == "ltv_front"
    assert binding(AdvanceRule.PRICE_TTL) is None
    assert binding(AdvanceRule.PRICE_TTL, 9_999.0) == "ltv_front"
    # Tax, title and licence count.
    taxed = Structure(**FIXED, fees_cents=1, price_cents=2_200_000)
    row = programme(advance_rule=AdvanceRule.PRICE_TTL, ltv_front_max_bp=10_000.0)
    assert answer(taxed, row)[0] == "ltv_front"


def test_negative_equity_beyond_the_cap_is_paid_in_cash() -> None:
    """$3,000 are owed beyond the allowance and $2,000 financed: $1,000 more cash is the fix."""
    owing = {"trade_allowance_cents": 500_000, "payoff_cents": 800_000}
    row = programme(negative_equity_max_cents=200_000, ltv_front_max_bp=14_000.0)
    binding, fix = answer(Structure(**FIXED, **owing), row)
    assert (binding, fix and fix.kind, fix and fix.cash_cents) == ("negative_equity", FixKind.CASH, 100_000)
    able = Structure(**FIXED | {"cash_down_max_cents": 100_000}, **owing)
    found = quote_structure(Case(inputs(able), car(), sheet(row), model())).answer
    assert (found.cash_down_cents, found.binding) == (100_000, "negative_equity")


def test_the_minimum_down_counts_cash_and_trade_equity() -> None:
    """$1,500, of which a trade worth $1,000 more than its payoff is a part."""
    row = programme(down_min_cents=150_000)
    binding, fix = answer(Structure(**FIXED), row)
    assert (binding, fix and fix.cash_cents) == ("down_min", 150_000)
    traded = Structure(**FIXED, trade_allowance_cents=500_000, payoff_cents=400_000)
    binding, fix = answer(traded, row)
    assert (binding, fix and fix.cash_cents) == ("down_min", 50_000)
    able = Structure(**FIXED | {"cash_down_max_cents": 300_000})
    found = quote_structure(Case(inputs(able), car(), sheet(row), model())).answer
    assert (found.cash_down_cents, found.binding) == (150_000, "down_min")


def test_the_backend_cap_names_how_much_less_products() -> None:
    """$3,000 of products where the lender finances $2,400: $600 less, checked by applying it."""
    dear = Structure(**FIXED, products_cents=300_000, taxable_products_cents=300_000)
    binding, fix = answer(dear, programme(backend_max_cents=240_000))
    assert (binding, fix and fix.kind, fix and fix.products_cents) == (
        "backend_max",
        FixKind.PRODUCTS,
        60_000,
    )
    assert answer(dear, programme(backend_max_cents=300_000)) == (None, None)
    # Less product does not help a car that the lender refuses for its miles.
    assert answer(dear, programme(backend_max_cents=240_000), mileage=900_000) == ("backend_max", None)


def sold(kind: ProductKind, price_cents: int) -> SoldProduct:
    """Return a product of a kind at its price."""
    product = Product(
        product_id=kind.value,
        kind=kind,
        name=kind.value,
        provider="Lakeside",
        retail_cents=price_cents,
        cost_cents=1,
    )
    return SoldProduct(product=product, price_cents=price_cents)


LINES = (sold(ProductKind.SERVICE_CONTRACT, 250_000), sold(ProductKind.GAP, 90_000))


@pytest.mark.parametrize(
    ("cap", "limit"), [("service_contract_max_cents", "service_contract_max"), ("gap_max_cents", "gap_max")]
)
def test_service_contract_and_gap_have_caps_of_their_own(cap: str, limit: str) -> None:
    """Each compares its own part of the backend, by the deal's product lines."""
    deal = with_products(inputs(Structure(**FIXED)), LINES)
    most = {"service_contract_max_cents": 250_000, "gap_max_cents": 90_000}[cap]

    def bound(cents: int) -> tuple[str | None, int | None]:
        found = quote_structure(Case(deal, car(), sheet(programme(**{cap: cents})), model())).answer
        return (None if found.eligible else found.binding), found.fix and found.fix.products_cents

    assert bound(most) == (None, None)
    assert bound(most - 1_000) == (limit, 1_000)


def test_the_backend_is_that_of_the_lines() -> None:
    """By kind and in sum; a deal without lines has a sum only."""
    assert backend_of(inputs(Structure(products_cents=123))) == Backend(0, 0, 123)
    key = sold(ProductKind.KEY, 100)
    assert backend_of(with_products(inputs(), (*LINES, key))) == Backend(250_000, 90_000, 340_100)


@pytest.mark.parametrize(
    ("days", "contract", "first"),
    [
        (30, dt.date(2026, 1, 31), dt.date(2026, 2, 28)),
        (45, dt.date(2026, 1, 15), dt.date(2026, 3, 2)),
        (45, dt.date(2026, 7, 20), dt.date(2026, 9, 4)),
        (45, dt.date(2026, 1, 1), dt.date(2026, 2, 16)),
        (45, dt.date(2026, 12, 31), dt.date(2027, 2, 15)),
        (15, dt.date(2026, 3, 1), dt.date(2026, 3, 16)),
        (60, dt.date(2026, 3, 31), dt.date(2026, 5, 31)),
        (90, dt.date(2026, 11, 30), dt.date(2027, 2, 28)),
    ],
)
def test_days_to_the_first_payment_count_30_to_a_month(days: int, contract: dt.date, first: dt.date) -> None:
    """45 is a month and 15 days."""
    assert after_days(contract, days) == first
    dated = with_dates(Structure(first_payment_days=days), contract)
    assert (dated.first_payment_date, days_to_first_payment(dated)) == (first, days)


def test_without_a_choice_the_first_payment_is_a_month_later() -> None:
    """As before; of a stated date whole months count 30 days, and then each day."""
    dated = with_dates(Structure(), dt.date(2026, 1, 31))
    assert (dated.first_payment_date, days_to_first_payment(dated)) == (dt.date(2026, 2, 28), 30)
    stated = with_dates(Structure(first_payment_date=dt.date(2026, 3, 2)), dt.date(2026, 1, 15))
    assert days_to_first_payment(stated) == 45


def test_days_and_a_date_contradict_each_other() -> None:
    """A deal states one of them; to change over, both are sent."""
    dated = Structure(first_payment_date=dt.date(2026, 3, 1), contract_date=dt.date(2026, 1, 15))
    with pytest.raises(StructureError, match="first_payment_days"):
        revised(dated, StructureChanges(first_payment_days=45))
    assert (
        revised(dated, StructureChanges(first_payment_days=45, first_payment_date=None)).first_payment_days
        == 45
    )


def test_a_lender_refuses_too_late_and_too_early_a_first_payment() -> None:
    """45 days where it takes 40: the fix is 40, and where no row takes it the nearest."""
    row = programme(first_payment_days_min=15, first_payment_days_max=40)
    late = Structure(**FIXED, first_payment_days=45)
    binding, fix = answer(late, row)
    assert (binding, fix and fix.kind) == ("first_payment", FixKind.FIRST_PAYMENT)
    assert fix is not None
    assert fix.first_payment_days == 40
    assert answer(Structure(**FIXED, first_payment_days=40), row) == (None, None)
    early = Structure(**FIXED, first_payment_days=10)
    _, fix = answer(early, row)
    assert fix is not None
    assert fix.first_payment_days == 15
    # Another row takes it: nothing binds.
    assert answer(late, row, programme(programme_id="patient", lender="Patient")) == (None, None)


def test_a_longer_first_period_costs_its_interest() -> None:
    """The payment at 45 days is the 30/360 formula's."""
    structure = Structure(**FIXED, contract_date=dt.date(2026, 1, 1), first_payment_days=45)
    found = quote_structure(Case(inputs(structure), car(), sheet(programme()), model())).answer
    rate = 0.0799
    factor = (1 + rate * 45 / 360) * (rate / 12) / ((1 + rate / 12) * (1 - (1 + rate / 12) ** -60))
    assert found.payment_cents == round(2_500_000 * factor)
    assert found.first_payment_date == dt.date(2026, 2, 16)


SOLD = {"disposition": Disposition.SOLD, "chargeback_months": 6}


def test_a_reserve_ends_at_the_lenders_cap() -> None:
    """5 % of the principal are $1,250 of $25,000 and at most $800: the value's parts say so."""
    free = programme(**SOLD, reserve_method=ReserveMethod.PRINCIPAL, reserve_share_bp=500.0)
    capped = programme(
        **SOLD, reserve_method=ReserveMethod.PRINCIPAL, reserve_share_bp=500.0, reserve_max_cents=80_000
    )

    def parts(row: Programme) -> dict[str, int]:
        plan = plan_deal(inputs(Structure(**FIXED)), sheet(row))
        figures = {"principal_cents": 2_500_000, "ltv_bp": None, "pti_bp": None, "front_gross_cents": 300_000}
        found = npv_parts(plan, model(abs_speed=0.02), 0, **figures)  # type: ignore[arg-type]
        offered = best_offers(price_plan(plan, model(abs_speed=0.02)), cars(car()))
        assert sum(found.values()) == offered["npv_cents"][0]
        return {str(name): cents for name, cents in found.items()}

    assert (parts(free)["reserve"], parts(capped)["reserve"]) == (125_000, 80_000)
    ratio = parts(capped)["chargebacks"] / parts(free)["chargebacks"]
    assert ratio == pytest.approx(80 / 125, abs=1e-4)
    flat = programme(
        **SOLD, reserve_method=ReserveMethod.FLAT, reserve_share_bp=0.0, reserve_flat_cents=30_000,
        reserve_max_cents=20_000,
    )  # fmt: skip
    assert parts(flat)["reserve"] == 20_000


def test_a_capped_reserve_makes_the_smaller_loan_as_good() -> None:
    """Beyond the cap a larger loan earns nothing: of equal values the lowest payment is offered."""
    structure = Structure(terms_months=[60], cash_down_cents=0, cash_down_max_cents=2_000_000)
    row = programme(
        **SOLD, reserve_method=ReserveMethod.PRINCIPAL, reserve_share_bp=500.0, reserve_max_cents=80_000
    )
    found = quote_structure(Case(inputs(structure), car(), sheet(row), model())).answer
    # A few cents are worth less than half a cent.
    assert 1_599_990 <= (found.principal_cents or 0) <= 1_600_001


def test_no_row_of_an_old_sheet_has_a_new_limit() -> None:
    """Without the new columns nothing is refused that was not."""
    plan = plan_deal(inputs(Structure(**FIXED, first_payment_days=240)), sheet(programme()))
    assert build_structures(plan, cars(car())).limit.tolist() == [[Limit.NONE]]
