"""One decision about a deal: a transaction under the deal's row lock, its events, and its answer.

What a decision does to the deal's rows and the events that say so are committed together or not at all. The
first event keeps the ``op`` and the answer; where nothing changed there is none, and ``deal_ops`` keeps them.
Repeated, the op gets that answer and changes nothing.
"""

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.records import Actor, DealState, Role, Structure
from protocol.workflow import Fulfilment
from server.store.pool import Connection
from server.store.scope import Scope

SYSTEM: Final = Actor(id="system", name="Deal Architect", role=Role.OPERATOR)
"""Who decides where nobody did: an approval that falls, a hold that runs out."""

_LOCK = """
SELECT store_id, state, version, last_no, structure, salesperson_id, selected_offer, fulfilment
  FROM deals WHERE deal_id = $1 FOR NO KEY UPDATE
"""
OPS_KEPT: Final = dt.timedelta(days=1)
"""How long at least the answer to an op that changed nothing is kept; that to another stands in its event."""

_EVENT = """
INSERT INTO deal_events (deal_id, no, op, kind, body, reply, user_id) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_OP = "INSERT INTO deal_ops (deal_id, op, reply) VALUES ($1, $2, $3)"
_ANSWERED = """
SELECT reply FROM deal_events WHERE deal_id = $1 AND op = $2
UNION ALL
SELECT reply FROM deal_ops WHERE deal_id = $1 AND op = $2
"""


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of a decision. ``changed`` where this call wrote events; ``reply`` answers the op."""

    version: int
    changed: bool
    reply: dict[str, Any]


@dataclass(slots=True)
class Decision:
    """A deal under its row lock. ``version`` and ``state`` move with what is decided.

    ``repeated`` is the answer that the op got before; nothing may be written then.
    """

    connection: Connection
    key: uuid.UUID
    op: uuid.UUID
    actor: Actor
    store_id: str
    state: DealState
    version: int
    structure: Structure
    salesperson_id: str
    selected_offer: uuid.UUID | None
    fulfilment: Fulfilment | None
    last_no: int
    repeated: dict[str, Any] | None = None
    reply: dict[str, Any] = field(default_factory=dict)
    _events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether anything was decided."""
        return bool(self._events)

    def require_version(self, version: int) -> None:
        """Raise CommandError(conflict) unless ``version`` is the current one."""
        if version != self.version:
            raise CommandError(
                ErrorCode.CONFLICT,
                "The deal has changed meanwhile: look at it again.",
                field="version",
                value=self.version,
                state=self.state.value,
            )

    def record(self, kind: str, **body: Any) -> int:
        """Add an event that moves the version; return the new version."""
        self.version += 1
        self._events.append((kind, {"version": self.version, **body, "by": codec.plain(self.actor)}))
        return self.version

    def remark(self, kind: str, **body: Any) -> None:
        """Add an event that leaves the version as it is."""
        self._events.append((kind, {**body, "by": codec.plain(self.actor)}))

    def decided(self, **reply: Any) -> Decided:
        """Return the outcome, whose answer is the version and ``reply``."""
        self.reply = {"version": self.version, **reply}
        return Decided(self.version, self.changed, self.reply)

    def answered(self, reply: dict[str, Any]) -> Decided:
        """Return the outcome with an answer that has no version."""
        self.reply = reply
        return Decided(self.version, self.changed, self.reply)

    def again(self) -> Decided:
        """Return the outcome of a repeated op."""
        reply = self.repeated or {}
        return Decided(reply.get("version", self.version), changed=False, reply=reply)

    async def write(self) -> None:
        """Insert the events in order; where there are none, what the op was answered all the same."""
        if not self._events and self.reply:
            await self.connection.execute(_OP, self.key, self.op, self.reply)
        user = None if self.actor.id == SYSTEM.id else uuid.UUID(self.actor.id)
        for place, (kind, body) in enumerate(self._events):
            op = uuid.uuid5(self.op, str(place)) if place else self.op
            reply = {} if place else self.reply
            await self.connection.execute(
                _EVENT, self.key, self.last_no + 1 + place, op, kind, body, reply, user
            )


@asynccontextmanager
async def deciding(scope: Scope, deal_id: str, op: uuid.UUID, actor: Actor) -> AsyncIterator[Decision]:
    """Hold the deal's row lock; commit what was decided on the way out, roll all of it back on an exception.

    Raises CommandError(not_found).
    """
    key = parse_id(deal_id)
    async with scope.acquire() as connection:
        row = None if key is None else await connection.fetchrow(_LOCK, key)
        if key is None or row is None:
            raise no_such_deal()
        decision = Decision(
            connection=connection,
            key=key,
            op=op,
            actor=actor,
            store_id=row["store_id"],
            state=DealState(row["state"]),
            version=row["version"],
            structure=codec.convert(Structure, row["structure"]),
            salesperson_id=str(row["salesperson_id"]),
            selected_offer=row["selected_offer"],
            fulfilment=None if row["fulfilment"] is None else Fulfilment(row["fulfilment"]),
            last_no=row["last_no"],
            repeated=await answered_before(connection, deal_id, op),
        )
        yield decision
        await decision.write()


async def answered_before(connection: Connection, deal_id: str, op: uuid.UUID) -> dict[str, Any] | None:
    """Return what an op of a deal was answered; None where it was not done."""
    reply: dict[str, Any] | None = await connection.fetchval(_ANSWERED, parse_id(deal_id), op)
    return reply


async def forget_ops(connection: Connection) -> None:
    """Delete the answers that are older than OPS_KEPT. The system's own work."""
    await connection.execute("DELETE FROM deal_ops WHERE at < now() - $1::interval", OPS_KEPT)


def parse_id(text: str) -> uuid.UUID | None:
    """Return the id that ``text`` spells in its one canonical form, else None.

    Other spellings of a UUID would name other channels for the same deal.
    """
    try:
        found = uuid.UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None


def no_such_deal() -> CommandError:
    """Return the refusal of a deal that is not there, or not for the asker."""
    return CommandError(ErrorCode.NOT_FOUND, "There is no such deal.", field="channel")
