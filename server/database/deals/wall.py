"""The deals on a store's wall: one row for each deal that can still earn money."""

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from protocol import codec
from protocol.records import Actor, Role
from server.clock import wire_time
from server.database.core.pool import Database
from server.database.decisions.deciding import parse_id

HISTORY: Final = 12
"""The number of offers in a deal's sparkline."""

MOST_DEALS: Final = 2_000
"""The most deals that a wall shows; a store has hundreds."""

_ROWS: Final = """
SELECT d.deal_id::text, d.version AS deal_version, d.last_no, c.name AS customer,
       d.salesperson_id::text, u.name AS salesperson, u.role, d.state, d.fulfilment,
       d.state_since AS waiting_since, d.updated_at AS changed_at,
       coalesce(e.body->'by'->>'name', u.name) AS changed_by, coalesce(e.kind, 'deal_begun') AS last_change,
       step.body->>'reason' AS last_reason, step.body->'by'->>'name' AS reason_by,
       o.body->'car' AS car, o.vehicle_id::text, nullif(o.payment_cents, 0) AS payment_cents,
       nullif(o.term_months, 0) AS term_months, o.body->>'lender' AS lender, o.npv_cents,
       CASE WHEN o.offer_id IS NOT NULL THEN coalesce(o.body->>'kind', 'finance') END AS kind,
       (o.body->'cash'->>'out_the_door_cents')::bigint AS out_the_door_cents,
       o.body->'car'->>'stock_no' AS stock_no, (o.body->>'cash_down_cents')::bigint AS cash_down_cents,
       coalesce((SELECT array_agg(h.npv_cents ORDER BY h.created_at)
                   FROM (SELECT npv_cents, created_at FROM offers WHERE offers.deal_id = d.deal_id
                            AND npv_cents IS NOT NULL AND coalesce(body->>'kind', 'finance') = 'finance'
                          ORDER BY created_at DESC LIMIT {history}) h), '{{}}') AS npv_history,
       EXISTS (SELECT FROM offers r JOIN deals w ON w.selected_offer = r.offer_id
                WHERE r.vehicle_id = o.vehicle_id AND w.deal_id <> d.deal_id
                  AND w.state NOT IN ('signed', 'lost'))
       OR EXISTS (SELECT FROM deal_pins p JOIN deals w USING (deal_id)
                   WHERE p.vehicle_id = o.vehicle_id AND w.deal_id <> d.deal_id
                     AND w.state NOT IN ('signed', 'lost'))
       OR EXISTS (SELECT FROM vehicle_claims v WHERE v.vehicle_id = o.vehicle_id
                     AND v.held_by <> d.deal_id AND v.held_until > now()) AS contended,
       coalesce(task.due, '[]') AS tasks, decision.status AS lender_status,
       coalesce(stip.total, 0) AS stipulations_total, coalesce(stip.open, '{{}}') AS stipulations,
       (SELECT max(a.at) FROM deal_acceptances a WHERE a.deal_id = d.deal_id) AS accepted_at,
       d.state = 'lost' OR coalesce(d.fulfilment IN ('funded', 'unwound'), false) AS removed
  FROM deals d JOIN customers c USING (customer_id) JOIN users u ON u.user_id = d.salesperson_id
  LEFT JOIN deal_events e ON e.deal_id = d.deal_id AND e.no = d.last_no
  LEFT JOIN offers o ON o.offer_id = d.selected_offer
  LEFT JOIN LATERAL (SELECT s.body FROM deal_events s
                      WHERE s.deal_id = d.deal_id AND s.kind IN ('state_changed', 'fulfilment_changed')
                      ORDER BY s.no DESC LIMIT 1) step ON true
  LEFT JOIN LATERAL (SELECT jsonb_agg(jsonb_build_object('id', t.task_id, 'kind', t.kind, 'due_on', t.due_on)
                                      ORDER BY t.due_on, t.raised_at) AS due
                       FROM deal_tasks t WHERE t.deal_id = d.deal_id AND t.done_at IS NULL) task ON true
  LEFT JOIN LATERAL (SELECT l.decision_id, l.status FROM lender_decisions l
                      WHERE l.deal_id = d.deal_id AND l.lender = o.body->>'lender'
                      ORDER BY l.deal_version DESC LIMIT 1) decision ON true
  LEFT JOIN LATERAL (SELECT count(*) AS total,
                            array_agg(i.text ORDER BY i.place) FILTER (WHERE i.cleared_at IS NULL) AS open
                       FROM lender_stipulations i WHERE i.decision_id = decision.decision_id) stip ON true
"""
_LIVEST = """
 WHERE d.deal_id IN (
       SELECT l.deal_id FROM deals l
        WHERE l.store_id = $1 AND l.state <> 'lost'
          AND coalesce(l.fulfilment, 'signed') NOT IN ('funded', 'unwound')
        ORDER BY l.state = 'submitted' DESC, l.updated_at DESC LIMIT $2)
 ORDER BY d.deal_id
"""
_OF_STORE = _ROWS.format(history=HISTORY) + _LIVEST
_OF_DEALS = _ROWS.format(history=HISTORY) + " WHERE d.store_id = $1 AND d.deal_id = ANY ($2)"


async def wall_of(database: Database, store_id: str, most: int = MOST_DEALS) -> list[dict[str, Any]]:
    """Return the store's live deals, as the fields of ``deal_summary``.

    If there are more than ``most``, deals that wait for the desk come first, then the most recently changed.
    """
    return [_summary(row) for row in await database.fetch(_OF_STORE, store_id, most)]


async def summaries_of(database: Database, store_id: str, deal_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Return some deals of the store, as the fields of ``deal_summary``; ``removed`` ones too."""
    keys = [key for key in map(parse_id, deal_ids) if key is not None]
    return [_summary(row) for row in await database.fetch(_OF_DEALS, store_id, keys)]


async def store_name(database: Database, store_id: str) -> str | None:
    """Return a store's name, None if there is no such store."""
    name: str | None = await database.fetchval("SELECT name FROM stores WHERE store_id = $1", store_id)
    return name


async def deals_about(database: Database, vehicle_ids: Sequence[str]) -> list[tuple[str, str]]:
    """Return (deal, store) of the live deals whose offer is one of these cars."""
    rows = await database.fetch(
        "SELECT d.deal_id::text, d.store_id FROM deals d JOIN offers o ON o.offer_id = d.selected_offer"
        " WHERE o.vehicle_id = ANY ($1) AND d.state NOT IN ('signed', 'lost')",
        [int(car) for car in vehicle_ids],
    )
    return [(row["deal_id"], row["store_id"]) for row in rows]


def _summary(row: Any) -> dict[str, Any]:
    fields = dict(row)
    car = fields.pop("car")
    seller = Actor(id=fields.pop("salesperson_id"), name=fields["salesperson"], role=Role(fields.pop("role")))
    return {
        **{name: _wire(value) for name, value in fields.items()},
        "salesperson": codec.plain(seller),
        "open_tasks": len(fields["tasks"]),
        "car": None if car is None else f"{car['year']} {car['make']} {car['model']} {car['trim']}".strip(),
    }


def _wire(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return wire_time(value)
    return value
