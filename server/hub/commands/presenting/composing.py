"""A presentation, put together from the ways to pay for its cars."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from protocol import disclosures
from protocol.deal.deal_parts import DealOffer
from protocol.deal.presenting import Presentation, PresentationReply, ShownCar, ShownTrade, ShownWay
from protocol.records import DealKind, DealState
from server.clock import utc_now
from server.database.deals.deal_parts import DealParts
from server.database.deals.deals import Deal
from server.database.decisions.edits.presenting import OVER
from server.database.people.users import Account
from server.hub.commands.paper_offers import kind_of


@dataclass(frozen=True, slots=True)
class Basis:
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


Found = tuple[DealOffer, Any, ShownWay]
"""A way to pay for a car: its offer, the ``ToShow`` of it, and what the customer's screen shows."""


def reply_of(
    basis: Basis, kinds: Sequence[DealKind], there: Sequence[Found], missing: list[str]
) -> PresentationReply:
    """Return the presentation of the ways that are there, each car with its own; ``missing`` are cars that
    are not for sale.
    """
    from server.paper.figures import valid_until

    ways = [way for _, _, way in there]
    until = valid_until(basis.today, tuple(one.pencil for _, one, _ in there))
    return PresentationReply(
        deal_id=basis.deal.id,
        version=basis.deal.version,
        store=basis.store,
        salesperson=basis.deal.salesperson.name,
        customer=basis.deal.customer.name,
        shown=_shown(basis, kinds, ways),
        cars=_cars(basis, kinds, there, missing),
        missing=missing,
        disclosures=_statements(basis, ways, until),
        optional=disclosures.OPTIONAL,
        text_version=disclosures.TEXT_VERSION,
        as_of=utc_now(),
        valid_until=until,
        can_accept=basis.deal.state not in OVER,
    )


def as_of_now(reply: PresentationReply, basis: Basis, *, stated: Presentation | None) -> PresentationReply:
    """Return a kept presentation with the current time, for a basis that was just found to be the same."""
    return msgspec.structs.replace(reply, stated=stated, as_of=utc_now(), version=basis.deal.version)


def counted(deal: Deal) -> tuple[Any, ...]:
    """Return what a presentation depends on of a deal: not what moves with every event, as when a link is
    opened.
    """
    return tuple(
        getattr(deal, name)
        for name in deal.__dataclass_fields__
        if name not in {"last_no", "lenders", "selected_offer"}
    )


def own_kind(basis: Basis) -> DealKind:
    """Return how the deal is paid: as its offer is, else as its terms say."""
    selected = basis.parts.selected
    return basis.deal.structure.kind if selected is None else kind_of(selected)


def _shown(basis: Basis, kinds: Sequence[DealKind], ways: Sequence[ShownWay]) -> Presentation:
    axes = next((way for way in ways if way.terms_months), None)
    return Presentation(
        vehicle_ids=list(basis.vehicle_ids),
        cash_down_cents=[] if axes is None else axes.cash_down_cents,
        terms_months=[] if axes is None else axes.terms_months,
        kinds=list(kinds),
    )


def _cars(
    basis: Basis,
    kinds: Sequence[DealKind],
    there: Sequence[Found],
    missing: list[str],
) -> list[ShownCar]:
    """Return the cars with their ways. Those that are not available go to ``missing``."""
    from server.paper.screen.shown import headline_of, trade_of

    cars: list[ShownCar] = []
    for vehicle_id in basis.vehicle_ids:
        own = [each for each in there if each[0].vehicle_id == vehicle_id]
        if not own:
            # For sale, but not available in any of these ways.
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


def _statements(basis: Basis, ways: Sequence[ShownWay], until: dt.date) -> list[str]:
    from server.paper.wording.words import day

    loans = {term for way in ways if way.kind is DealKind.FINANCE for term in way.terms_months}
    said = [disclosures.LONGER_TERM] if len(loans) > 1 else []
    if not basis.is_signed:
        said += [disclosures.TAXES, disclosures.validity(day(until))]
    return said
