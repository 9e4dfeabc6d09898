"""Decisions reach the log from Postgres in order and once, whoever crashed and however many relay."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from protocol import codec
from protocol.channels import deal_channel
from protocol.deal.structure import StructureChanges
from protocol.records import Actor, Role
from server.database.core.pool import open_system_pool
from server.database.core.scope import RowScope, everything
from server.database.decisions.deciding import DealEvent
from server.database.decisions.edits.terms import change_terms
from server.database.sample.seed import SeedPlan
from server.hub.upkeep import relay as relay_module
from server.hub.upkeep.relay import Relay
from server.log.links.topology import SlotAway
from server.log.redis_log import RedisLog
from server.log.redis_scripts import bell_name
from server.settings import Settings
from tests.services import Database, Services, open_owner_pool

pytestmark = pytest.mark.flow

GUARD_SECONDS = 60.0


@dataclass
class Bench:
    """One deal, its log and a relay."""

    pool: asyncpg.Pool
    system: RowScope
    redis: Redis
    log: RedisLog
    relay: Relay
    deal_id: str
    actor: Actor

    async def published(self) -> list[int]:
        """Return the versions in the log."""
        channel = deal_channel(self.deal_id)
        head = await self.log.head(channel)
        entries = await self.log.read(channel, head.epoch, 0, 1000)
        assert entries is not None
        return [codec.decode(entry.body)["version"] for entry in entries]


@pytest.fixture
def sample() -> SeedPlan:
    """Two deals."""
    return SeedPlan(vehicles=5, customers=3, deals=2)


@pytest.fixture
async def bench(settings: Settings) -> AsyncIterator[Bench]:
    """A deal at version 0 whose channel stands at base 0."""
    pool, system = await open_owner_pool(settings), await open_system_pool(settings)
    whole = everything(system)
    async with Redis.from_url(settings.redis_url) as redis:
        log = RedisLog(redis)
        row = await pool.fetchrow("SELECT deal_id, salesperson_id FROM deals WHERE version = 0 LIMIT 1")
        actor = Actor(id=str(row["salesperson_id"]), name="Ann", role=Role.SALESPERSON)
        bench = Bench(pool, whole, redis, log, Relay(whole, log), str(row["deal_id"]), actor)
        await bench.relay.publish(bench.deal_id)
        yield bench
    await pool.close()
    await system.close()


async def edit(bench: Bench, versions: range) -> None:
    """Commit decisions of which each is based on the one before it."""
    for version in versions:
        await change_terms(
            everything(bench.pool),
            bench.deal_id,
            op=uuid.uuid4(),
            based_on=version - 1,
            changes=StructureChanges(discount_cents=version),
            actor=bench.actor,
        )


async def test_what_a_crash_left_is_relayed_in_order(bench: Bench) -> None:
    """Decisions that were committed and never published go first, whoever relays next."""
    await edit(bench, range(1, 6))
    assert await bench.published() == []
    await Relay(bench.system, bench.log).publish(bench.deal_id)
    assert await bench.published() == [1, 2, 3, 4, 5]


async def test_many_relays_publish_each_decision_once(bench: Bench) -> None:
    """Hubs that relay the same decisions at the same time neither repeat nor reorder them."""
    await edit(bench, range(1, 21))
    relays = [Relay(bench.system, bench.log) for _ in range(4)]
    await asyncio.gather(*(relay.publish(bench.deal_id) for relay in relays))
    assert await bench.published() == list(range(1, 21))


async def test_a_new_epoch_begins_behind_what_was_decided(bench: Bench) -> None:
    """Once Redis lost the log, snapshots hold the old decisions; only newer ones are events."""
    await edit(bench, range(1, 4))
    await bench.redis.flushall()
    await bench.relay.publish(bench.deal_id)
    assert await bench.published() == []
    await edit(bench, range(4, 6))
    await bench.relay.publish(bench.deal_id)
    assert await bench.published() == [4, 5]


async def test_a_log_that_is_ahead_of_the_database_begins_anew(
    bench: Bench, services: Services, database: Database
) -> None:
    """After a failover that lost decisions; those that take their numbers are published."""
    await edit(bench, range(1, 6))
    await bench.relay.publish(bench.deal_id)
    channel = deal_channel(bench.deal_id)
    before = await bench.log.head(channel)
    services.run_sql(
        "SET session_replication_role = replica",
        "DELETE FROM deal_events WHERE no > 3",
        f"UPDATE deals SET version = 3, last_no = 3 WHERE deal_id = '{bench.deal_id}'",  # noqa: S608 - an id of the test
        database=database.name,
    )
    await bench.relay.publish(bench.deal_id)
    after = await bench.log.head(channel)
    assert after.epoch != before.epoch
    assert (after.seq, after.no) == (0, 3)
    await edit(bench, range(4, 6))
    await bench.relay.publish(bench.deal_id)
    assert await bench.published() == [4, 5]


async def test_what_is_owed_is_paid(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A decision that could not be published, because Redis was away, is published without anybody asking."""
    monkeypatch.setattr(relay_module, "RETRY_SECONDS", 0.01)
    await edit(bench, range(1, 3))
    head = bench.log.head
    away = True

    async def refuse(channel: str) -> object:
        if away:
            raise RedisError("away")
        return await head(channel)

    monkeypatch.setattr(bench.log, "head", refuse)
    with pytest.raises(RedisError):
        await bench.relay.publish(bench.deal_id)
    paying = asyncio.create_task(bench.relay.run())
    async with asyncio.timeout(GUARD_SECONDS), bench.redis.pubsub() as bells:
        await bells.subscribe(bell_name(deal_channel(bench.deal_id)))
        await bells.get_message(timeout=5)
        away = False
        while await bells.get_message(ignore_subscribe_messages=True, timeout=1) is None:
            pass
    monkeypatch.setattr(bench.log, "head", head)
    async with asyncio.timeout(GUARD_SECONDS):
        await bench.relay.publish(bench.deal_id)
    assert await bench.published() == [1, 2]
    paying.cancel()
    await asyncio.gather(paying, return_exceptions=True)


