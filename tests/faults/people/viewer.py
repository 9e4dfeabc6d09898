"""A client of its own kind: raw frames over a WebSocket, the protocol's rules, and a record of what came.

It follows what the protocol asks of a client (until the reply of a join nothing counts; a snapshot is whole
or nothing; an event that was seen is dropped; a gap is a reason to join again), and writes down every event
before it decides what to do with it.
"""

import asyncio
import contextlib
import itertools
import random
import socket as socket_module
import ssl
import time
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.typing import Subprotocol

from tests.faults.judging.record import Joined, Loaded, Record, event_of
from tests.faults.judging.shown import Screen

SUBPROTOCOL: Final = Subprotocol("deal.v1")
SILENCE_SECONDS: Final = 25.0
PATIENCE_SECONDS: Final = 10.0
OPEN_SECONDS: Final = 10.0
REPLY_SECONDS: Final = 15.0
PAUSES: Final = (0.05, 0.4)
SMALL_BUFFER_BYTES: Final = 8 * 1024
LARGEST_FRAME: Final = 4 * 1024 * 1024
Message = dict[str, Any]
Lost = (OSError, WebSocketException, TimeoutError)


class Channel:
    """Where a viewer stands with one channel."""

    def __init__(self, name: str, view: str) -> None:
        self.name, self.view = name, view
        self.screen: Screen | None = None
        self.epoch = ""
        self.seq = 0
        self.live = False
        self.join_ref = -1
        self.losses = 0
        self.loading: tuple[Message, Screen] | None = None

    def stands_behind(self, epoch: str, seq: int) -> bool:
        """Return whether it has not yet shown what stands at this place of the log."""
        return not self.live or self.epoch != epoch or self.seq < seq

    def since(self) -> Message | None:
        """Return where to go on; nothing where going on led to the same loss again."""
        if self.screen is None or self.losses > 1:
            return None
        return {"epoch": self.epoch, "seq": self.seq}


