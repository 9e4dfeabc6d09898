"""Stage 1: filters, order and price window as one SQL text with its arguments. Pure.

Each order reads an index of the store or of its group, from a keyset position onwards: the order's column and
``vehicle_id``, both in the same direction.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from protocol.jobs import NUMBER_COLUMNS
from protocol.lending import Rebate
from protocol.records import Filters, Scope, Sort

PriceWindow = tuple[int, int]

MATCHED_COLUMNS = (
    "vehicle_id", "rev", "vin", "stock_no", "make", "model", "trim", "body", "store_id",
)  # fmt: skip
"""What a match shows besides the car's numbers."""

RESULT_COLUMNS = (*MATCHED_COLUMNS, *NUMBER_COLUMNS, "position")
"""The columns of a row, in this order. ``position`` is the row's place in the order, for ``Keyset``."""

_OPTIONAL_AMOUNTS = frozenset({"invoice_cents", "msrp_cents", "wholesale_cents", "retail_cents"})

# The column of each order, and whether it is read backwards. Few days in stock means stocked late.
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
class Keyset:
    """A place in an order: the last car that was shown. Dates are proleptic ordinals, all else as it is
    stored.
    """

    position: int
    vehicle_id: int


@dataclass(frozen=True, slots=True)
class Stock:
    """Which cars there are: a store's, or its group's."""

    store_id: str
    group_id: str
    scope: Scope


@dataclass(frozen=True, slots=True)
class Query:
    """SQL with ``$1`` … and its arguments."""

    text: str
    args: tuple[Any, ...]


@dataclass(slots=True)
class _Conditions:
    parts: list[str] = field(default_factory=list)
    args: list[Any] = field(default_factory=list)

    def bind(self, value: Any) -> str:
        self.args.append(value)
        return f"${len(self.args)}"

    def add(self, template: str, *values: Any) -> None:
        self.parts.append(template.format(*(self.bind(value) for value in values)))


def build_query(
    stock: Stock,
    filters: Filters,
    sort: Sort,
    *,
    window: PriceWindow,
    after: Keyset | None,
    today: dt.date,
    rebates: Sequence[Rebate] = (),
) -> Query:
    """Return the query that reads available cars inside ``window`` (cents, inclusive) in order, after a
    keyset.

    Text is matched literally: every word of it must stand somewhere in make, model, trim, stock number or
    VIN. ``rebates`` are those open to this customer; each row has the best combination of them for its car.
    """
    conditions = _Conditions()
    _add_stock(conditions, stock)
    computed = _computed(conditions, stock, today, rebates)
    conditions.add("v.price_cents BETWEEN {}::bigint AND {}::bigint", *_narrowed(window, filters))
    _add_filters(conditions, filters, today)
    column, backwards = _ORDERS[sort]
    if after is not None:
        _add_keyset(conditions, column, backwards, after)
    direction = "DESC" if backwards else "ASC"
    text = (
        f"SELECT {_selected(computed, column)} FROM vehicles v"  # noqa: S608 - values are bound, names ours
        f" WHERE {' AND '.join(conditions.parts)}"
        f" ORDER BY v.{column} {direction}, v.vehicle_id {direction}"
    )
    return Query(text, tuple(conditions.args))


def build_car_query(
    stock: Stock, vehicle_id: int, *, today: dt.date, rebates: Sequence[Rebate] = ()
) -> Query:
    """Return the query that reads one available car of the stock as ``build_query`` would; else no row."""
    conditions = _Conditions()
    _add_stock(conditions, stock)
    computed = _computed(conditions, stock, today, rebates)
    conditions.add("v.vehicle_id = {}::bigint", vehicle_id)
    text = (
        f"SELECT {_selected(computed, 'price_cents')} FROM vehicles v"  # noqa: S608 - as above
        f" WHERE {' AND '.join(conditions.parts)}"
    )
    return Query(text, tuple(conditions.args))


def build_cars_query(
    stock: Stock, vehicle_ids: Sequence[int], *, today: dt.date, rebates: Sequence[Rebate] = ()
) -> Query:
    """Return the query that reads some available cars of the stock, in order of their ids."""
    conditions = _Conditions()
    _add_stock(conditions, stock)
    computed = _computed(conditions, stock, today, rebates)
    conditions.add("v.vehicle_id = ANY ({}::bigint[])", list(vehicle_ids))
    text = (
        f"SELECT {_selected(computed, 'price_cents')} FROM vehicles v"  # noqa: S608 - as above
        f" WHERE {' AND '.join(conditions.parts)} ORDER BY v.vehicle_id"
    )
    return Query(text, tuple(conditions.args))


def explained(query: Query) -> Query:
    """Return the query that asks the planner about ``query`` without running it."""
    return Query(f"EXPLAIN (FORMAT JSON) {query.text}", query.args)


