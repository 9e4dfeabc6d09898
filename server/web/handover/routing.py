"""Hands a socket over to a process that serves its store, once it is known whose socket it is.

This is only about speed: any process can serve any store, and serves whom no other one takes.
"""

import random
from typing import Any, Final, Protocol, cast

from starlette.types import Scope

from server.hub.sockets.wire import EXTENSION
from server.observe.failing import POSTGRES_FAILS
from server.web.handover.passing import Outcome
from server.web.handover.shares import serving_of
from server.web.handover.stores import StoreList
from server.web.handover.taking import Handover

TAKEN_OVER: Final = "taken_over"
"""The key in a scope's state that says that the connection came from another process: it goes no further."""


class Passable(Protocol):
    """A connection whose handshake is not answered yet."""

    @property
    def descriptor(self) -> int | None:
        """What another process needs to serve it; None if it must stay."""

    def begin_passing(self) -> None:
        """Write nothing any more: another process may be serving it already."""

    def keep(self) -> None:
        """Serve it: no other process does."""

    def let_go(self) -> None:
        """Close our end without a word: another process serves it."""


class Routing:
    """Finds the process for a socket."""

    def __init__(self, handover: Handover, stores: StoreList) -> None:
        self._handover = handover
        self._stores = stores

    async def pass_on(self, store_id: str, scope: Scope) -> bool:
        """Hand over the socket of a handshake to a process that serves the store.

        Return whether another process serves it now.
        """
        own, others = self._handover.number, self._handover.others()
        if own is None or not others or TAKEN_OVER in scope["state"]:
            return False
        try:
            place = await self._stores.place_of(store_id)
        except (LookupError, *POSTGRES_FAILS):
            return False
        connection = cast(Passable, scope["extensions"][EXTENSION])
        if connection.descriptor is None:
            return False
        connection.begin_passing()
        try:
            taken = await self._offer(connection, head_of(scope), others, own=own, place=place)
        except BaseException:
            connection.let_go()
            raise
        if taken:
            connection.let_go()
        else:
            connection.keep()
        return taken

    async def _offer(
        self, connection: Passable, head: bytes, others: list[int], *, own: int, place: tuple[int, int]
    ) -> bool:
        """Offer a connection to the processes of a store until one takes it; return whether one did."""
        # Asked for each time: a descriptor that was closed meanwhile may be another connection's by now.
        while (descriptor := connection.descriptor) is not None:
            serving = serving_of(*place, [own, *others])
            if own in serving:
                return False
            chosen = random.choice(serving)  # noqa: S311 - spreads load, keeps no secret  # nosec B311
            outcome = await self._handover.give(chosen, descriptor, head)
            if outcome is not Outcome.GONE:
                return outcome is Outcome.TAKEN
            others = [number for number in others if number != chosen]
        return False


def head_of(scope: Scope) -> bytes:
    """Return the head of the request that asked for a socket."""
    query: bytes = scope["query_string"]
    target = scope["raw_path"] + (b"?" + query if query else b"")
    headers: list[Any] = scope["headers"]
    lines = [b"GET %b HTTP/1.1" % target, *(b"%b: %b" % (name, value) for name, value in headers), b"", b""]
    return b"\r\n".join(lines)
