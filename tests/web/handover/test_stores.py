"""The place of each store among all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from server.database.core.scope import RowScope
from server.web.handover.stores import FRESH_SECONDS, WAIT_SECONDS, StoreList


class System:
    """A database with stores; each read is counted."""

    def __init__(self, *stores: str) -> None:
        self.stores = [*stores]
        self.reads = 0

    @asynccontextmanager
    async def acquire(self, *, wait_seconds: float) -> AsyncIterator[Any]:
        assert wait_seconds == WAIT_SECONDS
        yield self

    async def fetch(self, _query: str) -> list[dict[str, str]]:
        self.reads += 1
        return [{"store_id": store} for store in self.stores]


async def test_stores_stand_in_the_order_of_the_database() -> None:
    """One read serves many handshakes."""
    now, system = [0.0], System("zeta", "alpha")
    stores = StoreList(cast(RowScope, system), lambda: now[0])
    assert await stores.place_of("zeta") == (0, 2)
    assert await stores.place_of("alpha") == (1, 2)
    assert system.reads == 1


async def test_a_new_store_is_found() -> None:
    """Its own people at once; the others' places follow the number of stores a little later."""
    now, system = [0.0], System("zeta")
    stores = StoreList(cast(RowScope, system), lambda: now[0])
    await stores.place_of("zeta")
    system.stores.append("alpha")
    assert await stores.place_of("zeta") == (0, 1)
    assert await stores.place_of("alpha") == (1, 2)
    system.stores.append("beta")
    now[0] = FRESH_SECONDS
    assert await stores.place_of("zeta") == (0, 3)
    assert system.reads == 3


async def test_an_unknown_store_is_an_error() -> None:
    """Whoever asks does without."""
    with pytest.raises(LookupError):
        await StoreList(cast(RowScope, System("zeta")), lambda: 0.0).place_of("alpha")
