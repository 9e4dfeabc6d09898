"""A machine that does anything to a channel's log in any order, beside a model that knows what must come."""

import asyncio
import uuid
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from protocol import codec
from protocol.closing import CommandError
from protocol.records import EndReason
from server.log.channel_log import OVERDUE_PER_BEAT, ChannelLog
from server.log.search_log import Continuation, Lease, Progress
from server.log.search_traces import StageTime
from tests.log.log_model import CARS_PER_CHUNK, FAILED, PENDING, VALUED, ChannelModel, Event
from tests.log.stores import MemoryStore, Store
from tests.log.writing import DEAL, LANE, chunks_of, decision, started

T = TypeVar("T")

LONG_MS = 3_600_000
chunks = st.integers(0, 4)
ops = st.integers(0, 99)
"""Few enough that some are repeated; hypothesis likes to draw small ones, and equal ones."""
owners = st.sampled_from(["a", "b"])
lapsing = st.booleans()
mostly = st.sampled_from([True, True, True, True, False])
rarely = st.sampled_from([False] * 9 + [True])
sometimes = st.sampled_from([False, False, True])
latest = st.sampled_from([0, 0, 0, 0, 1])
ended = st.sampled_from([EndReason.LIMIT, EndReason.LIMIT, EndReason.COMPLETE, EndReason.CANCELLED])


