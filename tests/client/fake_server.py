"""A server of scripts over real sockets: what the first, the second, the third connection meets."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from websockets.asyncio.server import Request, Response, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

CHANNEL = "deal:1"
BY = {"id": "u1", "name": "Ann", "role": "salesperson"}
USER = {"id": "u1", "name": "Ann", "role": "salesperson", "store_id": "s1", "rights": []}
LIMITS = dict.fromkeys(
    ("frame_bytes", "message_bytes", "commands", "commands_window_seconds", "channels", "outbox_bytes",
     "outbox_age_seconds", "log_events", "log_bytes", "log_seconds"), 1)  # fmt: skip


class Peer:
    """The server's end of one connection."""

    def __init__(self, socket: ServerConnection) -> None:
        self.socket = socket
        self._waiting: list[dict[str, Any]] = []

    @property
    def request(self) -> Request:
        """The handshake that the client sent."""
        assert self.socket.request is not None
        return self.socket.request

    async def send(self, *messages: dict[str, Any]) -> None:
        """Send messages in one frame."""
        await self.socket.send("\n".join(map(json.dumps, messages)))

    async def welcome(self) -> None:
        """Say what comes first."""
        await self.send(
            {
                "type": "welcome",
                "protocol": "deal.v1",
                "server_time": "2026-07-01T00:00:00Z",
                "connection_id": "c",
                "user": USER,
                "limits": LIMITS,
                "commands": [],
            }
        )

    async def expect(self, kind: str) -> dict[str, Any]:
        """Return the next command, which is of this type."""
        if not self._waiting:
            frame = await self.socket.recv()
            assert isinstance(frame, str)
            self._waiting = [json.loads(line) for line in frame.split("\n")]
        command = self._waiting.pop(0)
        assert command["type"] == kind, command
        return command

    async def reply(self, command: dict[str, Any], **data: Any) -> None:
        """Answer a command."""
        await self.send({"type": "reply", "ref": command["ref"], "ok": True, "data": data})

    async def refuse(self, command: dict[str, Any], error_code: str, /, **detail: Any) -> None:
        """Answer a command with an error."""
        error = {"code": error_code, "message": "No.", "retry": error_code == "busy", "detail": detail}
        await self.send({"type": "reply", "ref": command["ref"], "ok": False, "error": error})

    async def accept_join(self, *, epoch: str = "e1", seq: int = 0, version: int = 0) -> dict[str, Any]:
        """Answer a join with a snapshot without rows; return the join."""
        join = await self.expect("join")
        deal = {
            "id": "1",
            "version": version,
            "state": "working",
            "customer": {"id": "c1", "name": "Cid"},
            "structure": {"fees_cents": version},
        }
        snapshot = {"deal": deal, "search": None}
        await self.reply(join, epoch=epoch, seq=seq, recovered=False, view="sales", snapshot=snapshot)
        await self.send({"type": "snapshot_end", "channel": join["channel"], "ref": join["ref"]})
        return join

    async def recover_join(self, *, epoch: str = "e1", seq: int) -> dict[str, Any]:
        """Answer a join by promising what was missed; return the join."""
        join = await self.expect("join")
        await self.reply(join, epoch=epoch, seq=seq, recovered=True, view="sales", snapshot=None)
        return join

    async def change(self, *seqs: int) -> None:
        """Send edits of the deal, with version and fees equal to seq."""
        await self.send(*(edit(seq) for seq in seqs))

    async def wait_gone(self) -> None:
        """Wait until the client has closed."""
        await self.socket.wait_closed()

    def drop(self) -> None:
        """Break the connection without a word."""
        self.socket.transport.abort()


def edit(seq: int) -> dict[str, Any]:
    """Return a ``deal_changed``."""
    return {
        "type": "deal_changed",
        "channel": CHANNEL,
        "seq": seq,
        "at": "2026-07-01T00:00:00Z",
        "version": seq,
        "changes": {"fees_cents": seq},
        "by": BY,
    }


Script = Callable[[Peer], Awaitable[None]]


@asynccontextmanager
async def scripted(*scripts: Script | HTTPStatus) -> AsyncIterator[str]:
    """Serve one script for each connection, in order, and yield the address; a status refuses the handshake.

    On exit every script must have run, and to its end.
    """
    waiting = list(scripts)
    faults: list[BaseException] = []
    ended = 0

    def refuse(socket: ServerConnection, _: Request) -> Response | None:
        if waiting and isinstance(waiting[0], HTTPStatus):
            status = waiting.pop(0)
            assert isinstance(status, HTTPStatus)
            return socket.respond(status, "")
        return None

    async def handle(socket: ServerConnection) -> None:
        nonlocal ended
        if not waiting:
            faults.append(AssertionError("one connection more than expected"))
            return
        script = waiting.pop(0)
        assert callable(script)
        try:
            await script(Peer(socket))
            ended += 1
        except ConnectionClosed as closed:
            faults.append(closed)
        except AssertionError as fault:
            faults.append(fault)
            await socket.close()

    async with serve(
        handle,
        "127.0.0.1",
        0,
        process_request=refuse,
        subprotocols=[Subprotocol("deal.v1")],
        ping_interval=None,
        close_timeout=1,
    ) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}/ws"
    if faults:
        raise faults[0]
    assert not waiting, f"{len(waiting)} connections did not come"
    assert ended == sum(callable(script) for script in scripts)
