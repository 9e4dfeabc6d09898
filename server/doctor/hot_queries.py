"""The queries that people wait for, as the application itself asks them.

The application's own functions run against a recorder, so that what is explained is what is asked, also after
somebody has changed it. Statements inside functions of the database are repeated here, because EXPLAIN does
not enter a function; a test compares them with the functions' sources.
"""

import datetime as dt
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from msgspec import Struct

from protocol.records import Filters, Scope, Sort
from server.database.deals.deal_parts import load_whole
from server.database.deals.deals import events_after, list_deals
from server.database.deals.finding import DEALS_ABOUT, DEALS_NUMBERED, DEALS_OF, MOST
from server.database.deals.story import story_page
from server.database.deals.wall import wall_of
from server.database.editions.versions import stock_version
from server.search.sql.cursor import CARS_LOOKED_AT, FIRST_CHUNK, LATER_CHUNKS
from server.search.sql.query import Stock, build_query, build_stock_no_query
from server.search.sql.statement import Keyset
from server.search.sql.supply import read_supply

EVERY_PRICE: Final = (1, 10**9)
SAMPLE_WORD: Final = "camry"
FEW: Final = 20


class Place(Struct, frozen=True, kw_only=True):
    """A store, and a deal and a customer of it, to ask about. Ids that nobody has serve as well."""

    store_id: str
    group_id: str
    deal_id: str
    customer_id: str


class HotQuery(Struct, frozen=True, kw_only=True):
    """A query with its arguments. ``ordered`` if an index must give its order; ``presorted`` if it runs as a
    search does, with sorting discouraged. ``owner`` if it runs inside a function, as the owner.

    ``writes`` if it takes locks, so that it is never run. ``wide`` if it adds up counts, of which it
    needs most while the tables are young.
    """

    name: str
    text: str
    args: tuple[Any, ...] = ()
    ordered: bool = False
    presorted: bool = False
    owner: bool = False
    writes: bool = False
    wide: bool = False


class _Recorder:
    """Takes the place of a connection: keeps what is asked, and finds nothing."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[Any, ...]]] = []

    async def fetch(self, text: str, *args: Any) -> list[Any]:
        self.asked.append((text, args))
        return []

    async def fetchrow(self, text: str, *args: Any) -> None:
        self.asked.append((text, args))

    async def fetchval(self, text: str, *args: Any) -> None:
        self.asked.append((text, args))


IN_FUNCTIONS: Final[dict[str, tuple[str, str]]] = {
    "a decision: the deal's row lock": (
        "lock_deal",
        "SELECT d.store_id, d.state, d.version, d.last_no, d.structure, d.salesperson_id, d.selected_offer,"
        " d.fulfilment::text, now(), d.agreed, d.proposal"
        "{into} FROM deals d WHERE d.deal_id = {locked_deal} FOR NO KEY UPDATE",
    ),
    "a decision: the op's first answer": (
        "lock_deal",
        "SELECT e.reply, e.asked, e.user_id FROM deal_events e WHERE e.deal_id = {locked_deal} AND e.op ="
        " {given_op} UNION ALL SELECT o.reply, o.asked, NULL FROM deal_ops o WHERE o.deal_id = {locked_deal}"
        " AND o.op = {given_op}",
    ),
    "a text filter: cars with the words": (
        "cars_with_text",
        "SELECT v.vehicle_id FROM public.vehicles v WHERE v.status = 'available' AND v.group_id = {own_group}"
        " AND public.car_grams(lower(v.make || ' ' || v.model || ' ' || v.trim || ' ' || v.stock_no || ' ' ||"
        " v.vin)) @> {grams} LIMIT {most}",
    ),
    "find: customers by name": (
        "customers_named",
        "SELECT c.customer_id, c.name, c.co_name, c.city, c.phone FROM public.customers c"
        " WHERE c.store_id = {store} AND to_tsvector('simple', c.name || ' ' || coalesce(c.co_name, ''))"
        " @@ to_tsquery('simple', {words}) AND num_nulls(c.restricted_at, c.erased_at) = 2"
        " ORDER BY c.name, c.customer_id LIMIT {most}",
    ),
    "find: customers by phone": (
        "customers_phoned",
        "SELECT c.customer_id, c.name, c.co_name, c.city, c.phone FROM public.customers c"
        " WHERE c.store_id = {store} AND c.phone <> ''"
        " AND reverse(regexp_replace(c.phone, '[^0-9]', '', 'g')) LIKE {backwards}"
        " AND num_nulls(c.restricted_at, c.erased_at) = 2"
        " ORDER BY c.name, c.customer_id LIMIT {most}",
    ),
}
"""Statements inside the database's functions: the function, and the statement with its parameters named."""


