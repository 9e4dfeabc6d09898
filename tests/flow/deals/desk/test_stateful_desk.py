"""Whatever people do to a deal, in whatever order: rows, history and log tell one story."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from redis.asyncio import Redis

from protocol.records import Actor, Role
from server.database.core.scope import everything
from server.log.channel_log import ChannelLog
from server.log.redis_log import RedisLog
from server.settings import Settings
from tests.flow.deals.desk.machine.shop import Shop, runner
from tests.flow.deals.desk.stateful_desk import DeskMachine
from tests.services import open_owner_pool
from tests.twin.memory_log import MemoryLog

pytestmark = pytest.mark.flow


@pytest.fixture
def shop(stocked: Settings) -> Iterator[Shop]:
    """A sample store's staff, a customer, three cars and a programme."""
    with asyncio.Runner() as loops:
        run = runner(loops.get_loop())
        pool = run(open_owner_pool(stocked))
        people = run(
            pool.fetch(
                "SELECT user_id::text, name, role FROM users"
                " WHERE login IN ('riverside-sales', 'riverside-manager') ORDER BY role"
            )
        )
        sales, manager = (
            Actor(id=row["user_id"], name=row["name"], role=Role(row["role"])) for row in people
        )
        programme = run(
            pool.fetchrow("SELECT * FROM lender_programmes WHERE tier = 'prime' AND term_months = 60 LIMIT 1")
        )
        cars = run(
            pool.fetch(
                "SELECT vehicle_id::text, rev FROM vehicles WHERE store_id = 'riverside'"
                " AND status = 'available' ORDER BY vehicle_id LIMIT 3"
            )
        )
        yield Shop(
            run=run,
            pool=pool,
            scope=everything(pool),
            sales=sales,
            manager=manager,
            customer_id=run(
                pool.fetchval("SELECT customer_id::text FROM customers WHERE store_id = 'riverside' LIMIT 1")
            ),
            cars=[(row["vehicle_id"], row["rev"]) for row in cars],
            rates=programme["rates_version"],
            leases=run(
                pool.fetchval("SELECT leases_version FROM lease_sheets ORDER BY effective_from DESC LIMIT 1")
            ),
            programme=dict(programme),
        )
        run(pool.close())


def test_over_the_log_in_memory(shop: Shop) -> None:
    """With the twin, which can lose everything."""

    class InMemory(DeskMachine):
        """The machine over the twin."""

        def make_log(self) -> ChannelLog:
            self._memory = MemoryLog()
            return self._memory

        def lose_log(self) -> None:
            self._memory.lose()

    InMemory.shop = shop
    run_state_machine_as_test(
        InMemory,
        settings=settings(
            max_examples=30, stateful_step_count=40, suppress_health_check=[HealthCheck.too_slow]
        ),
    )


def test_over_redis(shop: Shop, stocked: Settings) -> None:
    """With Redis, which is emptied."""
    redis = Redis.from_url(stocked.redis_url)

    class InRedis(DeskMachine):
        """The machine over a real Redis."""

        def make_log(self) -> ChannelLog:
            return RedisLog(redis)

        def lose_log(self) -> None:
            shop.run(redis.flushall())

    InRedis.shop = shop
    run_state_machine_as_test(
        InRedis,
        settings=settings(
            max_examples=10, stateful_step_count=40, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
    shop.run(redis.aclose())
