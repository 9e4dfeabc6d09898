"""Offers of every kind, made of a financed one."""

from msgspec import UNSET
from msgspec.structs import fields, replace

from protocol.deal.agreed import figures_of
from protocol.deal.deal_parts import DealOffer, OfferedCash, OfferedLease
from protocol.records import DealKind


def of_kind(offer: DealOffer, kind: DealKind) -> DealOffer:
    """Return an offer as one of a kind: a lease has no rate; a cash deal has nothing that a lender has."""
    if kind is DealKind.FINANCE:
        return offer
    if kind is DealKind.LEASE:
        lease = OfferedLease(**dict.fromkeys(_needed(OfferedLease), 0))
        return replace(offer, kind=kind, rate_bp=0.0, apr_percent=0.0, lease=lease)
    cash = OfferedCash(**dict.fromkeys(_needed(OfferedCash), 0))
    return replace(
        offer,
        kind=kind,
        payment_cents=0,
        term_months=0,
        rate_bp=0.0,
        apr_percent=0.0,
        principal_cents=0,
        lender=UNSET,
        programme_id=UNSET,
        cash=replace(cash, out_the_door_cents=offer.payment_cents),
    )


def kind_of(offer: DealOffer | None) -> DealKind | None:
    """Return the kind of an offer, if there is one."""
    return None if offer is None else figures_of(offer).kind


def _needed(record: type) -> list[str]:
    return [each.name for each in fields(record) if each.required]
