"""Finding cars of a stock by stock number, VIN or words, whether they fit a deal or not.

A stock number that is given whole is looked up in its own index and comes first. Other words are found by the
index of grams, as a text filter finds them. Words that are too short or too common for it are compared in the
order of price, in a bounded part of the stock.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any, Final

from protocol.money.lending import Rebate
from protocol.records import MAX_CENTS, Filters, Sort
from server.search.sql.cursor import StockReader
from server.search.sql.query import Exclusions, Stock, build_query, build_stock_no_query
from server.search.sql.statement import OrderedQuery, Query

MOST_LOOKED_AT: Final = 20_000
"""How many cars are compared if no index finds the words."""

_OLDEST_YEAR, _LAST_YEAR = 1900, 2100
_EVERY_PRICE = (1, MAX_CENTS)


async def find_cars(
    reader: StockReader,
    stock: Stock,
    text: str,
    limit: int,
    *,
    today: dt.date,
    rebates: Sequence[Rebate] = (),
    exclusions: Exclusions = (),
) -> tuple[list[Any], bool]:
    """Return up to ``limit`` available cars with every word of ``text``, and whether there are more.

    Rows have ``RESULT_COLUMNS``. The car with this stock number comes first, then the others by price. A word
    that is a model year also finds the cars of that year.
    """
    words = text.split()
    reading: dict[str, Any] = {"today": today, "rebates": rebates, "exclusions": exclusions}
    rows = await reader.read(build_stock_no_query(stock, _spellings(words), **reading))
    for filters in _filters(words):
        query = build_query(stock, filters, Sort.PRICE, window=_EVERY_PRICE, after=None, **reading)
        rows += await reader.read(await _page(reader, query, limit + 1))
        found = {row["vehicle_id"]: row for row in rows}
        if len(found) > limit:
            break
    cars = list(found.values())
    return cars[:limit], len(cars) > limit


def _spellings(words: Sequence[str]) -> list[str]:
    """Return how a stock number may be written in the stock: as it was typed, or in one case."""
    text = " ".join(words)
    return list(dict.fromkeys((text, text.upper(), text.lower())))


def _filters(words: Sequence[str]) -> Iterator[Filters]:
    """Yield the filters that find the words: those with a model year first, then all of them as text."""
    years = [word for word in words if _is_year(word)]
    if len(years) == 1:
        rest = " ".join(word for word in words if word != years[0])
        yield Filters(text=rest or None, year_min=int(years[0]), year_max=int(years[0]))
    yield Filters(text=" ".join(words))


def _is_year(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) == 4 and _OLDEST_YEAR <= int(word) <= _LAST_YEAR


async def _page(reader: StockReader, query: OrderedQuery, rows: int) -> Query:
    among = await reader.cars_with(query.words)
    return query.page(None, rows, among=among, within=None if among is not None else MOST_LOOKED_AT)