class Viewer:
    """Watches channels through one of several addresses, the next one whenever a connection ends."""

    def __init__(
        self,
        name: str,
        urls: list[str],
        token: str,
        channels: dict[str, str],
        *,
        silence_seconds: float = SILENCE_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
        small_buffer: bool = False,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.record = Record(name)
        self.channels = {channel: Channel(channel, view) for channel, view in channels.items()}
        self.connections = 0
        self._urls, self._token = itertools.cycle(urls), token
        self._silence, self._patience = silence_seconds, patience_seconds
        self._chance = random.Random(name)
        self._small_buffer = small_buffer
        self._tls = tls
        self.longest_away = 0.0
        self._lost_at: float | None = None
        self._refs = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Message]] = {}
        self._socket: ClientConnection | None = None
        self._reads = asyncio.Event()
        self._reads.set()
        self._rejoins: set[asyncio.Task[None]] = set()

    @property
    def is_live(self) -> bool:
        """Whether it follows all of its channels."""
        return all(channel.live for channel in self.channels.values())

    def go_by(self, url: str) -> None:
        """Come by another address the first time."""
        self._urls = itertools.chain([url], self._urls)

    def stop_reading(self) -> None:
        """Take nothing off the socket from here on."""
        self._reads.clear()

    def read_on(self) -> None:
        """Read again."""
        self._reads.set()

    async def run(self) -> None:
        """Watch until cancelled, over one connection after another."""
        while True:
            with contextlib.suppress(*Lost):
                await self._connect_once(next(self._urls))
            self._lose_all()
            await asyncio.sleep(self._chance.uniform(*PAUSES))

    async def ask(self, command: Message) -> Message:
        """Send a command and return its reply. Raises ConnectionError where the connection ends first."""
        if self._socket is None:
            raise ConnectionError("not connected")
        ref = next(self._refs)
        reply = self._asked[ref] = asyncio.get_running_loop().create_future()
        try:
            await self._socket.send(orjson.dumps(command | {"ref": ref}).decode())
            async with asyncio.timeout(REPLY_SECONDS):
                return await reply
        except Lost as error:
            raise ConnectionError("no reply") from error
        finally:
            self._asked.pop(ref, None)
            reply.cancel()

    async def _connect_once(self, url: str) -> None:
        async with connect(
            url,
            additional_headers={"Authorization": f"Bearer {self._token}"},
            subprotocols=[SUBPROTOCOL],
            compression=None,
            ping_interval=None,
            open_timeout=OPEN_SECONDS,
            close_timeout=1.0,
            max_size=LARGEST_FRAME,
            proxy=None,
            **self._options(url),
        ) as socket:
            try:
                self._take(await socket.recv())
                self._socket = socket
                self.connections += 1
                for channel in self.channels.values():
                    await self._join(channel)
                await self._read(socket)
            finally:
                self._socket = None

    def _options(self, url: str) -> dict[str, Any]:
        """Return what makes a client that does not read be noticed soon: little is on its way to it."""
        secured = {"ssl": self._tls} if url.startswith("wss:") else {}
        if not self._small_buffer:
            return secured
        made = socket_module.socket()
        made.setsockopt(socket_module.SOL_SOCKET, socket_module.SO_RCVBUF, SMALL_BUFFER_BYTES)
        made.connect(("127.0.0.1", urlsplit(url).port))
        return {"sock": made, "max_queue": 1, **secured}

    async def _read(self, socket: ClientConnection) -> None:
        pinged = False
        while True:
            await self._reads.wait()
            try:
                async with asyncio.timeout(self._patience if pinged else self._silence):
                    frame = await socket.recv()
            except TimeoutError:
                if pinged:
                    # Half of the connection is dead: no farewell would arrive.
                    socket.transport.abort()
                    raise
                pinged = True
                await socket.send(orjson.dumps({"type": "ping", "ref": next(self._refs)}).decode())
                continue
            pinged = False
            for channel in self._take(frame):
                await self._join(channel)

    async def _join(self, channel: Channel) -> None:
        channel.live, channel.loading = False, None
        channel.join_ref = next(self._refs)
        command = {"type": "join", "ref": channel.join_ref, "channel": channel.name, "view": channel.view}
        assert self._socket is not None
        await self._socket.send(orjson.dumps(command | {"since": channel.since()}).decode())

    def _take(self, frame: str | bytes) -> list[Channel]:
        """Take the messages of a frame; return the channels that must be joined again."""
        lost: list[Channel] = []
        for line in frame.split("\n" if isinstance(frame, str) else b"\n"):
            message = orjson.loads(line)
            if message["type"] == "reply":
                self._replied(message)
                continue
            channel = self.channels.get(message.get("channel", ""))
            if channel is not None and self._told(channel, message):
                lost.append(channel)
        return lost

    def _replied(self, reply: Message) -> None:
        asked = self._asked.get(reply["ref"])
        if asked is not None and not asked.done():
            asked.set_result(reply)
        for channel in self.channels.values():
            if channel.join_ref == reply["ref"]:
                self._joined(channel, reply)

    def _joined(self, channel: Channel, reply: Message) -> None:
        if not reply["ok"]:
            task = asyncio.create_task(self._join_later(channel))
            self._rejoins.add(task)
            task.add_done_callback(self._rejoins.discard)
            return
        data = reply["data"]
        deal = (data["snapshot"] or {}).get("deal") or {}
        notes = frozenset(note["id"] for note in deal["notes"]) if "notes" in deal else None
        self.record.entries.append(
            Joined(channel.name, data["epoch"], data["seq"], data["recovered"], deal.get("version"), notes)
        )
        if data["recovered"]:
            channel.live, channel.epoch, channel.seq = True, data["epoch"], data["seq"]
            self._follows()
        else:
            channel.loading = data, Screen(data["snapshot"])

    async def _join_later(self, channel: Channel) -> None:
        await asyncio.sleep(self._chance.uniform(0.1, 0.4))
        if self._socket is not None and not channel.live:
            with contextlib.suppress(*Lost):
                await self._join(channel)

    def _told(self, channel: Channel, message: Message) -> bool:
        """Take a message of a channel; return whether the channel must be joined again."""
        kind = message["type"]
        if kind == "snapshot_rows":
            if channel.loading is not None and message["ref"] == channel.join_ref:
                channel.loading[1].add_rows(message["columns"])
        elif kind == "snapshot_end":
            if channel.loading is not None and message["ref"] == channel.join_ref:
                self._show(channel, *channel.loading)
        elif kind == "resync":
            channel.losses += 1
            return channel.live or channel.loading is not None
        elif "seq" in message and (channel.live or channel.loading is not None):
            return self._happened(channel, message)
        return False

    def _show(self, channel: Channel, data: Message, screen: Screen) -> None:
        self.record.entries.append(Loaded(channel.name))
        channel.screen, channel.loading, channel.live = screen, None, True
        channel.epoch, channel.seq = data["epoch"], data["seq"]
        self._follows()

    def _follows(self) -> None:
        """Note how long it did not follow, if it follows all channels again."""
        if self.is_live and self._lost_at is not None:
            self.longest_away = max(self.longest_away, time.monotonic() - self._lost_at)
            self._lost_at = None

    def _happened(self, channel: Channel, event: Message) -> bool:
        self.record.entries.append(event_of(channel.name, event))
        if not channel.live or event["seq"] <= channel.seq:
            return False
        if event["seq"] > channel.seq + 1:
            channel.losses += 1
            channel.live = False
            return True
        channel.seq, channel.losses = event["seq"], 0
        if channel.screen is not None:
            channel.screen.apply(event)
        return False

    def _lose_all(self) -> None:
        if self.connections and self._lost_at is None:
            self._lost_at = time.monotonic()
        for channel in self.channels.values():
            channel.live, channel.loading, channel.join_ref, channel.losses = False, None, -1, 0
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(ConnectionError("the connection ended"))
