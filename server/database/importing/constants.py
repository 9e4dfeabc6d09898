"""``--set field=value``: a value that every row of a file has, and that the file does not state."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from protocol.texts import echoed, without_unseen
from server.database.importing import values
from server.database.importing.columns import FIELDS, ImportFailed
from server.database.importing.parsing import LONGEST_CELL

_NOT_CONSTANT: Final = frozenset({"vin", "stock_no"})
_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "year": values.year,
    "mileage": values.miles,
    "is_new": values.is_new,
    "certified": values.is_certified,
    "condition": values.condition_or_kind,
    "stocked_on": values.date,
    "days_in_stock": values.days,
    **dict.fromkeys(
        (*("price", "cost", "recon", "holdback", "dealer_cash", "invoice", "msrp", "wholesale", "retail"),),
        values.cents,
    ),
}


def parse_constants(options: Iterable[str]) -> dict[str, str]:
    """Return field to value of ``--set`` options.

    Raises ImportFailed if one is not ``field=value``, names no field or one that tells cars apart, is given
    twice, or has a value that the field cannot have.
    """
    constants: dict[str, str] = {}
    for option in options:
        field, equals, value = option.partition("=")
        text = " ".join(value.split())
        possible = [name for name in FIELDS if name not in _NOT_CONSTANT]
        if not equals or field not in possible:
            raise ImportFailed(
                f"--set {echoed(option)}: expected field=value, with a field of {', '.join(possible)}"
            )
        if field in constants:
            raise ImportFailed(
                f"--set {echoed(option)}: {field} has been set to {echoed(constants[field])!r} already"
            )
        if not text or len(text) > LONGEST_CELL or text != without_unseen(text):
            raise ImportFailed(
                f"--set {echoed(option)}: expected a value of 1 to {LONGEST_CELL} visible characters"
            )
        try:
            _READERS.get(field, str)(text)
        except values.Unreadable as error:
            raise ImportFailed(f"--set {echoed(option)}: {error}") from None
        constants[field] = text
    return constants
