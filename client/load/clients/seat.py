"""One client: a connection that comes back, with one channel, and commands that are resent until answered."""

import asyncio
import re
import uuid
from dataclasses import dataclass
from typing import Any, Final

import orjson

from client.backoff import Timing, comes_back, pause_before
from client.errors import Refused, Unreachable
from client.load.checking.ear import Ear
from client.load.checking.ledger import Head, head_of
from client.load.clients.office import Office
from client.load.clients.wire import ABNORMAL, Line
from client.load.planning.plan import Mode
from protocol import codec
from protocol.closing import ErrorCode

_REPLY: Final = b'{"type":"reply"'
_NOTE_DUE: Final = re.compile(rb'"text":"load @(\d+) ')
PASSING: Final = frozenset({ErrorCode.DEGRADED, ErrorCode.BUSY, ErrorCode.RATE_LIMITED})
"""Answers after which the same command is sent again, a moment later."""

AGAIN_SECONDS: Final = 0.25
MOST_AGAIN: Final = 20
READ_ONLY: Final = frozenset({"ping"})
TIMING: Final = Timing()


@dataclass(frozen=True, slots=True)
class Place:
    """Who a client is and what it watches. ``sight`` is the same for all who see the same."""

    who: str
    token: str
    channel: str
    view: str
    sight: str


