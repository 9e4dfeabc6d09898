"""Whether a dependency is up, and how to wait until that changes."""

import asyncio


class Standing:
    """Up or down; down at first. Each change wakes who waits for it."""

    def __init__(self) -> None:
        self._up = asyncio.Event()
        self._down = asyncio.Event()
        self._down.set()

    @property
    def is_up(self) -> bool:
        """Whether it is up."""
        return self._up.is_set()

    def rise(self) -> None:
        """Record that it is up."""
        self._down.clear()
        self._up.set()

    def fall(self) -> None:
        """Record that it is down."""
        self._up.clear()
        self._down.set()

    async def wait_up(self) -> None:
        """Return as soon as it is up."""
        await self._up.wait()

    async def wait_down(self) -> None:
        """Return as soon as it is down."""
        await self._down.wait()
