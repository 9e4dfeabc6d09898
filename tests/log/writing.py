"""What tests do with a channel's log, whatever holds it."""

import uuid
from collections.abc import Iterable
from typing import Any

from protocol import codec
from protocol.events import StageSpan
from protocol.jobs import JobPointer
from protocol.records import EndReason, Filters, Sort
from server.log.channel_log import ChannelLog
from server.log.search_log import Continuation, Lease, Outcome, Progress
from server.log.search_traces import StageTime
from server.sharing.lanes import Lane

DEAL = "deal:0d8b7c1e"
ACTOR = {"id": "u1", "name": "Ann", "role": "salesperson"}
REJECTED = [{"limit": "mileage", "cars": 16, "fix": None}]
SPANS = [StageSpan(name="db_total", start_ms=1.0, end_ms=2.5)]
HELD = Lease("owner", 60_000)
LANE = Lane("riverside", "ann")


async def started(
    log: ChannelLog,
    search_id: str = "s1",
    op: uuid.UUID | None = None,
    lease: Lease = HELD,
    replaces: str | None = None,
    *,
    asked: str = "",
    age_ms: float = 0.0,
) -> tuple[Outcome, str]:
    event = {
        "type": "search_started",
        "search_id": search_id,
        "deal_version": 3,
        "estimate": 40,
        "filters": Filters(makes=["Kia"]),
        "sort": Sort.YEAR_DESC,
        "versions": {"inventory": "1", "rates": "r1", "tax": "t1", "risk": "k1", "engine": "e1"},
        "by": ACTOR,
    }
    return await log.searches.begin_search(
        DEAL,
        op=op or uuid.uuid4(),
        search_id=search_id,
        limit=500,
        event=event,
        lease=lease,
        replaces=replaces,
        asked=asked,
        age_ms=age_ms,
    )


async def found(
    log: ChannelLog, chunk: int, search_id: str = "s1", lease: Lease = HELD, job: bytes | None = None
) -> Outcome:
    columns = {"vehicle_id": [f"{chunk}-1", f"{chunk}-2"], "rev": [1, 1]}
    progress = Progress(scanned=10 * (chunk + 1), matched=2 * (chunk + 1), chunks=chunk + 1)
    return await log.searches.matches(
        DEAL,
        search_id=search_id,
        chunk=chunk,
        rows=2,
        columns=codec.encode(columns),
        progress=progress,
        rejected=REJECTED,
        place=f"behind {chunk}",
        job=job or b"job %d" % chunk,
        lane=LANE,
        lease=lease,
    )


async def ended(
    log: ChannelLog,
    reason: EndReason = EndReason.COMPLETE,
    search_id: str = "s1",
    token: str | None = None,
    owner: str | None = HELD.owner,
) -> Outcome:
    goes_on = None if token is None else Continuation(token, f"behind {token}")
    return await log.searches.end_search(
        DEAL, search_id=search_id, reason=reason, progress=Progress(20, 4, 2), goes_on=goes_on,
        rejected=REJECTED, trace={"db_total": 1.5}, spans=SPANS, owner=owner,
    )  # fmt: skip


async def valued(log: ChannelLog, chunk: int, search_id: str = "s1") -> Outcome:
    columns = {"vehicle_id": [f"{chunk}-1", f"{chunk}-2"], "npv_cents": [100, None]}
    return await log.searches.offers(
        DEAL,
        search_id=search_id,
        chunk=chunk,
        rows=2,
        columns=columns,
        timings=[StageTime("queue_wait", 0.5, 1.5), StageTime("value", 1.25)],
    )


def chunks_of(pointers: Iterable[JobPointer], search_id: str = "s1") -> list[int]:
    """Return the chunks that pointers to jobs of a search name."""
    pointers = list(pointers)
    about = {(each.channel, each.search_id, each.store_id, each.person_id) for each in pointers}
    assert about <= {(DEAL, search_id, LANE.store_id, LANE.person_id)}
    return [each.chunk for each in pointers]


async def events(log: ChannelLog, after: int = 0) -> list[dict[str, Any]]:
    head = await log.head(DEAL)
    entries = await log.read(DEAL, head.epoch, after, 1000)
    assert entries is not None
    assert [entry.seq for entry in entries] == list(range(after + 1, head.seq + 1))
    return [codec.decode(entry.body) for entry in entries]


def decision(version: int) -> dict[str, Any]:
    return {"type": "deal_changed", "version": version, "changes": {"cash_down_cents": version}, "by": ACTOR}
