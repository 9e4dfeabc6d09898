"""Sample sales of the last weeks, of cars like those in stock: what days' supply is computed from.

The cars that were sold are not there, only how many they were on each day.
"""

import datetime as dt
import random
from typing import Final

import asyncpg

_LOTS: Final = """
SELECT store_id, make, model, is_new, count(*) AS units FROM vehicles
 WHERE vehicle_id > $1 AND book_source = 'sample' AND status IN ('available', 'held')
 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""
_ADD: Final = """
INSERT INTO model_sales AS s (store_id, sold_on, make, model, is_new, sold)
SELECT * FROM unnest($1::text[], $2::date[], $3::text[], $4::text[], $5::boolean[], $6::int[])
    ON CONFLICT (store_id, sold_on, make, model, is_new) DO UPDATE SET sold = s.sold + EXCLUDED.sold
"""

WEEK, WEEKS = 7, 8
FASTEST_DAYS, SLOWEST_DAYS = 18, 130
"""The days' supply of the models that sell fastest and slowest."""

UNSOLD_SHARE: Final = 0.08
"""How many models nobody bought lately: their days' supply is unknown."""


async def add_sales(database: asyncpg.Connection, after: int, random_seed: int, today: dt.date) -> None:
    """Add sales in proportion to the cars with ids above ``after``: once a week, so that they are few rows.

    The oldest are older than the days that sales are averaged over, so that the average is known.
    """
    drawn = random.Random(random_seed)  # noqa: S311 - sample data
    rows = []
    for lot in await database.fetch(_LOTS, after):
        days = drawn.triangular(FASTEST_DAYS, SLOWEST_DAYS, 45)
        if drawn.random() < UNSOLD_SHARE:
            continue
        sold = 0
        for week in range(WEEKS):
            # Whole cars: what one week leaves over counts for the next.
            until = round(lot["units"] * (week + 1) * WEEK / days)
            day = today - dt.timedelta(days=WEEK * (WEEKS - week) - drawn.randrange(1, WEEK))
            if until > sold:
                rows.append((lot["store_id"], day, lot["make"], lot["model"], lot["is_new"], until - sold))
            sold = until
    if rows:
        await database.execute(_ADD, *(list(column) for column in zip(*rows, strict=True)))
