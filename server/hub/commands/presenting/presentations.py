"""Computes what a deal shows to its customer: the same figures for everyone who asks, and the paper's.

Quotes are those of the deal's salesperson, whoever asks, and each has its stored pencil. A presentation is
kept until anything that it depends on changes.
"""

import asyncio
import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from protocol import disclosures
from protocol.closing import CommandError, ErrorCode
from protocol.deal.deal_parts import DealOffer
from protocol.deal.presenting import Presentation, PresentationReply, ShownCar, ShownTrade, ShownWay
from protocol.records import DealKind, DealState
from server.clock import utc_now
from server.database.core.scope import StoreScopes
from server.database.deals.deal_parts import DealParts, load_whole
from server.database.deals.deals import Deal
from server.database.deals.pencils import StoredPencil
from server.database.decisions.deciding import no_such_deal
from server.database.decisions.edits.presenting import OVER
from server.database.editions.rates import NotInForce
from server.database.people.users import Account, salesperson_of
from server.hub.commands.paper_offers import PaperOffers, kind_of
from server.hub.commands.quoting.quotes import Quotes, vehicle_number
from server.sharing.lanes import Lane
from server.work.editions import Editions

MOST_KEPT: Final = 200
"""How many deals' presentations a process keeps."""

SHOW_SECONDS: Final = 8.0
"""How long a presentation may take, with up to nine quotes: less than a command has."""

_NOT_SO: Final = frozenset({ErrorCode.CONFLICT, ErrorCode.INVALID})
"""Why a car cannot be had in a way: no programme takes it, or the terms contradict each other."""


@dataclass(slots=True)
class _Kept:
    """The last presentation of a deal, and what it depends on. Who computes one holds the lock."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    basis: Any = None
    reply: PresentationReply | None = None


@dataclass(frozen=True, slots=True)
class _Basis:
    """A deal with all that its presentation depends on."""

    deal: Deal
    parts: DealParts
    stated: Presentation
    vehicle_ids: tuple[str, ...]
    seller: Account
    store: str
    today: dt.date
    key: tuple[Any, ...]

    @property
    def is_signed(self) -> bool:
        """Whether the deal is signed: then its own car stands as the contract has it."""
        return self.deal.state is DealState.SIGNED


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
        # Everything that it depends on was just found to be as it was.
        return _as_of(reply, basis, stated=basis.parts.presentation if instead is None else instead)

    async def code_of(self, account: Account, address: str) -> list[str]:
        """Return the QR code of a link's address as rows of modules. Raises CommandError(busy)."""
        from server.paper.qr import qr_rows

        return await self._quotes.computed(Lane(account.store_id, account.id), qr_rows, address)

    async def _basis(self, deal_id: str, store_id: str, instead: Presentation | None) -> _Basis:
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
        terms = (_without_counts(deal), parts.selected_outdated, offers)
        key = (terms, stated, wanted, cars, seller, store, in_force, today)
        return _Basis(deal, parts, stated, wanted, seller, store, today, key)

    async def _computed(self, basis: _Basis, asker_id: str) -> PresentationReply:
        from server.paper.figures import valid_until
        from server.paper.screen.shown import ToShow, shown_ways

        kinds = basis.stated.kinds or [_kind_of(basis)]
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
        until = valid_until(basis.today, tuple(one.pencil for _, one, _ in there))
        return PresentationReply(
            deal_id=basis.deal.id,
            version=basis.deal.version,
            store=basis.store,
            salesperson=basis.deal.salesperson.name,
            customer=basis.deal.customer.name,
            shown=_shown(basis, kinds, [way for _, _, way in there]),
            cars=_cars(basis, kinds, there, missing),
            missing=missing,
            disclosures=_statements(basis, [way for _, _, way in there], until),
            optional=disclosures.OPTIONAL,
            text_version=disclosures.TEXT_VERSION,
            as_of=utc_now(),
            valid_until=until,
            can_accept=basis.deal.state not in OVER,
        )

    async def _offer(
        self, basis: _Basis, vehicle_id: str, kind: DealKind, missing: list[str]
    ) -> DealOffer | None:
        """Return a car's offer of a kind; None if it cannot be had so. A car that is not for sale goes to
        ``missing``.
        """
        if vehicle_id in missing:
            return None
        try:
            return await self._offers.of_kind(basis.deal, basis.parts, vehicle_id, kind, basis.seller)
        except CommandError as error:
            if error.code is ErrorCode.NOT_FOUND:
                missing.append(vehicle_id)
            elif error.code not in _NOT_SO:
                raise
        return None

    async def _to_show(self, basis: _Basis, kind: DealKind, offer: DealOffer, pencil: StoredPencil) -> Any:
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


def _without_counts(deal: Deal) -> tuple[Any, ...]:
    """Return a deal without what moves with every event: an opened link changes no figure."""
    return tuple(
        getattr(deal, name)
        for name in deal.__dataclass_fields__
        if name not in {"last_no", "lenders", "selected_offer"}
    )


def _kind_of(basis: _Basis) -> DealKind:
    """Return how the deal is paid: as its offer is, else as its terms say."""
    selected = basis.parts.selected
    return basis.deal.structure.kind if selected is None else kind_of(selected)


def _as_of(reply: PresentationReply, basis: _Basis, *, stated: Presentation | None) -> PresentationReply:
    return msgspec.structs.replace(reply, stated=stated, as_of=utc_now(), version=basis.deal.version)


def _shown(basis: _Basis, kinds: Sequence[DealKind], ways: Sequence[ShownWay]) -> Presentation:
    axes = next((way for way in ways if way.terms_months), None)
    return Presentation(
        vehicle_ids=list(basis.vehicle_ids),
        cash_down_cents=[] if axes is None else axes.cash_down_cents,
        terms_months=[] if axes is None else axes.terms_months,
        kinds=list(kinds),
    )


def _cars(
    basis: _Basis,
    kinds: Sequence[DealKind],
    there: Sequence[tuple[DealOffer, Any, ShownWay]],
    missing: list[str],
) -> list[ShownCar]:
    """Return the cars with their ways. Those that cannot be had go to ``missing``."""
    from server.paper.screen.shown import headline_of, trade_of

    cars: list[ShownCar] = []
    for vehicle_id in basis.vehicle_ids:
        own = [each for each in there if each[0].vehicle_id == vehicle_id]
        if not own:
            # For sale, and yet in none of these ways.
            missing += [] if vehicle_id in missing else [vehicle_id]
            continue
        offer, one, _ = own[0]
        allowance, payoff = trade_of(one)
        ways = [way for _, _, way in own]
        cars.append(
            ShownCar(
                vehicle_id=vehicle_id,
                rev=offer.rev,
                car=offer.car,
                headline=headline_of(offer.car),
                price_cents=one.pencil.answer.price_cents,
                trade=ShownTrade(
                    allowance_cents=allowance, payoff_cents=payoff, equity_cents=allowance - payoff
                )
                if allowance or payoff
                else None,
                ways=ways,
                unavailable=[kind for kind in kinds if kind not in {way.kind for way in ways}],
            )
        )
    return cars


def _statements(basis: _Basis, ways: Sequence[ShownWay], until: dt.date) -> list[str]:
    from server.paper.wording.words import day

    loans = {term for way in ways if way.kind is DealKind.FINANCE for term in way.terms_months}
    said = [disclosures.LONGER_TERM] if len(loans) > 1 else []
    if not basis.is_signed:
        said += [disclosures.TAXES, disclosures.validity(day(until))]
    return said
