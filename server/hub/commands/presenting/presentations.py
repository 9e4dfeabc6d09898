"""Computes what a deal shows to its customer: the same figures for everyone who asks, and the paper's.

Quotes are those of the deal's salesperson, whoever asks, and each has its stored pencil. A presentation is
kept until anything that it depends on changes.
"""

import asyncio
import datetime as dt
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from protocol.closing import CommandError, ErrorCode
from protocol.deal.deal_parts import DealOffer
from protocol.deal.presenting import Presentation, PresentationReply
from protocol.records import DealKind
from server.clock import utc_now
from server.database.core.scope import StoreScopes
from server.database.deals.deal_parts import load_whole
from server.database.deals.pencils import StoredPencil
from server.database.decisions.deciding import no_such_deal
from server.database.editions.rates import NotInForce
from server.database.people.users import Account, salesperson_of
from server.hub.commands.paper_offers import PaperOffers, kind_of
from server.hub.commands.presenting.composing import Basis, as_of_now, counted, own_kind, reply_of
from server.hub.commands.quoting.quotes import Quotes
from server.hub.commands.quoting.refusals import vehicle_number
from server.sharing.lanes import Lane
from server.work.editions import Editions

MOST_KEPT: Final = 200
"""How many deals' presentations a process keeps."""

SHOW_SECONDS: Final = 8.0
"""How long a presentation may take, with up to nine quotes: less than a command has."""

_UNAVAILABLE: Final = frozenset({ErrorCode.CONFLICT, ErrorCode.INVALID})
"""Refusals of a way to pay for a car: no programme takes it, or the terms contradict each other."""


