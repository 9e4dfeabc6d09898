"""When a replica is read from: its position decides, and whatever fails on it is a failure of the replica."""

from collections.abc import Iterator
from typing import Any, cast

import asyncpg
import pytest

from server.database.core.pooler import SettingsDropped
from server.database.core.standbys.replica import (
    OnReplica,
    Origin,
    Position,
    Replica,
    ReplicaFailed,
    State,
)
from server.database.core.standbys.replicas import Replicas

ORIGIN = Origin(Position(100, 1), 1)


class Standby:
    """A connection, and the pool that it is in, of a replica at one of these positions after the other."""

    def __init__(self, *positions: int | None, system: int = 1, timeline: int = 1) -> None:
        self._positions = iter(positions)
        self._system, self._timeline = system, timeline
        self._last: int | None = None
        self.closed = False

    def acquire(self, **_: object) -> "Standby":
        return self

    async def __aenter__(self) -> "Standby":
        return self

    async def __aexit__(self, *_: object) -> None: ...

    async def fetchval(self, query: str, **_: object) -> int | None:
        self._last = next(self._positions, self._last)
        return self._last

    async def fetchrow(self, query: str, **_: object) -> dict[str, Any]:
        at = await self.fetchval(query)
        return {
            "follows": at is not None,
            "position": at or 0,
            "system": self._system,
            "timeline": self._timeline,
        }

    def is_closed(self) -> bool:
        return self.closed

    def terminate(self) -> None:
        self.closed = True


def clock() -> Iterator[float]:
    """Return seconds that pass with each look at the clock."""
    now = 0.0
    while True:
        yield now
        now += 0.05


def replica(standby: Standby) -> Replica:
    ticks = clock()
    return Replica("replica_1", cast(Any, standby), lambda: next(ticks))


@pytest.mark.parametrize(
    ("standby", "state"),
    [
        (Standby(100), State.FIT),
        (Standby(90, 95, 100), State.FIT),
        (Standby(90), State.BEHIND),
        (Standby(None), State.PROMOTED),
        (Standby(100, None), State.PROMOTED),
        (Standby(100, system=2), State.FOREIGN),
        (Standby(200, timeline=2), State.BEHIND),
    ],
    ids=["current", "on its way", "behind", "promoted", "promoted since", "foreign", "another history"],
)
async def test_a_look_says_whether_it_is_fit(standby: Standby, state: State) -> None:
    one = replica(standby)
    await one.look(ORIGIN)
    assert one.state is state
    assert one.lag_bytes == {State.FIT: one.lag_bytes, State.BEHIND: max(0, one.lag_bytes)}.get(state, -1)


async def test_after_a_failover_its_position_says_nothing() -> None:
    """It is not read before it is looked at again, however far it has come."""
    standby = Standby(900)
    replicas = Replicas(cast(Any, None), [cast(Any, standby)])
    (one,) = replicas.all
    await one.look(ORIGIN)
    async with replicas.reading(one, Position(100, 1)) as database:
        assert database is not None
    async with replicas.reading(one, Position(100, 2)) as database:
        assert database is None
    assert one.state is State.BEHIND


async def test_one_that_refused_is_looked_at_before_it_is_read_again() -> None:
    one = replica(Standby(100))
    await one.look(ORIGIN)
    one.refuse(State.CONFLICT)
    assert not one.is_fit
    assert one.refusals == {"conflict": 1}
    await one.look(ORIGIN)
    assert one.is_fit


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (asyncpg.SerializationError("canceling statement due to conflict with recovery"), State.CONFLICT),
        (asyncpg.ConnectionDoesNotExistError("gone"), State.UNREACHABLE),
        (asyncpg.InternalClientError("cannot switch to state 15"), State.UNREACHABLE),
        (TimeoutError(), State.UNREACHABLE),
        (SettingsDropped("role"), State.UNREACHABLE),
    ],
)
async def test_a_failure_says_that_it_was_the_replica(error: Exception, state: State) -> None:
    class Failing(Standby):
        async def fetchval(self, query: str, **_: object) -> int | None:
            raise error

    with pytest.raises(ReplicaFailed) as caught:
        await OnReplica(cast(Any, Failing())).fetchval("SELECT 1")
    assert caught.value.state is state


async def test_what_is_not_of_the_replica_is_raised_as_it_is() -> None:
    class Wrong(Standby):
        async def fetchval(self, query: str, **_: object) -> int | None:
            raise ValueError("a fault of ours")

    with pytest.raises(ValueError, match="of ours"):
        await OnReplica(cast(Any, Wrong())).fetchval("SELECT 1")
