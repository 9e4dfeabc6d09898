"""Cars as deals see them: status, price, holder, and the other deals that want them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from protocol.deal.workflow import Reason
from server.database.core.one_row import one_row
from server.database.core.pool import Database
from server.database.decisions.deciding import parse_id

_DEALS = """
SELECT d.deal_id::text, d.store_id, s.group_id,
       (SELECT jsonb_object_agg(o.vehicle_id, o.vehicle_rev) FROM offers o
         WHERE o.offer_id = d.selected_offer
            OR o.offer_id IN (SELECT p.offer_id FROM deal_pins p WHERE p.deal_id = d.deal_id)) AS own
  FROM deals d JOIN stores s USING (store_id) WHERE d.deal_id = ANY ($1)
"""

# Most cars have not changed since their last publication: only the others need a closer look. A deal wants a
# car that it selected or pinned, for as long as it can still become a contract.
_CARS = """
WITH asked AS (SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS a (id, rev, no)),
     news AS MATERIALIZED (
         SELECT asked.id, v.vehicle_id, v.rev, v.status, v.price_cents, coalesce(c.no, 0) AS no,
                coalesce(c.reserved_by, CASE WHEN c.held_until > now() THEN c.held_by END) AS held_by,
                coalesce(c.reserver, c.holder) AS holder,
                CASE WHEN c.reserved_by IS NULL THEN c.held_until END AS held_until
           FROM asked LEFT JOIN vehicles v ON v.vehicle_id = asked.id
           LEFT JOIN vehicle_claims c ON c.vehicle_id = asked.id
          WHERE v.vehicle_id IS NULL OR v.rev <> asked.rev OR coalesce(c.no, 0) <> asked.no)
SELECT n.id::text, n.rev, n.status, n.price_cents, n.no,
       h.deal_id::text AS held_by, h.store_id AS holder_store, n.holder->>'name' AS holder, n.held_until,
       (SELECT jsonb_agg(DISTINCT jsonb_build_object('deal_id', w.deal_id, 'store_id', w.store_id,
                                                     'by', u.name))
          FROM (SELECT d.deal_id, d.store_id, d.salesperson_id FROM deal_pins p JOIN deals d USING (deal_id)
                 WHERE p.vehicle_id = n.id AND d.state NOT IN ('signed', 'lost')
                UNION
                SELECT d.deal_id, d.store_id, d.salesperson_id FROM deals d
                  JOIN offers o ON o.offer_id = d.selected_offer
                 WHERE o.vehicle_id = n.id AND d.state NOT IN ('signed', 'lost')) w
          JOIN users u ON u.user_id = w.salesperson_id) AS wanted
  FROM news n LEFT JOIN deals h ON h.deal_id = n.held_by
"""

_RECENT = """
SELECT vehicle_id::text, rev, no FROM vehicle_claims JOIN vehicles USING (vehicle_id) WHERE group_id = $1
UNION
SELECT vehicle_id::text, rev, coalesce(no, 0) FROM vehicles LEFT JOIN vehicle_claims USING (vehicle_id)
 WHERE group_id = $1 AND rev > 1 AND updated_at > now() - $2::interval
LIMIT $3
"""


# Deals with agreed figures that nobody has signed yet: all, those whose car changed or was sold, those of
# customers, and those whose lender's approval expired lately.
_DUE = """
WITH guarded AS MATERIALIZED (
    SELECT d.deal_id, d.customer_id, o.vehicle_id, o.vehicle_rev, o.body->>'lender' AS lender,
           d.proposal->'offer'->>'lender' AS proposed
      FROM deals d JOIN offers o ON o.offer_id = d.selected_offer
     WHERE d.state IN ('submitted', 'countered', 'approved')),
     expiries AS MATERIALIZED (
    SELECT g.deal_id, l.expires_at FROM guarded g JOIN lender_decisions l USING (deal_id)
     WHERE l.lender IN (g.lender, g.proposed) AND l.status IN ('approved', 'conditional'))
SELECT now() AS at,
       ARRAY(SELECT deal_id::text FROM guarded WHERE $1::bigint[] IS NULL) AS everyone,
       ARRAY(SELECT g.deal_id::text FROM guarded g LEFT JOIN vehicles v USING (vehicle_id)
              WHERE g.vehicle_id = ANY ($1)
                AND (v.rev IS DISTINCT FROM g.vehicle_rev OR v.status <> 'available')) AS of_cars,
       ARRAY(SELECT deal_id::text FROM guarded WHERE customer_id = ANY ($2::uuid[])) AS of_customers,
       ARRAY(SELECT DISTINCT deal_id::text FROM expiries
              WHERE expires_at > $3 AND expires_at <= now()) AS expired,
       (SELECT extract(epoch FROM min(expires_at) - now())::float8 FROM expiries
         WHERE expires_at > now()) AS expiry_seconds,
       (SELECT jsonb_agg(jsonb_build_array(held_by, vehicle_id)) FROM vehicle_claims
         WHERE held_by IS NOT NULL AND held_until <= now()) AS over,
       (SELECT extract(epoch FROM min(held_until) - now())::float8 FROM vehicle_claims
         WHERE held_by IS NOT NULL AND held_until > now()) AS next_seconds
