"""The cars outside the price window. None can become a deal, but they show what would qualify them.

Stage 1 does not read them, so it counts only rejected cars inside the window. After the last page they are
read and screened too, the nearest first, so that "$400 more down opens 63 cars" includes more expensive cars.
If there are more than are read, the counts are lower bounds.
"""

import datetime as dt
from collections.abc import Sequence

from protocol.money.lending import Rebate
from protocol.records import MAX_CENTS, Filters, Sort
from server.search.sql.query import Exclusions, LeasedCars, PriceWindow, Stock, build_query
from server.search.sql.statement import OrderedQuery

DEARER_CARS, CHEAPER_CARS = 4_000, 1_000
"""More cars above the window, because cash may qualify them. Those below are too small for any lender."""


def outside_queries(
    stock: Stock,
    filters: Filters,
    window: PriceWindow,
    *,
    today: dt.date,
    rebates: Sequence[Rebate] = (),
    exclusions: Exclusions = (),
    leased: LeasedCars | None = None,
) -> list[OrderedQuery]:
    """Return the queries for the cars nearest to ``window`` on both sides of it, within the filters. Dearer
    cars that may be ``leased`` are inside.
    """
    low, high = window
    sides = (
        ((high + 1, MAX_CENTS), Sort.PRICE, DEARER_CARS),
        ((1, low - 1), Sort.PRICE_DESC, CHEAPER_CARS),
    )
    queries: list[OrderedQuery] = []
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
            unless_leased=leased if sort is Sort.PRICE else None,
        )
        queries.append(query.limited(cars))
    return queries
