"""A connection that reconnects whenever it breaks, with growing pauses between attempts."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import stamina

from server.observe.standing import Standing

FIRST_PAUSE_SECONDS: Final = 0.05
LONGEST_PAUSE_SECONDS: Final = 2.0


async def stay_connected(
    serve: Callable[[], Awaitable[None]],
    standing: Standing,
    *,
    outages: tuple[type[Exception], ...],
    broken: Callable[[Exception], None],
) -> None:
    """Run ``serve``, which connects and raises when the connection breaks, until cancelled.

    ``broken`` is called for each of the ``outages``; other exceptions are raised. A connection that was up
    before it broke resets the pauses.
    """

    own = asyncio.current_task()

    async def serve_once() -> None:
        try:
            # In a separate task: on Python 3.11 a task group in which a task fails leaves the cancellation
            # count of its parent task too high, and the count of this task must be right.
            await asyncio.create_task(_serving(serve))
        except outages as error:
            if own is not None and own.cancelling():
                # If a task fails while its group is cancelled, the group raises only that failure.
                raise asyncio.CancelledError from error
            broken(error)
            if not standing.is_up:
                raise
        finally:
            standing.fall()

    while True:
        async for attempt in stamina.retry_context(
            on=outages,
            attempts=None,
            timeout=None,
            wait_initial=FIRST_PAUSE_SECONDS,
            wait_max=LONGEST_PAUSE_SECONDS,
            wait_jitter=FIRST_PAUSE_SECONDS,
        ):
            with attempt:
                await serve_once()
        await asyncio.sleep(FIRST_PAUSE_SECONDS)


async def _serving(serve: Callable[[], Awaitable[None]]) -> None:
    await serve()
