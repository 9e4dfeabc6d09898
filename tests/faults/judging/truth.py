"""What happened, read past our processes: the channels' streams in Redis, ``deal_events`` in Postgres."""

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from redis.exceptions import RedisError

from server.database.core.pool import connect_as_owner
from server.log.links.connecting import connect_redis
from tests.faults.judging.checker import Decision, Truth
from tests.faults.judging.shown import figures

LOOK_SECONDS: Final = 0.05
REDIS_SECONDS: Final = 1.0


_DEAL: Final = """
SELECT d.version, d.state::text, d.structure,
       (SELECT o.vehicle_id::text FROM offers o WHERE o.offer_id = d.selected_offer) AS selected,
       ARRAY(SELECT p.vehicle_id::text FROM deal_pins p WHERE p.deal_id = d.deal_id) AS pins,
       ARRAY(SELECT n.id FROM (SELECT e.body->>'id' AS id, e.no FROM deal_events e
                                WHERE e.deal_id = d.deal_id AND e.kind = 'note_added'
                                ORDER BY e.no DESC LIMIT 200) n ORDER BY n.no) AS notes,
       ARRAY(SELECT c.vehicle_id::text FROM vehicle_claims c WHERE c.held_by = d.deal_id) AS holds,
       d.agreed, d.proposal,
       (SELECT jsonb_build_object('name', c.name, 'phone', c.phone, 'debt', c.other_debt_cents)
          FROM customers c WHERE c.customer_id = d.customer_id) AS customer,
       (SELECT jsonb_object_agg(l.lender, l.status) FROM
               (SELECT DISTINCT ON (lender) lender, status FROM lender_decisions
                 WHERE lender_decisions.deal_id = d.deal_id ORDER BY lender, deal_version DESC) l) AS lenders,
       ARRAY(SELECT t.task_id::text FROM deal_tasks t
              WHERE t.deal_id = d.deal_id AND t.done_by IS NULL) AS tasks
  FROM deals d WHERE d.deal_id::text = $1
"""


class Tap:
    """Reads what stands in the streams of some channels, again and again, and forgets nothing of it."""

    def __init__(self, redis_url: str, channels: list[str]) -> None:
        self.truth = Truth()
        self.heads: dict[str, tuple[str, int]] = {}
        self._channels = channels
        self._redis = connect_redis(redis_url, 1)
        self._last: dict[tuple[str, str], int] = {}

    async def run(self) -> None:
        """Look until cancelled, through any outage of Redis."""
        task = asyncio.current_task()
        try:
            # On Python 3.11 redis-py can swallow a cancellation that comes with the answer.
            while task is not None and not task.cancelling():
                await self.look()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await self._redis.aclose()

    async def look(self) -> bool:
        """Read what is new; return whether Redis answered."""
        try:
            for channel in self._channels:
                async with asyncio.timeout(REDIS_SECONDS):
                    await self._look_at(channel)
        except (RedisError, OSError, TimeoutError):
            return False
        return True

    async def _look_at(self, channel: str) -> None:
        key = f"{{{channel}}}"
        known = self._last.get((channel, self.heads.get(channel, ("", 0))[0]), 0)
        epoch, seq, entries = await self._read(key, known + 1)
        if self.heads.get(channel, (epoch, 0))[0] != epoch or seq < known:
            # A new epoch, or an old one that lost its end: its numbers begin below what was read. Read at one
            # moment, because an old epoch that came back is soon followed by a new one.
            epoch, seq, entries = await self._read(key, 1)
        if epoch is None:
            return
        self.heads[channel] = epoch, seq
        for entry, fields in entries:
            number = int(entry.split(b"-")[0])
            event = orjson.loads(fields[b"e"])
            told = event["type"], event["at"]
            self.truth.retold += self.truth.log.setdefault((channel, epoch, number), told) != told
            self._last[channel, epoch] = number

    async def _read(self, key: str, first: int) -> tuple[str | None, int, Any]:
        """Return the epoch of a log, its last number and its entries from ``first`` on, as of one moment."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hmget(f"{key}:meta", "epoch", "seq")
            pipe.xrange(f"{key}:log", min=f"{first}-0")
            (epoch, seq), entries = await pipe.execute()
        return (None, 0, []) if epoch is None else (epoch.decode(), int(seq), entries)


async def decisions_of(owner_url: str, channel: str) -> list[Decision]:
    """Return what people decided about a deal, in order."""
    async with connect_as_owner(owner_url) as database:
        rows = await database.fetch(
            "SELECT no, kind, at, op::text, body FROM deal_events WHERE deal_id::text = $1 ORDER BY no",
            channel.partition(":")[2],
        )
    return [_decision(row) for row in rows]


async def deal_of(owner_url: str, channel: str) -> dict[str, Any]:
    """Return what Postgres holds of a deal, as a screen shows it: without its search."""
    async with connect_as_owner(owner_url) as database:
        row = await database.fetchrow(_DEAL, channel.partition(":")[2])
    proposal = row["proposal"] and figures(row["proposal"]["figures"]["new"])
    return {
        **row,
        **{part: sorted(row[part]) for part in ("pins", "holds", "tasks")},
        "agreed": row["agreed"] and figures(row["agreed"]),
        "proposal": proposal,
        "lenders": dict(sorted((row["lenders"] or {}).items())),
    }


def _decision(row: Any) -> Decision:
    body = row["body"]
    note = body.get("id") if row["kind"] == "note_added" else None
    return Decision(row["no"], row["kind"], _time(row["at"]), row["op"], body.get("version"), note)


def _time(at: datetime) -> str:
    """Return a time as the wire has it."""
    text = at.astimezone(UTC).isoformat(timespec="microseconds" if at.microsecond else "seconds")
    return text.replace("+00:00", "Z")