@dataclass
class Watched:
    """Stands for a registry that watches every channel; remembers what is told without the log."""

    told: asyncio.Queue[list[int]]

    def __contains__(self, _: str) -> bool:
        return True

    def last_no(self, _: str) -> int:
        return 0

    def tell(self, _: str, decisions: Sequence[DealEvent]) -> None:
        self.told.put_nowait([decided.no for decided in decisions])


@pytest.mark.parametrize(("error", "delivered"), [(SlotAway, True), (RedisError, False)])
async def test_a_deal_whose_slot_is_away_is_shown_here(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: type[RedisError], delivered: bool
) -> None:
    """The breaker knows nothing of one slot of a cluster. Other errors that Redis answers end soon, and then
    the log has the decision.
    """
    monkeypatch.setattr(relay_module, "GRACE_SECONDS", 0.0)
    failed = asyncio.Event()

    async def refuse(_: str) -> object:
        failed.set()
        raise error("slot 1 is moving")

    watched: Any = Watched(asyncio.Queue())
    relay = Relay(bench.system, bench.log, watched)
    await edit(bench, range(1, 3))
    monkeypatch.setattr(bench.log, "head", refuse)
    running = asyncio.create_task(relay.run())
    async with asyncio.timeout(GUARD_SECONDS):
        relay.heard(f"{bench.deal_id} 2 riverside")
        if delivered:
            assert await watched.told.get() == [1, 2]
        else:
            await failed.wait()
            await asyncio.sleep(0.05)
            assert watched.told.empty()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_database_that_went_back_begins_a_new_epoch(bench: Bench) -> None:
    """What the log told of is no more: everybody needs a snapshot, and new decisions are told again."""
    await edit(bench, range(1, 4))
    await bench.relay.publish(bench.deal_id)
    before = await bench.log.head(deal_channel(bench.deal_id))
    await bench.pool.execute("ALTER TABLE deal_events DISABLE TRIGGER USER")
    await bench.pool.execute("DELETE FROM deal_events WHERE no > 1")
    await bench.pool.execute("ALTER TABLE deal_events ENABLE TRIGGER USER")
    await bench.pool.execute("UPDATE deals SET version = 1, last_no = 1 WHERE version = 3")
    await bench.relay.publish(bench.deal_id)
    after = await bench.log.head(deal_channel(bench.deal_id))
    assert (after.epoch != before.epoch, after.no) == (True, 1)
    await edit(bench, range(2, 3))
    await bench.relay.publish(bench.deal_id)
    assert await bench.published() == [2]
