"""A reader of the stock reads one page ahead while the page in hand is worked on, and no page for nothing."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from server.search.sql.cursor import FIRST_CHUNK, LATER_CHUNKS, PAGES, StockReader
from server.search.sql.query import RESULT_COLUMNS
from server.search.sql.statement import OrderedQuery
from server.search.trace import Trace


class Query:
    """A query of the cars from 1 on."""

    words: tuple[str, ...] = ()

    def page(self, after: Any, size: int, **_among: Any) -> "Query":
        one = Query()
        one.text, one.args = "", (after.vehicle_id if after else 0, size)  # type: ignore[attr-defined]
        return one


class Stock:
    """A connection to so many cars, which answers when it is let."""

    def __init__(self, cars: int) -> None:
        self.cars = cars
        self.asked: list[int] = []
        self.let = asyncio.Event()
        self.let.set()
        self.failure: Exception | None = None
        self.busy = 0

    async def fetch(self, _text: str, after: int, size: int) -> Sequence[Any]:
        self.asked.append(size)
        self.busy += 1
        assert self.busy == 1, "a connection does one thing at a time"
        try:
            await self.let.wait()
            if self.failure is not None:
                raise self.failure
            return [row(car) for car in range(after + 1, min(after + size, self.cars) + 1)]
        finally:
            self.busy -= 1


def row(car: int) -> tuple[Any, ...]:
    return tuple(str(car) if name == "vehicle_id" else car for name in RESULT_COLUMNS)


def cars_of(rows: Sequence[Any]) -> list[int]:
    return [int(each[RESULT_COLUMNS.index("vehicle_id")]) for each in rows]


async def at_the_last_page(reader: StockReader, query: OrderedQuery) -> int:
    """Read up to the first part of the last of PAGES, and return how many of its rows are left."""
    read = 0
    while read < sum(PAGES[:-1]):
        read += len((await reader.fetch(query))[0])
    return PAGES[-1] - len((await reader.fetch(query))[0])


def reader_of(stock: Stock) -> tuple[StockReader, OrderedQuery]:
    return StockReader(cast(Any, stock), Trace()), cast(OrderedQuery, Query())


@pytest.mark.parametrize("cars", [0, 1, FIRST_CHUNK, FIRST_CHUNK + 1, FIRST_CHUNK + 64, 3_000])
async def test_every_row_comes_once_and_in_order(cars: int) -> None:
    """Also where the page that was read ahead is the last one, or empty."""
    reader, query = reader_of(Stock(cars))
    found: list[int] = []
    more = True
    while more:
        rows, more = await reader.fetch(query)
        assert len(rows) <= LATER_CHUNKS
        found += cars_of(rows)
        reader.read_ahead(query, 10_000)
        await asyncio.sleep(0)
    assert found == list(range(1, cars + 1))


async def test_the_next_page_is_read_meanwhile() -> None:
    """It is asked for before anybody waits for it, and asked for once."""
    stock = Stock(10_000)
    async with reader_of(stock)[0] as reader:
        query = reader_of(stock)[1]
        await reader.fetch(query)
        reader.read_ahead(query, 10_000)
        reader.read_ahead(query, 10_000)
        await asyncio.sleep(0)
        assert stock.asked == [PAGES[0], PAGES[1]]
        await reader.fetch(query)
        assert stock.asked == [PAGES[0], PAGES[1]]


async def test_no_page_is_read_that_is_not_needed() -> None:
    """The page in hand has as many rows as are wanted."""
    stock = Stock(10_000)
    reader, query = reader_of(stock)
    left = await at_the_last_page(reader, query)
    reader.read_ahead(query, left)
    await asyncio.sleep(0)
    assert stock.asked == list(PAGES)
    reader.read_ahead(query, left + 1)
    await asyncio.sleep(0)
    assert stock.asked == [*PAGES, LATER_CHUNKS]
    await reader.fetch(query)


@pytest.mark.parametrize(
    ("beyond", "size"), [(1, LATER_CHUNKS), (700, 700), (PAGES[-1], PAGES[-1]), (5_000, PAGES[-1])]
)
@pytest.mark.parametrize("ahead", [True, False])
async def test_a_later_page_has_as_many_rows_as_are_wanted(beyond: int, size: int, *, ahead: bool) -> None:
    """Within what a query asks for at least and at most, whether it is read ahead or not."""
    stock = Stock(10_000)
    reader, query = reader_of(stock)
    left = await at_the_last_page(reader, query)
    if not ahead:
        while left:
            left -= len((await reader.fetch(query))[0])
        await reader.fetch(query, beyond)
    else:
        reader.read_ahead(query, left + beyond)
        await asyncio.sleep(0)
    assert stock.asked == [*PAGES, size]
    await reader.fetch(query, beyond)


async def test_the_connection_is_free_afterwards() -> None:
    """Who stops early waits for what is under way; who fails has it cancelled."""
    stock = Stock(10_000)
    reader, query = reader_of(stock)
    async with reader:
        await reader.fetch(query)
        stock.let.clear()
        reader.read_ahead(query, 100)
        await asyncio.sleep(0)
        assert stock.busy == 1
        asyncio.get_running_loop().call_soon(stock.let.set)
    assert stock.busy == 0
    reader, query = reader_of(stock)
    with pytest.raises(ZeroDivisionError):
        async with reader:
            await reader.fetch(query)
            stock.let.clear()
            reader.read_ahead(query, 100)
            await asyncio.sleep(0)
            raise ZeroDivisionError
    assert stock.busy == 0


async def test_what_fails_ahead_fails_where_the_rows_are_wanted() -> None:
    """Not before, and not unseen."""
    stock = Stock(10_000)
    reader, query = reader_of(stock)
    await reader.fetch(query)
    stock.failure = OSError("gone")
    reader.read_ahead(query, 100)
    await asyncio.sleep(0)
    with pytest.raises(OSError, match="gone"):
        await reader.fetch(query)
