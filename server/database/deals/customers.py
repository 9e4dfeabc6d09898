"""Customer search of a store, for the new-deal form."""

from dataclasses import dataclass

from server.database.core.pool import Database


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer in a list."""

    id: str
    name: str
    city: str


async def find_customers(database: Database, store_id: str, text: str, limit: int) -> list[CustomerRow]:
    """Return up to ``limit`` customers of the store whose name contains ``text``, in order of name."""
    pattern = "%" + text.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    rows = await database.fetch(
        "SELECT customer_id, name, city FROM customers WHERE store_id = $1 AND name ILIKE $2"
        "   AND erased_at IS NULL ORDER BY name, customer_id LIMIT $3",
        store_id,
        pattern,
        limit,
    )
    return [CustomerRow(str(row["customer_id"]), row["name"], row["city"]) for row in rows]
