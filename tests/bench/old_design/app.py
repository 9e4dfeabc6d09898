"""The system that this one replaces, rebuilt as a baseline.

``python -m tests.bench.old_design.app PORT COUNTS CARS_A_JOB`` is a REST service. It fetches deal and
customer on every request, loads all inventory and filters it, answers with all matches at once, and has NPV
jobs in a thread pool, which leave their results in Redis. Redis is called synchronously, with a new
connection for each call. The page asks again every second.

It computes with the same engine, on the same Postgres and Redis. Where the old system is not known, this one
has the better of two ways: its statements are fast, it signs nobody in, and one poll asks for all news.
"""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import asyncpg
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from protocol import codec
from server.database.core.pool import prepare_connection
from tests.bench.old_design.counting import Asked, Cache, count_statements
from tests.bench.old_design.inventory import Found, fetch_deal, find_matches

CACHE_SECONDS: Final = 4 * 60 * 60
POOL: Final = 10


class Service:
    """All that the old service does."""

    def __init__(self, database_url: str, redis_url: str, cars_a_job: int) -> None:
        self.asked = Asked()
        self._database_url = database_url
        self._cache = Cache(redis_url, self.asked)
        self._cars_a_job = cars_a_job
        self._threads = ThreadPoolExecutor()
        self._pool: asyncpg.Pool

    @asynccontextmanager
    async def running(self, _app: Starlette, counts: Path) -> AsyncIterator[None]:
        """Open the pool; leave the counts at the end."""
        self._pool = await asyncpg.create_pool(
            self._database_url, min_size=2, max_size=POOL, init=self._prepare
        )
        yield
        self._threads.shutdown(cancel_futures=True)
        await self._pool.close()
        self.asked.write(counts)

    async def _prepare(self, database: asyncpg.Connection) -> None:
        await prepare_connection(database)
        count_statements(database, self.asked)

    async def deal(self, request: Request) -> Response:
        """Answer with the deal and its customer."""
        async with self._pool.acquire() as database:
            deal, customer = await fetch_deal(database, request.path_params["deal_id"])
        return _json({"id": deal.id, "version": deal.version, "customer": customer})

    async def search(self, request: Request) -> Response:
        """Load, filter, answer with everything, and leave the NPVs to jobs."""
        deal_id, mileage_max = request.path_params["deal_id"], int(request.query_params["mileage_max"])
        async with self._pool.acquire() as database:
            deal, _customer = await fetch_deal(database, deal_id)
            found = await find_matches(database, deal, mileage_max)
        names = [str(row["vehicle_id"]) for row in found.rows]
        self._cache.keep(f"found:{deal_id}", orjson.dumps(names), CACHE_SECONDS)
        for start in range(0, len(names), self._cars_a_job):
            part = slice(start, start + self._cars_a_job)
            self._threads.submit(self._value, deal_id, names[part], found, part)
        return _json({"matches": found.rows})

    async def offers(self, request: Request) -> Response:
        """Answer with every match's offer, as far as it is there."""
        deal_id = request.path_params["deal_id"]
        async with self._pool.acquire() as database:
            deal, _customer = await fetch_deal(database, deal_id)
        found: list[str] = orjson.loads(self._cache.get(f"found:{deal_id}") or b"[]")
        values = self._cache.get_many([_key(deal_id, vehicle_id) for vehicle_id in found])
        offers = {name: orjson.loads(value) for name, value in zip(found, values, strict=True) if value}
        return _json({"version": deal.version, "pending": len(found) - len(offers), "offers": offers})

    def _value(self, deal_id: str, names: list[str], found: Found, part: slice) -> None:
        """Value some cars, in a thread, and keep each offer."""
        offers = found.offers(part)
        for place, vehicle_id in enumerate(names):
            offer = {name: column[place] for name, column in offers.items()}
            self._cache.keep(_key(deal_id, vehicle_id), codec.encode(offer), CACHE_SECONDS)


def _key(deal_id: str, vehicle_id: str) -> str:
    return f"npv:{deal_id}:{vehicle_id}"


def _json(content: Any) -> Response:
    return Response(orjson.dumps(content, default=str), media_type="application/json")


def main(port: str, counts: str, cars_a_job: str) -> None:
    """Serve on a port of the loopback interface."""
    service = Service(os.environ["DATABASE_OWNER_URL"], os.environ["REDIS_URL"], int(cars_a_job))
    app = Starlette(
        routes=[
            Route("/api/deals/{deal_id}", service.deal),
            Route("/api/deals/{deal_id}/search", service.search, methods=["POST"]),
            Route("/api/deals/{deal_id}/offers", service.offers),
            Route("/", lambda _request: Response()),
        ],
        lifespan=partial(service.running, counts=Path(counts)),
    )
    listener = socket.create_server(("127.0.0.1", int(port)), backlog=2048)
    config = uvicorn.Config(app, loop="uvloop", log_level="error", timeout_graceful_shutdown=3)
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    main(*sys.argv[1:])
