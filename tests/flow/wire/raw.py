"""A raw client that knows nothing of ours but the address, and checks what holds for every message."""

import asyncio
import json
import re
import uuid
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

GUARD_SECONDS = 60.0
Message = dict[str, Any]
ERROR_CODES = {
    "invalid", "unauthorized", "forbidden", "not_found", "conflict", "locked", "rate_limited", "too_large",
    "busy", "degraded", "superseded", "internal",
}  # fmt: skip
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@dataclass(frozen=True)
class Address:
    """Where the server is, and what there is to try it with."""

    url: str
    origin: str
    channel: str
    foreign_channel: str
    bearer: dict[str, str]
    cookie: dict[str, str]


class Raw:
    """A socket of which every message is checked for what holds for all of them."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.refs = 0
        self._read: list[Message] = []

    async def next(self) -> Message:
        """Return the next message; who is here, and that a command still runs, may be said at any time and
        counts for nothing here.
        """
        while True:
            message = await self._next()
            if message["type"] not in {"presence", "working"}:
                return message

    async def _next(self) -> Message:
        while not self._read:
            async with asyncio.timeout(GUARD_SECONDS):
                frame = await self.socket.recv()
            assert isinstance(frame, str)
            for line in frame.split("\n"):
                assert len(line.encode()) <= 256 * 1024
                message = json.loads(line)
                assert isinstance(message["type"], str)
                self._read.append(message)
        return self._read.pop(0)

    async def until(self, *kinds: str) -> list[Message]:
        """Return the messages up to the first one of ``kinds``."""
        seen = [await self.next()]
        while seen[-1]["type"] not in kinds:
            seen.append(await self.next())
        return seen

    async def send(self, kind: str, **fields: Any) -> int:
        """Send a command and return its ref."""
        self.refs += 1
        await self.socket.send(json.dumps({"type": kind, "ref": self.refs, **fields}))
        return self.refs

    async def reply(self, ref: int) -> Message:
        """Return the reply to ``ref``; whatever stands before it is dropped."""
        while True:
            message = await self.next()
            if message["type"] == "reply":
                assert message["ref"] == ref
                return message

    async def ask(self, kind: str, **fields: Any) -> Message:
        """Send a command and return its data."""
        message = await self.reply(await self.send(kind, **fields))
        assert message["ok"] is True, message
        assert set(message) == {"type", "ref", "ok", "data"}
        data: Message = message["data"]
        return data

    async def refused(self, kind: str, **fields: Any) -> Message:
        """Send a command and return the error that answers it."""
        message = await self.reply(await self.send(kind, **fields))
        assert message["ok"] is False, message
        assert set(message) == {"type", "ref", "ok", "error"}
        error: Message = message["error"]
        assert set(error) == {"code", "message", "retry", "detail"}
        assert error["code"] in ERROR_CODES
        return error


def socket(address: Address, headers: dict[str, str], origin: str | None = None) -> connect:
    """Return a connection to be entered."""
    return connect(
        address.url, origin=origin, additional_headers=headers, subprotocols=["deal.v1"], compression=None
    )  # type: ignore[arg-type]


async def close_code(client: ClientConnection) -> int | None:
    """Read until the server closes and return its code."""
    async with asyncio.timeout(GUARD_SECONDS):
        try:
            while True:
                await client.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None


def no_gap(events: list[Message], after: int) -> None:
    """Check that seq goes on by one from ``after``."""
    numbers = [event["seq"] for event in events]
    assert numbers == list(range(after + 1, after + 1 + len(numbers)))


def search_fields(address: Address, **more: Any) -> Message:
    return {"channel": address.channel, "op": str(uuid.uuid4()), "filters": {}, "sort": "price", **more}


EASY = {
    "payment_min_cents": 0,
    "payment_max_cents": None,
    "cash_down_cents": 0,
    "cash_down_max_cents": 4_000_000,
}
