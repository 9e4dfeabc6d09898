"""A deal in a process's memory: read once, then kept current by the events that the process delivers. Pure.

It is a cache of Postgres, never the source of truth. Some changes have no event, such as the customer's
income. Postgres announces those; the deal is then dropped here and read again at its next use.
"""

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from msgspec import UNSET

from protocol import codec
from protocol.deal.structure import Structure
from protocol.deal_fold import applied
from protocol.events import EVENTS_BY_KIND, Customer, DealAssigned, DealSnapshot, Event
from protocol.records import Scope
from server.database.deals.deal_parts import DealParts
from server.database.deals.deals import Deal
from server.database.deals.story import Told, kept_story
from server.database.decisions.agreement.lenders import live_terms
from server.database.decisions.deciding import DealEvent
from server.log.channel_log import Entry

SEARCH_STARTED: Final = b'{"type":"search_started"'


@dataclass(frozen=True, slots=True)
class HeldDeal:
    """A deal after event ``deal.last_no``: ``deal`` for computations, and ``whole`` as managers see it.

    ``story`` are its latest events; the same ones may be written in another order of fields.
    """

    deal: Deal
    whole: DealSnapshot
    story: tuple[Told, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, deal: Deal, parts: DealParts) -> "HeldDeal":
        """Return a deal that was read from Postgres in one statement."""
        return cls(
            deal,
            DealSnapshot(
                id=deal.id,
                version=deal.version,
                state=deal.state,
                customer=Customer(
                    id=deal.customer.id,
                    name=deal.customer.name,
                    state=deal.customer.state,
                    monthly_income_cents=deal.customer.monthly_income_cents,
                    score=deal.customer.score,
                    facts=deal.customer.facts,
                ),
                structure=codec.plain(deal.structure),
                selected=parts.selected,
                selected_outdated=parts.selected_outdated,
                pins=parts.pins,
                locks=parts.locks,
                holds=parts.holds,
                notes=parts.notes,
                salesperson=deal.salesperson,
                fulfilment=parts.fulfilment,
                approval=parts.approval,
                lenders=list(deal.lenders),
                tasks=parts.tasks,
                agreed=parts.agreed,
                proposal=parts.proposal,
                contract=parts.contract,
                presentation=parts.presentation,
                links=parts.links,
                acceptances=parts.acceptances,
                scenarios=parts.scenarios,
            ),
            parts.story,
        )

    def at(self, now: dt.datetime) -> Deal:
        """Return the deal with the lenders' decisions that are valid at ``now``."""
        return replace(self.deal, live_lenders=live_terms(self.deal.lenders, now))

    def after(self, no: int, event: Event, body: bytes) -> "HeldDeal":
        """Return the deal after its next event; ``body`` is the event as JSON."""
        whole = applied(self.whole, event)
        lenders = whole.lenders if isinstance(whole.lenders, list) else ()
        known, facts = self.deal.customer, whole.customer.facts
        deal = replace(
            self.deal,
            customer=known if facts is UNSET or facts == known.facts else known.after(facts),
            last_no=no,
            version=whole.version,
            state=whole.state,
            structure=self.deal.structure
            if whole.structure is self.whole.structure
            else codec.convert_known(Structure, whole.structure),
            selected_offer=whole.selected.offer_id if whole.selected else None,
            lenders=tuple(lenders),
        )
        return HeldDeal(deal, whole, kept_story((*self.story, Told(no, body))))


class LiveDeal:
    """The deal of a session. A task that reads it from Postgres holds ``reading``."""

    def __init__(self) -> None:
        self.reading = asyncio.Lock()
        self._held: HeldDeal | None = None
        self._needed = 0
        self._forgotten = 0
        self._meanwhile: list[tuple[int, Event, bytes]] | None = None
        self._scope_since = 0
        self._searched_at = -1

    @property
    def known(self) -> HeldDeal | None:
        """The deal; None if it must be read from Postgres."""
        held = self._held
        return held if held is not None and held.deal.last_no >= self._needed else None

    @property
    def facts(self) -> Deal | None:
        """The deal as held, however old, for its ids: those of its store, customer and salesperson."""
        return None if self._held is None else self._held.deal

    @property
    def shows_own_store(self) -> bool:
        """Whether all cars on the deal's screens are of its own store, except those selected or pinned.

        The latest search must have begun since the deal's scope is the store: until then, screens may show
        cars of the group.
        """
        held = self.known
        return (
            held is not None
            and held.deal.structure.scope is Scope.STORE
            and self._scope_since <= self._searched_at <= held.deal.version
        )

    def forget(self) -> None:
        """Drop the deal, so that it is read again at its next use: something changed without an event."""
        self._held = None
        self._forgotten += 1

    def require(self, no: int) -> None:
        """Treat the deal as unknown until event ``no`` is applied."""
        self._needed = max(self._needed, no)

    def heard(self, entry: Entry) -> None:
        """Apply an event of the log if it is a decision, and note with which terms the cars were searched."""
        if entry.body.startswith(SEARCH_STARTED):
            self._searched_at = codec.decode(entry.body)["deal_version"]
        if entry.no and (self._held is not None or self._meanwhile is not None):
            self._take(entry.no, entry.body)

    def decided(self, channel: str, events: Sequence[DealEvent]) -> None:
        """Apply the decisions that this process just made, before their events come back through the log."""
        for event in events:
            self.require(event.no)
            if self._held is not None or self._meanwhile is not None:
                self._take(event.no, codec.encode({**event.fields, "channel": channel}))

    def begin(self) -> int:
        """Begin a read of the deal; return the token to pass to ``read``."""
        self._meanwhile = []
        return self._forgotten

    def read(self, began: int, held: HeldDeal | None) -> None:
        """Keep the deal that was read, and apply the events that came meanwhile; None: it could not be read.

        If the deal was forgotten meanwhile, the one that was read may be older and is not kept.
        """
        meanwhile, self._meanwhile = self._meanwhile or [], None
        if held is None or began != self._forgotten:
            return
        self._held, self._scope_since = held, held.deal.version
        for no, event, body in meanwhile:
            self._apply(no, event, body)

    def _take(self, no: int, body: bytes) -> None:
        fields: dict[str, Any] = codec.decode(body)
        try:
            event = codec.convert(EVENTS_BY_KIND[fields["type"]], {**fields, "seq": no})
        except (KeyError, codec.FieldError):
            # The event is from another release. Its effect on the deal is in Postgres.
            self.forget()
            return
        if isinstance(event, DealAssigned):
            # What the new salesperson may give away is in Postgres only.
            self.forget()
            return
        if self._meanwhile is not None:
            self._meanwhile.append((no, event, body))
        self._apply(no, event, body)

    def _apply(self, no: int, event: Event, body: bytes) -> None:
        if self._held is None or no <= self._held.deal.last_no:
            return
        if no == self._held.deal.last_no + 1:
            before, self._held = self._held, self._held.after(no, event, body)
            if self._held.deal.structure.scope is not before.deal.structure.scope:
                self._scope_since = self._held.deal.version
        else:
            # Events are missing: the epoch's base is newer than the deal that was read.
            self.require(no)
