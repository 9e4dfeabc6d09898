"""A hub without I/O for the generator: one deal, one log, and faults planted in what one client hears."""

import asyncio
from collections.abc import Callable
from typing import Any

import orjson

from client.load.clients.wire import End, Hear
from client.load.running.run import Cast
from client.load.running.stage import Person

CHANNEL = "deal:1"
AT = "2026-07-01T00:00:00Z"
BY = {"id": "u1", "name": "Ann", "role": "salesperson"}
SALES = Person("sales", "u1", "salesperson", "s1", True)
MANAGER = Person("manager", "u2", "desk_manager", "s1", True)
CAST = Cast(SALES, MANAGER, (CHANNEL,))
Spoil = Callable[[list[bytes]], list[bytes]]
"""Takes the events that a client is about to hear in one turn; returns what it hears instead."""


class Connection:
    """The hub's end of a connection, and the generator's line."""

    def __init__(self, hub: "FakeHub", number: int, hear: Hear, end: End) -> None:
        self.hub, self.number = hub, number
        self._hear, self._end = hear, end
        self.joined = self.is_open = True
        self.joined = False
        self.paused = False
        self._held: list[bytes] = []

    def send(self, message: bytes) -> None:
        asyncio.get_running_loop().call_later(self.hub.delay(), self._take, orjson.loads(message))

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False
        held, self._held = self._held, []
        for frame in held:
            self._hear(frame)

    def reset(self) -> None:
        self.close()

    def close(self) -> None:
        if self.is_open:
            self.is_open = self.joined = False
            asyncio.get_running_loop().call_soon(self._end, 1006, "")

    def hears(self, *lines: bytes) -> None:
        if not self.is_open or not lines:
            return
        frame = b"\n".join(lines)
        if self.paused:
            self._held.append(frame)
        else:
            self._hear(frame)

    def _take(self, command: dict[str, Any]) -> None:
        if self.is_open:
            self.hub.take(self, command)


class FakeHub:
    """``connect`` is what the generator opens connections with."""

    def __init__(self) -> None:
        self.connections: list[Connection] = []
        self.log: list[bytes] = []
        self.notes: list[dict[str, Any]] = []
        self.spoil: dict[int, Spoil] = {}
        self.stalls: tuple[float, float] = (0.0, 0.0)
        self.lies = False
        """Whether snapshots tell of another deal than the log."""

    async def connect(self, token: str, hear: Hear, end: End, *, small_buffer: bool = False) -> Connection:
        """Open a connection."""
        made = Connection(self, len(self.connections), hear, end)
        self.connections.append(made)
        asyncio.get_running_loop().call_soon(made.hears, b'{"type":"welcome"}')
        return made

    def delay(self) -> float:
        """Return how long a command takes that arrives now: until the stall is over."""
        now = asyncio.get_running_loop().time()
        begin, end = self.stalls
        return end - now if begin <= now < end else 0.001

    def take(self, peer: Connection, command: dict[str, Any]) -> None:
        """Carry out a command."""
        ref = command["ref"]
        match command["type"]:
            case "join":
                self._join(peer, command)
            case "note":
                text, no = command["text"], len(self.log) + 1
                self.notes.append({"id": f"n{no}", "text": text, "by": BY, "at": AT})
                self.publish({"type": "note_added", "id": f"n{no}", "text": text, "by": BY})
                peer.hears(_encode({"type": "reply", "ref": ref, "ok": True, "data": {"note_id": "n"}}))
            case _:
                peer.hears(_encode({"type": "reply", "ref": ref, "ok": True, "data": {}}))

    def publish(self, event: dict[str, Any]) -> None:
        """Log an event; everybody who has joined hears it, or what is planted."""
        head = {"type": event["type"], "channel": CHANNEL, "seq": len(self.log) + 1}
        line = _encode({**head, "at": AT, **event})
        self.log.append(line)
        for peer in self.connections:
            if peer.joined:
                peer.hears(*self.spoil.get(peer.number, list)([line]))

    def resync(self, peer: Connection) -> None:
        """Tell a client that it fell behind."""
        peer.joined = False
        peer.hears(_encode({"type": "resync", "channel": CHANNEL}))

    def _join(self, peer: Connection, command: dict[str, Any]) -> None:
        since, seq = command["since"], len(self.log)
        data: dict[str, Any] = {"epoch": "e1", "seq": seq, "recovered": since is not None}
        data |= {"view": command["view"], "snapshot": None if since else self._snapshot()}
        peer.joined = True
        peer.hears(_encode({"type": "reply", "ref": command["ref"], "ok": True, "data": data}))
        if since:
            peer.hears(*self.log[since["seq"] :])
        else:
            peer.hears(_encode({"type": "snapshot_end", "channel": CHANNEL, "ref": command["ref"]}))

    def _snapshot(self) -> dict[str, Any]:
        version = 7 if self.lies else 0
        customer = {"id": "c1", "name": "Cid"}
        deal: dict[str, Any] = {
            "id": "1",
            "version": version,
            "state": "working",
            "customer": customer,
            "structure": {},
        }
        deal["notes"] = self.notes
        return {"deal": deal, "search": None}


def _encode(message: dict[str, Any]) -> bytes:
    return orjson.dumps(message)


def after(count: int, spoil: Spoil) -> Spoil:
    """Return what spoils only the event after ``count`` others."""
    heard = 0

    def pick(lines: list[bytes]) -> list[bytes]:
        nonlocal heard
        heard += 1
        return spoil(lines) if heard == count + 1 else lines

    return pick
