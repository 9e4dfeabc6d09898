"""Finds customers and deals of a store by what people know of them: a name, a phone number, a deal's number,
or the stock number of its car. Every query reads an index.
"""

import re
import uuid
from dataclasses import dataclass
from typing import Any, Final

from server.database.core.pool import Database
from server.database.deals.deals import DealRow, deal_row

MOST: Final = 50
"""The most customers, and the most deals, of one answer."""

LEAST_DIGITS: Final = 4
_WORD: Final = re.compile(r"[^\W_]+")
_OF_ID: Final = re.compile(r"[0-9a-f]{4,32}\Z")

BY_NAME: Final = "SELECT * FROM customers_named($1, $2)"
BY_PHONE: Final = "SELECT * FROM customers_phoned($1, $2)"
_ROWS: Final = """
SELECT d.deal_id, c.customer_id, c.name, d.state, d.fulfilment, d.version, d.store_id, d.updated_at
"""
DEALS_OF: Final = f"""
{_ROWS} FROM deals d JOIN customers c USING (customer_id)
 WHERE d.store_id = $1 AND d.customer_id = ANY ($2) ORDER BY d.updated_at DESC, d.deal_id LIMIT $3
"""
DEALS_NUMBERED: Final = f"""
{_ROWS} FROM deals d JOIN customers c USING (customer_id)
 WHERE d.store_id = $1 AND d.deal_id BETWEEN $2 AND $3 ORDER BY d.updated_at DESC, d.deal_id LIMIT $4
"""
DEALS_ABOUT: Final = f"""
{_ROWS} FROM vehicles v JOIN offers o USING (vehicle_id) JOIN deals d ON d.selected_offer = o.offer_id
  JOIN customers c USING (customer_id)
 WHERE d.store_id = $1 AND v.stock_no = ANY ($2) ORDER BY d.updated_at DESC, d.deal_id LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A customer that was found."""

    id: str
    name: str
    co_name: str | None
    city: str
    phone: str


async def find(database: Database, store_id: str, text: str) -> tuple[list[FoundRow], list[DealRow]]:
    """Return the customers and deals of the scope's store that ``text`` is about, each at most MOST."""
    found: dict[uuid.UUID, Any] = {}
    for statement, asked in ((BY_NAME, words_of(text)), (BY_PHONE, digits_of(text))):
        if asked is not None:
            rows = await database.fetch(statement, asked, MOST)
            found |= {row["customer_id"]: row for row in rows}
    deals = await database.fetch(DEALS_OF, store_id, list(found), MOST) if found else []
    numbers = numbers_of(text)
    if numbers is not None:
        deals += await database.fetch(DEALS_NUMBERED, store_id, *numbers, MOST)
    if text.strip():
        deals += await database.fetch(DEALS_ABOUT, store_id, [text.strip(), text.strip().upper()], MOST)
    once = {row["deal_id"]: deal_row(row) for row in deals}
    customers = [
        FoundRow(str(key), row["name"], row["co_name"], row["city"], row["phone"])
        for key, row in found.items()
    ]
    return customers[:MOST], list(once.values())[:MOST]


def words_of(text: str) -> str | None:
    """Return the query of all words of ``text`` by their beginnings; None if there is no word of a name."""
    words = [word for word in _WORD.findall(text.lower()) if not word.isdecimal()]
    return " & ".join(f"{word}:*" for word in words) or None


def digits_of(text: str) -> str | None:
    """Return the pattern of reversed phone numbers that end in the digits of ``text``; None for too few, or
    for text with words in it.
    """
    digits = re.sub(r"[^0-9]", "", text)
    is_phone = not re.search(r"[^0-9()+\-./\s]", text.strip())
    return f"{digits[::-1]}%" if is_phone and len(digits) >= LEAST_DIGITS else None


def numbers_of(text: str) -> tuple[uuid.UUID, uuid.UUID] | None:
    """Return the first and last deal id that begins as ``text``; None if no id begins so."""
    start = text.strip().lower().removeprefix("#").replace("-", "")
    if not _OF_ID.match(start):
        return None
    return uuid.UUID(start.ljust(32, "0")), uuid.UUID(start.ljust(32, "f"))
