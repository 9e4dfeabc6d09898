"""What we ask of a warehouse: the kinds of rows, their fields, and which of them a row cannot do without."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from protocol.deal.customers import CustomerFacts
from server.database.importing.columns import FIELDS, PRICED, REQUIRED
from server.history.aggregates.files import LOAN_COLUMNS, PAYMENT_COLUMNS


class What(StrEnum):
    """A kind of rows that is synced."""

    STOCK = "stock"
    CUSTOMERS = "customers"
    LOANS = "loans"
    PAYMENTS = "payments"


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a kind: ``required`` are among ``known``, and one of ``either`` is needed if there are
    any.

    ``id`` is the default column that tells rows apart. Rows of a kind that is ``of_stores`` have a store.
    """

    known: tuple[str, ...]
    required: tuple[str, ...]
    id: str
    of_stores: bool
    either: tuple[str, ...] = ()


CUSTOMER_FIELDS: Final = {name.removesuffix("_cents"): name for name in CustomerFacts.__struct_fields__}
"""A customer's fields: amounts are in dollars, and have no ``_cents``."""

_HISTORY: Final = {What.LOANS: LOAN_COLUMNS, What.PAYMENTS: PAYMENT_COLUMNS}
HISTORY_FIELDS: Final = {
    what: tuple(name for name in columns if name != "updated_at") for what, columns in _HISTORY.items()
}

FIELDS_OF: Final[Mapping[What, Fields]] = {
    What.STOCK: Fields(tuple(FIELDS), REQUIRED, "vin", of_stores=True, either=PRICED),
    What.CUSTOMERS: Fields(tuple(CUSTOMER_FIELDS), ("name", "state"), "customer_id", of_stores=True),
    What.LOANS: Fields(HISTORY_FIELDS[What.LOANS], HISTORY_FIELDS[What.LOANS], "loan_id", of_stores=False),
    What.PAYMENTS: Fields(
        HISTORY_FIELDS[What.PAYMENTS], HISTORY_FIELDS[What.PAYMENTS], "payment_id", of_stores=False
    ),
}