class LogMachine(RuleBasedStateMachine):
    """Every rule does one thing to the log and the same to the model; both must answer alike."""

    def make_store(self) -> Store:
        """Return an empty store."""
        return MemoryStore()

    @initialize()
    def begin_empty(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.store = self.make_store()
        self.log = self.store.log
        self.model: ChannelModel | None = None
        self.epochs: list[str] = []
        self.searches: list[str] = ["none"]
        self.saved: Any = None
        self.wait(self.store.open())
        self.set_base(0)
        self.start(0, "a", False, None)

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.wait(self.store.close())
            self.loop.close()

    def wait(self, what: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(what)

    def opened(self) -> ChannelModel:
        """Return the model as a publication finds it: a lost epoch gives way to a new one."""
        self.model = self.model or ChannelModel()
        return self.model

    def named(self, which: int) -> str:
        """Return a search: 0 the latest, then older ones."""
        return self.searches[-1 - min(which, len(self.searches) - 1)]

    @rule(no=st.integers(0, 4))
    def set_base(self, no: int) -> None:
        head = self.wait(self.log.head(DEAL))
        model = self.opened()
        model.base = no if model.base is None else model.base
        assert self.wait(self.log.set_base(DEAL, head.epoch, no)) == model.base
        assert self.wait(self.log.set_base(DEAL, "another", no)) is None

    @rule(ahead=st.integers(-2, 2), count=st.integers(1, 3))
    def decide(self, ahead: int, count: int) -> None:
        model = self.opened()
        no = max(0, (model.base or 0) + ahead)
        numbers = range(no, no + count)
        told = self.wait(self.log.decide(DEAL, no, *map(decision, numbers)))
        outcomes = [model.decide(each) for each in numbers]
        if outcomes[0][0] == "missing":
            assert told == outcomes[0]
        else:
            published = any(outcome == "published" for outcome, _ in outcomes)
            assert told == ("published" if published else "repeated", model.base)

    def owner(self, mine: bool) -> str:
        """Return who runs the search, or another one."""
        search = self.model and self.model.search
        running = search.owner if search else "a"
        return running if mine else {"a": "b", "b": "a"}[running]

    def chunk(self, fresh: bool, number: int) -> int:
        """Return the number of the next chunk, or of one that there may be."""
        search = self.model and self.model.search
        found = len(search.chunks) if search else 0
        return found if fresh else number % (found or 1)

    @rule(op=ops, owner=owners, lapsed=lapsing, replaces=st.sampled_from([None, 0, 1]), again=sometimes)
    def begin(self, op: int, owner: str, lapsed: bool, replaces: int | None, again: bool) -> None:
        if not self.model or not self.model.search:
            self.start(op, owner, lapsed, None)
        elif again:
            self.start(op, owner, lapsed, replaces)

    def start(self, op: int, owner: str, lapsed: bool, replaces: int | None) -> None:
        search_id = f"s{len(self.searches)}"
        known = None if replaces is None else self.named(replaces)
        wanted = self.opened().begin(("begin", op), search_id, owner, lapsed, known)
        lease = Lease(owner, 0 if lapsed else LONG_MS)
        answer = self.wait(started(self.log, search_id, op_of("begin", op), lease, known))
        assert answer == wanted
        if answer[0] == "published":
            self.searches.append(search_id)

    @rule(op=ops, which=latest, right=mostly, owner=owners, lapsed=lapsing)
    def more(self, op: int, which: int, right: bool, owner: str, lapsed: bool) -> None:
        model, search_id = self.opened(), self.named(which)
        token = (model.search and model.search.token) if right else "wrong"
        wanted = model.more(("more", op), search_id, token or "used", owner, lapsed)
        lease = Lease(owner, 0 if lapsed else LONG_MS)
        try:
            asked = self.log.searches.continue_search(
                DEAL, op=op_of("more", op), search_id=search_id, token=token or "used", lease=lease
            )
            assert self.wait(asked) == wanted
        except CommandError as error:
            assert (error.code, wanted) == ("conflict", "conflict")

    @rule(which=latest, fresh=mostly, number=chunks, mine=mostly, lapsed=lapsing)
    def matches(self, which: int, fresh: bool, number: int, mine: bool, lapsed: bool) -> None:
        chunk, owner = self.chunk(fresh, number), self.owner(mine)
        model, search_id = self.opened(), self.named(which)
        search = model.current(search_id)
        found = (len(search.chunks) if search else 0) + 1
        published = self.log.searches.matches(
            DEAL,
            search_id=search_id,
            chunk=chunk,
            rows=CARS_PER_CHUNK,
            columns=codec.encode({"vehicle_id": cars_of(chunk), "rev": [1, 1]}),
            progress=Progress(found * 5, found * CARS_PER_CHUNK, found),
            rejected=[],
            place=f"behind {chunk}",
            job=job_of(search_id, chunk),
            lane=LANE,
            lease=Lease(owner, 0 if lapsed else LONG_MS),
        )
        assert self.wait(published) == model.matches(search_id, chunk, owner, lapsed)

    @rule(which=latest, reason=ended, mine=st.sampled_from([True, True, False, None]))
    def end(self, which: int, reason: EndReason, mine: bool | None) -> None:
        owner = None if mine is None else self.owner(mine)
        model, search_id = self.opened(), self.named(which)
        search = model.current(search_id)
        number = len(search.chunks) if search else 0
        token = f"t{len(model.events)}" if reason is EndReason.LIMIT else None
        published = self.log.searches.end_search(
            DEAL,
            search_id=search_id,
            reason=reason,
            progress=Progress(number * 5, number * CARS_PER_CHUNK, number),
            goes_on=token and Continuation(token, f"behind {token}"),
            rejected=[],
            trace={},
            owner=owner,
        )
        assert self.wait(published) == model.end(search_id, reason.value, owner, token)

    @rule(which=latest, number=st.integers(0, 20), works=st.booleans())
    def settle(self, which: int, number: int, works: bool) -> None:
        """A worker values a chunk, or gives it up."""
        search_id, chunk = self.named(which), self.chunk(False, number)
        if works:
            settled = self.log.searches.offers(
                DEAL,
                search_id=search_id,
                chunk=chunk,
                rows=CARS_PER_CHUNK,
                columns={"vehicle_id": cars_of(chunk), "npv_cents": [1, None]},
                timings=[StageTime("value", 1.0)],
            )
        else:
            settled = self.log.searches.value_failed(
                DEAL, search_id=search_id, chunk=chunk, vehicle_id=cars_of(chunk), message=f"{chunk}"
            )
        assert self.wait(settled) == self.opened().settle(search_id, chunk, VALUED if works else FAILED)

    @rule(
        count=st.integers(1, 4),
        fates=st.lists(st.booleans(), max_size=4),
        ends=st.booleans(),
        op=st.one_of(st.none(), ops),
    )
    def page(self, count: int, fates: list[bool], ends: bool, op: int | None) -> None:
        """A page as it mostly goes: chunks, an end by the limit, workers behind it, a second try."""
        for _ in range(count):
            self.matches(0, True, 0, True, False)
        if ends:
            self.end(0, EndReason.LIMIT, True)
        search = self.model and self.model.search
        pending = [chunk for chunk, state in search.chunks.items() if state == PENDING] if search else []
        for chunk, works in zip(pending, fates, strict=False):
            self.settle(0, chunk, works)
        if op is not None:
            self.revalue(op, set(pending))
            for chunk in pending:
                self.settle(0, chunk, True)

    @rule(op=ops, asked=st.sets(chunks, min_size=1))
    def revalue(self, op: int, asked: set[int]) -> None:
        model = self.opened()
        cars = [cars_of(chunk)[-1] for chunk in sorted(asked)]
        jobs = self.wait(self.log.searches.revalue(DEAL, op=op_of("revalue", op), vehicle_ids=cars))
        revived = sorted(model.revalue(("revalue", op), asked))
        assert chunks_of(jobs, model.search.id if model.search else "") == revived

    @rule(which=latest, owner=owners, lapsed=lapsing)
    def adopt(self, which: int, owner: str, lapsed: bool) -> None:
        search_id = self.named(which)
        state = self.wait(
            self.log.searches.adopt_search(DEAL, search_id, Lease(owner, 0 if lapsed else LONG_MS))
        )
        assert (state is not None) == (self.model is not None and self.model.adopt(search_id, owner, lapsed))

    @rule(which=latest, mine=mostly, lapsed=lapsing)
    def renew(self, which: int, mine: bool, lapsed: bool) -> None:
        owner = self.owner(mine)
        search_id = self.named(which)
        held = self.wait(
            self.log.searches.renew_search(DEAL, search_id, Lease(owner, 0 if lapsed else LONG_MS))
        )
        assert held == (self.model is not None and self.model.renew(search_id, owner, lapsed))

    @rule()
    def beat(self) -> None:
        """Pending chunks' jobs are there to be queued again, a few at a time, and no others."""
        (pulse,) = self.wait(self.log.beat([DEAL], overdue_ms=0, lost_before_ms=None))
        if self.model is None:
            assert pulse.epoch is None
            return
        search = self.model.search
        assert pulse.seq == len(self.model.events)
        assert pulse.lapsed == (search.id if search and search.lapsed and search.ended is None else None)
        pending = [] if search is None else [c for c, state in search.chunks.items() if state == PENDING]
        overdue = chunks_of(pulse.overdue, search.id if search else "")
        assert len(set(overdue)) == len(overdue) == min(len(pending), OVERDUE_PER_BEAT)
        assert set(overdue) <= set(pending)

    @rule(fault=st.sampled_from(["save", "lose", "restore"]), really=rarely)
    def fail(self, fault: str, really: bool) -> None:
        """Redis saves what it has, or comes back without anything, or with what it had saved."""
        if fault == "save":
            self.saved = self.wait(self.store.save())
        elif really and (fault == "lose" or self.saved is not None):
            self.wait(self.store.lose() if fault == "lose" else self.store.restore(self.saved))
            self.model = None

    @rule(after=st.integers(0, 30))
    def read(self, after: int) -> None:
        """A reader gets all that is behind its place, or is told that it is gone."""
        if self.epochs and self.model is not None:
            entries = self.wait(self.log.read(DEAL, self.epochs[-1], after, 1_000))
            seqs = None if entries is None else [entry.seq for entry in entries]
            last = len(self.model.events)
            assert seqs == (None if after > last else list(range(after + 1, last + 1)))
        for old in self.epochs[:-1] if self.model is not None else self.epochs:
            assert self.wait(self.log.read(DEAL, old, after, 10)) is None

    @invariant()
    def log_is_as_the_model_says(self) -> None:
        if getattr(self, "model", None) is None:
            return
        head = self.wait(self.log.head(DEAL))
        if head.epoch not in self.epochs:
            self.epochs.append(head.epoch)
        assert head.epoch == self.epochs[-1]
        entries = self.wait(self.log.read(DEAL, head.epoch, 0, 1_000))
        assert entries is not None
        assert [entry.seq for entry in entries] == list(range(1, head.seq + 1))
        assert [short(codec.decode(entry.body)) for entry in entries] == self.model.events
        assert head.no == self.model.base

    @invariant()
    def search_is_as_the_model_says(self) -> None:
        model = getattr(self, "model", None)
        if model is None:
            return
        state, search = self.wait(self.log.searches.current(DEAL)), model.search
        if search is None:
            assert state is None
            return
        assert state is not None
        counts = (search.count(PENDING), *(search.count(kind) * CARS_PER_CHUNK for kind in (VALUED, FAILED)))
        assert (state.pending, state.valued, state.failed) == counts
        assert (state.search_id, state.ended, state.next) == (search.id, search.ended, search.token)
        if search.token is not None:
            assert state.place == f"behind {search.token}"
        assert state.lapsed == (search.lapsed and search.ended is None)
        assert (state.base, state.chunks) == (search.base, len(search.chunks))
        chunk = len(model.events) % 4
        job = self.wait(self.log.searches.pending_job(DEAL, search.id, chunk))
        assert job == (job_of(search.id, chunk) if search.chunks.get(chunk) == PENDING else None)
        stored = self.wait(all_chunks(self.log, search.id))
        assert stored == dict(sorted(search.chunks.items()))


async def all_chunks(log: ChannelLog, search_id: str) -> dict[int, str]:
    """Return the state of each stored chunk."""
    return {
        chunk.number: FAILED if chunk.failed else PENDING if chunk.offers is None else VALUED
        async for chunk in log.searches.chunks(DEAL, search_id)
    }


def cars_of(chunk: int) -> list[str]:
    """Return a chunk's cars."""
    return [f"{chunk}-{car}" for car in range(CARS_PER_CHUNK)]


def job_of(search_id: str, chunk: int) -> bytes:
    """Return a chunk's job."""
    return f"{search_id} {chunk}".encode()


def op_of(command: str, number: int) -> uuid.UUID:
    """Return one of a command's few ops, so that they are repeated."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{command} {number}")


def short(event: dict[str, Any]) -> Event:
    """Return what the model knows of an event."""
    kind = event["type"]
    match kind:
        case "deal_changed":
            return kind, event["version"]
        case "search_started":
            return kind, event["search_id"]
        case "search_ended":
            return kind, event["search_id"], event["reason"]
        case "search_valued":
            return kind, event["search_id"], event["offers"], event["failed"]
        case "value_failed":
            return kind, event["search_id"], int(event["message"])
    return kind, event["search_id"], event["chunk"]
