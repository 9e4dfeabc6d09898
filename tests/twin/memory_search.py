"""A channel's search as the in-memory log holds it: what the scripts of Redis do, without Redis."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from protocol import codec
from protocol.events import FIRST_LATE_CHUNK, StageSpan
from protocol.jobs import JobPointer
from protocol.records import EndReason
from server.clock import utc_now
from server.log.search_log import Chunk, Lease, SearchState
from server.log.search_traces import StageTime, merged
from server.sharing.lanes import Lane


@dataclass(slots=True)
class MemorySearch:
    """One search. ``state`` lacks what is computed: the lapse of the lease."""

    state: SearchState
    owner: str
    lease_until: int
    announced: bool = False
    outdated_at: int | None = None
    lane: Lane = field(default_factory=Lane)
    matches: dict[int, bytes] = field(default_factory=dict)
    offers: dict[int, bytes] = field(default_factory=dict)
    given_up: dict[int, list[str]] = field(default_factory=dict)
    jobs: dict[int, bytes] = field(default_factory=dict)
    due: dict[int, int] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    timings: list[tuple[StageTime, float]] = field(default_factory=list)

    def began(self, age_ms: float) -> None:
        """Begin the trace of a page, whose command arrived so long ago."""
        self.told = {"origin": f"{exact_ms() - age_ms:.3f}", "trace": "{}"}

    def traced(self) -> dict[str, str]:
        """Return what the trace consists of."""
        state = self.state
        counts = {name: str(getattr(state, name)) for name in ("scanned", "matched", "valued", "failed")}
        return {"search_id": state.search_id, "ended": state.ended or "", **counts, **self.told}

    def change(self, **changes: Any) -> None:
        """Change fields of the state."""
        self.state = replace(self.state, **changes)

    def take_lease(self, lease: Lease, now_ms: int) -> None:
        """Let ``lease`` begin."""
        self.owner, self.lease_until = lease.owner, now_ms + lease.ms

    def is_running_by(self, owner: str) -> bool:
        """Return whether the search runs and is this owner's."""
        return self.state.ended is None and self.owner == owner

    def has_lapsed(self, now_ms: int) -> bool:
        """Return whether the search runs and its lease is over."""
        return self.state.ended is None and self.lease_until <= now_ms

    def seen(self, now_ms: int) -> SearchState:
        """Return the state as anybody reads it."""
        trace, spans = merged(self.told)
        age = exact_ms() - float(self.told["origin"])
        return replace(
            self.state, lapsed=self.has_lapsed(now_ms), trace=trace, spans=spans, age_ms=max(0.0, age)
        )

    def is_settled(self, chunk: int) -> bool:
        """Return whether a chunk has its offers or was given up."""
        return chunk in self.offers or chunk in self.given_up

    def add_chunk(self, chunk: int, cells: bytes, job: bytes, now_ms: int, **progress: Any) -> None:
        """Take a chunk as pending."""
        self.matches[chunk], self.jobs[chunk], self.due[chunk] = cells, job, now_ms
        self.change(pending=self.state.pending + 1, **progress)

    def settle(self, chunk: int, cells: bytes, rows: int, timings: Sequence[StageTime]) -> None:
        """Take a pending chunk's offers."""
        self.offers[chunk] = cells
        del self.jobs[chunk], self.due[chunk]
        if chunk < FIRST_LATE_CHUNK:
            self.timings += [(each, exact_ms() - each.ago_ms) for each in timings]
        self.change(pending=self.state.pending - 1, valued=self.state.valued + rows)

    def give_up(self, chunk: int, cars: list[str]) -> None:
        """Count a pending chunk as failed; its job stays for ``revive``."""
        self.given_up[chunk] = list(cars)
        del self.due[chunk]
        self.change(pending=self.state.pending - 1, failed=self.state.failed + len(cars))

    def revive(self, cars: set[str], now_ms: int) -> list[int]:
        """Make given-up chunks with one of these cars pending again, and return them."""
        chunks = sorted(chunk for chunk, failed in self.given_up.items() if cars.intersection(failed))
        for chunk in chunks:
            failed = self.given_up.pop(chunk)
            self.due[chunk] = now_ms
            self.change(pending=self.state.pending + 1, failed=self.state.failed - len(failed))
        self.announced = self.announced and not chunks
        return chunks

    def take_overdue(self, before_ms: int, now_ms: int, most: int) -> list[int]:
        """Return the chunks that have waited longest, and let their time begin anew."""
        late = sorted((at, chunk) for chunk, at in self.due.items() if at <= before_ms)[:most]
        for _, chunk in late:
            self.due[chunk] = now_ms
        return [chunk for _, chunk in late]

    def pointers(self, channel: str, chunks: Iterable[int]) -> list[JobPointer]:
        """Return what points to the jobs of chunks."""
        return [
            JobPointer(
                channel=channel,
                search_id=self.state.search_id,
                chunk=chunk,
                store_id=self.lane.store_id,
                person_id=self.lane.person_id,
                enqueued_at=utc_now(),
            )
            for chunk in chunks
        ]

    def take_outdated(self, before_ms: int, now_ms: int) -> bool:
        """Return whether the search has waited to be repeated, and let its time begin anew."""
        if self.outdated_at is None or self.outdated_at > before_ms:
            return False
        self.outdated_at = now_ms
        return True

    def end(self, reason: EndReason, **results: Any) -> None:
        """End the search."""
        self.change(ended=reason, **results)

    def valued_body(self, prefix: bytes) -> bytes | None:
        """Return ``search_valued`` where it is due, once per page and once more after a revival."""
        state = self.state
        if state.ended is None or state.pending or self.announced:
            return None
        self.announced = True
        trace, spans = self._take_worked()
        self.told |= {
            "valued_trace": codec.encode(trace).decode(),
            "valued_spans": codec.encode(spans).decode(),
        }
        counts = {"offers": state.valued, "failed": state.failed, "trace": trace, "spans": spans}
        return prefix + b"," + codec.encode(counts)[1:]

    def _take_worked(self) -> tuple[dict[str, float], list[StageSpan]]:
        origin, taken, self.timings = float(self.told["origin"]), self.timings, []
        trace: dict[str, float] = {}
        spans = []
        for name in dict.fromkeys(each.name for each, _ in taken):
            parts = [(ended - each.ms, ended) for each, ended in taken if each.name == name]
            trace[name] = round(sum(each.ms for each, _ in taken if each.name == name), 3)
            spans.append(
                StageSpan(
                    name=name,
                    start_ms=round(max(0.0, min(start for start, _ in parts) - origin), 3),
                    end_ms=round(max(0.0, max(end for _, end in parts) - origin), 3),
                    count=len(parts),
                )
            )
        return trace, sorted(spans, key=lambda span: span.start_ms)

    def chunk(self, number: int) -> Chunk:
        """Return a stored chunk."""
        offers = self.offers.get(number)
        return Chunk(
            number,
            codec.decode(self.matches[number]),
            None if offers is None else codec.decode(offers),
            number in self.given_up,
        )


def exact_ms() -> float:
    """Return the milliseconds of the clock, with microseconds."""
    return time.time() * 1000
