"""A computed quote as it is kept: a pencil, and an offer of the deal."""

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, UnsetType

from protocol import codec
from protocol.deal.deal_parts import DealOffer, OfferedCar, OfferedCash, OfferedLease
from protocol.deal.structure import StructureChanges
from protocol.money.inputs import PencilInputs
from protocol.money.quotes import WarningCode
from protocol.money.values import QuoteValue
from protocol.money.ways import QuotedCash, QuotedLease
from protocol.records import Versions
from server.database.deals.deals import Deal
from server.database.deals.pencils import Pencil, PencilChoice

if TYPE_CHECKING:
    from server.finance.quoting import Case, Quoted


@dataclass(frozen=True, slots=True)
class Subject:
    """A car under a deal's terms, as it stood when it was read."""

    vehicle_id: str
    rev: int
    car: OfferedCar
    case: "Case"
    versions: Versions


def fixes_discount(changes: StructureChanges) -> bool:
    """Return whether a discount that ``changes`` state is the whole discount: it is, unless they state a
    maximum payment too, which more discount may serve.
    """
    stated, most = changes.discount_cents, changes.payment_max_cents
    return isinstance(stated, int) and not isinstance(most, int)


def pencil_of(vehicle_id: str, rev: int, versions: Versions, case: "Case", quoted: "Quoted") -> Pencil:
    """Return a quote as it is stored."""
    choice = quoted.choice
    inputs = {name: getattr(case.inputs, name) for name in case.inputs.__struct_fields__}
    fields = PencilChoice.__struct_fields__
    return Pencil(
        vehicle_id=vehicle_id,
        vehicle_rev=rev,
        versions=versions,
        inputs=PencilInputs(**inputs, programme_id=case.programme_id, car_name=case.car_name),
        car=dict(case.numbers),
        choice=None if choice is None else PencilChoice(**{name: getattr(choice, name) for name in fields}),
        answer=quoted.answer,
    )


def offer_of(
    subject: Subject, quoted: "Quoted", deal: Deal, changes: StructureChanges, pencil_id: str
) -> DealOffer:
    """Return a priced and valued quote as an offer of the deal.

    Raises ValueError if it has neither a contract, nor a lease, nor a cash price.
    """
    answer, choice = quoted.answer, quoted.choice
    if answer.cash is not UNSET:
        # Nothing is lent, so that stress changes nothing.
        priced = _in_cash(answer.cash)
        worth = _worth(answer.cash.value, stress=False)
    elif answer.lease is not UNSET and answer.lease.best is not UNSET:
        # No credit model is behind a lease: stress changes nothing.
        priced = _leased(answer.lease.best)
        worth = _worth(answer.lease.best.value, stress=False)
    elif choice is None or isinstance(answer.payment_cents, UnsetType):
        raise ValueError("a quote without a contract is not an offer")
    else:
        priced = {"tier": subject.case.tier_of(choice)}
        worth = _worth(answer.value, stress=True)
    return codec.convert(
        DealOffer,
        {
            **codec.plain(answer),
            "tier": deal.structure.tier,
            **priced,
            "offer_id": str(uuid.uuid4()),
            "vehicle_id": subject.vehicle_id,
            "rev": subject.rev,
            "car": codec.plain(subject.car),
            "deal_version": deal.version,
            "changes": codec.plain(changes),
            **worth,
            "versions": codec.plain(subject.versions),
            "asked_programme_id": subject.case.programme_id,
            "pencil_id": pencil_id,
        },
    )


def _in_cash(cash: QuotedCash) -> dict[str, Any]:
    """Return the fields of an offer that is paid in full. What it does not have is 0."""
    none = ("payment_cents", "term_months", "rate_bp", "apr_percent", "cash_down_cents", "principal_cents")
    figures = {name: getattr(cash, name) for name in OfferedCash.__struct_fields__}
    return dict.fromkeys(none, 0) | {"cash": figures}


def _leased(lease: QuotedLease) -> dict[str, Any]:
    """Return the fields of an offer that is a lease: its payment is with tax, its principal the adjusted cap
    cost.
    """
    figures = {name: getattr(lease, name) for name in OfferedLease.__struct_fields__}
    return {
        "payment_cents": lease.payment_with_tax_cents,
        "total_of_payments_cents": lease.total_of_payments_cents,
        "principal_cents": lease.adjusted_cap_cents,
        "rate_bp": 0,
        "apr_percent": 0,
        "lease": {name: value for name, value in figures.items() if value is not UNSET},
    }


def _worth(value: QuoteValue | UnsetType, *, stress: bool) -> dict[str, Any]:
    if isinstance(value, UnsetType):
        return {"incomplete": WarningCode.COST_UNKNOWN.value}
    stressed = value.stress_npv_cents if stress else value.npv_cents
    return {"npv_cents": value.npv_cents, "stress_npv_cents": stressed}
