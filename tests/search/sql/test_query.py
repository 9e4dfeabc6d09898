"""Stage 1: the SQL text and its arguments."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.records import MAX_CENTS, Filters, Scope, Sort
from server.search.sql.query import LeasedCars, Stock, build_query, explained
from server.search.sql.statement import Keyset, Query
from tests.protocol.strategies import values_of
from tests.work import work_of

MOST_CALLS = 5_000
TODAY = dt.date(2026, 1, 15)
STORE = Stock("riverside", "valley", Scope.STORE)


def query(filters: Filters | None = None, sort: Sort = Sort.PRICE, after: Keyset | None = None) -> Query:
    """Return the query of one store for cars between 1 and 90,000 dollars."""
    return build_query(STORE, filters or Filters(), sort, window=(100, 9_000_000), after=after, today=TODAY)


def test_values_are_bound_and_never_spliced() -> None:
    """Whatever a person types stands among the arguments only, each placeholder once in order."""
    hostile = "x'); DROP TABLE vehicles; --"
    built = query(Filters(makes=[hostile], models=[hostile], bodies=[hostile], fuels=[hostile], text=hostile))
    assert "DROP" not in built.text
    assert [hostile] in built.args
    assert max(n for n in range(1, 30) if f"${n}" in built.text) == len(built.args)


@given(filters=values_of(Filters), sort=st.sampled_from(Sort))
def test_the_query_of_any_filters_is_bounded(filters: Filters, sort: Sort) -> None:
    """Text, arguments and calls stay small, whatever is asked for."""
    built, _ = work_of(lambda: query(filters, sort), MOST_CALLS)
    assert len(built.text) < 16_384
    assert len(built.args) < 100


def test_the_text_filter_is_literal() -> None:
    """Wildcards and the escape itself stand for themselves; each word is a condition of its own."""
    built = query(Filters(text=r"50%  a_b c\d"))
    assert built.args[-3:] == (r"%50\%%", r"%a\_b%", r"%c\\d%")
    assert built.text.count("ILIKE") == 3


def test_price_filters_narrow_the_window() -> None:
    """The tighter of filter and window counts at each end."""
    assert query(Filters(price_min_cents=500, price_max_cents=99_000_000)).args[-2:] == (500, 9_000_000)
    assert query(Filters(price_min_cents=1, price_max_cents=800)).args[-2:] == (100, 800)


@pytest.mark.parametrize(
    ("leased", "condition", "makes"),
    [
        (
            LeasedCars(("Toyota", "Honda")),
            "v.is_new AND lower(v.make) = ANY ($6::text[])",
            [["honda", "toyota"]],
        ),
        (LeasedCars(()), "v.is_new", []),
        (LeasedCars(("BMW",), used=True), "lower(v.make) = ANY ($6::text[])", [["bmw"]]),
        (LeasedCars((), used=True), "true", []),
    ],
)
def test_leased_cars_have_no_upper_price(leased: LeasedCars, condition: str, makes: list[list[str]]) -> None:
    """New cars of the makes that a lease programme names are read at any price above the lower end."""
    window = (100, 9_000_000)
    built = build_query(STORE, Filters(), Sort.PRICE, window=window, after=None, today=TODAY, leased=leased)
    assert f"(v.price_cents <= $5::bigint OR {condition})" in built.text
    assert list(built.args[-3 - len(makes) :]) == [100, MAX_CENTS, 9_000_000, *makes]


def test_a_price_filter_bounds_leased_cars_too() -> None:
    """Inside the window, the filter alone counts; above it, up to the filter."""
    for most, expected in ((800, (100, 800)), (10_000_000, (100, 10_000_000, 9_000_000))):
        built = build_query(
            STORE,
            Filters(price_max_cents=most),
            Sort.PRICE,
            window=(100, 9_000_000),
            after=None,
            today=TODAY,
            leased=LeasedCars(()),
        )
        assert built.args[-len(expected) :] == expected


@pytest.mark.parametrize(
    ("scope", "column", "value"),
    [(Scope.STORE, "store_id", "riverside"), (Scope.GROUP, "group_id", "valley")],
)
def test_the_scope_chooses_the_stock(scope: Scope, column: str, value: str) -> None:
    """A store's own cars, or those of every store of its group."""
    stock = Stock("riverside", "valley", scope)
    built = build_query(stock, Filters(), Sort.PRICE, window=(1, 2), after=None, today=TODAY)
    assert f"WHERE v.status = 'available' AND v.{column} = $1" in built.text
    assert built.args[0] == value
    assert ("store_transfers" in built.text) == (scope is Scope.GROUP)


@pytest.mark.parametrize(
    ("sort", "order", "compared"),
    [
        (Sort.PRICE, "v.price_cents ASC, v.vehicle_id ASC", "(v.price_cents, v.vehicle_id) > "),
        (Sort.PRICE_DESC, "v.price_cents DESC, v.vehicle_id DESC", "(v.price_cents, v.vehicle_id) < "),
        (Sort.DAYS_IN_STOCK, "v.stocked_on DESC, v.vehicle_id DESC", "(v.stocked_on, v.vehicle_id) < "),
        (Sort.DAYS_IN_STOCK_DESC, "v.stocked_on ASC, v.vehicle_id ASC", "(v.stocked_on, v.vehicle_id) > "),
    ],
)
def test_a_page_begins_behind_its_keyset(sort: Sort, order: str, compared: str) -> None:
    """Order and comparison run the same way; few days in stock is stocked late."""
    built = query(sort=sort, after=Keyset(739_000, 7))
    assert built.text.endswith(f"ORDER BY {order}")
    assert compared in built.text
    assert built.args[-1] == 7


def test_days_in_stock_is_a_date() -> None:
    """At least 30 days in stock means stocked 30 days ago or earlier."""
    assert query(Filters(days_in_stock_min=30)).args[-1] == dt.date(2025, 12, 16)


def test_the_planner_is_asked_about_the_same_query() -> None:
    """Same text, same arguments, not run."""
    built = query()
    assert explained(built) == Query(f"EXPLAIN (FORMAT JSON) {built.text}", built.args)


def test_a_page_has_the_order_and_a_limit() -> None:
    """The first page is the query itself; the next begins behind a place, bound like every other value."""
    built = query(Filters(makes=["Toyota"]), Sort.MILEAGE_DESC)
    bound = len(built.args) + 1
    assert built.page(None, 16) == Query(f"{built.text} LIMIT ${bound}::bigint", (*built.args, 16))
    later = built.page(Keyset(80_000, 7), 64)
    assert later.text.endswith(f"ORDER BY v.mileage DESC, v.vehicle_id DESC LIMIT ${bound + 2}::bigint")
    assert f"(v.mileage, v.vehicle_id) < (${bound}::bigint" in later.text
    assert later.args == (*built.args, 80_000, 7, 64)


def test_a_page_may_be_of_few_cars() -> None:
    """They are fetched by their ids, and all that the query asks of a car still holds."""
    built = query(Filters(text="camry"))
    few = built.page(None, 16, among=[3, 5])
    assert few.args == (*built.args, [3, 5], 16)
    assert "ILIKE" in few.text
    assert built.where in few.text


def test_a_page_may_look_through_the_next_cars_only() -> None:
    """The words are compared with the next so many cars that the other conditions take."""
    near = query(Filters(text="camry")).page(None, 16, within=1_000)
    inner, _, outer = near.text.partition(" LIMIT 1000) v ")
    assert "ILIKE" not in inner
    assert "ILIKE" in outer
