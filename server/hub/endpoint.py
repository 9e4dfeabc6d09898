"""The WebSocket endpoint: who may come in, the handshake, the welcome. It reads raw ASGI messages.

Starlette's own reading of text fails on a binary frame; here that is a close code.
"""

import asyncio
import math
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final

from msgspec import UNSET
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from protocol import codec
from protocol.closing import CloseCode
from protocol.commands import COMMAND_TYPES, CUSTOMER_COMMANDS, tag_of
from protocol.events import Welcome
from protocol.records import User
from protocol.rights import TokenScope
from server.clock import utc_now
from server.counts.seats import Seats
from server.database.people.security_events import Note, SecurityKind
from server.hub.channels.registry import Registry
from server.hub.connections.allowance import Allowance
from server.hub.connections.authority import rights_of
from server.hub.connections.connection import Connection, Dispatch
from server.hub.sockets.admission import Admission, Admit, Admitted, Refused, SignedOut
from server.hub.sockets.limits import (
    NOTHING,
    Floods,
    FrameAllowance,
    Refusals,
    allowance_of,
    connections_of,
    limits_of,
)
from server.hub.sockets.wire import wire_of
from server.hub.upkeep.outages import Outages
from server.hub.upkeep.people import People
from server.log.channel_log import ChannelLog
from server.observe.failing import SERVICE_FAILS
from server.observe.metrics.tally import Tally

SUBPROTOCOL: Final = "deal.v1"

PassOn = Callable[[str, Scope], Awaitable[bool]]
"""Gets a store and the scope of a handshake; returns whether another process serves the socket now."""