@dataclass(slots=True)
class _Kept:
    """The last presentation of a deal, and what it depends on. Who computes one holds the lock."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    basis: Any = None
    reply: PresentationReply | None = None


class Presentations:
    """Answers ``presentation``."""

    def __init__(
        self,
        stores: StoreScopes,
        quotes: Quotes,
        editions: Editions,
        today: Callable[[], dt.date] = lambda: utc_now().date(),
    ) -> None:
        self._stores = stores
        self._quotes = quotes
        self._offers = PaperOffers(stores, quotes)
        self._editions = editions
        self._today = today
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def show(
        self, deal_id: str, store_id: str, asker_id: str, *, instead: Presentation | None = None
    ) -> PresentationReply:
        """Return what a deal of the store shows to its customer; with ``instead``, what it would show then.

        ``asker_id`` is whose turn it takes. Raises CommandError: not_found, busy, degraded.
        """
        kept = self._kept.setdefault(deal_id, _Kept())
        self._kept.move_to_end(deal_id)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        try:
            async with asyncio.timeout(SHOW_SECONDS) as limit, kept.lock:
                basis = await self._basis(deal_id, store_id, instead)
                if kept.reply is None or kept.basis != basis.key:
                    kept.reply = await self._computed(basis, asker_id)
                    kept.basis = basis.key
                reply = kept.reply
        except TimeoutError:
            if not limit.expired():
                raise
            raise CommandError(
                ErrorCode.BUSY, "The server is busy with other quotes. Try again shortly."
            ) from None
        return as_of_now(reply, basis, stated=basis.parts.presentation if instead is None else instead)

    async def code_of(self, account: Account, address: str) -> list[str]:
        """Return the QR code of a link's address as rows of modules. Raises CommandError(busy)."""
        from server.paper.qr import qr_rows

        return await self._quotes.computed(Lane(account.store_id, account.id), qr_rows, address)

    async def _basis(self, deal_id: str, store_id: str, instead: Presentation | None) -> Basis:
        today = self._today()
        async with self._stores.of(store_id).acquire() as database:
            whole = await load_whole(database, deal_id)
            if whole is None or whole[0].store_id != store_id:
                raise no_such_deal()
            deal, parts = whole
            stated = instead or parts.presentation or Presentation()
            own = [] if parts.selected is None else [parts.selected.vehicle_id]
            wanted = tuple(stated.vehicle_ids or own)
            store = await database.fetchval("SELECT name FROM stores WHERE store_id = $1", store_id)
            seller = await salesperson_of(database, deal_id)
            rows = await database.fetch(
                "SELECT vehicle_id, rev, status::text FROM vehicles WHERE vehicle_id = ANY ($1)"
                " ORDER BY vehicle_id",
                [vehicle_number(each) for each in wanted],
            )
        if seller is None:
            raise no_such_deal()
        try:
            in_force = await self._editions.in_force(today)
        except NotInForce as error:
            raise CommandError(ErrorCode.DEGRADED, f"Nothing can be priced: {error}.") from error
        offers = [offer.offer_id for offer in (parts.selected, *parts.pins) if offer is not None]
        cars = [tuple(row.values()) for row in rows]
        terms = (counted(deal), parts.selected_outdated, offers)
        key = (terms, stated, wanted, cars, seller, store, in_force, today)
        return Basis(deal, parts, stated, wanted, seller, store, today, key)

    async def _computed(self, basis: Basis, asker_id: str) -> PresentationReply:
        from server.paper.screen.shown import ToShow, shown_ways

        kinds = basis.stated.kinds or [own_kind(basis)]
        found: list[tuple[str, DealKind, DealOffer]] = []
        missing: list[str] = []
        for vehicle_id in basis.vehicle_ids:
            for kind in kinds:
                offer = await self._offer(basis, vehicle_id, kind, missing)
                if offer is not None:
                    found.append((vehicle_id, kind, offer))
        pencils = await self._offers.pencils(basis.deal, [offer for _, _, offer in found])
        asked: list[ToShow] = [
            await self._to_show(basis, kind, offer, pencil)
            for (_, kind, _), (offer, pencil) in zip(found, pencils, strict=True)
        ]
        lane = Lane(basis.deal.store_id, asker_id)
        ways = await self._quotes.computed(lane, shown_ways, asked)
        there = [
            (offer, one, way)
            for (_, _, offer), one, way in zip(found, asked, ways, strict=True)
            if way is not None
        ]
        return reply_of(basis, kinds, there, missing)

    async def _offer(
        self, basis: Basis, vehicle_id: str, kind: DealKind, missing: list[str]
    ) -> DealOffer | None:
        """Return a car's offer of a kind; None if it is not available in that way. A car that is not for sale
        goes to ``missing``.
        """
        if vehicle_id in missing:
            return None
        try:
            return await self._offers.of_kind(basis.deal, basis.parts, vehicle_id, kind, basis.seller)
        except CommandError as error:
            if error.code is ErrorCode.NOT_FOUND:
                missing.append(vehicle_id)
            elif error.code not in _UNAVAILABLE:
                raise
        return None

    async def _to_show(self, basis: Basis, kind: DealKind, offer: DealOffer, pencil: StoredPencil) -> Any:
        """Return what the computing process needs: the pencil, with the tables of its versions."""
        from server.paper.screen.shown import ToShow

        tables, versions = self._editions.tables, pencil.versions
        async with self._stores.of(basis.deal.store_id).acquire() as database:
            try:
                sheet = await tables.rates(database, versions.rates)
                model = await tables.risk(database, versions.risk)
                leases = await tables.leases(database, versions.leases) if versions.leases else None
            except NotInForce as error:
                raise CommandError(ErrorCode.DEGRADED, f"Nothing can be priced: {error}.") from error
        selected = basis.parts.selected
        is_deal = (
            selected is not None and selected.vehicle_id == offer.vehicle_id and kind_of(selected) is kind
        )
        contract = basis.parts.contract
        return ToShow(
            kind,
            pencil,
            offer.car,
            sheet,
            model,
            leases,
            basis.stated.terms_months,
            basis.stated.cash_down_cents,
            is_deal=is_deal,
            is_signed=basis.is_signed and contract is not None and contract.pencil_id == pencil.pencil_id,
        )
