"""A deal as one process holds it in memory: read once, then kept current by the events it delivers. Pure.

It is a cache of Postgres, never the truth. What no event tells, such as the customer's income, is announced
by Postgres; the deal is then forgotten here and read again at its next use.
"""

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from protocol import codec
from protocol.deal_fold import applied
from protocol.events import EVENTS_BY_KIND, Customer, DealSnapshot, Event
from protocol.structure import Structure
from server.database.deals.deal_parts import DealParts
from server.database.deals.deals import Deal
from server.database.decisions.deciding import DealEvent
from server.database.decisions.lenders import live_terms
from server.log.channel_log import Entry


@dataclass(frozen=True, slots=True)
class HeldDeal:
    """A deal after event ``deal.last_no``: what is computed with, and ``whole`` as managers see it."""

    deal: Deal
    whole: DealSnapshot

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
            ),
        )

    def at(self, now: dt.datetime) -> Deal:
        """Return the deal with the lenders' decisions that count at ``now``."""
        return replace(self.deal, live_lenders=live_terms(self.deal.lenders, now))

    def after(self, no: int, event: Event) -> "HeldDeal":
        """Return the deal after its next event."""
        whole = applied(self.whole, event)
        lenders = whole.lenders if isinstance(whole.lenders, list) else ()
        deal = replace(
            self.deal,
            last_no=no,
            version=whole.version,
            state=whole.state,
            structure=self.deal.structure
            if whole.structure is self.whole.structure
            else codec.convert(Structure, whole.structure),
            selected_offer=whole.selected.offer_id if whole.selected else None,
            lenders=tuple(lenders),
        )
        return HeldDeal(deal, whole)


class LiveDeal:
    """What a session holds of its deal. ``reading`` is held by whoever reads it from Postgres."""

    def __init__(self) -> None:
        self.reading = asyncio.Lock()
        self._held: HeldDeal | None = None
        self._needed = 0
        self._forgotten = 0
        self._meanwhile: list[tuple[int, Event]] | None = None

    @property
    def known(self) -> HeldDeal | None:
        """The deal; None where it must be read from Postgres."""
        held = self._held
        return held if held is not None and held.deal.last_no >= self._needed else None

    @property
    def facts(self) -> Deal | None:
        """The deal as it was read last, however old: whose customer it is, of which store."""
        return None if self._held is None else self._held.deal

    def forget(self) -> None:
        """Have the deal read again at its next use: something changed that no event tells."""
        self._held = None
        self._forgotten += 1

    def require(self, no: int) -> None:
        """Count as unknown until event ``no`` is applied."""
        self._needed = max(self._needed, no)

    def heard(self, entry: Entry) -> None:
        """Apply an event of the log, where it is a decision."""
        if entry.no and (self._held is not None or self._meanwhile is not None):
            self._take(entry.no, codec.decode(entry.body))

    def decided(self, channel: str, events: Sequence[DealEvent]) -> None:
        """Apply what this process has just decided, before its events come back through the log."""
        for event in events:
            self.require(event.no)
            if self._held is not None or self._meanwhile is not None:
                self._take(event.no, codec.decode(codec.encode({"channel": channel, **event.fields})))

    def begin(self) -> int:
        """Say that the deal is about to be read; return what to show to ``read``."""
        self._meanwhile = []
        return self._forgotten

    def read(self, began: int, held: HeldDeal | None) -> None:
        """Take what was read, with the events that came meanwhile; None where it could not be read.

        Where the deal was forgotten meanwhile, what was read may be older: it is not kept.
        """
        meanwhile, self._meanwhile = self._meanwhile or [], None
        if held is None or began != self._forgotten:
            return
        self._held = held
        for no, event in meanwhile:
            self._apply(no, event)

    def _take(self, no: int, fields: dict[str, Any]) -> None:
        try:
            event = codec.convert(EVENTS_BY_KIND[fields["type"]], {**fields, "seq": no})
        except (KeyError, codec.FieldError):
            # Of another release. What it did to the deal stands in Postgres.
            self.forget()
            return
        if self._meanwhile is not None:
            self._meanwhile.append((no, event))
        self._apply(no, event)

    def _apply(self, no: int, event: Event) -> None:
        if self._held is None or no <= self._held.deal.last_no:
            return
        if no == self._held.deal.last_no + 1:
            self._held = self._held.after(no, event)
        else:
            # The log told what nobody has heard: it began behind a base that was read later than this.
            self.require(no)