async def hot_queries(place: Place, today: dt.date) -> list[HotQuery]:
    """Return every query of the hot path, asked about a place."""
    return [
        *_pages(place, today),
        *await _recorded(place, today),
        *_found(place, today),
        *_inside(place),
    ]


def _pages(place: Place, today: dt.date) -> list[HotQuery]:
    found = []
    for scope in Scope:
        stock = Stock(place.store_id, place.group_id, scope)
        for sort in Sort:
            query = build_query(stock, Filters(), sort, window=EVERY_PRICE, after=None, today=today)
            worded = build_query(
                stock, Filters(text=SAMPLE_WORD), sort, window=EVERY_PRICE, after=None, today=today
            )
            where = Keyset(dt.date(2026, 1, 1).toordinal() if "stock" in sort else 20_000, 1)
            pages = {
                "first page": query.page(None, FIRST_CHUNK),
                "next page": query.page(where, LATER_CHUNKS),
                "text": worded.page(None, FIRST_CHUNK, within=CARS_LOOKED_AT),
            }
            found += [
                HotQuery(
                    name=f"search by {sort} in the {scope}, {name}",
                    text=page.text,
                    args=page.args,
                    ordered=True,
                    presorted=True,
                )
                for name, page in pages.items()
            ]
    return found


async def _recorded(place: Place, today: dt.date) -> list[HotQuery]:
    def version(database: Any) -> Awaitable[Any]:
        return stock_version(
            database,
            store_id=place.store_id,
            group_id=place.group_id,
            scope=Scope.STORE,
            deal_id=place.deal_id,
        )

    def supply(database: Any) -> Awaitable[Any]:
        return read_supply(database, Stock(place.store_id, place.group_id, Scope.GROUP), today)

    asked: dict[str, Callable[[Any], Awaitable[Any]]] = {
        "search: version of the stock": version,
        "search: days' supply": supply,
        "opening a deal": lambda database: load_whole(database, place.deal_id),
        "the wall": lambda database: wall_of(database, place.store_id),
        "the list of deals": lambda database: list_deals(database, place.store_id, None, 50),
        "a deal's story": lambda database: story_page(database, place.deal_id, 100, 50),
        "events after a number": lambda database: events_after(database, place.deal_id, 1, 100),
    }
    found = []
    for name, ask in asked.items():
        recorder = _Recorder()
        with suppress(LookupError):  # a query that always returns a row
            await ask(recorder)
        found += [
            HotQuery(name=name, text=text, args=args, wide=ask is supply) for text, args in recorder.asked
        ]
    return found


def _found(place: Place, today: dt.date) -> list[HotQuery]:
    stock = Stock(place.store_id, place.group_id, Scope.GROUP)
    number = build_stock_no_query(stock, ["A1"], today=today)
    return [
        HotQuery(name="find: cars by stock number", text=number.text, args=number.args),
        HotQuery(
            name="find: deals of a customer",
            text=DEALS_OF,
            args=(place.store_id, [place.customer_id], MOST),
        ),
        HotQuery(
            name="find: deals by number",
            text=DEALS_NUMBERED,
            args=(place.store_id, place.deal_id, place.deal_id, MOST),
        ),
        HotQuery(name="find: deals about a car", text=DEALS_ABOUT, args=(place.store_id, ["A1"], MOST)),
    ]


def _inside(place: Place) -> list[HotQuery]:
    nobody = "00000000-0000-0000-0000-000000000000"
    values = {
        "locked_deal": f"'{place.deal_id}'::uuid",
        "given_op": f"'{nobody}'::uuid",
        "into": "",
        "own_group": f"'{place.group_id}'",
        "grams": f"public.car_grams('{SAMPLE_WORD}')",
        "store": f"'{place.store_id}'",
        "words": "'smith:*'",
        "backwards": "'7654321%'",
        "most": str(FEW),
    }
    return [
        HotQuery(
            name=name,
            text=text.format(**values),
            owner=function != "lock_deal",
            writes="FOR NO KEY UPDATE" in text,
        )
        for name, (function, text) in IN_FUNCTIONS.items()
    ]
