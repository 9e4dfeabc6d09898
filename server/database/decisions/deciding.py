"""One decision about a deal: a transaction under the deal's row lock, its events, and its answer.

A decision's changes to the deal's rows and its events commit together or not at all. The first event keeps
the ``op`` and the answer. If nothing changed there is no event, and ``deal_ops`` keeps them. If the same
person repeats the op for the same command, it gets the first answer and changes nothing.
"""

import datetime as dt
import hashlib
import uuid
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from protocol import codec
from protocol.closing import CommandError, ErrorCode, op_taken
from protocol.deal.agreed import AgreedFigures, Proposal
from protocol.deal.deal_parts import DealOffer
from protocol.deal.structure import Structure
from protocol.deal.workflow import Fulfilment
from protocol.events import Event, kind_of
from protocol.records import Actor, DealState, Role
from server.clock import wire_time
from server.database.core.pool import Database
from server.database.core.scope import RowScope

SYSTEM: Final = Actor(id="system", name="Deal Architect", role=Role.OPERATOR)
"""The actor of automatic decisions: a voided approval, an expired hold."""

_LOCK = "SELECT * FROM lock_deal($1, $2)"
OPS_KEPT: Final = dt.timedelta(days=1)
"""The minimum time to keep the answer to an op that changed nothing; other answers are in their event."""

_EVENT = """
INSERT INTO deal_events (deal_id, no, op, kind, body, reply, user_id, asked)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_OP = "INSERT INTO deal_ops (deal_id, op, reply, asked) VALUES ($1, $2, $3, $4)"
_ANSWERED = """
SELECT reply, asked, user_id AS answered_to FROM deal_events WHERE deal_id = $1 AND op = $2
UNION ALL
SELECT reply, asked, NULL FROM deal_ops WHERE deal_id = $1 AND op = $2
"""
_MADE_VERSION = """
SELECT body->'by' AS by, at FROM deal_events WHERE deal_id = $1 AND (body->>'version')::bigint = $2
 ORDER BY no DESC LIMIT 1
"""
_NOBODY_ASKED: Final = b""
"""Marks events that must not answer any command."""

Asked = tuple[object, ...]
"""The content of a command: its type, then its arguments, without the version that it is based on."""


@dataclass(frozen=True, slots=True)
class DealEvent:
    """One decision: the event's fields without ``channel``, ``seq`` and ``at``."""

    no: int
    kind: str
    body: dict[str, Any]
    at: dt.datetime

    @property
    def fields(self) -> dict[str, Any]:
        """The event as a channel's log takes it."""
        return {"type": self.kind, "at": self.at, **self.body}


@dataclass(frozen=True, slots=True)
class Decided:
    """The outcome of a decision. ``events`` are those that this call wrote; ``reply`` answers the op.

    ``repeated`` is set if an earlier call of the op had already decided.
    """

    deal_id: str
    version: int
    events: tuple[DealEvent, ...]
    reply: dict[str, Any]
    repeated: bool = False

    @property
    def changed(self) -> bool:
        """Whether this call decided anything."""
        return bool(self.events)


@dataclass(slots=True)
class LockedDeal:
    """A deal under its row lock. ``version`` and ``state`` change as events are recorded.

    ``at`` is the transaction's time, which its events carry. ``locks`` are the locked fields, with who locked
    them. ``agreed`` are its agreed figures, ``proposal`` the desk's counter. ``offer`` is the selected one,
    and ``advertised_cents`` the price of each car, once they were read under the lock. ``repeated`` is the
    first answer to a repeated op; then nothing may be written.
    """

    database: Database
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
    at: dt.datetime
    locks: dict[str, dict[str, Any]]
    asked: bytes
    agreed: AgreedFigures | None = None
    proposal: Proposal | None = None
    repeated: dict[str, Any] | None = None
    reply: dict[str, Any] = field(default_factory=dict)
    offer: DealOffer | None = None
    advertised_cents: dict[str, int] = field(default_factory=dict)
    _events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """Whether anything was decided."""
        return bool(self._events)

    async def require_version(self, version: int) -> None:
        """Raise CommandError(conflict) unless ``version`` is the current one; it says who made that, and
        when.
        """
        if version == self.version:
            return
        last = await self.database.fetchrow(_MADE_VERSION, self.key, self.version)
        made = {"by": last["by"], "at": wire_time(last["at"])} if last else {}
        raise CommandError(
            ErrorCode.CONFLICT,
            "The deal changed in the meantime. Review it and try again.",
            field="version",
            value=self.version,
            state=self.state.value,
            **made,
        )

    def record(self, kind: type[Event], /, **body: Any) -> int:
        """Add an event that moves the version; return the new version."""
        self.version += 1
        self._events.append((kind_of(kind), {"version": self.version, **body, "by": codec.plain(self.actor)}))
        return self.version

    def remark(self, kind: type[Event], /, **body: Any) -> None:
        """Add an event that leaves the version as it is."""
        self._events.append((kind_of(kind), {**body, "by": codec.plain(self.actor)}))

    def decided(self, **reply: Any) -> Decided:
        """Return the outcome, whose answer is the version and ``reply``."""
        return self.answered({"version": self.version, **reply})

    def answered(self, reply: dict[str, Any]) -> Decided:
        """Return the outcome with an answer that has no version."""
        self.reply = reply
        return Decided(str(self.key), self.version, tuple(self._numbered()), reply)

    def again(self) -> Decided:
        """Return the outcome of a repeated op."""
        reply = self.repeated or {}
        return Decided(str(self.key), reply.get("version", self.version), (), reply, repeated=True)

    async def write(self) -> None:
        """Insert the events in order; if there are none, store only the answer to the op."""
        if not self._events and self.reply:
            await self.database.execute(_OP, self.key, self.op, self.reply, self.asked)
        is_user = self.actor.id != SYSTEM.id and self.actor.role is not Role.CUSTOMER
        user = uuid.UUID(self.actor.id) if is_user else None
        rows = []
        for place, event in enumerate(self._numbered()):
            op = uuid.uuid5(self.op, str(place)) if place else self.op
            reply, asked = ({}, _NOBODY_ASKED) if place else (self.reply, self.asked)
            rows.append((self.key, event.no, op, event.kind, event.body, reply, user, asked))
        if rows:
            await self.database.executemany(_EVENT, rows)

    def _numbered(self) -> Iterator[DealEvent]:
        for no, (kind, body) in enumerate(self._events, self.last_no + 1):
            yield DealEvent(no, kind, body, self.at)


