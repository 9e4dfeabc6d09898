"""The faults: what is done to the services and processes while people work."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from tests.faults.stage import Stage

HANG_SECONDS: Final = 2.5


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong. ``inject`` returns when whatever failed serves again.

    ``short`` ones are played by every test run, all of them by ``make faults``.
    """

    name: str
    inject: Callable[[Stage], Awaitable[None]]
    short: bool = False


async def _kill_web(stage: Stage) -> None:
    await stage.webs[0].kill()


async def _kill_worker(stage: Stage) -> None:
    await stage.workers[0].kill()


async def _lose_redis(stage: Stage) -> None:
    await asyncio.to_thread(stage.redis.restart, None)
    await stage.ready()


async def _restart_redis(stage: Stage) -> None:
    data = await asyncio.to_thread(stage.redis.save)
    await asyncio.to_thread(stage.redis.restart, data)


async def _age_redis(stage: Stage) -> None:
    data = await asyncio.to_thread(stage.redis.save, "old.rdb")
    await asyncio.sleep(1.5)
    await asyncio.to_thread(stage.redis.restart, data)


async def _hang_redis(stage: Stage) -> None:
    stage.redis.freeze()
    await asyncio.sleep(HANG_SECONDS)
    stage.redis.thaw()


async def _restart_postgres(stage: Stage) -> None:
    await stage.restart_postgres(crash=False)


async def _crash_postgres(stage: Stage) -> None:
    await stage.restart_postgres(crash=True)


async def _kill_pubsub(stage: Stage) -> None:
    with stage.redis.client() as client:
        for _ in range(5):
            client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
            await asyncio.sleep(0.2)


async def _crash_in_search(stage: Stage) -> None:
    await stage.crash_at("chunk-published")


def _crash(
    step: str,
    hits: int = 1,
    *,
    short: bool = False,
    meanwhile: Callable[[Stage], Awaitable[None]] | None = None,
) -> Fault:
    async def inject(stage: Stage) -> None:
        await stage.crash_at(step, hits, meanwhile)

    return Fault(f"killed: {step}", inject, short)


FAULTS: Final = (
    Fault("web killed", _kill_web, short=True),
    Fault("worker killed", _kill_worker),
    Fault("redis restarted without its data", _lose_redis, short=True),
    Fault("redis restarted with its data", _restart_redis),
    Fault("redis restarted with an old RDB", _age_redis, short=True),
    Fault("redis hangs", _hang_redis, short=True),
    Fault("postgres restarted", _restart_postgres),
    Fault("postgres crashes", _crash_postgres, short=True),
    Fault("pub/sub connections killed", _kill_pubsub, short=True),
    _crash("decided", 3, short=True),
    _crash("relayed", 3),
    _crash("decision-published", 3),
    _crash("search-begun"),
    _crash("chunk-found", 2),
    _crash("chunk-published", 2, short=True),
    _crash("job-queued", 2),
    _crash("search-ending"),
    _crash("search-ended"),
    _crash("event-delivered", 10),
    _crash("frame-sent", 10),
    _crash("head-captured", meanwhile=_lose_redis),
    _crash("search-adopted", meanwhile=_crash_in_search),
    _crash("job-taken"),
    _crash("job-valued"),
    _crash("value-published", short=True),
    _crash("job-settled"),
)
