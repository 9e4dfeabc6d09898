"""The cars just outside the price window. None can become a deal, but they show what would qualify them.

Stage 1 does not read them, so it counts only rejected cars inside the window. After the last page the nearest
ones are read and screened too, so that "$400 more down opens 63 cars" includes more expensive cars.
"""

import datetime as dt
from collections.abc import Sequence

from protocol.money.lending import Rebate
from protocol.records import MAX_CENTS, Filters, Sort
from server.search.sql.query import Exclusions, PriceWindow, Query, Stock, build_query

DEARER_CARS, CHEAPER_CARS = 400, 100
"""More cars above the window, because cash may qualify them. Those below are too small for any lender."""


def outside_queries(
    stock: Stock,
    filters: Filters,
    window: PriceWindow,
    *,
    today: dt.date,
    rebates: Sequence[Rebate] = (),
    exclusions: Exclusions = (),
) -> list[Query]:
    """Return the queries for the cars nearest to ``window`` on both sides of it, within the filters."""
    low, high = window
    sides = (
        ((high + 1, MAX_CENTS), Sort.PRICE, DEARER_CARS),
        ((1, low - 1), Sort.PRICE_DESC, CHEAPER_CARS),
    )
    queries: list[Query] = []
    for side, sort, cars in sides:
        query = build_query(
            stock,
            filters,
            sort,
            window=side,
            after=None,
            today=today,
            rebates=rebates,
            exclusions=exclusions,
        )
        queries.append(query.limited(cars))
    return queries
