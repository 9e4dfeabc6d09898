"""A customer as a row of the warehouse states it, and what it changed since it last did. Pure."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any, Final

from protocol import codec
from protocol.deal.customers import CustomerFacts, check_facts
from protocol.texts import without_unseen
from server.database.importing import values
from server.warehouse.fields import CUSTOMER_FIELDS
from server.warehouse.layout import Table

NAMESPACE: Final = uuid.UUID("5b0a4f0e-3a0c-5f53-9d0e-9d6f4f2f8a10")
FACTS: Final = CustomerFacts.__struct_fields__
WHOLE: Final = frozenset({"score", "co_score", "remaining_months"})


@dataclass(frozen=True, slots=True)
class Stated:
    """A customer as a row of the warehouse states it."""

    key: str
    customer_id: uuid.UUID
    store_id: str
    facts: CustomerFacts
    at: dt.datetime


def customer_id_of(store_id: str, key: str) -> uuid.UUID:
    """Return our id of a store's customer: the same for the same key, whenever it is read."""
    return uuid.uuid5(NAMESPACE, f"{store_id} {key}")


def facts_of(table: Table, row: Any) -> CustomerFacts:
    """Return the facts of a row. Raises FieldError, CustomerError."""
    texts = {name: row[name] or "" for name in table.fields} | dict(table.mapped.constants)
    facts: dict[str, Any] = {}
    for name, raw in texts.items():
        text = without_unseen(" ".join(raw.split()))
        if not text:
            continue
        field = CUSTOMER_FIELDS[name]
        try:
            facts[field] = _value(field, text)
        except ValueError as error:
            raise codec.FieldError(name, str(error)) from None
    found = codec.convert(CustomerFacts, facts)
    check_facts(found)
    return found


def changes_of(before: CustomerFacts, after: CustomerFacts, current: CustomerFacts) -> dict[str, Any]:
    """Return what the warehouse changed, from ``before`` to ``after``, and is not so already."""
    new, old, now = (codec.plain(facts) for facts in (after, before, current))
    return {name: new.get(name) for name in FACTS if new.get(name) not in (old.get(name), now.get(name))}


def _value(field: str, text: str) -> Any:
    if field.endswith("_cents"):
        return values.cents(text)
    if field in WHOLE:
        return int(text)
    if field.endswith("_date"):
        return values.date(text).isoformat()
    return text.upper() if field == "state" else text
