"""Stage 1: filters, order and price window as one SQL text with its arguments. Pure.

Each order reads an index of the store or of its group, from a keyset position onwards: the order's column and
``vehicle_id``, both in the same direction.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from protocol.jobs import NUMBER_COLUMNS, UNKNOWN_COST
from protocol.money.lending import Rebate
from protocol.records import MAX_CENTS, Filters, Scope, Sort
from server.search.sql.columns import computed_columns
from server.search.sql.statement import CARS, Conditions, Keyset, OrderedQuery, Query, add_keyset

PriceWindow = tuple[int, int]


class LeasedCars(NamedTuple):
    """The cars that lease programmes may take at any price: new ones of some makes, empty for all, and used
    ones too if ``used``.
    """

    makes: tuple[str, ...]
    used: bool = False


Exclusions = Sequence[Sequence[str]]

MATCHED_COLUMNS = (
    "vehicle_id", "rev", "vin", "stock_no", "make", "model", "trim", "body", "store_id", "fuel",
)  # fmt: skip
"""What a match shows in addition to the car's numbers."""

RESULT_COLUMNS = (*MATCHED_COLUMNS, *NUMBER_COLUMNS, "rebates_without", "position")
"""The columns of a row, in this order. ``rebates_without`` are the rebates without each list of exclusions,
null if the rate sheet has none; ``position`` is the row's place in the order, for ``Keyset``.
"""

MOST_OF_STOCK_NO = 50
"""How many cars with one stock number are read: each store of a group may have one, and some repeat them."""

_WORDS = "concat_ws(' ', v.make, v.model, v.trim, v.stock_no, v.vin)"
_OPTIONAL_AMOUNTS = frozenset({"invoice_cents", "msrp_cents", "wholesale_cents", "retail_cents"})

# The column of each order, and whether it is read backwards. Few days in stock means a late stocking date.
_ORDERS = {
    Sort.PRICE: ("price_cents", False),
    Sort.PRICE_DESC: ("price_cents", True),
    Sort.MILEAGE: ("mileage", False),
    Sort.MILEAGE_DESC: ("mileage", True),
    Sort.YEAR: ("year", False),
    Sort.YEAR_DESC: ("year", True),
    Sort.DAYS_IN_STOCK: ("stocked_on", True),
    Sort.DAYS_IN_STOCK_DESC: ("stocked_on", False),
}


@dataclass(frozen=True, slots=True)
class Stock:
    """The cars that are searched: those of a store, or of its group."""

    store_id: str
    group_id: str
    scope: Scope


def build_query(
    stock: Stock,
    filters: Filters,
    sort: Sort,
    *,
    window: PriceWindow,
    after: Keyset | None,
    today: dt.date,
    rebates: Sequence[Rebate] = (),
    exclusions: Exclusions = (),
    leased: LeasedCars | None = None,
    unless_leased: LeasedCars | None = None,
) -> OrderedQuery:
    """Return the query that reads available cars inside ``window`` (cents, inclusive) in order, after a
    keyset; also dearer ones that are ``leased``, or only those that are not ``unless_leased``.

    Text is matched literally: each of its words must occur in make, model, trim, stock number or VIN.
    ``rebates`` are those open to this customer; each row has the best combination of them for its car, and
    that without each of the ``exclusions``.
    """
    conditions, likes = Conditions(), Conditions()
    _add_stock(conditions, stock)
    computed = computed_columns(conditions.bind, today, rebates, exclusions, _fetched(stock))
    _add_window(conditions, window, filters, leased)
    if unless_leased is not None:
        _add_leased(conditions, "NOT ({})", unless_leased)
    _add_filters(conditions, filters, today)
    column, backwards = _ORDERS[sort]
    if after is not None:
        add_keyset(conditions, column, backwards, after)
    likes.args = conditions.args
    words = tuple((filters.text or "").split())
    for word in words:
        likes.add(f" AND {_WORDS} ILIKE {{}}::text", _like(word))
    direction = "DESC" if backwards else "ASC"
    selected, where = _selected(computed, column), " AND ".join(conditions.parts)
    liked, order = "".join(likes.parts), f" ORDER BY v.{column} {direction}, v.vehicle_id {direction}"
    return OrderedQuery(
        text=f"SELECT {selected} FROM {CARS} WHERE {where}{liked}{order}",  # noqa: S608 - values are bound, names ours
        args=tuple(conditions.args),
        selected=selected,
        where=where,
        likes=liked,
        order=order,
        column=column,
        backwards=backwards,
        words=words,
    )


def build_car_query(
    stock: Stock,
    vehicle_id: int,
    *,
    today: dt.date,
    rebates: Sequence[Rebate] = (),
    exclusions: Exclusions = (),
) -> Query:
    """Return the query that reads one available car of the stock, with the columns of ``build_query``.

    It returns no row if the car is not available there.
    """
    reading = _Read(today, rebates, exclusions)
    return _named(stock, "v.vehicle_id = {}::bigint", vehicle_id, reading)


def build_cars_query(
    stock: Stock,
    vehicle_ids: Sequence[int],
    *,
    today: dt.date,
    rebates: Sequence[Rebate] = (),
    exclusions: Exclusions = (),
) -> Query:
    """Return the query that reads some available cars of the stock, in order of their ids."""
    ids = list(vehicle_ids)
    query = _named(stock, "v.vehicle_id = ANY ({}::bigint[])", ids, _Read(today, rebates, exclusions))
    return replace(query, text=f"{query.text} ORDER BY v.vehicle_id")