class Seat:
    """A client that watches. ``live`` is set while it follows its channel."""

    small_buffer = False
    seen_name = "seen"

    def __init__(self, place: Place, office: Office) -> None:
        self.place, self.office = place, office
        self.ear = Ear(place.who, place.channel, place.sight, office.ledger)
        self.live = asyncio.Event()
        self.was_live = False
        self.is_refused = False
        self.line: Line | None = None
        self._back_at: float | None = None
        self._away = 0.0
        self._ref = 0
        self._asked: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._ended: asyncio.Future[tuple[int, str]] | None = None
        self._rejoins: asyncio.TimerHandle | None = None

    async def run(self, at: float) -> None:
        """Come at a time of the run, and come back until the run is over."""
        office = self.office
        await office.until(at)
        self._back_at, attempt = at, 0
        while not office.is_over:
            code = await self._connect_once()
            attempt = 0 if self.live.is_set() else attempt + 1
            self._cut()
            if office.is_over or not self._may_return(code):
                return
            pause = self._away or self._pause(attempt, code)
            if self._away or self._back_at is None:
                self._back_at = office.at + self._away
            self._away = 0.0
            await asyncio.sleep(pause)

    def drop(self, away: float) -> None:
        """Break the connection as a lost network does, and come back after ``away`` seconds."""
        if self.line is not None:
            self._away = max(away, 0.001)
            self.line.reset()

    def leave(self) -> None:
        """End the connection in order."""
        if self.line is not None:
            self.line.close()

    async def ask(self, kind: str, fields: dict[str, Any], due: float) -> dict[str, Any] | None:
        """Send a command until it is answered, over any number of connections; return the answer's data, None
        if it was refused. It was due at ``due`` seconds of the run.
        """
        office, tally = self.office, self.office.tally
        # A step's kind is a text to Python, but not to the encoder of keys.
        kind = str(kind)
        tally.sent[kind] += 1
        message = {"type": kind, **fields}
        if kind not in READ_ONLY:
            message |= {"channel": self.place.channel, "op": str(uuid.uuid4())}
        for _ in range(MOST_AGAIN):
            reply = await self.answer(message)
            if reply["ok"]:
                tally.answered[kind] += 1
                office.measure(kind, due)
                office.measure("reply", due)
                data = reply["data"]
                return data if isinstance(data, dict) else {}
            code = str(reply["error"]["code"])
            tally.refuse(kind, reply["error"])
            if code not in PASSING:
                break
            await asyncio.sleep(AGAIN_SECONDS)
        office.measure("reply", due)
        return None

    def heard(self, head: Head, line: bytes) -> None:
        """Take a message of the channel, after it was judged. For subclasses."""

    def became_live(self) -> None:
        """Take note that the channel is followed, for the first time or again. For subclasses."""

    async def _connect_once(self) -> int:
        """Serve one connection; return the code with which it ended."""
        self._ended = asyncio.get_running_loop().create_future()
        try:
            self.line = await self.office.connect(
                self.place.token, self._hear, self._end, small_buffer=self.small_buffer
            )
        except Refused as refused:
            self.office.tally.closes[f"http {refused.status}"] += 1
            return ABNORMAL if refused.status == 429 or refused.status >= 500 else 1000
        except Unreachable:
            self.office.tally.closes["unreachable"] += 1
            return ABNORMAL
        self.office.tally.totals["connections"] += 1
        self.join()
        code, _ = await self._ended
        if not self.office.is_over:
            self.office.tally.closes["dropped by us" if self._away else str(code)] += 1
        return code

    def _pause(self, attempt: int, code: int) -> float:
        """Return how long to stay away. In an avalanche everybody comes back at once."""
        if attempt == 0 and self.office.plan.mode is Mode.AVALANCHE:
            return 0.0
        return pause_before(attempt, code, TIMING, self.office.chance)

    def _may_return(self, code: int) -> bool:
        if self._away or comes_back(code):
            return True
        self.is_refused = True
        return False

    def join(self) -> None:
        """Ask for the channel, from where this client stands."""
        self._rejoins = None
        if self.line is None:
            return
        self._ref += 1
        since = self.ear.join(self._ref)
        join: dict[str, Any] = {"type": "join", "ref": self._ref, "channel": self.place.channel}
        join["view"] = self.place.view
        join["since"] = None if since is None else {"epoch": since.epoch, "seq": since.seq}
        self.join_began(since is not None)
        self.line.send(orjson.dumps(join))

    def join_began(self, resumes: bool) -> None:
        """Take note of a join. For subclasses."""

    async def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send a message until a connection brings its reply; return the reply."""
        while True:
            await self.live.wait()
            if self.line is None:
                await asyncio.sleep(AGAIN_SECONDS)
                continue
            self._ref += 1
            ref = self._ref
            reply = self._asked[ref] = asyncio.get_running_loop().create_future()
            self.line.send(orjson.dumps(message | {"ref": ref}))
            try:
                answered: dict[str, Any] = await reply
                return answered
            except ConnectionError:
                continue
            finally:
                self._asked.pop(ref, None)

    def _hear(self, frame: bytes) -> None:
        self.office.tally.totals["bytes"] += len(frame)
        events = 0
        for line in frame.split(b"\n"):
            if line.startswith(_REPLY):
                self._take_reply(line)
                continue
            try:
                head = head_of(line)
            except codec.FieldError:
                self.office.ledger.findings.note("strays", 1, f"{self.place.who} received no JSON object")
                continue
            if head.channel == self.place.channel:
                events += head.seq >= 0
                self._channel(head, line)
        if events:
            self.office.heard(events)

    def _channel(self, head: Head, line: bytes) -> None:
        before = self.ear.is_live
        again = self.ear.hears(head, line)
        if head.kind == "note_added" and self.ear.is_live and head.seq > self.ear.live_from:
            self._note(line)
        self.heard(head, line)
        if self.ear.is_live and not before:
            self._went_live()
        elif not self.ear.is_live:
            self.live.clear()
        if again:
            self._rejoin_soon()

    def _note(self, line: bytes) -> None:
        found = _NOTE_DUE.search(line)
        if found is not None:
            self.office.measure(self.seen_name, int(found[1]) / 1_000_000 - self.office.began)

    def _rejoin_soon(self) -> None:
        """Join again at once; while the server keeps failing, with pauses."""
        self._back_at = self.office.at
        if self._rejoins is None:
            pause = pause_before(self.ear.losses, ABNORMAL, TIMING, self.office.chance)
            delay = 0.0 if self.ear.losses <= 1 else pause
            self._rejoins = asyncio.get_running_loop().call_later(delay, self.join)

    def _went_live(self) -> None:
        office = self.office
        if self._back_at is not None:
            office.measure("back" if self.was_live else "join", self._back_at)
            self._back_at = None
        if not self.was_live:
            office.tally.totals["joined"] += 1
        self.was_live = True
        self.live.set()
        self.became_live()

    def _take_reply(self, line: bytes) -> None:
        reply = codec.decode(line)
        ref = reply["ref"]
        if self.ear.is_join(ref):
            if reply["ok"]:
                self.ear.joined(reply["data"], line)
                self.join_answered(line)
                if self.ear.is_live:
                    self._went_live()
            else:
                self._join_refused(reply["error"])
        elif (asked := self._asked.get(ref)) is not None and not asked.done():
            asked.set_result(reply)

    def join_answered(self, line: bytes) -> None:
        """Take the reply to a join. For subclasses."""

    def _join_refused(self, error: dict[str, Any]) -> None:
        self.office.tally.refuse("join", error)
        self.ear.refused()
        self.live.clear()
        if error.get("retry"):
            self._rejoins = asyncio.get_running_loop().call_later(AGAIN_SECONDS, self.join)
        else:
            self.is_refused = True

    def _end(self, code: int, reason: str) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_result((code, reason))

    def _cut(self) -> None:
        self.line = None
        self.live.clear()
        self.ear.cut()
        self.disconnected()
        if self._rejoins is not None:
            self._rejoins.cancel()
            self._rejoins = None
        for asked in self._asked.values():
            if not asked.done():
                asked.set_exception(ConnectionError("the connection ended"))

    def disconnected(self) -> None:
        """Take note that the connection is gone. For subclasses."""
