"""Tries again what breakers stopped, so that they close although nobody asks for anything.

One small piece of work is the probe of each breaker. People's calls are refused until it has succeeded.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

import structlog

from server.observe.breaker import Breaker
from server.observe.failing import SERVICE_FAILS
from server.observe.standing import Standing

AWAY_SECONDS: Final = 1.0
"""How long bells may stop before the breaker of Redis is opened without waiting for failures."""

TIMER_SECONDS: Final = 0.01
"""How early a timer may fire, generously. A probe that comes before its time is refused, and the next one is
sent a second later.
"""


@dataclass(frozen=True, slots=True)
class Probed:
    """A breaker with the work that shows whether its dependency is well again.

    ``probe`` is let through by ``Breaker.begin_probe`` and raises what it meets. ``opened`` is called when
    the breaker has opened.
    """

    breaker: Breaker
    probe: Callable[[], Awaitable[object]]
    opened: Callable[[], None] = lambda: None


class Probes:
    """Probes the breakers of a process while ``run`` runs.

    ``bells`` stands while Redis is heard: if it falls for longer, ``redis`` is opened.
    """

    def __init__(self, probed: Iterable[Probed], bells: Standing, redis: Breaker) -> None:
        self._probed = tuple(probed)
        self._bells = bells
        self._redis = redis
        self._logger = structlog.get_logger("breaker")

    async def run(self) -> None:
        """Probe until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for each in self._probed:
                tasks.create_task(self._keep_trying(each), name=f"probe {each.breaker.name}")
            tasks.create_task(self._listen(), name="bells")

    async def _keep_trying(self, each: Probed) -> None:
        breaker = each.breaker
        while True:
            await breaker.standing.wait_down()
            self._logger.warning("breaker_opened", breaker=breaker.name, opened=breaker.opened)
            each.opened()
            while not breaker.is_closed:
                await asyncio.sleep(breaker.retry_after_seconds + TIMER_SECONDS)
                try:
                    await each.probe()
                except SERVICE_FAILS as error:
                    self._logger.info("breaker_probed", breaker=breaker.name, error=error)
                except Exception:
                    # For example, no rate sheet is in force. Searches tell people; the process goes on.
                    self._logger.exception("breaker_probed", breaker=breaker.name)
            self._logger.warning("breaker_closed", breaker=breaker.name)

    async def _listen(self) -> None:
        await self._bells.wait_up()
        while True:
            await self._bells.wait_down()
            try:
                async with asyncio.timeout(AWAY_SECONDS):
                    await self._bells.wait_up()
            except TimeoutError:
                self._redis.trip()
                await self._bells.wait_up()