def build_stock_no_query(
    stock: Stock,
    stock_nos: Sequence[str],
    *,
    today: dt.date,
    rebates: Sequence[Rebate] = (),
    exclusions: Exclusions = (),
) -> Query:
    """Return the query that reads the available cars of the stock with one of these stock numbers."""
    reading = _Read(today, rebates, exclusions)
    query = _named(stock, "v.stock_no = ANY ({}::text[])", list(stock_nos), reading)
    # The index of stock numbers begins with the group.
    own = f" AND v.group_id = ${len(query.args) + 1}"
    return Query(f"{query.text}{own} LIMIT {MOST_OF_STOCK_NO}", (*query.args, stock.group_id))


class _Read(NamedTuple):
    """What the columns of a row depend on, besides its car."""

    today: dt.date
    rebates: Sequence[Rebate]
    exclusions: Exclusions


def _named(stock: Stock, template: str, value: Any, reading: _Read) -> Query:
    """Return the query for the available cars of the stock that a condition names."""
    conditions = Conditions()
    _add_stock(conditions, stock)
    computed = computed_columns(
        conditions.bind, reading.today, reading.rebates, reading.exclusions, _fetched(stock)
    )
    conditions.add(template, value)
    selected, where = _selected(computed, "price_cents"), " AND ".join(conditions.parts)
    return Query(f"SELECT {selected} FROM {CARS} WHERE {where}", tuple(conditions.args))  # noqa: S608 - as above


def explained(query: Query) -> Query:
    """Return the query that asks the planner about ``query`` without running it."""
    return Query(f"EXPLAIN (FORMAT JSON) {query.text}", query.args)


def _add_stock(conditions: Conditions, stock: Stock) -> None:
    conditions.add("v.status = 'available'")
    if stock.scope is Scope.GROUP:
        conditions.add("v.group_id = {}", stock.group_id)
    else:
        conditions.add("v.store_id = {}", stock.store_id)


def _fetched(stock: Stock) -> tuple[str, str] | None:
    return None if stock.scope is Scope.STORE else (stock.store_id, stock.group_id)


def _add_window(
    conditions: Conditions, window: PriceWindow, filters: Filters, leased: LeasedCars | None
) -> None:
    low, high = _narrowed(window, filters)
    most = filters.price_max_cents
    if leased is None or (most is not None and most <= window[1]):
        conditions.add("v.price_cents BETWEEN {}::bigint AND {}::bigint", low, high)
        return
    # The lower end bounds the index of prices; the upper one is asked of each car.
    low, highest = _narrowed((window[0], MAX_CENTS), filters)
    conditions.add("v.price_cents BETWEEN {}::bigint AND {}::bigint", low, highest)
    inside = f"v.price_cents <= {conditions.bind(high)}::bigint"
    _add_leased(conditions, f"({inside} OR {{}})", leased)


def _add_leased(conditions: Conditions, template: str, leased: LeasedCars) -> None:
    parts = [] if leased.used else ["v.is_new"]
    if leased.makes:
        makes = sorted({make.casefold() for make in leased.makes})
        parts.append(f"lower(v.make) = ANY ({conditions.bind(makes)}::text[])")
    conditions.parts.append(template.format(" AND ".join(parts) or "true"))


def _narrowed(window: PriceWindow, filters: Filters) -> PriceWindow:
    low, high = window
    if filters.price_min_cents is not None:
        low = max(low, filters.price_min_cents)
    if filters.price_max_cents is not None:
        high = min(high, filters.price_max_cents)
    return low, high


def _add_filters(conditions: Conditions, filters: Filters, today: dt.date) -> None:
    lists = (
        ("make", filters.makes),
        ("model", filters.models),
        ("body", filters.bodies),
        ("fuel", filters.fuels),
    )
    for column, wanted in lists:
        if wanted:
            conditions.add(f"v.{column} = ANY({{}}::text[])", wanted)
    if filters.year_min is not None:
        conditions.add("v.year >= {}::int", filters.year_min)
    if filters.year_max is not None:
        conditions.add("v.year <= {}::int", filters.year_max)
    if filters.mileage_max is not None:
        conditions.add("v.mileage <= {}::int", filters.mileage_max)
    if isinstance(filters.days_in_stock_min, int):
        conditions.add("v.stocked_on <= {}::date", today - dt.timedelta(days=filters.days_in_stock_min))


def _like(word: str) -> str:
    r"""Return a pattern that finds ``word`` anywhere; ``%``, ``_`` and ``\`` are literal."""
    escaped = word.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


def _selected(computed: Mapping[str, str], order_column: str) -> str:
    expressions = {
        **computed,
        "vehicle_id": "v.vehicle_id::text",
        "is_new": "v.is_new::int",
        "cost_cents": f"coalesce(v.cost_cents, {UNKNOWN_COST})",
        # A date is read as its ordinal, so that a row holds only texts and integers.
        "position": "(v.stocked_on - date '0001-01-01') + 1"
        if order_column == "stocked_on"
        else f"v.{order_column}",
    }
    expressions |= {name: f"coalesce(v.{name}, 0)" for name in _OPTIONAL_AMOUNTS}
    return ", ".join(f"{expressions.get(name, f'v.{name}')} AS {name}" for name in RESULT_COLUMNS)
