"""The cars just outside the price window."""

import datetime as dt

from protocol.records import MAX_CENTS, Filters, Scope
from server.search.sql.outside import CHEAPER_CARS, DEARER_CARS, outside_queries
from server.search.sql.query import LeasedCars, Stock

STORE = Stock("riverside", "valley", Scope.STORE)
TODAY = dt.date(2026, 1, 15)


def test_the_nearest_cars_on_both_sides_are_read() -> None:
    """Dearer ones upwards, cheaper ones downwards, so many and no more, within the filters."""
    dearer, cheaper = outside_queries(
        STORE, Filters(makes=["Toyota"], price_max_cents=5_000_000), (1_000_000, 3_000_000), today=TODAY
    )
    assert dearer.args[2:4] == (3_000_001, 5_000_000)
    assert dearer.text.endswith(f"ORDER BY v.price_cents ASC, v.vehicle_id ASC LIMIT {DEARER_CARS}")
    assert cheaper.args[2:4] == (1, 999_999)
    assert cheaper.text.endswith(f"ORDER BY v.price_cents DESC, v.vehicle_id DESC LIMIT {CHEAPER_CARS}")
    assert ["Toyota"] in dearer.args


def test_dearer_cars_that_may_be_leased_are_inside() -> None:
    """They are read with the others, so that they are not counted twice."""
    leased = LeasedCars(("Toyota",))
    dearer, cheaper = outside_queries(STORE, Filters(), (1_000_000, 3_000_000), today=TODAY, leased=leased)
    assert "NOT (v.is_new AND lower(v.make) = ANY" in dearer.text
    assert "is_new AND" not in cheaper.text


def test_nothing_lies_outside_every_price() -> None:
    """Both ranges are empty."""
    queries = outside_queries(STORE, Filters(), (1, MAX_CENTS), today=TODAY)
    assert all(query.args[2] > query.args[3] for query in queries)
