"""What a single Redis does is done on a cluster too: the tests of that, run on this.

A command whose keys are not on one slot would be refused with CROSSSLOT, and its test would fail.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from redis.asyncio import Redis

from protocol import codec
from protocol.events import Present
from protocol.records import Role
from server.counts.attempts import Attempts
from server.doctor.scripts import script_names
from server.log.cars import ShownCars
from server.log.channel_log import ChannelLog
from server.log.presence import PresenceLog
from server.log.redis_log import RedisLog
from server.log.search_log import Outcome, Progress
from server.work.census import take_census
from server.work.queue import JobQueue
from tests.cluster.redis.nodes import Cluster
from tests.counts import test_distinct, test_shared_counts
from tests.flow.searches.jobs import test_fair_queue
from tests.flow.searches.searching import pointer_to
from tests.log import (
    test_cars,
    test_log,
    test_search_leases,
    test_search_log,
    test_search_traces,
    test_walls,
)
from tests.log.writing import DEAL, HELD, events, started

ANN = Present(user_id="a", name="Ann", role=Role.SALESPERSON)
MODULES = (
    *(test_log, test_search_log, test_search_leases, test_search_traces, test_cars, test_walls),
    *(test_shared_counts, test_distinct, test_fair_queue),
)
PARTS = {"channel", "search_trace", "queue room"}
"""They begin other scripts."""

OF_ITS_OWN_APPLICATION = "searching"
"""The fixture of a test that opens more than Redis: it is played by the fault suite."""


def _tests() -> dict[str, Any]:
    """Return the tests of a single Redis that need nothing but a client of it."""
    found = {}
    for module in MODULES:
        for name, test in vars(module).items():
            own = name.startswith("test_") and callable(test)
            if own and OF_ITS_OWN_APPLICATION not in test.__code__.co_varnames:
                found[f"{name}_{module.__name__.rpartition('.')[2]}"] = test
    return found


globals().update(_tests())
walls, cars, queue = test_walls.walls, test_cars.cars, test_fair_queue.queue


@pytest.fixture
def make_log(redis: Redis) -> Callable[..., ChannelLog]:
    """How to make a log."""
    return partial(RedisLog, redis)


@pytest.fixture
def log(make_log: Callable[..., ChannelLog]) -> ChannelLog:
    """A log without any channel."""
    return make_log()


async def test_many_channels_are_asked_together(redis: Redis) -> None:
    """Who is here is said of channels on all nodes, and each answer is that of its channel."""
    here, there = PresenceLog(redis, "here"), PresenceLog(redis, "there")
    channels = {f"deal:{number}": [ANN] if number % 2 else [] for number in range(60)}
    await here.say(channels)
    heard = await there.say({channel: [] for channel in channels})
    assert list(heard) == list(channels)
    assert [bool(heard[channel]) for channel in channels] == [bool(said) for said in channels.values()]


async def test_attempts_are_counted_by_all(redis: Redis) -> None:
    """Each name is on a slot of its own."""
    for number in range(20):
        assert (await Attempts(redis).take(f"name-{number}", 60))[0] == 1
        assert (await Attempts(redis).take(f"name-{number}", 60))[0] == 2
        await Attempts(redis).give_back(f"name-{number}")
        assert (await Attempts(redis).take(f"name-{number}", 60))[0] == 2
        await Attempts(redis).forget(f"name-{number}")


async def test_the_queue_is_counted_and_left(redis: Redis) -> None:
    """The queue is on one slot, and so is a transaction over its keys."""
    queue = JobQueue(redis, lease_ms=1)
    assert await queue.take(1) is None
    await queue.put(pointer_to("deal:1", 0))
    assert await queue.length() == 1
    assert (await take_census(redis)).ready + (await take_census(redis)).waiting == 1
    delivery = await queue.take(1_000) or await queue.sweep()
    assert delivery is not None
    await queue.bury(delivery, "a reason")
    await queue.leave()
    assert (await take_census(redis)).dead_letters == 1


async def test_chunks_that_are_known_come_with_their_offers(redis: Redis) -> None:
    """Also on a cluster, and a car that has not changed is told by nobody."""
    log = RedisLog(redis)
    await started(log)
    outcome = await log.searches.valued_matches(
        DEAL,
        search_id="s1",
        chunk=0,
        rows=1,
        columns=codec.encode({"vehicle_id": ["v1"], "rev": [1]}),
        offers=codec.encode({"vehicle_id": ["v1"], "rev": [1]}),
        progress=Progress(1, 1, 1),
        rejected=[],
        place="",
        lease=HELD,
    )
    assert outcome is Outcome.PUBLISHED
    assert [event["type"] for event in await events(log)][1:] == ["matches", "offers"]
    assert await ShownCars(redis).changes(DEAL) == {}


async def test_every_script_ran_on_the_cluster(cluster: Cluster, redis: Redis) -> None:
    """After the tests above, there is none that this file has not tried on one of its slots."""
    known: set[str] = set()
    digests = script_names()
    for node in cluster.masters():
        found = node.ask("SCRIPT", "EXISTS", *digests)
        known |= {name for (_, name), there in zip(digests.items(), found, strict=True) if there}
    assert set(digests.values()) - known == PARTS
