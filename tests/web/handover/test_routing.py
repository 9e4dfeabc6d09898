"""Who gets a socket, once it is known whose it is."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Scope

from server.hub.sockets.wire import EXTENSION
from server.web.handover.passing import Outcome
from server.web.handover.routing import TAKEN_OVER, Routing, head_of
from server.web.handover.stores import StoreList
from server.web.handover.taking import Handover

STORES = ("alpha", "beta")


class Machine:
    """A process with a number, and what becomes of its offers to the others."""

    def __init__(self, number: int | None, others: list[int], **outcomes: Outcome) -> None:
        self.number = number
        self._others = others
        self._outcomes = {int(name.removeprefix("to_")): outcome for name, outcome in outcomes.items()}
        self.offered: list[int] = []
        self.during: Callable[[], None] = lambda: None

    def others(self) -> list[int]:
        return self._others

    async def give(self, number: int, _descriptor: int, _head: bytes) -> Outcome:
        self.offered.append(number)
        self.during()
        return self._outcomes.get(number, Outcome.TAKEN)


class Stores:
    """Two stores."""

    async def place_of(self, store_id: str) -> tuple[int, int]:
        if store_id == "down":
            raise OSError
        return STORES.index(store_id) if store_id in STORES else {}[store_id], len(STORES)


class Connection:
    """A connection whose handshake is not answered."""

    def __init__(self, descriptor: int | None = 7) -> None:
        self.descriptor = descriptor
        self.said: list[str] = []

    def begin_passing(self) -> None:
        self.said.append("begin")

    def keep(self) -> None:
        self.said.append("keep")

    def let_go(self) -> None:
        self.said.append("let go")


async def passed(machine: Machine, store_id: str, connection: Connection, **state: Any) -> bool:
    """Route a socket of a store."""
    scope: Scope = {
        "raw_path": b"/ws",
        "query_string": b"",
        "headers": [],
        "state": state,
        "extensions": {EXTENSION: connection},
    }
    routing = Routing(cast(Handover, machine), cast(StoreList, Stores()))
    return await routing.pass_on(store_id, scope)


@pytest.mark.parametrize(
    ("number", "store_id", "goes_to"),
    [(1, "alpha", None), (1, "beta", 2), (2, "alpha", 1), (2, "beta", None)],
)
async def test_each_store_has_its_process(number: int, store_id: str, goes_to: int | None) -> None:
    """Whoever accepts a socket."""
    machine, connection = Machine(number, [3 - number]), Connection()
    assert await passed(machine, store_id, connection) is (goes_to is not None)
    assert machine.offered == ([] if goes_to is None else [goes_to])
    assert connection.said == ["begin", "keep" if goes_to is None else "let go"]


async def test_all_processes_of_a_store_get_some() -> None:
    """With more processes than stores, each store has several."""
    machine = Machine(2, [1, 3, 4])
    for _ in range(200):
        assert await passed(machine, "alpha", Connection())
    assert {*machine.offered} == {1, 3}


async def test_a_dead_process_is_passed_over() -> None:
    """The stores are shared out among the others, and we may be the one."""
    alone = Machine(1, [2], to_2=Outcome.GONE)
    connection = Connection()
    assert not await passed(alone, "beta", connection)
    assert (alone.offered, connection.said) == ([2], ["begin", "keep"])
    of_three = Machine(1, [2, 3], to_2=Outcome.GONE)
    assert await passed(of_three, "beta", Connection())
    assert of_three.offered == [2, 3]


async def test_a_process_that_is_late_costs_its_store_nothing_more() -> None:
    """The socket is served here, and no other one is asked."""
    machine, connection = Machine(1, [2, 3, 4], to_2=Outcome.LATE, to_4=Outcome.LATE), Connection()
    assert not await passed(machine, "beta", connection)
    assert len(machine.offered) == 1
    assert connection.said == ["begin", "keep"]


@pytest.mark.parametrize(
    ("machine", "store_id", "connection", "state"),
    [
        (Machine(None, [2]), "beta", Connection(), {}),
        (Machine(1, []), "beta", Connection(), {}),
        (Machine(1, [2]), "beta", Connection(None), {}),
        (Machine(1, [2]), "beta", Connection(), {TAKEN_OVER: True}),
        (Machine(1, [2]), "unknown", Connection(), {}),
        (Machine(1, [2]), "down", Connection(), {}),
    ],
    ids=["takes part in nothing", "alone", "data came", "from another one", "unknown store", "no database"],
)
async def test_it_stays(
    machine: Machine, store_id: str, connection: Connection, state: dict[str, Any]
) -> None:
    """Without an offer."""
    assert not await passed(machine, store_id, connection, **state)
    assert (machine.offered, connection.said) == ([], [])


async def test_a_cancelled_offer_closes_the_connection() -> None:
    """The other process may have taken it, so nothing may be written to it any more."""

    def end() -> None:
        raise asyncio.CancelledError

    machine, connection = Machine(1, [2]), Connection()
    machine.during = end
    with pytest.raises(asyncio.CancelledError):
        await passed(machine, "beta", connection)
    assert connection.said == ["begin", "let go"]


async def test_a_process_that_begins_to_leave_meanwhile_serves_it() -> None:
    """It has no number any more, and gives nothing away."""
    machine, connection = Machine(1, [2], to_2=Outcome.GONE), Connection()

    def leave() -> None:
        machine.number = None

    machine.during = leave
    assert not await passed(machine, "beta", connection)
    assert (machine.offered, connection.said) == ([2], ["begin", "keep"])


async def test_a_connection_that_ends_meanwhile_is_not_offered_again() -> None:
    """Its descriptor is closed, and may be another connection's by the next offer."""
    machine, connection = Machine(1, [2, 3], to_2=Outcome.GONE), Connection()

    def end() -> None:
        connection.descriptor = None

    machine.during = end
    assert not await passed(machine, "beta", connection)
    assert (machine.offered, connection.said) == ([2], ["begin", "keep"])


TOKENS = st.binary(min_size=1, max_size=20).map(lambda raw: raw.hex().encode())


@given(TOKENS, st.one_of(st.just(b""), TOKENS), st.lists(st.tuples(TOKENS, TOKENS), max_size=5))
def test_a_head_says_what_the_request_said(
    path: bytes, query: bytes, headers: list[tuple[bytes, bytes]]
) -> None:
    """Its target and its headers, in their order."""
    scope: Scope = {"raw_path": b"/" + path, "query_string": query, "headers": headers}
    first, *lines, end = head_of(scope).removesuffix(b"\r\n").split(b"\r\n")
    assert first == b"GET /" + path + (b"?" + query if query else b"") + b" HTTP/1.1"
    assert [tuple(line.split(b": ")) for line in lines] == headers
    assert end == b""
