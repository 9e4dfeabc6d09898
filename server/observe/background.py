"""Work that one task repeats: when it is woken, and after the time that the work asked for."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog


class Background:
    """Calls ``work``, which returns the seconds until its next turn; None: not before it is woken.

    If ``work`` raises one of ``outages``, the warning ``failed`` is logged and it gets another turn after
    ``retry_seconds``. ``work`` itself must keep what it had begun. ``name`` is the logger's name.
    """

    def __init__(
        self,
        work: Callable[[], Awaitable[float | None]],
        *,
        name: str,
        failed: str,
        outages: tuple[type[Exception], ...],
        retry_seconds: float,
    ) -> None:
        self._work = work
        self._failed = failed
        self._outages = outages
        self._retry_seconds = retry_seconds
        self._woken = asyncio.Event()
        self._logger = structlog.get_logger(name)

    def wake(self) -> None:
        """Give ``work`` a turn now, or another one after its current turn."""
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled, through any outage. The first turn comes at once."""
        while True:
            self._woken.clear()
            try:
                wait = await self._work()
            except self._outages as error:
                self._logger.warning(self._failed, error=error)
                await asyncio.sleep(self._retry_seconds)
                continue
            try:
                async with asyncio.timeout(wait):
                    await self._woken.wait()
            except TimeoutError:
                pass
