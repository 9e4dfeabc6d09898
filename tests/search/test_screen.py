"""Stage 2 against what the workers find."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from protocol.events import MATCH_COLUMNS
from protocol.inputs import DealInputs
from protocol.jobs import NUMBER_COLUMNS
from protocol.lending import Programme
from server.finance.architect import best_offers, price_plan
from server.finance.cars import Cars
from server.finance.plan import plan_deal
from server.search.query import RESULT_COLUMNS, Keyset
from server.search.screen import screen_rows
from tests.finance.cases import model, sheet
from tests.finance.strategies import deals, numbers, programmes


def row_of(number: int, car: dict[str, int]) -> tuple[Any, ...]:
    """Return a row of stage 1."""
    texts = {"vehicle_id": str(number), "rev": 1, "position": car["price_cents"]}
    return tuple(car.get(name, texts.get(name, name)) for name in RESULT_COLUMNS)


@given(deal=deals(), rows=programmes(), stock=st.lists(numbers(), min_size=1, max_size=6))
def test_search_and_workers_agree(
    deal: DealInputs, rows: tuple[Programme, ...], stock: list[dict[str, int]]
) -> None:
    """A car is matched exactly where a worker finds a structure; its payment is in the range shown."""
    plan = plan_deal(deal, sheet(*rows))
    if plan.empty:
        return
    screened = screen_rows(plan, [row_of(number, car) for number, car in enumerate(stock)])
    assert len(screened) + screened.rejected.total() == len(stock)
    assert tuple(screened.columns) == MATCH_COLUMNS
    pricing = price_plan(plan, model())
    everything = Cars.of({name: [car[name] for car in stock] for name in NUMBER_COLUMNS})
    payments = best_offers(pricing, everything)["payment_cents"]
    assert screened.row_numbers == [number for number, payment in enumerate(payments) if payment is not None]
    offered = [payments[number] for number in screened.row_numbers]
    low, high = screened.columns["payment_min_cents"], screened.columns["payment_max_cents"]
    assert all(a <= payment <= b for a, payment, b in zip(low, offered, high, strict=True))
    assert screened.keysets == [
        Keyset(stock[number]["price_cents"], number) for number in screened.row_numbers
    ]
    if len(screened):
        assert best_offers(pricing, Cars.of(screened.numbers))["payment_cents"] == offered
