"""The best offer of each car against every cent tried; the frontier, its counts, and stress."""

import tracemalloc
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.deal.structure import Structure
from protocol.events import OFFER_COLUMNS
from protocol.money.inputs import DealInputs
from protocol.money.lending import Disposition, Programme, RiskModel
from protocol.records import BasisPoints
from server.finance.architect import (
    best_offers,
    choices,
    frontier,
    price_plan,
    rank_reversals,
    with_cash,
)
from server.finance.plan import plan_deal
from server.finance.value.curves import RiskModelError
from tests.finance.architect.asked import DEALS, STOCK, WISH, offers, worths
from tests.finance.cases import FINANCE_CURVE, car, cars, curve, inputs, model, programme, sheet
from tests.finance.value.reference import worth


def test_the_columns_are_those_of_the_wire() -> None:
    """Besides the car's id and revision, every column of ``offers`` is there, one element for each car."""
    columns = offers(inputs(WISH), [programme()], [car(), car(mileage=999_999)])
    others = {name for name in OFFER_COLUMNS if name.startswith("lease_")} | {"kind", "out_the_door_cents"}
    assert set(columns) == set(OFFER_COLUMNS) - {"vehicle_id", "rev"} - others
    assert {len(column) for column in columns.values()} == {2}


def test_a_held_offer_to_the_cent() -> None:
    """Contract value at the sell rate plus front gross, less the acquisition cost."""
    one = car(recon_cents=50_000, floorplan_day_cents=500, days_in_stock=40, holdback_cents=30_000)
    columns = offers(inputs(WISH), [programme(acquisition_cents=12_500)], [one], servicing_month_cents=400)
    exact = worth(0.0799, 60, curve(servicing_month_cents=400))
    contract = round(2_500_000 * exact.value - 400 * exact.servicing)
    front = 2_500_000 + 30_000 - 2_200_000 - 50_000 - 500 * 40
    assert columns["npv_cents"] == [contract - 12_500 + front]
    assert (columns["rate_bp"], columns["payment_cents"]) == ([799.0], [506_79])


def test_a_car_of_another_store_costs_its_transfer() -> None:
    """Beside an own car that is the same: less the transfer, and the floorplan of the days on the way."""
    own = car(floorplan_day_cents=500, days_in_stock=40)
    other = own | {"transfer_cost_cents": 35_000, "transfer_days": 3}
    here, there = offers(inputs(WISH), [programme()], [own, other])["npv_cents"]
    assert here - there == 35_000 + 3 * 500


def test_a_sold_offer_to_the_cent() -> None:
    """Front gross, plus the share of the extra finance charge, less the lender's fee; no risk is kept."""
    row = programme(disposition=Disposition.SOLD, lender_fee_cents=19_500)
    columns = offers(inputs(WISH), [row], [car()])
    charge = [
        60 * 2_500_000 * (rate / 12) / (1 - (1 + rate / 12) ** -60) - 2_500_000 for rate in (0.0699, 0.0799)
    ]
    reserve = round((charge[1] - charge[0]) * 0.8)
    assert columns["npv_cents"] == [300_000 + reserve - 19_500]
    assert columns["stress_npv_cents"] == columns["npv_cents"]


def test_stress_lowers_a_held_offer() -> None:
    """Half as many defaults again, and a fifth less recovered of each."""
    columns = offers(inputs(WISH), [programme()], [car()])
    exact = worth(0.0799, 60, FINANCE_CURVE, defaults="1.5", recovered="0.8")
    assert columns["stress_npv_cents"] == [round(2_500_000 * exact.value) + 300_000]


def test_markup_stays_within_the_programmes_cap() -> None:
    """The store's standard markup, or the cap where that is lower."""
    deal = inputs(WISH, standard_markup_bp=150.0)
    assert offers(deal, [programme()], [car()])["rate_bp"] == [849.0]
    assert offers(deal, [programme(markup_max_bp=62.5)], [car()])["rate_bp"] == [761.5]


