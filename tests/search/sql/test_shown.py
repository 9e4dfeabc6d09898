"""What matches show that no row has as it is: days' supply, floorplan to date, unknown costs."""

from decimal import ROUND_HALF_UP, Decimal

from hypothesis import given
from hypothesis import strategies as st

from protocol.jobs import UNKNOWN_COST
from protocol.records import MAX_CENTS
from server.finance.architect.space.pricing import front_gross_cents
from server.search.sql.shown import floorplan_to_date, shown_columns
from server.search.sql.supply import SALES_DAYS, days_supply
from tests.finance.cases import car, cars, inputs

COUNTS = st.integers(min_value=1, max_value=10**6)


@given(units=COUNTS, sold=COUNTS)
def test_days_supply_is_units_by_average_daily_sales(units: int, sold: int) -> None:
    """To the nearest day."""
    exact = Decimal(units) * SALES_DAYS / sold
    assert days_supply(units, sold) == exact.quantize(Decimal(1), rounding=ROUND_HALF_UP)


@given(day_cents=st.integers(1, MAX_CENTS), days=st.integers(0, 10_000))
def test_the_floorplan_to_date_is_what_the_gross_counts(day_cents: int, days: int) -> None:
    """Of a car on the own lot: without it, the gross would be so much higher."""
    one = car(floorplan_day_cents=day_cents, days_in_stock=days)
    with_it, without = cars(one), cars(one | {"floorplan_day_cents": 0})
    gross = [front_gross_cents(inputs(), each, each.price_cents, 0) for each in (without, with_it)]
    assert floorplan_to_date(day_cents, days) == int((gross[0] - gross[1])[0])


def test_what_nobody_knows_is_shown_as_nothing() -> None:
    """Never as 0: a car without a sale of its model, without a stated floorplan, or of an unknown cost. New
    and used units are apart. A car of today has cost nothing yet; one that comes tomorrow neither.
    """
    rows = {
        "make": ["Kia"] * 4,
        "model": ["Soul", "Soul", "Niro", "Soul"],
        "is_new": [0, 1, 0, 0],
        "cost_cents": [UNKNOWN_COST, 5, 6, 7],
        "floorplan_day_cents": [410, 0, 410, 410],
        "days_in_stock": [3, 3, 0, -1],
    }
    assert shown_columns(rows, {("Kia", "Soul", 0): 31}) == {
        "cost_cents": [None, 5, 6, 7],
        "days_supply": [31, None, None, 31],
        "floorplan_cents": [1_230, None, 0, 0],
    }
