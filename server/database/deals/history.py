"""A deal's decisions in order, and the deal after any of its events."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from protocol import codec
from protocol.channels import deal_channel
from protocol.deal_fold import applied
from protocol.events import EVENTS_BY_KIND, Customer, DealAssigned, DealSnapshot, kind_of
from protocol.records import Actor, DealState, Role
from server.database.core.pool import Database
from server.database.decisions.deciding import DealEvent, parse_id
from server.errors import UserError

_DEAL = """
SELECT d.store_id, d.first_structure, d.created_at, c.customer_id::text, c.name, c.erased_at,
       d.salesperson_id,
       u.name AS salesperson, u.role
  FROM deals d JOIN customers c USING (customer_id) JOIN users u ON u.user_id = d.salesperson_id
 WHERE d.deal_id = $1
"""
_EVENTS = "SELECT no, kind, body, at FROM deal_events WHERE deal_id = $1 ORDER BY no"
_PENCILS = """
SELECT pencil_id::text, p.created_at AS at, u.user_id::text AS by_id, u.name AS by_name, u.role AS by_role,
       p.deal_version, p.vehicle_id::text, p.vehicle_rev, p.versions, p.answer
  FROM pencils p JOIN users u ON u.user_id = p.created_by WHERE deal_id = $1 ORDER BY p.created_at, pencil_id
"""


class NewerEvent(UserError):
    """An event was written by a newer release, so this one does not know what it does to the deal."""

    def __init__(self, no: int, kind: str) -> None:
        super().__init__(no, kind)
        self.no, self.kind = no, kind

    def __str__(self) -> str:
        return f"event {self.no} ({self.kind}) is of a newer release: replay the deal with that one"


@dataclass(frozen=True, slots=True)
class ShownPencil:
    """A quote that a person received. ``answer`` is its content, without the schedule."""

    pencil_id: str
    at: dt.datetime
    by: Actor
    deal_version: int
    vehicle_id: str
    rev: int
    versions: dict[str, str]
    answer: dict[str, Any]


@dataclass(frozen=True, slots=True)
class History:
    """The history of a deal. ``first`` is the deal at version 0, as a manager sees it.

    For a deal that is older than this record, ``first`` lacks the fields that were changed later.
    ``erased_at``: since then, nothing in it says who the customer was.
    """

    store_id: str
    created_at: dt.datetime
    first: DealSnapshot
    events: list[DealEvent]
    pencils: list[ShownPencil]
    erased_at: dt.datetime | None = None


async def load_history(database: Database, deal_id: str) -> History | None:
    """Return a deal's history, None if there is no such deal."""
    key = parse_id(deal_id)
    row = None if key is None else await database.fetchrow(_DEAL, key)
    if row is None:
        return None
    events = [DealEvent(*event.values()) for event in await database.fetch(_EVENTS, key)]
    by = Actor(id=str(row["salesperson_id"]), name=row["salesperson"], role=Role(row["role"]))
    assigned = next((event for event in events if event.kind == kind_of(DealAssigned)), None)
    if assigned is not None:
        by = codec.convert(Actor, assigned.body["from"])
    first = DealSnapshot(
        id=deal_id,
        version=0,
        state=DealState.WORKING,
        customer=Customer(id=str(row["customer_id"]), name=row["name"]),
        structure=row["first_structure"],
        selected_outdated=False,
        locks=[],
        holds=[],
        notes=[],
        salesperson=by,
        approval=None,
        lenders=[],
        tasks=[],
        agreed=None,
        proposal=None,
        contract=None,
        scenarios=[],
    )
    pencils = [_pencil(row) for row in await database.fetch(_PENCILS, key)]
    return History(row["store_id"], row["created_at"], first, events, pencils, row["erased_at"])


def deal_at(history: History, no: int) -> DealSnapshot:
    """Return the deal after event ``no``; 0 is its start.

    Raises IndexError for a number that no event has, NewerEvent if this release cannot replay one of them.
    """
    if not 0 <= no <= len(history.events):
        raise IndexError(f"expected an event from 0 to {len(history.events)}, got {no}")
    deal, channel = history.first, deal_channel(history.first.id)
    for event in history.events[:no]:
        kind = EVENTS_BY_KIND.get(event.kind)
        if kind is None:
            raise NewerEvent(event.no, event.kind)
        fields = {"channel": channel, "seq": event.no, **event.fields}
        deal = applied(deal, codec.convert_known(kind, fields))
    return deal


def _pencil(row: Any) -> ShownPencil:
    answer = {name: value for name, value in row["answer"].items() if name != "schedule"}
    by = Actor(id=row["by_id"], name=row["by_name"], role=Role(row["by_role"]))
    return ShownPencil(
        row["pencil_id"],
        row["at"],
        by,
        row["deal_version"],
        row["vehicle_id"],
        row["vehicle_rev"],
        row["versions"],
        answer,
    )