def test_a_stated_rate_is_the_rate() -> None:
    """The structure's rate replaces buy rate and markup."""
    deal = inputs(Structure(terms_months=[60], rate_bp=BasisPoints(750)))
    assert offers(deal, [programme()], [car()])["rate_bp"] == [750.0]


def test_no_contract_rate_is_above_all_that_is_lent() -> None:
    """The standard markup ends at 100 %, the highest rate of a contract."""
    rows = [programme(buy_rate_bp=buy, markup_max_bp=0.01) for buy in (9_999.98, 9_999.99, 10_000.0)]
    plans = [plan_deal(inputs(Structure(terms_months=[60])), sheet(row)) for row in rows]
    assert [plan.sell_rate.tolist() for plan in plans] == [[999_999], [1_000_000], [1_000_000]]


def test_exceptions_to_the_standard_markup_go_downward_only() -> None:
    """A stated rate lies from the buy rate to the standard, or to the programme's cap where that is lower."""

    def rates(stated: int, **changes: Any) -> list[float | None]:
        structure = Structure(terms_months=[60], rate_bp=BasisPoints(stated))
        plan = plan_deal(inputs(structure), sheet(programme(**changes)))
        return plan.sell_rate.tolist()

    assert [rates(stated) for stated in (698, 699, 799, 800)] == [[], [69_900], [79_900], []]
    assert [rates(stated, markup_max_bp=50.0) for stated in (749, 750)] == [[74_900], []]


def test_a_car_below_the_stores_floor_has_no_offer() -> None:
    """Nulls, and the floor as the reason."""
    columns = offers(inputs(WISH, npv_floor_cents=10_000_000), [programme()], [car()])
    assert columns.pop("binding") == ["npv_floor"]
    assert columns.pop("fix")[0]["kind"] == "value"
    assert all(column == [None] for column in columns.values())


def test_frontier_counts_structures_that_none_beats() -> None:
    """A lower payment at a lower value is a choice; a dearer and worse structure is not."""
    rows = [
        programme(lender="A", programme_id="a", term_months=60),
        programme(lender="B", programme_id="b", term_months=60, markup_max_bp=0.0),
        programme(lender="C", programme_id="c", term_months=60, acquisition_cents=100_000),
    ]
    pricing = price_plan(plan_deal(inputs(WISH), sheet(*rows)), model())
    assert [choice.lender for choice in frontier(pricing, cars(car()))] == ["B", "A"]
    assert best_offers(pricing, cars(car()))["frontier"] == [2]


@given(**DEALS, stock=STOCK)
def test_no_feasible_structure_is_better_than_the_offer(
    deal: DealInputs, rows: tuple[Programme, ...], risk: RiskModel, stock: list[dict[str, int]]
) -> None:
    """Of all cash and discounts, to the cent, the offer has the highest NPV and, of those that are worth as
    much, the lowest payment; a car without an offer has no acceptable structure.
    """
    plan = plan_deal(deal, sheet(*rows))
    if plan.empty:
        return
    pricing = price_plan(plan, risk)
    columns = best_offers(pricing, cars(*stock))
    for number, one in enumerate(stock):
        accepted = [pair for pair in worths(pricing, rows, one) if pair[0] >= deal.npv_floor_cents]
        expected = max((npv for npv, _ in accepted), default=None)
        assert columns["npv_cents"][number] == expected
        payments = [each.payment for npv, each in accepted if npv == expected]
        assert columns["payment_cents"][number] == min(payments, default=None)
        every = choices(pricing, cars(one))
        assert (every[0].payment_cents if every else None) == min(payments, default=None)