@asynccontextmanager
async def deciding(
    scope: RowScope, deal_id: str, op: uuid.UUID, actor: Actor, asked: Asked
) -> AsyncIterator[LockedDeal]:
    """Hold the deal's row lock; commit what was decided on the way out, roll all of it back on an exception.

    Raises CommandError: not_found; conflict for an op that belongs to another command or person.
    """
    async with scope.acquire() as database:
        decision = await _lock(database, deal_id, op, actor, asked)
        yield decision
        await decision.write()


@asynccontextmanager
async def deciding_for_others(
    scope: RowScope, deal_id: str, others: Collection[str], *, op: uuid.UUID, actor: Actor, asked: Asked
) -> AsyncIterator[tuple[LockedDeal, list[LockedDeal]]]:
    """Hold the row locks of a deal and of others that its command changes too, as ``deciding`` holds one.

    The deals are locked in order of their ids, so that no two such commands deadlock. Each gets its own
    events; the command's answer is the deal's. Raises CommandError as ``deciding``.
    """
    ops = {each: uuid.uuid5(op, f"in deal {each}") for each in others} | {deal_id: op}
    async with scope.acquire() as database:
        locked = {
            each: await _lock(database, each, ops[each], actor, asked if each == deal_id else ())
            for each in sorted(ops)
        }
        deal = locked.pop(deal_id)
        yield deal, list(locked.values())
        for decision in (deal, *locked.values()):
            await decision.write()


async def _lock(database: Database, deal_id: str, op: uuid.UUID, actor: Actor, asked: Asked) -> LockedDeal:
    key = parse_id(deal_id)
    row = None if key is None else await database.fetchrow(_LOCK, key, op)
    if key is None or row is None:
        raise no_such_deal()
    return LockedDeal(
        database=database,
        key=key,
        op=op,
        actor=actor,
        store_id=row["store_id"],
        state=DealState(row["state"]),
        version=row["version"],
        structure=codec.convert_known(Structure, row["structure"]),
        salesperson_id=str(row["salesperson_id"]),
        selected_offer=row["selected_offer"],
        fulfilment=None if row["fulfilment"] is None else Fulfilment(row["fulfilment"]),
        last_no=row["last_no"],
        at=row["at"],
        locks=row["locks"] or {},
        asked=digest_of(actor, asked),
        agreed=None if row["agreed"] is None else codec.convert(AgreedFigures, row["agreed"]),
        proposal=None if row["proposal"] is None else codec.convert(Proposal, row["proposal"]),
        repeated=None if row["reply"] is None else _answer_to(row, actor, asked),
    )


async def answered_before(
    database: Database, deal_id: str, op: uuid.UUID, actor: Actor, asked: Asked
) -> dict[str, Any] | None:
    """Return the stored answer to an op of a deal; None if it was not executed.

    Raises CommandError(conflict) if it answered someone else, or another command.
    """
    row = await database.fetchrow(_ANSWERED, parse_id(deal_id), op)
    return None if row is None else _answer_to(row, actor, asked)


def _answer_to(row: asyncpg.Record, actor: Actor, asked: Asked) -> dict[str, Any]:
    if row["asked"] is None:
        # An older release wrote it: it stored who decided an event, and nothing for an answer without an
        # event.
        is_same = row["answered_to"] is None or str(row["answered_to"]) == actor.id
    else:
        is_same = row["asked"] == digest_of(actor, asked)
    if not is_same:
        raise op_taken()
    reply: dict[str, Any] = row["reply"]
    return reply


def digest_of(actor: Actor, asked: Asked) -> bytes:
    """Return a digest that tells a repeated command from a different one or another person's."""
    return hashlib.sha256(codec.encode([actor.id, *asked])).digest()


async def forget_ops(database: Database) -> None:
    """Delete the answers that are older than OPS_KEPT. Runs in the system's scope."""
    await database.execute("DELETE FROM deal_ops WHERE at < now() - $1::interval", OPS_KEPT)


def parse_id(text: str) -> uuid.UUID | None:
    """Return the id in ``text`` if it is in canonical form, else None.

    Other spellings of a UUID would name other channels for the same deal.
    """
    try:
        found = uuid.UUID(text)
    except ValueError:
        return None
    return found if str(found) == text else None


def no_such_deal() -> CommandError:
    """Return the refusal for a deal that does not exist or that the person may not see."""
    return CommandError(ErrorCode.NOT_FOUND, "There is no such deal.", field="channel")
