"""The lines and facts that all pencils have in common, however the car is paid."""

from typing import Any

from msgspec import UnsetType

from protocol.deal.deal_parts import OfferedCar
from protocol.deal.structure import Structure
from server.database.deals.pencils import StoredPencil
from server.paper.cars import Line


def cents_of(amount: int | UnsetType) -> int:
    """Return an amount, 0 if there is none."""
    return 0 if isinstance(amount, UnsetType) else amount


def facts_of(pencil: StoredPencil, car: OfferedCar) -> dict[str, Any]:
    """Return what a paper says of a car and its trade, as fields of ``PaperCar``."""
    return {
        "vehicle_id": pencil.vehicle_id,
        "headline": " ".join(str(part) for part in (car.year, car.make, car.model, car.trim) if part),
        "stock_no": car.stock_no,
        "vin": car.vin,
        "mileage": car.mileage,
        "contract_date": pencil.answer.contract_date,
        "allowance_cents": pencil.inputs.structure.trade_allowance_cents,
        "payoff_cents": pencil.answer.payoff_cents,
        "version": pencil.pencil_id,
    }


def price_lines(pencil: StoredPencil, discount_cents: int, rebate_cents: int) -> tuple[Line, ...]:
    """Return the price with what is taken off it; ``rebate_cents`` are all rebates."""
    stated = pencil.inputs.structure.rebate_cents
    return (
        Line("Price", pencil.answer.price_cents),
        Line("Discount", -discount_cents),
        Line("Manufacturer rebate", stated - rebate_cents),
        Line("Rebate", -stated),
    )


def fee_lines(structure: Structure) -> tuple[Line, ...]:
    """Return the store's fee and all others."""
    return (
        Line("Doc fee", structure.doc_fee_cents),
        Line("Government and other fees", structure.fees_cents - structure.doc_fee_cents),
    )


def tax_lines(pencil: StoredPencil, tax_cents: int) -> tuple[Line, ...]:
    """Return the tax: one line for each jurisdiction if there are several."""
    taxes = pencil.answer.taxes
    if isinstance(taxes, UnsetType) or len(taxes) < 2:
        return (Line("Tax", tax_cents),)
    return tuple(Line(f"Tax, {tax.jurisdiction}", tax.tax_cents) for tax in taxes)
