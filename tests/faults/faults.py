"""The faults: what is done to the services and processes while people work."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tests.faults import strain
from tests.faults.play import Scene

HANG_SECONDS: Final = 2.5
BEHIND_SECONDS: Final = 1.5


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong. ``inject`` is as ``play`` wants it.

    ``short`` ones are played by every test run, all of them by ``make faults``.
    """

    name: str
    inject: Callable[[Scene], Awaitable[None]]
    short: bool = False


async def _kill_web(scene: Scene) -> None:
    await scene.stage.webs[0].kill()


async def _kill_worker(scene: Scene) -> None:
    await scene.stage.workers[0].kill()


async def _lose_redis(scene: Scene) -> None:
    await asyncio.to_thread(scene.stage.redis.restart, None)
    await scene.stage.ready()


async def _restart_redis(scene: Scene) -> None:
    data = await asyncio.to_thread(scene.stage.redis.save)
    await asyncio.to_thread(scene.stage.redis.restart, data)


async def _age_redis(scene: Scene) -> None:
    data = await asyncio.to_thread(scene.stage.redis.save, "old.rdb")
    await asyncio.sleep(1.5)
    await asyncio.to_thread(scene.stage.redis.restart, data)


async def _fail_over_redis(scene: Scene) -> None:
    """The replica that takes over was cut off before: what was written since then is lost."""
    redis = scene.stage.redis
    replica = await asyncio.to_thread(redis.replicate)
    try:
        await asyncio.to_thread(replica.cut_off)
        await asyncio.sleep(BEHIND_SECONDS)
        await asyncio.to_thread(redis.give_way, replica)
    except BaseException:
        replica.kill()
        raise
    await scene.stage.ready()


async def _hang_redis(scene: Scene) -> None:
    scene.stage.redis.freeze()
    await asyncio.sleep(HANG_SECONDS)
    scene.stage.redis.thaw()


async def _restart_postgres(scene: Scene) -> None:
    await scene.stage.restart_postgres(crash=False)


async def _crash_postgres(scene: Scene) -> None:
    await scene.stage.restart_postgres(crash=True)


async def _kill_pubsub(scene: Scene) -> None:
    with scene.stage.redis.client() as client:
        for _ in range(5):
            client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            await asyncio.sleep(0.2)


def _crash(step: str, hits: int = 1, *, short: bool = False) -> Fault:
    async def inject(scene: Scene) -> None:
        await scene.stage.crash_at(step, hits)

    return Fault(f"killed: {step}", inject, short)


def _crash_in_search(step: str, hits: int = 1, *, short: bool = False) -> Fault:
    """Of a search that nobody replaces: whoever is left must bring it to its end."""

    async def inject(scene: Scene) -> None:
        async with scene.at_rest():
            await scene.stage.crash_at(step, hits)

    return Fault(f"killed: {step}", inject, short)


async def _crash_who_adopts(scene: Scene) -> None:
    async def first() -> None:
        await scene.stage.crash_at("chunk-published")

    async with scene.at_rest():
        await scene.stage.crash_at("search-adopted", meanwhile=first)


async def _crash_in_join(scene: Scene) -> None:
    async def everybody_joins() -> None:
        await _lose_redis(scene)

    await scene.stage.crash_at("head-captured", meanwhile=everybody_joins)


FAULTS: Final = (
    Fault("web killed", _kill_web, short=True),
    Fault("worker killed", _kill_worker),
    Fault("redis restarted without its data", _lose_redis, short=True),
    Fault("redis restarted with its data", _restart_redis),
    Fault("redis restarted with an old RDB", _age_redis, short=True),
    Fault("redis fails over to a replica that is behind", _fail_over_redis),
    Fault("redis hangs", _hang_redis, short=True),
    Fault("postgres restarted", _restart_postgres),
    Fault("postgres crashes", _crash_postgres, short=True),
    Fault("pub/sub connections killed", _kill_pubsub, short=True),
    Fault("database connections ended", strain.drop_database_connections, short=True),
    Fault("subscribers' buffers overflow", strain.overflow_buffers, short=True),
    Fault("web hangs", strain.hang_web),
    Fault("worker hangs", strain.hang_worker),
    Fault("clocks jump by an hour", strain.turn_clocks, short=True),
    Fault("a client does not read", strain.leave_unread),
    Fault("a line falls silent", strain.fall_silent),
    Fault("500 clients come back at once", strain.storm),
    _crash("decided", 3, short=True),
    _crash("relayed", 3),
    _crash("decision-published", 3),
    _crash("search-outdated", 2),
    _crash_in_search("search-begun"),
    _crash_in_search("chunk-found", 2),
    _crash_in_search("chunk-published", 2, short=True),
    _crash_in_search("job-queued", 2),
    _crash_in_search("search-ending"),
    _crash_in_search("search-ended"),
    _crash("event-delivered", 10),
    _crash("frame-sent", 10),
    Fault("killed: head-captured", _crash_in_join),
    Fault("killed: search-adopted", _crash_who_adopts),
    _crash_in_search("job-taken"),
    _crash_in_search("job-valued"),
    _crash_in_search("value-published", short=True),
    _crash_in_search("job-settled"),
)