class Endpoint:
    """The ASGI application behind ``/ws``. ``admit`` decides who comes in; ``connections`` holds who is;
    ``pass_on`` may have another process serve a socket. ``page_build`` is the version of the page that this
    process serves.

    ``refused`` counts handshakes that were refused, by status, and those that need a new sign-in.
    """

    def __init__(
        self,
        admit: Admit,
        people: People,
        outages: Outages,
        connections: set[Connection],
        *,
        registry: Registry,
        log: ChannelLog,
        dispatch: Dispatch,
        allowance: Allowance,
        seats: Seats,
        note: Note,
        pass_on: PassOn | None = None,
        page_build: str = "",
    ) -> None:
        self._admit = admit
        self._pass_on = pass_on
        self._page_build = page_build
        self._people = people
        self._outages = outages
        self._open = connections
        self._registry = registry
        self._log = log
        self._dispatch = dispatch
        self._allowance = allowance
        self._seats = seats
        self._note = note
        self._connections: Counter[str] = Counter()
        self._floods = Floods()
        self._refusals = Refusals()
        self.refused = Tally("signed_out", "400", "401", "403", "429", "503")
        self._refuses_all = False
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def connections(self) -> int:
        """How many sockets are open."""
        return self._connections.total()

    @property
    def people(self) -> int:
        """How many people have a socket open."""
        return len(self._connections)

    @property
    def open(self) -> list[Connection]:
        """The connections that are served now."""
        return list(self._open)

    async def wait_empty(self) -> None:
        """Return as soon as nobody is connected."""
        await self._empty.wait()

    def refuse_all(self) -> None:
        """Let nobody in any more: the process is about to end."""
        self._refuses_all = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it ends."""
        await receive()
        if scope["subprotocols"] and SUBPROTOCOL not in scope["subprotocols"]:
            await _refuse(send, Refused(400, f"Expected the subprotocol {SUBPROTOCOL}."))
            return
        if self._refuses_all:
            await _refuse(send, Refused(503, "This server is being replaced. Try again now."))
            return
        since = self._people.moment
        try:
            verdict = await self._admit(HTTPConnection(scope))
        except SERVICE_FAILS:
            verdict = Refused(503, "No connection can be accepted right now. Try again shortly.")
        seat = uuid.uuid4().hex
        if isinstance(verdict, Admitted):
            if self._pass_on is not None and await self._pass_on(verdict.account.store_id, scope):
                return
            verdict = await self._bounded(verdict, seat)
        match verdict:
            case Refused():
                self.refused.add(str(verdict.status))
                if verdict.status < 500:
                    await self._hold_back()
                await _refuse(send, verdict)
            case SignedOut():
                self.refused.add("signed_out")
                await self._hold_back()
                await _accept(scope, send, NOTHING)
                code = CloseCode.SIGNED_OUT
                await send({"type": "websocket.close", "code": int(code), "reason": "Please sign in."})
            case Admitted():
                try:
                    await self._serve(verdict, since, scope, receive, send)
                finally:
                    self._seats.leave(verdict.account.id, seat)

    async def _bounded(self, admitted: Admitted, seat: str) -> Admission:
        """Let in who has room for one more connection, and did not flood a moment ago."""
        left = self._floods.seconds_left(admitted.account.id, asyncio.get_running_loop().time())
        if not left and await self._has_room(admitted, seat):
            return admitted
        self._note(admitted.happened(SecurityKind.THROTTLED, detail={"what": "socket"}))
        if not left:
            return Refused(429, "You have too many connections. Close some of them and try again.")
        seconds = math.ceil(left)
        return Refused(429, f"Too many commands or frames. Try again in {seconds} seconds.", seconds)

    async def _has_room(self, admitted: Admitted, seat: str) -> bool:
        """Return whether one more connection may be had, here and, but for load testers, everywhere."""
        person_id, most = admitted.account.id, connections_of(admitted.credential)
        if self._connections[person_id] >= most:
            return False
        if TokenScope.LOAD in admitted.credential.scopes:
            return True
        return await self._seats.take(person_id, seat, most)

    async def _hold_back(self) -> None:
        await asyncio.sleep(self._refusals.count(asyncio.get_running_loop().time()))

    def _flooded(self, admitted: Admitted) -> None:
        self._floods.note(admitted.account.id, asyncio.get_running_loop().time())
        self._note(admitted.happened(SecurityKind.FLOODED))

    async def _serve(
        self, admitted: Admitted, since: int, scope: Scope, receive: Receive, send: Send
    ) -> None:
        account, wire = admitted.account, wire_of(scope)
        self._connections[account.id] += 1
        self._empty.clear()
        try:
            await _accept(scope, send, allowance_of(admitted.credential))
            left = admitted.credential.expires_at - utc_now()
            connection = Connection(
                admitted,
                wire,
                self._registry,
                self._log,
                self._dispatch,
                on_flood=partial(self._flooded, admitted),
            )
            self._open.add(connection)
            self._people.came_in(connection, since)
            self._allowance.expect(connection)
            try:
                self._greet(connection)
                await connection.run(receive, send, left.total_seconds())
            finally:
                self._open.discard(connection)
        finally:
            self._connections[account.id] -= 1
            if not self._connections[account.id]:
                del self._connections[account.id]
            if not self._connections:
                self._empty.set()

    def _greet(self, connection: Connection) -> None:
        connection.say(_welcome(connection, self._page_build))
        if self._outages.notice is not None:
            connection.notify(self._outages.notice)


async def _accept(scope: Scope, send: Send, allowance: FrameAllowance) -> None:
    """Answer the handshake, and state what the client may send."""
    asked: list[str] = scope["subprotocols"]
    subprotocol = SUBPROTOCOL if SUBPROTOCOL in asked else None
    await send({"type": "websocket.accept", "subprotocol": subprotocol, "allowance": allowance})


async def _refuse(send: Send, refused: Refused) -> None:
    """Answer the handshake with a status instead of an upgrade."""
    headers: list[Any] = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    if refused.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if refused.retry_after_seconds is not None:
        headers.append((b"retry-after", str(refused.retry_after_seconds).encode()))
    await send({"type": "websocket.http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": refused.reason.encode()})


def _welcome(connection: Connection, page_build: str) -> bytes:
    account = connection.account
    return codec.encode(
        Welcome(
            protocol=SUBPROTOCOL,
            server_time=utc_now(),
            connection_id=connection.id,
            user=User(
                id=account.id,
                name=account.name,
                role=account.role,
                store_id="" if connection.link is not None else account.store_id,
                rights=rights_of(account, connection.credential.scopes),
                scores=UNSET if account.score_edges_cents is None else True,
            ),
            limits=limits_of(connection.credential),
            commands=[
                tag
                for tag in map(tag_of, COMMAND_TYPES)
                if connection.link is None or tag in CUSTOMER_COMMANDS
            ],
            page_build=page_build,
        )
    )