@given(**DEALS, stock=STOCK)
def test_the_frontier_is_not_dominated(
    deal: DealInputs, rows: tuple[Programme, ...], risk: RiskModel, stock: list[dict[str, int]]
) -> None:
    """Payment and NPV rise together, it ends at the best offer, and it has as many points as the offer says;
    every choice is feasible to the cent and worth what it says.
    """
    plan = plan_deal(deal, sheet(*rows))
    if plan.empty:
        return
    pricing = price_plan(plan, risk)
    columns = best_offers(pricing, cars(*stock))
    for number, one in enumerate(stock):
        points = frontier(pricing, cars(one))
        assert (len(points) or None) == columns["frontier"][number]
        pairs = [(point.payment_cents, point.npv_cents) for point in points]
        assert all(low[0] < high[0] and low[1] < high[1] for low, high in pairwise(pairs))
        every = choices(pricing, cars(one))
        assert (every[0].npv_cents if every else None) == columns["npv_cents"][number]
        known = {
            (each.programme.programme_id, each.cash, each.discount, each.principal, each.payment, npv)
            for npv, each in worths(pricing, rows, one)
        }
        for choice in every:
            assert any(p <= choice.payment_cents and v >= choice.npv_cents for p, v in pairs)
            assert (
                choice.programme_id,
                choice.cash_down_cents,
                choice.discount_cents,
                choice.principal_cents,
                choice.payment_cents,
                choice.npv_cents,
            ) in known


def test_another_cash_needs_no_new_pricing() -> None:
    """A column of the pencil grid: the same offers as a deal that states this cash."""
    wish = Structure(terms_months=[60, 72], cash_down_max_cents=500_000)
    pricing = price_plan(plan_deal(inputs(wish), sheet(programme())), model())
    stated = Structure(terms_months=[60, 72], cash_down_cents=200_000, cash_down_max_cents=200_000)
    anew = price_plan(plan_deal(inputs(stated), sheet(programme())), model())
    assert choices(with_cash(pricing, 200_000), cars(car())) == choices(anew, cars(car()))


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=12))
def test_rank_reversals_are_counted_by_pairs(pairs: list[tuple[int, int]]) -> None:
    """An offer is passed by each that is strictly worth less, and strictly more under stress."""
    expected = [sum(a[0] > b[0] and a[1] < b[1] for b in pairs) for a in pairs]
    assert rank_reversals([npv for npv, _ in pairs], [stress for _, stress in pairs]) == expected


def test_a_tier_without_a_curve_is_an_error() -> None:
    """Nothing is valued by guess."""
    plan = plan_deal(inputs(WISH), sheet(programme()))
    with pytest.raises(RiskModelError):
        price_plan(plan, RiskModel(version="risk-1", curves=()))


def test_chunked_equals_whole() -> None:
    """Valuing car by car gives what valuing all at once gives, over several blocks."""
    wish = Structure(terms_months=[60, 72], cash_down_max_cents=200_000, payment_max_cents=520_00)
    deal = inputs(wish, discount_max_cents=30_000)
    stock = [car(price_cents=price) for price in range(800_000, 4_000_000, 40_000)]
    rows = [programme(), programme(term_months=72, buy_rate_bp=849.0)]
    rows += [programme(programme_id=f"p{n}", buy_rate_bp=700.0 + n) for n in range(150)]
    whole = offers(deal, rows, stock)
    single = [offers(deal, rows, [one]) for one in stock]
    assert whole == {name: [part[name][0] for part in single] for name in whole}


def test_memory_does_not_grow_with_the_stock() -> None:
    """Ten times the cars are valued block by block: the peak above what is returned stays where it was."""
    wish = Structure(terms_months=[60], cash_down_max_cents=500_000)
    rows = [programme(programme_id=f"p{n}", buy_rate_bp=700.0 + n) for n in range(200)]
    pricing = price_plan(plan_deal(inputs(wish), sheet(*rows)), model())

    def peak(count: int) -> int:
        stock = cars(*(car(price_cents=2_000_000 + 100 * number) for number in range(count)))
        tracemalloc.start()
        returned = best_offers(pricing, stock)
        kept, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(returned["npv_cents"]) == count
        return most - kept

    assert peak(1_000) < 1.5 * peak(100)