"""


@dataclass(frozen=True, slots=True)
class WatchedDeal:
    """A deal whose screens are watched. ``own``: the revision of each car that it selected or pinned."""

    deal_id: str
    store_id: str
    group_id: str
    own: dict[str, int]


@dataclass(frozen=True, slots=True)
class WatchedCar:
    """The state of a car; (``rev``, ``no``) order two states.

    A car is held until ``held_until``; without that, while the approval of ``held_by`` is valid.
    """

    vehicle_id: str
    rev: int
    no: int
    status: str
    price_cents: int
    held_by: str | None
    holder_store: str | None
    holder: str | None
    held_until: dt.datetime | None
    wanted: tuple[dict[str, Any], ...]


async def watched_deals(database: Database, deal_ids: Sequence[str]) -> list[WatchedDeal]:
    """Return those of the deals that exist."""
    keys = [key for key in map(parse_id, deal_ids) if key is not None]
    return [
        WatchedDeal(row["deal_id"], row["store_id"], row["group_id"], row["own"] or {})
        for row in await database.fetch(_DEALS, keys)
    ]


async def watched_cars(
    database: Database, known: Mapping[str, tuple[int, int]]
) -> dict[str, WatchedCar | None]:
    """Return changes of cars since the known (rev, no); None for a car that no longer exists."""
    cars = [int(car) for car in known]
    revs, numbers = [rev for rev, _ in known.values()], [no for _, no in known.values()]
    rows = await database.fetch(_CARS, cars, revs, numbers)
    return {row["id"]: None if row["rev"] is None else _car(row) for row in rows}


async def recently_changed(
    database: Database, group_id: str, since: dt.timedelta, limit: int
) -> dict[str, tuple[int, int]]:
    """Return the (rev, no) of cars of a group that someone ever claimed, or that changed within ``since``:
    of some of them.
    """
    rows = await database.fetch(_RECENT, group_id, since, limit)
    return {row["vehicle_id"]: (row["rev"], row["no"]) for row in rows}


def _car(row: Any) -> WatchedCar:
    held = row["held_by"] is not None
    return WatchedCar(
        vehicle_id=row["id"],
        rev=row["rev"],
        no=row["no"],
        status=row["status"],
        price_cents=row["price_cents"],
        held_by=row["held_by"],
        holder_store=row["holder_store"],
        holder=row["holder"] if held else None,
        held_until=row["held_until"] if held else None,
        wanted=tuple(row["wanted"] or ()),
    )


@dataclass(frozen=True, slots=True)
class Due:
    """What may have to fall at ``at``.

    ``guarded`` are deals with agreed figures by what may have changed those, ``everyone`` all of them if all
    were asked for, ``over`` holds whose time is over (deal and car). ``next_seconds`` is when the next hold
    or lender's approval ends; None if none does.
    """

    at: dt.datetime
    guarded: dict[Reason, list[str]]
    everyone: list[str]
    over: list[tuple[str, int]]
    next_seconds: float | None


async def what_is_due(
    database: Database,
    vehicle_ids: Sequence[str] | None,
    customer_ids: Sequence[str] = (),
    since: dt.datetime | None = None,
) -> Due:
    """Return what may have to fall: deals about some cars or customers, or all of them if cars are None.

    ``since`` is the time of the last look, for lenders' approvals that expired meanwhile.
    """
    cars = None if vehicle_ids is None else [int(car) for car in vehicle_ids]
    customers = [key for key in map(parse_id, customer_ids) if key is not None]
    row = await one_row(database, _DUE, cars, customers, since or dt.datetime.max.replace(tzinfo=dt.UTC))
    ends = [seconds for seconds in (row["next_seconds"], row["expiry_seconds"]) if seconds is not None]
    return Due(
        at=row["at"],
        # In the order of certainty: a deal that several of them concern has the first cause.
        guarded={
            Reason.CAR_CHANGED: row["of_cars"],
            Reason.CUSTOMER_CHANGED: row["of_customers"],
            Reason.LENDER_EXPIRED: row["expired"],
        },
        everyone=row["everyone"],
        over=[(deal_id, int(vehicle_id)) for deal_id, vehicle_id in row["over"] or ()],
        next_seconds=min(ends, default=None),
    )
