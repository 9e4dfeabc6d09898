"""A server without I/O for the client's pure tests: one deal, a log, and every fault that a network has.

It is written from the protocol, apart from the client: its ``truth`` is kept in plain dicts.
"""

import datetime as dt
from typing import Any

from protocol import codec
from protocol.commands import AnyCommand, Join, Leave
from protocol.events import AnyMessage

CHANNEL = "deal:1"
NOW = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
BY = {"id": "u1", "name": "Ann", "role": "salesperson"}
CARS_PER_CHUNK = 3


class ModelServer:
    """``wire`` holds what was sent and not received yet; tests take from it, or do it harm."""

    def __init__(self) -> None:
        self.wire: list[bytes] = []
        self.commands: list[AnyCommand] = []
        self.epoch = 0
        self.log: list[dict[str, Any]] = []
        self.forgotten = 0
        self.joined = False
        self.truth: dict[str, Any] = {"version": 0, "fees": 0, "search": None, "rows": {}}
        self._chunk = 0

    @property
    def head(self) -> int:
        """The seq of the last event of this epoch."""
        return self.forgotten + len(self.log)

    def change_terms(self) -> None:
        """Somebody edits the deal."""
        self.truth["version"] += 1
        self.truth["fees"] = 100 * self.truth["version"]
        changes = {"fees_cents": self.truth["fees"]}
        self._publish(type="deal_changed", version=self.truth["version"], changes=changes, by=BY)

    def start_search(self) -> None:
        """A search begins; the rows of the one before are gone."""
        number = int(self.truth["search"] or 0) + 1
        self.truth |= {"search": str(number), "rows": {}}
        self._chunk = 0
        self._publish(
            type="search_started",
            search_id=str(number),
            deal_version=self.truth["version"],
            estimate=10,
            filters={},
            sort="price",
            versions=dict.fromkeys(("inventory", "rates", "tax", "risk", "engine"), "1"),
            by=BY,
        )

    def match(self) -> None:
        """The search finds three cars; every other chunk finds one of them again, repriced."""
        if self.truth["search"] is None:
            return
        first, rev = self._chunk // 2 * CARS_PER_CHUNK, self._chunk % 2
        cars = [f"{self.truth['search']}-{first + number}" for number in range(CARS_PER_CHUNK)]
        for car in cars:
            self.truth["rows"][car] = (rev, None)
        columns = {"vehicle_id": cars, "rev": [rev] * len(cars), "price_cents": [100] * len(cars)}
        self._publish_chunk("matches", self._chunk, columns)
        self._chunk += 1

    def value(self, number: int) -> None:
        """A worker values a chunk of the search; values for cars that were repriced count for nothing."""
        if self._chunk == 0:
            return
        chunk = number % self._chunk
        first, rev = chunk // 2 * CARS_PER_CHUNK, chunk % 2
        cars = [f"{self.truth['search']}-{first + number}" for number in range(CARS_PER_CHUNK)]
        for car in cars:
            if self.truth["rows"][car][0] == rev:
                self.truth["rows"][car] = (rev, chunk)
        columns = {"vehicle_id": cars, "rev": [rev] * len(cars), "payment_cents": [chunk] * len(cars)}
        self._publish_chunk("offers", chunk, columns)

    def say_something_new(self) -> None:
        """An event of a type that the client does not know."""
        self._publish(type="field_locked", version=1, field="fees_cents", by=BY)

    def forget_log(self) -> None:
        """The log is trimmed: older positions cannot be resumed."""
        self.forgotten = self.head
        self.log.clear()

    def lose_redis(self) -> None:
        """A new epoch begins with seq 1, and the client is told to join again."""
        self.epoch += 1
        self.forgotten = 0
        self.log.clear()
        self.resync()

    def resync(self) -> None:
        """The client fell behind: its queue is dropped, replies apart; nothing is sent until it joins."""
        if self.joined:
            self.wire[:] = [line for line in self.wire if line.startswith(b'{"type":"reply"')]
            self.joined = False
            self._send(type="resync", channel=CHANNEL)

    def disconnect(self) -> None:
        """The connection breaks: what was on its way is lost."""
        self.wire.clear()
        self.joined = False

    def take(self, commands: list[AnyCommand], *, behind: int = 0, refuse: bool = False) -> None:
        """Carry out commands. A snapshot is stated up to ``behind`` events older than what it holds."""
        for command in commands:
            self.commands.append(command)
            match command:
                case Join() if refuse:
                    error = {"code": "busy", "message": "Later.", "retry": True, "detail": {}}
                    self._send(type="reply", ref=command.ref, ok=False, error=error)
                case Join():
                    self._join(command, behind)
                case Leave():
                    self.joined = False
                    self._send(type="reply", ref=command.ref, ok=True, data={})
                case _:
                    self._send(type="reply", ref=command.ref, ok=True, data={"version": 1, "search_id": "1"})

    def _join(self, join: Join, behind: int) -> None:
        self.joined = True
        since = join.since
        if since and since.epoch == str(self.epoch) and self.forgotten <= since.seq <= self.head:
            self._reply_join(join, seq=self.head, recovered=True, snapshot=None)
            position = since.seq
        else:
            position = max(self.forgotten, self.head - behind)
            self._reply_join(join, seq=position, recovered=False, snapshot=self._snapshot())
            self._send_rows(join.ref)
        for event in self.log[position - self.forgotten :]:
            self._send(**event)

    def _reply_join(self, join: Join, **data: Any) -> None:
        data |= {"epoch": str(self.epoch), "view": join.view}
        self._send(type="reply", ref=join.ref, ok=True, data=data)

    def _snapshot(self) -> dict[str, Any]:
        deal = {
            "id": "1",
            "version": self.truth["version"],
            "state": "working",
            "customer": {"id": "c1", "name": "Cid"},
            "structure": {"fees_cents": self.truth["fees"]},
        }
        if self.truth["search"] is None:
            return {"deal": deal, "search": None}
        counts = {"scanned": 0, "matched": 0, "valued": 0, "ended": None}
        search = {"search_id": self.truth["search"], "filters": {}, "sort": "price", **counts}
        return {"deal": deal, "search": search}

    def _send_rows(self, ref: int) -> None:
        for part, (car, (rev, payment)) in enumerate(self.truth["rows"].items()):
            columns = {
                "vehicle_id": [car],
                "rev": [rev],
                "price_cents": [100],
                "payment_cents": [payment],
                "valued": [payment is not None],
            }
            self._send(type="snapshot_rows", channel=CHANNEL, ref=ref, part=part, rows=1, columns=columns)
        self._send(type="snapshot_end", channel=CHANNEL, ref=ref)

    def _publish_chunk(self, kind: str, chunk: int, columns: dict[str, Any]) -> None:
        rows = len(columns["vehicle_id"])
        self._publish(type=kind, search_id=self.truth["search"], chunk=chunk, rows=rows, columns=columns)

    def _publish(self, **event: Any) -> None:
        entry = event | {"channel": CHANNEL, "seq": self.head + 1, "at": NOW}
        self.log.append(entry)
        if self.joined:
            self._send(**entry)

    def _send(self, **message: Any) -> None:
        self.wire.append(codec.encode(message))


def parse(line: bytes) -> AnyMessage | dict[str, Any]:
    """Return the one message of ``line``."""
    (message,) = codec.decode_messages(line)
    return message
