"""Stage 2 against what the workers find."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from protocol.events import MATCH_COLUMNS
from protocol.jobs import NUMBER_COLUMNS, rebate_columns
from protocol.money.inputs import DealInputs
from protocol.money.lending import Programme
from server.finance.architect import best_offers, price_plan
from server.finance.cars import Cars
from server.finance.plan import plan_deal
from server.search.screening.other_terms import OtherTerms
from server.search.screening.screen import screen_rows
from server.search.sql.query import RESULT_COLUMNS
from server.search.sql.statement import Keyset
from tests.finance.cases import model, sheet
from tests.finance.strategies import deals, numbers, programmes


def row_of(number: int, car: dict[str, int]) -> tuple[Any, ...]:
    """Return a row of stage 1."""
    without = [car[name] for name in rebate_columns(car)] or None
    texts = {
        "vehicle_id": str(number),
        "rev": 1,
        "position": car["price_cents"],
        "rebates_without": without,
    }
    return tuple(car.get(name, texts.get(name, name)) for name in RESULT_COLUMNS)


@given(deal=deals(), rows=programmes(), stock=st.lists(numbers(), min_size=1, max_size=6))
def test_search_and_workers_agree(
    deal: DealInputs, rows: tuple[Programme, ...], stock: list[dict[str, int]]
) -> None:
    """A car is matched exactly where a worker finds a structure, unless it is worth too little to the store;
    its payment is in the range shown.
    """
    plan = plan_deal(deal, sheet(*rows))
    if plan.empty:
        return
    screened = screen_rows(plan, [row_of(number, car) for number, car in enumerate(stock)])
    assert len(screened) + len(screened.rejected) == len(stock)
    assert tuple(screened.columns) == MATCH_COLUMNS
    pricing = price_plan(plan, model())
    everything = Cars.of({name: [car[name] for car in stock] for name in NUMBER_COLUMNS})
    offers = best_offers(pricing, everything)
    payments, binding = offers["payment_cents"], offers["binding"]
    found = [n for n, cents in enumerate(payments) if cents is not None or binding[n] == "npv_floor"]
    assert screened.row_numbers == found
    assert [row.row_number for row in screened.rejected] == [n for n in range(len(stock)) if n not in found]
    offered = [payments[number] for number in screened.row_numbers]
    low, high = screened.columns["payment_min_cents"], screened.columns["payment_max_cents"]
    shown = zip(low, offered, high, strict=True)
    assert all(a <= payment <= b for a, payment, b in shown if payment is not None)
    assert screened.positions == [stock[number]["price_cents"] for number in screened.row_numbers]
    assert screened.last == Keyset(stock[-1]["price_cents"], len(stock) - 1)
    if len(screened):
        assert screened.last_match == Keyset(screened.positions[-1], screened.row_numbers[-1])
        assert best_offers(pricing, Cars.of(screened.numbers))["payment_cents"] == offered


@given(deal=deals(), rows=programmes(), stock=st.lists(numbers(), min_size=1, max_size=6))
def test_what_is_cut_was_never_read(
    deal: DealInputs, rows: tuple[Programme, ...], stock: list[dict[str, int]]
) -> None:
    """The first matches of a chunk are what screening finds in the rows up to the last of them."""
    plan = plan_deal(deal, sheet(*rows))
    if plan.empty:
        return
    read = [row_of(number, car) for number, car in enumerate(stock)]
    screened = screen_rows(plan, read)
    for matches in range(1, len(screened) + 1):
        through = screened.row_numbers[matches - 1] + 1
        assert screened.first(matches) == screen_rows(plan, read[:through])


@given(deal=deals(), rows=programmes(), stock=st.lists(numbers(), min_size=1, max_size=4))
def test_the_cash_of_a_rejected_car_opens_it(
    deal: DealInputs, rows: tuple[Programme, ...], stock: list[dict[str, int]]
) -> None:
    """With so much more cash it matches, with a cent less it does not, and without such a number never."""
    plan = plan_deal(deal, sheet(*rows))
    if plan.empty:
        return

    def matches(number: int, more_cash: int) -> bool:
        most = msgspec.structs.replace(deal.structure, cash_down_max_cents=plan.cash_max + more_cash)
        again = plan_deal(msgspec.structs.replace(deal, structure=most), sheet(*rows))
        return len(screen_rows(again, [row_of(number, stock[number])])) == 1

    screened = screen_rows(plan, [row_of(number, car) for number, car in enumerate(stock)])
    for row in screened.rejected:
        if row.more_cash < 0:
            assert not matches(row.row_number, 100_000)
        else:
            assert matches(row.row_number, row.more_cash)
            assert not matches(row.row_number, row.more_cash - 1)


@given(deal=deals(), rows=programmes(), stock=st.lists(numbers(), min_size=1, max_size=4))
def test_another_term_of_a_rejected_car_opens_it(
    deal: DealInputs, rows: tuple[Programme, ...], stock: list[dict[str, int]]
) -> None:
    """A car matches with one more term exactly if that term is named; a fixed term has no others."""
    plan = plan_deal(deal, sheet(*rows))
    if plan.empty:
        return
    structure = deal.structure
    others = {row.term_months for row in rows} - set(structure.terms_months)
    screened = screen_rows(plan, [row_of(n, car) for n, car in enumerate(stock)], OtherTerms(plan))
    for row in screened.rejected:
        named = set()
        for term in others if structure.term_months is None else ():
            more = msgspec.structs.replace(structure, terms_months=sorted({*structure.terms_months, term}))
            again = plan_deal(msgspec.structs.replace(deal, structure=more), sheet(*rows))
            if len(screen_rows(again, [row_of(row.row_number, stock[row.row_number])])):
                named.add(term)
        assert set(row.terms) == named