def _add_stock(conditions: _Conditions, stock: Stock) -> None:
    conditions.add("v.status = 'available'")
    if stock.scope is Scope.GROUP:
        conditions.add("v.group_id = {}", stock.group_id)
    else:
        conditions.add("v.store_id = {}", stock.store_id)


def _computed(
    conditions: _Conditions, stock: Stock, today: dt.date, rebates: Sequence[Rebate]
) -> dict[str, str]:
    """Return the expressions of the columns that depend on the day, the customer, or the store that sells."""
    return {
        "days_in_stock": f"({conditions.bind(today)}::date - v.stocked_on)",
        "rebate_cents": _rebate_cents(conditions, rebates),
        **_transfer(conditions, stock),
    }


def _transfer(conditions: _Conditions, stock: Stock) -> dict[str, str]:
    """Return the expressions of what it takes to fetch a car: nothing for an own one, else as the two stores
    have it, else as their group has it.

    The group's few stores are read once for a whole query, not for every car; nothing is joined, so that rows
    still come in the order of the index.
    """
    if stock.scope is Scope.STORE:
        return {"transfer_cost_cents": "0::bigint", "transfer_days": "0"}
    store, group = conditions.bind(stock.store_id), conditions.bind(stock.group_id)
    return {
        name: "((SELECT jsonb_object_agg(s.store_id,"  # noqa: S608 - values are bound, names ours
        f" CASE WHEN s.store_id = {store} THEN 0 ELSE coalesce(t.{own}, g.{name}) END)"
        " FROM stores s JOIN store_groups g USING (group_id)"
        f" LEFT JOIN store_transfers t ON t.from_store = s.store_id AND t.to_store = {store}"
        f" WHERE s.group_id = {group}) -> v.store_id)::bigint"
        for name, own in (("transfer_cost_cents", "cost_cents"), ("transfer_days", "days"))
    }


def _rebate_cents(conditions: _Conditions, rebates: Sequence[Rebate]) -> str:
    """Return the expression of a car's best combination: ``finance.rebates.rebate_for`` in SQL."""
    if not rebates:
        return "0::bigint"
    columns: tuple[tuple[str, list[Any]], ...] = (
        ("text", [one.make for one in rebates]),
        ("text", [one.model for one in rebates]),
        ("int", [one.year_min for one in rebates]),
        ("int", [one.year_max for one in rebates]),
        ("boolean", [one.new_only for one in rebates]),
        ("boolean", [one.stackable for one in rebates]),
        ("bigint", [one.amount_cents for one in rebates]),
    )
    arrays = ", ".join(f"{conditions.bind(values)}::{kind}[]" for kind, values in columns)
    return (
        "(SELECT greatest(coalesce(sum(r.cents) FILTER (WHERE r.stackable), 0),"  # noqa: S608 - bound
        " coalesce(max(r.cents) FILTER (WHERE NOT r.stackable), 0))::bigint"
        f" FROM unnest({arrays}) AS r (make, model, year_min, year_max, new_only, stackable, cents)"
        " WHERE r.make = v.make AND (r.model IS NULL OR r.model = v.model)"
        " AND v.year BETWEEN r.year_min AND r.year_max AND (v.is_new OR NOT r.new_only))"
    )


def _narrowed(window: PriceWindow, filters: Filters) -> PriceWindow:
    low, high = window
    if filters.price_min_cents is not None:
        low = max(low, filters.price_min_cents)
    if filters.price_max_cents is not None:
        high = min(high, filters.price_max_cents)
    return low, high


def _add_filters(conditions: _Conditions, filters: Filters, today: dt.date) -> None:
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
    for word in (filters.text or "").split():
        conditions.add(
            "concat_ws(' ', v.make, v.model, v.trim, v.stock_no, v.vin) ILIKE {}::text", _like(word)
        )


def _like(word: str) -> str:
    r"""Return a pattern that finds ``word`` anywhere; ``%``, ``_`` and ``\`` stand for themselves."""
    escaped = word.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"


def _add_keyset(conditions: _Conditions, column: str, backwards: bool, after: Keyset) -> None:
    kind, position = (
        ("date", dt.date.fromordinal(after.position))
        if column == "stocked_on"
        else ("bigint", after.position)
    )
    compared = "<" if backwards else ">"
    conditions.add(
        f"(v.{column}, v.vehicle_id) {compared} ({{}}::{kind}, {{}}::bigint)", position, after.vehicle_id
    )


def _selected(computed: Mapping[str, str], order_column: str) -> str:
    expressions = {
        **computed,
        "vehicle_id": "v.vehicle_id::text",
        "is_new": "v.is_new::int",
        # A date as its ordinal, so that a row holds nothing but texts and whole numbers.
        "position": "(v.stocked_on - date '0001-01-01') + 1"
        if order_column == "stocked_on"
        else f"v.{order_column}",
    }
    expressions |= {name: f"coalesce(v.{name}, 0)" for name in _OPTIONAL_AMOUNTS}
    return ", ".join(f"{expressions.get(name, f'v.{name}')} AS {name}" for name in RESULT_COLUMNS)
