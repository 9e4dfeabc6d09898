"""A customer who opens a link: in a browser of their own, over a socket whose every frame is kept."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

GUARD_SECONDS = 60.0
SESSION = "/api/offer-session"


@dataclass
class Page:
    """The customer's page. ``frames`` are all that its socket received."""

    socket: ClientConnection
    channel: str
    frames: list[str] = field(default_factory=list)
    _lines: list[Any] = field(default_factory=list)
    _ref: int = 0

    async def next(self) -> Any:
        """Return the next message."""
        async with asyncio.timeout(GUARD_SECONDS):
            while not self._lines:
                self.frames.append(str(await self.socket.recv()))
                self._lines = [json.loads(line) for line in self.frames[-1].split("\n")]
        return self._lines.pop(0)

    async def send(self, command: dict[str, Any]) -> Any:
        """Send a command as it is, and return its reply."""
        await self.socket.send(json.dumps(command))
        while True:
            message = await self.next()
            if message["type"] == "reply" and message["ref"] == command["ref"]:
                return message

    async def ask(self, what: str, **fields: object) -> Any:
        """Send a command about the page's own channel, and return its reply."""
        self._ref += 1
        return await self.send({"type": what, "ref": self._ref, "channel": self.channel, **fields})

    async def shown(self) -> dict[str, Any]:
        """Return what the deal presents."""
        reply = await self.ask("presentation")
        assert reply["ok"], reply
        data: dict[str, Any] = reply["data"]
        return data

    async def like(self, cell: dict[str, Any], op: str | None = None, **of: object) -> Any:
        """Like a cell; ``of`` names the car and the way. Return the reply."""
        return await self.ask("like", op=op or str(uuid.uuid4()), **of, **cell)

    async def until(self, kind: str, **fields: object) -> Any:
        """Return the next event of a kind with these fields."""
        while True:
            message = await self.next()
            if message["type"] == kind and all(message.get(name) == value for name, value in fields.items()):
                return message

    async def close_code(self) -> int | None:
        """Read until the server closes, and return its code."""
        try:
            while True:
                await self.next()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None


@dataclass(frozen=True)
class Doors:
    """Web processes at which customers come in, and the origin of their page."""

    urls: tuple[str, ...]
    channel: str

    @property
    def origin(self) -> str:
        """The address that browsers know, of all processes."""
        return self.urls[0]

    async def post(self, token: str, process: int = 1) -> httpx.Response:
        """Post a token as the page does."""
        async with httpx.AsyncClient(base_url=self.urls[process], timeout=GUARD_SECONDS) as browser:
            return await browser.post(SESSION, json={"token": token}, headers={"origin": self.origin})

    @asynccontextmanager
    async def open(
        self,
        cookie: str,
        process: int = 1,
        *,
        path: str = "/ws?as=customer",
        origin: str | None = "",
        frames: list[str] | None = None,
    ) -> AsyncIterator[Page]:
        """Open the page's socket with the cookie that ``post`` got; ``frames`` takes what it receives."""
        opening = connect(
            self.urls[process].replace("http", "ws", 1) + path,
            additional_headers={"cookie": cookie},
            origin=self.origin if origin == "" else origin,  # type: ignore[arg-type]
            compression=None,
        )
        async with opening as socket:
            yield Page(socket, self.channel, [] if frames is None else frames)


def cookie_of(answer: httpx.Response) -> str:
    """Return the cookie that an answer sets, as a browser sends it back."""
    return answer.headers["set-cookie"].partition(";")[0]
