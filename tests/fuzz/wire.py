"""A WebSocket client that may break every rule: frames are made by hand, byte by byte."""

import asyncio
import base64
import json
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

GUARD_SECONDS = 60.0
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
RESET = 1006
"""What ``closed`` returns where the connection ended without a close frame."""

Message = dict[str, Any]


@dataclass(frozen=True)
class Target:
    """A server to be tried, and what there is to try it with. ``is_link``: the token is that of a link."""

    port: int
    token: str
    channel: str
    vehicle: str
    pid: int
    sales_token: str = ""
    is_link: bool = False

    def handshake(self, *more: str) -> bytes:
        """Return a whole request for an upgrade, with ``more`` header lines."""
        host = f"127.0.0.1:{self.port}"
        whose = (f"Authorization: Bearer {self.token}",)
        if self.is_link:
            whose = (f"Cookie: deal_offer={self.token}", f"Origin: http://{host}")
        return request(
            "GET",
            "/ws?as=customer" if self.is_link else "/ws",
            f"Host: {host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: deal.v1",
            *whose,
            *more,
        )


def request(method: str, path: str, *headers: str) -> bytes:
    """Return the head of an HTTP request."""
    return "\r\n".join((f"{method} {path} HTTP/1.1", *headers, "", "")).encode("latin-1")


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    reserved: int = 0,
    masked: bool = True,
    claims: int | None = None,
) -> bytes:
    """Return a frame as a client sends it; ``claims`` is the length that it states in place of its own."""
    size = len(payload) if claims is None else claims
    mask_bit = 0x80 if masked else 0
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    if size < 126:
        head += bytes([mask_bit | size])
    elif size < 65_536:
        head += bytes([mask_bit | 126]) + struct.pack("!H", size)
    else:
        head += bytes([mask_bit | 127]) + struct.pack("!Q", size)
    # A mask of zeros changes nothing, and is as good as any.
    return head + (b"\0\0\0\0" if masked else b"") + payload


class Wire:
    """An open socket. What the server says is read as frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._messages: list[Message] = []
        self.pongs = 0

    async def send(self, *frames: bytes) -> None:
        """Send bytes as they are; a server that has hung up meanwhile is found when reading."""
        try:
            self.writer.write(b"".join(frames))
            await self.writer.drain()
        except OSError:
            pass

    async def say(self, text: str | bytes) -> None:
        """Send a text frame."""
        await self.send(frame(TEXT, text if isinstance(text, bytes) else text.encode()))

    async def next(self) -> Message | int:
        """Return the next message that is no presence, or the close code."""
        async with asyncio.timeout(GUARD_SECONDS):
            while True:
                while self._messages:
                    message = self._messages.pop(0)
                    if message["type"] != "presence":
                        return message
                try:
                    opcode, payload = await self._frame()
                except (OSError, asyncio.IncompleteReadError):
                    return RESET
                if opcode == CLOSE:
                    return int(struct.unpack("!H", payload[:2])[0]) if payload else 1005
                if opcode == PONG:
                    self.pongs += 1
                if opcode == TEXT:
                    self._messages += [json.loads(line) for line in payload.split(b"\n")]

    async def answer(self, ref: int) -> Message | int:
        """Return the reply to ``ref``, or the close code."""
        while True:
            message = await self.next()
            if isinstance(message, int) or (message["type"] == "reply" and message["ref"] == ref):
                return message

    async def closed(self) -> int:
        """Read until the server closes, and return the code."""
        while True:
            message = await self.next()
            if isinstance(message, int):
                return message

    async def works(self, ref: int = 2**53 - 1) -> bool:
        """Return whether a good command is answered."""
        await self.say(json.dumps({"type": "ping", "ref": ref}))
        reply = await self.answer(ref)
        return not isinstance(reply, int) and reply["ok"] is True

    async def _frame(self) -> tuple[int, bytes]:
        first, second = await self.reader.readexactly(2)
        assert first & 0x80, "the server sends whole messages"
        assert not second & 0x80, "a server does not mask"
        size = second
        if size == 126:
            (size,) = struct.unpack("!H", await self.reader.readexactly(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", await self.reader.readexactly(8))
        return first & 0x0F, await self.reader.readexactly(size)


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Wire]:
    """Open a TCP connection and nothing more."""
    async with asyncio.timeout(GUARD_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()


@asynccontextmanager
async def opened(target: Target) -> AsyncIterator[Wire]:
    """Open a WebSocket and read its welcome."""
    async with connected(target.port) as wire:
        await wire.send(target.handshake())
        head = await read_head(wire)
        assert head.startswith(b"HTTP/1.1 101 "), head
        welcome = await wire.next()
        assert not isinstance(welcome, int)
        assert welcome["type"] == "welcome"
        yield wire


async def read_head(wire: Wire) -> bytes:
    """Read the head of an HTTP answer; empty where the server hung up without one."""
    async with asyncio.timeout(GUARD_SECONDS):
        try:
            return await wire.reader.readuntil(b"\r\n\r\n")
        except (OSError, asyncio.IncompleteReadError):
            return b""
