"""Cars paid in full: the least discount, the window, the offers of a search, against plain reckoning."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.events import OFFER_COLUMNS
from protocol.money.inputs import DealInputs
from protocol.money.lending import Programme
from protocol.money.pricing import CashRequest
from protocol.records import DealKind
from server.finance.architect import best_offers, price_plan
from server.finance.cash_sales import cash_limit_cents, cash_sales, covered, search_window
from server.finance.exact.cash import cash_price
from server.finance.offers import offers_of
from server.finance.plan import plan_deal
from server.finance.quoting import Case, in_cash, quote_structure
from server.search.screening.screen import screen_rows
from tests.finance.cases import car, cars, inputs, model, sheet
from tests.finance.leasing.random_leases import row as lease_row
from tests.finance.leasing.random_leases import sheet as lease_sheet
from tests.finance.strategies import deals, numbers, programmes
from tests.search.screening.test_screen import row_of


@st.composite
def buyers(draw: st.DrawFn) -> DealInputs:
    """Draw a deal of either kind whose customer has about the price of a car."""
    deal = draw(deals())
    structure = msgspec.structs.replace(
        deal.structure,
        kind=draw(st.sampled_from([DealKind.CASH, DealKind.FINANCE])),
        cash_down_max_cents=draw(st.none() | st.integers(deal.structure.cash_down_cents, 9_000)),
    )
    return msgspec.structs.replace(deal, structure=structure, all_kinds=True)


def case_of(deal: DealInputs, rows: tuple[Programme, ...], one: dict[str, int]) -> Case:
    """Return one car of a deal as a quote takes it."""
    return Case(inputs=deal, numbers=one, sheet=sheet(*rows), model=model())


@given(deal=buyers(), rows=programmes(), one=numbers())
def test_the_discount_is_the_least_that_the_cash_needs(
    deal: DealInputs, rows: tuple[Programme, ...], one: dict[str, int]
) -> None:
    """The price out the door is the exact engine's; with a cent less discount the cash does not cover it."""
    case, plan = case_of(deal, rows, one), plan_deal(deal, sheet(*rows))
    sales, limit = cash_sales(plan, cars(one)), cash_limit_cents(deal)

    def out_the_door(discount: int) -> int:
        request: CashRequest = case.cash_request(discount)
        return cash_price(request, case.tax_cents).out_the_door_cents

    found = in_cash(case)
    discount = int(sales.discount[0])
    if found is None:
        assert case.price_cents < deal.structure.discount_cents
        return
    assert found.quoted.out_the_door_cents == out_the_door(discount) == int(sales.out_the_door[0])
    most = max(deal.structure.discount_cents, min(deal.discount_limit_cents, case.price_cents))
    if sales.missing[0]:
        assert discount == deal.structure.discount_cents
        assert out_the_door(discount) > limit
    else:
        assert out_the_door(discount) <= limit and discount <= most
        if discount > deal.structure.discount_cents:
            assert out_the_door(discount - 1) > limit


@given(deal=buyers(), rows=programmes(), stock=st.lists(numbers(), min_size=1, max_size=6))
def test_search_worker_and_quote_agree(
    deal: DealInputs, rows: tuple[Programme, ...], stock: list[dict[str, int]]
) -> None:
    """A car is a match exactly where a worker finds an offer or one below the store's minimum; the kind of
    its offer is the quote's; and each match lies in the window that is read.
    """
    plan = plan_deal(deal, sheet(*rows))
    has_programmes = bool(len(plan.programmes))
    pricing = price_plan(plan, model()) if has_programmes else None
    offers = offers_of(plan, pricing, cars(*stock))
    assert set(offers) == set(OFFER_COLUMNS) - {"vehicle_id", "rev"}
    screened = screen_rows(plan, [row_of(number, one) for number, one in enumerate(stock)])
    window = search_window(plan, max(one["rebate_cents"] for one in stock))
    for number, one in enumerate(stock):
        kind, binding = offers["kind"][number], offers["binding"][number]
        matched = number in screened.row_numbers
        if kind is not None:
            assert matched
        if matched:
            assert window is not None and window[0] <= one["price_cents"] <= window[1]
        elif deal.structure.kind is DealKind.CASH:
            assert binding in {"cash_max", "discount"}
        if matched and kind is None:
            assert binding == "npv_floor"
        quoted = quote_structure(case_of(deal, rows, one)).answer
        assert quoted.eligible is (kind is not None)
        assert kind is not None or quoted.binding == binding
        if kind == DealKind.CASH:
            assert quoted.kind is DealKind.CASH and quoted.cash
            assert quoted.cash.out_the_door_cents == offers["out_the_door_cents"][number]
            assert quoted.cash.discount_cents == offers["discount_cents"][number]
            assert quoted.cash.value and quoted.cash.value.npv_cents == offers["npv_cents"][number]
            assert offers["payment_cents"][number] is None
        elif kind is not None:
            assert not quoted.kind
            assert quoted.payment_cents == offers["payment_cents"][number]


