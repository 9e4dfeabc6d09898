"""A computed quote as it is kept: a pencil, and an offer of the deal."""

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec import UnsetType

from protocol import codec
from protocol.deal_parts import DealOffer, OfferedCar
from protocol.money.inputs import PencilInputs
from protocol.money.quotes import WarningCode
from protocol.records import Versions
from protocol.structure import StructureChanges
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


def pencil_of(vehicle_id: str, rev: int, versions: Versions, case: "Case", quoted: "Quoted") -> Pencil:
    """Return a quote as it is stored."""
    choice = quoted.choice
    inputs = {name: getattr(case.inputs, name) for name in case.inputs.__struct_fields__}
    fields = PencilChoice.__struct_fields__
    return Pencil(
        vehicle_id=vehicle_id,
        vehicle_rev=rev,
        versions=versions,
        inputs=PencilInputs(**inputs, programme_id=case.programme_id),
        car=dict(case.numbers),
        choice=None if choice is None else PencilChoice(**{name: getattr(choice, name) for name in fields}),
        answer=quoted.answer,
    )


def offer_of(
    subject: Subject, quoted: "Quoted", deal: Deal, changes: StructureChanges, pencil_id: str
) -> DealOffer:
    """Return a priced and valued quote as an offer of the deal.

    Raises ValueError if it has no contract.
    """
    answer, choice = quoted.answer, quoted.choice
    if choice is None or isinstance(answer.payment_cents, UnsetType):
        raise ValueError("a quote without a contract is not an offer")
    if isinstance(answer.value, UnsetType):
        worth: dict[str, Any] = {"incomplete": WarningCode.COST_UNKNOWN.value}
    else:
        worth = {
            "npv_cents": answer.value.npv_cents,
            "stress_npv_cents": answer.value.stress_npv_cents,
        }
    return codec.convert(
        DealOffer,
        {
            **codec.plain(answer),
            "offer_id": str(uuid.uuid4()),
            "vehicle_id": subject.vehicle_id,
            "rev": subject.rev,
            "car": codec.plain(subject.car),
            "deal_version": deal.version,
            "changes": codec.plain(changes),
            "tier": subject.case.tier_of(choice),
            **worth,
            "versions": codec.plain(subject.versions),
            "asked_programme_id": subject.case.programme_id,
            "pencil_id": pencil_id,
        },
    )
