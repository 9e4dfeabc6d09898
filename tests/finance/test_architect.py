"""The best offer of each car: the objective, its ties, the floor, held and sold value, and stress."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.events import OFFER_COLUMNS
from protocol.inputs import DealInputs
from protocol.lending import Disposition, Programme
from protocol.records import BasisPoints, Structure
from server.finance.architect import best_offers, price_plan
from server.finance.plan import plan_deal
from server.finance.structures import build_structures
from tests.finance import reference
from tests.finance.cases import FINANCE_CURVE, car, cars, curve, inputs, model, programme, sheet
from tests.finance.strategies import deals, numbers, programmes

WISH = Structure(terms_months=[60, 72])


def offers(
    deal: DealInputs, rows: list[Programme], stock: list[dict[str, int]], **risk: Any
) -> dict[str, list[Any]]:
    """Value ``stock`` and return its columns."""
    pricing = price_plan(plan_deal(deal, sheet(*rows)), model(**risk))
    return best_offers(pricing, cars(*stock))


def test_the_columns_are_those_of_the_wire() -> None:
    """Besides the car's id and revision, every column of ``offers`` is there, one element for each car."""
    columns = offers(inputs(WISH), [programme()], [car(), car(mileage=999_999)])
    assert set(columns) == set(OFFER_COLUMNS) - {"vehicle_id", "rev"}
    assert {len(column) for column in columns.values()} == {2}


def test_a_held_offer_to_the_cent() -> None:
    """Contract value at the sell rate plus front gross, less the acquisition cost."""
    one = car(recon_cents=50_000, floorplan_day_cents=500, days_in_stock=40, holdback_cents=30_000)
    columns = offers(inputs(WISH), [programme(acquisition_cents=12_500)], [one], servicing_month_cents=400)
    contract = reference.contract_npv(2_500_000, 0.0799, 60, curve(servicing_month_cents=400))
    front = 2_500_000 + 30_000 - 2_200_000 - 50_000 - 500 * 40
    assert columns["npv_cents"] == [round(contract) - 12_500 + front]
    assert (columns["rate_bp"], columns["payment_cents"]) == ([799.0], [506_79])


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
    """Half as many defaults again, at the same recovery."""
    columns = offers(inputs(WISH), [programme()], [car()])
    stressed = reference.contract_npv(2_500_000, 0.0799, 60, curve(cnl=FINANCE_CURVE.cnl * 1.5))
    assert columns["stress_npv_cents"] == [round(stressed) + 300_000]


def test_markup_stays_within_the_programmes_cap() -> None:
    """The store's standard markup, or the cap where that is lower."""
    deal = inputs(WISH, standard_markup_bp=150.0)
    assert offers(deal, [programme()], [car()])["rate_bp"] == [849.0]
    assert offers(deal, [programme(markup_max_bp=62.5)], [car()])["rate_bp"] == [761.5]


def test_a_stated_rate_is_the_rate() -> None:
    """The structure's rate replaces buy rate and markup."""
    deal = inputs(Structure(terms_months=[60], rate_bp=BasisPoints(750)))
    assert offers(deal, [programme()], [car()])["rate_bp"] == [750.0]


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


def test_a_car_below_the_stores_floor_has_no_offer() -> None:
    """Nulls, and the floor as the reason."""
    columns = offers(inputs(WISH, npv_floor_cents=10_000_000), [programme()], [car()])
    assert columns.pop("binding") == ["npv_floor"]
    assert all(column == [None] for column in columns.values())


def test_frontier_counts_structures_that_none_beats() -> None:
    """A longer term with a lower payment and a lower value is a choice; a dearer and worse one is not."""
    rows = [
        programme(lender="A", programme_id="a", term_months=60),
        programme(lender="B", programme_id="b", term_months=60, markup_max_bp=0.0),
        programme(lender="C", programme_id="c", term_months=60, acquisition_cents=100_000),
    ]
    assert offers(inputs(WISH), rows, [car()])["frontier"] == [2]


@given(deal=deals(), rows=programmes(), stock=st.lists(numbers(), min_size=1, max_size=3))
def test_no_feasible_structure_is_better_than_the_offer(
    deal: DealInputs, rows: tuple[Programme, ...], stock: list[dict[str, int]]
) -> None:
    """Among least-cash structures valued month by month, the offer's value is the highest."""
    plan = plan_deal(deal, sheet(*rows))
    if plan.empty:
        return
    columns = best_offers(price_plan(plan, model()), cars(*stock))
    feasible = build_structures(plan, cars(*stock)).any_feasible().tolist()
    assert [npv is not None for npv in columns["npv_cents"]] == feasible
    kept = [row for row in rows if _key(row) in _keys(plan.programmes.lender, rows, deal)]
    factors = dict(zip(map(_key, kept), plan.factors.tolist(), strict=True))
    for one, best in zip(stock, columns["npv_cents"], strict=True):
        least: dict[str, tuple[Programme, int]] = {}
        for row, _, principal, _ in reference.feasible_structures(deal, tuple(kept), one, factors):
            least.setdefault(_key(row), (row, principal))
        held = [pair for pair in least.values() if reference.is_held(pair[0])]
        for row, principal in held:
            markup = min(float(deal.standard_markup_bp), row.markup_max_bp)
            contract = reference.contract_npv(
                principal, (row.buy_rate_bp + markup) / 10_000, row.term_months, FINANCE_CURVE
            )
            worth = contract - row.acquisition_cents + reference.front_gross(deal.structure, one)
            assert best >= worth - 0.6


def _key(row: Programme) -> str:
    return f"{row.programme_id}:{row.term_months}"


def _keys(lenders: np.ndarray, rows: tuple[Programme, ...], deal: DealInputs) -> set[str]:
    keys = {
        _key(row)
        for row in rows
        if row.tier == deal.structure.tier
        and row.term_months in deal.structure.terms_months
        and (deal.score is None or row.score_min <= deal.score <= row.score_max)
    }
    assert len(keys) == len(lenders)
    return keys


def test_a_tier_without_a_curve_is_an_error() -> None:
    """Nothing is valued by guess."""
    empty = model()
    plan = plan_deal(inputs(WISH), sheet(programme()))
    with pytest.raises(KeyError):
        price_plan(plan, type(empty)(version="risk-1", curves=()))


def test_chunked_equals_whole() -> None:
    """Valuing car by car gives what valuing all at once gives."""
    stock = [car(price_cents=price) for price in range(800_000, 4_000_000, 150_000)]
    rows = [programme(), programme(term_months=72, buy_rate_bp=849.0)]
    whole = offers(inputs(WISH), rows, stock)
    single = [offers(inputs(WISH), rows, [one]) for one in stock]
    assert whole == {name: [part[name][0] for part in single] for name in whole}
