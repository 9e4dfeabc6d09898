"""What the scripts of a channel's search answer, as objects."""

from typing import Any

from protocol import codec
from protocol.jobs import JobPointer
from protocol.records import Actor, EndReason, Filters, Sort
from server.clock import utc_now
from server.log.search_log import Outcome, SearchState
from server.log.search_traces import merged
from server.sharing.lanes import SEPARATOR


def pointers(channel: str, reply: list[Any]) -> list[JobPointer]:
    """Return pointers to the jobs in a script's reply: search id, lane, and the numbers of chunks."""
    search_id, lane, *chunks = reply
    store_id, _, person_id = lane.decode().partition(SEPARATOR)
    return [
        JobPointer(
            channel=channel,
            search_id=search_id.decode(),
            chunk=int(chunk),
            store_id=store_id,
            person_id=person_id,
            enqueued_at=utc_now(),
        )
        for chunk in chunks
    ]


def state_of(reply: list[bytes] | None) -> SearchState | None:
    """Return the stored search, from its fields and values; None if there is none."""
    if reply is None:
        return None
    fields = {name.decode(): value.decode() for name, value in zip(reply[::2], reply[1::2], strict=True)}
    trace, spans = merged(fields)
    counts = ("limit", "deal_version", "scanned", "matched", "chunks", "pending", "valued", "failed", "base")
    return SearchState(
        search_id=fields["search_id"],
        filters=codec.decode_known(Filters, fields["filters"]),
        sort=Sort(fields["sort"]),
        ended=EndReason(fields["ended"]) if fields["ended"] else None,
        next=fields["next"] or None,
        rejected=codec.decode(fields["rejected"]),
        trace=trace,
        spans=spans,
        age_ms=max(0.0, float(fields["age"])),
        place=fields["place"] or None,
        by=codec.decode_as(Actor, fields["by"]),
        lapsed=fields["lapsed"] == "1",
        **{name: int(fields[name]) for name in counts},
    )


def outcome_of(reply: bytes) -> Outcome:
    """Return what came of a call."""
    return Outcome(reply.decode())
