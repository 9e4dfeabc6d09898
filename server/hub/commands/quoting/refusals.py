"""Which questions about a car are refused, and how."""

from typing import TYPE_CHECKING, Final

from protocol.closing import CommandError, ErrorCode
from protocol.commands import Quote
from protocol.money.pricing import Vary
from protocol.records import DealKind, View
from server.hub.sight.asking import not_here, unaskable_fields

if TYPE_CHECKING:
    from server.finance.quoting import Quoted

MOST_VEHICLE: Final = 2**63 - 1

_REFUSED: Final = {
    DealKind.FINANCE: "No lender program accepts this car with these terms.",
    DealKind.LEASE: "This car cannot be leased with these terms.",
    DealKind.CASH: "This car cannot be sold for cash with these terms.",
}


def check_askable(command: Quote, view: View) -> None:
    """Raise CommandError(forbidden) if a quote asks for what may not be asked for in the view."""
    refused = unaskable_fields(command.changes, view)
    if refused:
        raise not_here(refused[0])
    if command.roll is not None and command.roll.vary is Vary.RATE and view is not View.MANAGER:
        raise not_here("rate_bp")


def not_eligible(quoted: "Quoted") -> CommandError:
    """Return the refusal of a car that cannot be sold in the way that was quoted; its limit is the value."""
    binding = quoted.answer.binding
    kind = quoted.answer.kind or DealKind.FINANCE
    return CommandError(
        ErrorCode.CONFLICT,
        _REFUSED[kind],
        field="vehicle_id",
        value=binding if isinstance(binding, str) else None,
    )


def vehicle_number(vehicle_id: str) -> int:
    """Return the number of a vehicle id in its one canonical form. Raises CommandError(not_found)."""
    if not vehicle_id.isascii() or not vehicle_id.isdecimal() or int(vehicle_id) > MOST_VEHICLE:
        raise no_such_car()
    return int(vehicle_id)


def no_such_car() -> CommandError:
    """Return the refusal of a car that is not in stock, or not in the deal's group."""
    return CommandError(ErrorCode.NOT_FOUND, "This car is not for sale in your group.", field="vehicle_id")
