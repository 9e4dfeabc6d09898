"""Days' supply: how long a stock's units of a model last at the pace at which they were sold lately.

Both numbers are kept up by the database with every change of a car; here they are only read.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from protocol.records import Scope
from server.database.core.pool import Database
from server.search.sql.query import Stock

SALES_DAYS: Final = 45
"""Over how many days sales are averaged, today included: as the trade does."""

Model = tuple[str, str, int]
"""Make, model, and whether it is new: 1 or 0."""

Supply = Mapping[Model, int]
"""Whole days by model; a model without a sale has none."""

UNKNOWN: Final[Supply] = {}

# Unless the sales of the stock go back through all of these days, nobody knows their average.
_SUPPLY: Final = """
WITH own AS (SELECT store_id FROM stores WHERE CASE WHEN $1 THEN group_id = $2 ELSE store_id = $3 END)
SELECT make, model, is_new::int AS is_new, units, sold
  FROM (SELECT make, model, is_new, sum(sold) AS sold FROM model_sales
         WHERE store_id IN (SELECT store_id FROM own) AND sold_on > $4::date - $5::int AND sold_on <= $4::date
         GROUP BY 1, 2, 3) AS sales
  JOIN (SELECT make, model, is_new, sum(units) AS units FROM model_units
         WHERE store_id IN (SELECT store_id FROM own) GROUP BY 1, 2, 3) AS lot USING (make, model, is_new)
 WHERE sold > 0
   AND EXISTS (SELECT FROM model_sales
                WHERE store_id IN (SELECT store_id FROM own) AND sold_on <= $4::date - ($5::int - 1))
"""


def days_supply(units: int, sold: int) -> int:
    """Return for how many whole days ``units`` last if ``sold``, at least one, were sold in SALES_DAYS."""
    return (2 * units * SALES_DAYS + sold) // (2 * sold)


async def read_supply(database: Database, stock: Stock, today: dt.date) -> Supply:
    """Return the days' supply of each model of a stock."""
    rows: list[Any] = await database.fetch(
        _SUPPLY, stock.scope is Scope.GROUP, stock.group_id, stock.store_id, today, SALES_DAYS
    )
    return {
        (row["make"], row["model"], row["is_new"]): days_supply(int(row["units"]), int(row["sold"]))
        for row in rows
    }
