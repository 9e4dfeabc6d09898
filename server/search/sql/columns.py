"""The columns of a row that depend on the day, the customer, or the selling store, as SQL. Pure."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from protocol.jobs import rebate_numbers
from protocol.money.lending import Rebate
from server.finance.rules.rebates import without

Bind = Callable[[Any], str]
"""Takes an argument of the query and returns its placeholder."""


def computed_columns(
    bind: Bind,
    today: dt.date,
    rebates: Sequence[Rebate],
    exclusions: Sequence[Sequence[str]],
    fetched: tuple[str, str] | None,
) -> dict[str, str]:
    """Return the expression of each computed column. ``exclusions`` are lists of excluded rebates.

    ``fetched`` is the selling store and its group if cars come from other stores of the group too, else None.
    """
    return {
        "days_in_stock": f"({bind(today)}::date - v.stocked_on)",
        "rebate_cents": _rebate_cents(bind, rebates),
        "rebates_without": _rebates_without(bind, rebates, exclusions),
        **_transfer(bind, fetched),
    }


def _transfer(bind: Bind, fetched: tuple[str, str] | None) -> dict[str, str]:
    """Return the expressions of a transfer's cost and days: 0 for the store's own cars, else the values of
    the two stores, else those of their group.

    The group's few stores are read once for each query, not for each car. The query has no join, so that rows
    still come in the order of the index.
    """
    if fetched is None:
        return {"transfer_cost_cents": "0::bigint", "transfer_days": "0"}
    store, group = bind(fetched[0]), bind(fetched[1])
    return {
        name: "((SELECT jsonb_object_agg(s.store_id,"  # noqa: S608 - values are bound, names ours
        f" CASE WHEN s.store_id = {store} THEN 0 ELSE coalesce(t.{own}, g.{name}) END)"
        " FROM stores s JOIN store_groups g USING (group_id)"
        f" LEFT JOIN store_transfers t ON t.from_store = s.store_id AND t.to_store = {store}"
        f" WHERE s.group_id = {group}) -> v.store_id)::bigint"
        for name, own in (("transfer_cost_cents", "cost_cents"), ("transfer_days", "days"))
    }


def _rebate_cents(bind: Bind, rebates: Sequence[Rebate]) -> str:
    """Return the expression of a car's best rebate combination: ``rebate_for`` of the rules in SQL.

    Only cars of the rebates' makes, and only new ones if all are for these, are compared with the rebates:
    that takes longer than all else of a row.
    """
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
    arrays = ", ".join(f"{bind(values)}::{kind}[]" for kind, values in columns)
    may_have = f"v.make = ANY ({bind(sorted({one.make for one in rebates}))}::text[])"
    if all(one.new_only for one in rebates):
        may_have = f"v.is_new AND {may_have}"
    return (
        f"CASE WHEN {may_have} THEN (SELECT greatest(coalesce(sum(r.cents) FILTER (WHERE r.stackable), 0),"  # noqa: S608 - bound
        " coalesce(max(r.cents) FILTER (WHERE NOT r.stackable), 0))::bigint"
        f" FROM unnest({arrays}) AS r (make, model, year_min, year_max, new_only, stackable, cents)"
        " WHERE r.make = v.make AND (r.model IS NULL OR r.model = v.model)"
        " AND v.year BETWEEN r.year_min AND r.year_max AND (v.is_new OR NOT r.new_only)) ELSE 0 END"
    )


def _rebates_without(bind: Bind, rebates: Sequence[Rebate], exclusions: Sequence[Sequence[str]]) -> str:
    """Return the expression of a car's rebates without each list of excluded ones; null if there is none."""
    if not exclusions:
        return "NULL::bigint[]"
    return f"ARRAY[{', '.join(_rebate_cents(bind, without(rebates, each)) for each in exclusions)}]"


def rebates_by_name(rows: Sequence[list[int] | None]) -> dict[str, list[int]]:
    """Return the rebates without each list of exclusions as columns by name; none without a list."""
    if rows[0] is None:
        return {}
    return rebate_numbers(map(list, zip(*(row or () for row in rows), strict=True)))