@given(deal=buyers(), rows=programmes(), stock=st.lists(numbers(), min_size=1, max_size=6))
def test_lenders_offers_come_before_cash(
    deal: DealInputs, rows: tuple[Programme, ...], stock: list[dict[str, int]]
) -> None:
    """In a financed deal, cash changes no offer of a lender; in a cash deal there is none."""
    plan = plan_deal(deal, sheet(*rows))
    if not len(plan.programmes):
        return
    pricing = price_plan(plan, model())
    financed, offers = best_offers(pricing, cars(*stock)), offers_of(plan, pricing, cars(*stock))
    paid = (covered(cash_sales(plan, cars(*stock)))).tolist()
    for number in range(len(stock)):
        kind = offers["kind"][number]
        if deal.structure.kind is DealKind.CASH:
            assert kind in {None, DealKind.CASH}
        elif financed["payment_cents"][number] is not None:
            assert kind == DealKind.FINANCE
            assert {name: offers[name][number] for name in financed} == {
                name: column[number] for name, column in financed.items()
            }
        elif kind is not None:
            assert kind == DealKind.CASH and paid[number]


def test_a_cash_deal_without_a_maximum_has_no_limit() -> None:
    """The customer brings what it takes; a maximum binds, and the fix names what is missing."""
    plain = inputs(all_kinds=True)
    cash = msgspec.structs.replace(plain.structure, kind=DealKind.CASH)
    deal = msgspec.structs.replace(plain, structure=cash)
    open_ended = offers_of(plan_deal(deal, sheet()), None, cars(car()))
    assert open_ended["kind"] == [DealKind.CASH]
    price = open_ended["out_the_door_cents"][0]
    poor = msgspec.structs.replace(cash, cash_down_max_cents=price - 700_00)
    refused = offers_of(plan_deal(msgspec.structs.replace(plain, structure=poor), sheet()), None, cars(car()))
    assert (refused["kind"], refused["binding"]) == ([None], ["cash_max"])
    assert refused["fix"] == [{"kind": "cash", "cash_cents": 700_00}]


@pytest.mark.parametrize(("most", "over_gross", "limit"), [(100_00, 0, "cash_max"), (None, 1, "npv_floor")])
def test_no_offer_of_a_cash_deal_is_a_lease(most: int | None, over_gross: int, limit: str) -> None:
    """What cash does not buy is refused, as by the quote; the lease is shown beside that."""
    plain, one = inputs(all_kinds=True), car(is_new=1)
    cash = msgspec.structs.replace(plain.structure, kind=DealKind.CASH, cash_down_max_cents=most)
    floor = one["price_cents"] - one["cost_cents"] + over_gross
    deal = msgspec.structs.replace(plain, structure=cash, npv_floor_cents=floor)
    plan = plan_deal(deal, sheet(), leases=lease_sheet(lease_row(reserve_flat_cents=500_00)))
    offers = offers_of(plan, None, cars(one))
    assert (offers["kind"], offers["binding"]) == ([None], [limit])
    assert offers["lease_value_cents"] != [None]
    assert quote_structure(case_of(deal, (), one)).answer.binding == limit


def test_a_pencil_from_before_cash_deals_is_quoted_as_then() -> None:
    """Its customer could pay the whole price, and was refused."""
    rich = msgspec.structs.replace(inputs().structure, cash_down_cents=5_000_000)
    before = inputs(rich)
    assert not quote_structure(case_of(before, (), car())).answer.eligible
    now = msgspec.structs.replace(before, all_kinds=True)
    assert quote_structure(case_of(now, (), car())).answer.kind is DealKind.CASH
