"""A connection that is made again whenever it breaks, and ends when it is told to."""

import asyncio

import pytest

from server.observe.reconnecting import stay_connected
from server.observe.standing import Standing


async def test_it_ends_where_the_connection_breaks_as_it_is_cancelled() -> None:
    """A task group raises what its task met, and not the cancellation that came at the same time."""
    serving = asyncio.Event()

    async def serve() -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(break_when_cancelled())

    async def break_when_cancelled() -> None:
        serving.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise ConnectionResetError

    async def serve_bare() -> None:
        try:
            await serve()
        except* ConnectionResetError as errors:
            caught = errors.exceptions[0]
        raise caught

    async def run() -> None:
        await stay_connected(
            serve_bare, Standing(), outages=(ConnectionResetError,), broken=lambda _error: None
        )

    running = asyncio.create_task(run())
    await serving.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert running.cancelled()
