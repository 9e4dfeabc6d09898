"""A search's offers name the fix of each car that nothing sells, and of no other."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.events import FixKind
from protocol.money.inputs import DealInputs
from protocol.money.lending import Programme
from protocol.records import DealKind
from server.finance.architect import best_offers, price_plan
from server.finance.architect.space import pricing
from server.finance.cash_sales import cash_sales
from server.finance.offers import offers_of
from server.finance.plan import Plan, plan_deal
from server.finance.rules.limits import Limit
from tests.finance.cases import car, cars, inputs, model, programme, sheet
from tests.finance.leasing.random_leases import row as lease_row
from tests.finance.leasing.random_leases import sheet as lease_sheet
from tests.finance.strategies import deals, numbers, programmes


@given(
    deal=deals(),
    rows=programmes(),
    stock=st.lists(numbers(), min_size=1, max_size=6),
    cash_max=st.none() | st.integers(0, 9_000),
    is_leased=st.booleans(),
)
def test_a_car_that_nothing_sells_has_its_fix(
    deal: DealInputs,
    rows: tuple[Programme, ...],
    stock: list[dict[str, int]],
    cash_max: int | None,
    is_leased: bool,
) -> None:
    """It is the lender's, unless the store refuses the customer's cash. A car that is sold has none."""
    structure = msgspec.structs.replace(
        deal.structure, kind=DealKind.FINANCE, cash_down_max_cents=cash_max, terms_months=[24, 36, 48]
    )
    deal = msgspec.structs.replace(deal, structure=structure, all_kinds=True)
    terms = lease_sheet(lease_row(tier=structure.tier, residual_bp=3_000.0)) if is_leased else None
    plan = plan_deal(deal, sheet(*rows), leases=terms)
    if not len(plan.programmes):
        return
    priced, these = price_plan(plan, model()), cars(*stock)
    offers, financed = offers_of(plan, priced, these), best_offers(priced, these)
    refused_in_cash = (cash_sales(plan, these).limit == int(Limit.NPV_FLOOR)).tolist()
    for number, kind in enumerate(offers["kind"]):
        if kind is not None:
            assert offers["fix"][number] is None
        elif not refused_in_cash[number]:
            assert offers["fix"][number] == financed["fix"][number]
            assert offers["binding"][number] == financed["binding"][number]


def test_no_wider_plan_is_made_without_a_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most searches need none: the plans are made when the first fix is asked for, and kept."""
    made = []

    def counted(plan: Plan) -> dict[FixKind, Plan]:
        made.append(plan)
        return {}

    monkeypatch.setattr(pricing, "_wider_plans", counted)
    plan = plan_deal(inputs(), sheet(programme()))
    priced = price_plan(plan, model())
    assert offers_of(plan, priced, cars(car()))["kind"] == ["finance"]
    assert not made
    refused = cars(car(is_new=0, year=1990))
    for _ in range(2):
        assert offers_of(plan, priced, refused)["kind"] == [None]
    assert made == [plan]


def test_only_the_unsold_car_has_a_fix() -> None:
    """Of three cars that no lender takes, one is paid in cash, one is leased, and one lacks cash."""
    deal = inputs(all_kinds=True)
    structure = msgspec.structs.replace(deal.structure, cash_down_max_cents=600_000)
    deal = msgspec.structs.replace(deal, structure=structure)
    tight = sheet(programme(ltv_front_max_bp=1_000.0, ltv_total_max_bp=1_000.0, amount_min_cents=150_000))
    dear = {"price_cents": 2_000_000, "cost_cents": 1_500_000}
    stock = cars(
        car(price_cents=100_000, cost_cents=50_000),
        car(**dear, msrp_cents=2_400_000, is_new=1),
        car(**dear, is_new=0),
    )
    plan = plan_deal(deal, tight, leases=lease_sheet(lease_row(tier=structure.tier, term_months=60)))
    offers = offers_of(plan, price_plan(plan, model()), stock)
    assert offers["kind"] == ["cash", "lease", None]
    assert [fix and fix["kind"] for fix in offers["fix"]] == [None, None, "cash"]
