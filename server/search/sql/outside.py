"""The cars just outside the price window: none of them can become a deal, but they tell what would open them.

Stage 1 reads none of them, so that a search counts as rejected only what the window could not know. Behind
the last page the nearest ones are read and screened as well: "$400 more down opens 63 cars" is then true of
dearer cars too.
"""

import datetime as dt
from collections.abc import Sequence

from protocol.money.lending import Rebate
from protocol.records import MAX_CENTS, Filters, Sort
from server.search.sql.query import PriceWindow, Query, Stock, build_query

DEARER_CARS, CHEAPER_CARS = 400, 100
"""More of the dearer ones, since cash may open them; cheaper ones are too small for any lender."""


def outside_queries(
    stock: Stock,
    filters: Filters,
    window: PriceWindow,
    *,
    today: dt.date,
    rebates: Sequence[Rebate] = (),
) -> list[Query]:
    """Return the queries of the cars nearest outside ``window`` on both sides, within the filters."""
    low, high = window
    sides = (
        ((high + 1, MAX_CENTS), Sort.PRICE, DEARER_CARS),
        ((1, low - 1), Sort.PRICE_DESC, CHEAPER_CARS),
    )
    queries: list[Query] = []
    for side, sort, cars in sides:
        query = build_query(stock, filters, sort, window=side, after=None, today=today, rebates=rebates)
        queries.append(query.limited(cars))
    return queries
