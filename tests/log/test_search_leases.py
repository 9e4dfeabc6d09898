"""Who owns a search in the log, who takes it over, and what a beat tells of it; in Redis and in memory."""

from dataclasses import replace

from protocol.records import EndReason
from server.log.channel_log import ChannelLog, Pulse
from server.log.search_log import Lease, Outcome
from tests.log.writing import (
    DEAL,
    HELD,
    REJECTED,
    chunks_of,
    decision,
    ended,
    events,
    found,
    started,
    valued,
)


async def test_the_lease_is_the_owners(log: ChannelLog) -> None:
    """As long as it lasts nobody adopts the search; whoever adopts it shuts the former owner out."""
    await started(log)
    await found(log, 0)
    other = Lease("other", 60_000)
    assert await log.searches.adopt_search(DEAL, "s1", other) is None
    assert await log.searches.adopt_search(DEAL, "s0", other) is None
    assert not await log.searches.renew_search(DEAL, "s1", other)
    assert await log.searches.renew_search(DEAL, "s1", Lease(HELD.owner, 0))
    state = await log.searches.current(DEAL)
    assert state is not None
    assert (state.lapsed, state.ended) == (True, None)
    adopted = await log.searches.adopt_search(DEAL, "s1", other)
    assert adopted is not None
    assert adopted == replace(state, lapsed=False)
    assert (adopted.place, adopted.rejected, adopted.by.name) == ("behind 0", REJECTED, "Ann")
    assert await log.searches.adopt_search(DEAL, "s1", HELD) is None
    assert not await log.searches.renew_search(DEAL, "s1", HELD)
    assert await found(log, 1) is Outcome.SUPERSEDED
    assert await ended(log) is Outcome.SUPERSEDED
    assert await found(log, 1, lease=other) is Outcome.PUBLISHED
    assert await ended(log, owner="other") is Outcome.PUBLISHED
    assert await log.searches.adopt_search(DEAL, "s1", HELD) is None
    assert not await log.searches.renew_search(DEAL, "s1", other)


async def test_an_owner_whose_lease_is_over_goes_on_until_it_is_adopted(log: ChannelLog) -> None:
    """Being late is no fault: the next publication begins the lease anew."""
    await started(log, lease=Lease("owner", 0))
    assert await found(log, 0) is Outcome.PUBLISHED
    assert await log.searches.adopt_search(DEAL, "s1", Lease("other", 1)) is None


async def test_anybody_may_end_a_search(log: ChannelLog) -> None:
    """Whoever cancels it needs no lease."""
    await started(log)
    assert await ended(log, EndReason.CANCELLED, owner=None) is Outcome.PUBLISHED
    assert await found(log, 0) is Outcome.SUPERSEDED


async def test_who_ends_a_search_from_outside_takes_no_count_back(log: ChannelLog) -> None:
    """What the owner published since the search was read counts, in the event and in the state."""
    await started(log)
    for chunk in range(5):
        await found(log, chunk)
    assert await ended(log, EndReason.CANCELLED, owner=None) is Outcome.PUBLISHED
    told, state = (await events(log))[-1], await log.searches.current(DEAL)
    assert state is not None
    assert (told["scanned"], told["matched"], told["chunks"]) == (50, 10, 5)
    assert (state.scanned, state.matched, state.chunks) == (50, 10, 5)
    assert (told["reason"], told["next"], told["rejected"]) == ("cancelled", None, REJECTED)


async def test_overdue_jobs_are_given_to_one(log: ChannelLog) -> None:
    """A pending chunk's job is given out when it is due, and its time begins anew; settled ones never are."""
    await started(log)
    for chunk in range(3):
        await found(log, chunk)
    await valued(log, 0)
    await log.searches.value_failed(DEAL, search_id="s1", chunk=1, vehicle_id=["1-1"], message="no")
    head = await log.head(DEAL)
    (early,) = await log.beat([DEAL], overdue_ms=60_000, lost_before_ms=None)
    assert early == Pulse(head.epoch, head.seq)
    (waiting,) = await log.beat([DEAL], overdue_ms=0, lost_before_ms=1)
    assert waiting.overdue == ()
    due, none = await log.beat([DEAL, "deal:other"], overdue_ms=0, lost_before_ms=None)
    assert (chunks_of(due.overdue), none) == ([2], Pulse(None))
    (again,) = await log.beat([DEAL], overdue_ms=60_000, lost_before_ms=None)
    assert again.overdue == ()


async def test_a_beat_tells_of_a_search_for_older_terms(log: ChannelLog) -> None:
    """After a while, to one who asks at a time, until it is repeated or said to stand."""
    head = await log.head(DEAL)
    await log.set_base(DEAL, head.epoch, 0)
    await log.decide(DEAL, 1, decision(1), outdates=True)

    async def is_told(overdue_ms: int = 0) -> bool:
        (pulse,) = await log.beat([DEAL], overdue_ms=overdue_ms, lost_before_ms=None)
        return pulse.outdated

    assert not await is_told(), "there is no search"
    await started(log)
    await log.decide(DEAL, 2, decision(2))
    assert not await is_told()
    await log.decide(DEAL, 3, decision(3), outdates=True)
    assert not await is_told(60_000)
    assert await is_told()
    assert not await is_told(60_000), "its time began anew"
    await log.decide(DEAL, 3, decision(3), outdates=True)
    await log.searches.search_stands(DEAL, "another", 3)
    assert await is_told()
    await log.searches.search_stands(DEAL, "s1", 2)
    assert await is_told(), "the search may be possible again after decision 3"
    await log.searches.search_stands(DEAL, "s1", 3)
    assert not await is_told()
    await log.decide(DEAL, 4, decision(4), outdates=True)
    await started(log, "s2")
    assert not await is_told()


async def test_a_beat_tells_of_a_search_without_an_owner(log: ChannelLog) -> None:
    """Running, and its lease is over: whoever watches may take it."""
    await started(log, lease=Lease("owner", 0))
    (pulse,) = await log.beat([DEAL], overdue_ms=0, lost_before_ms=None)
    assert pulse.lapsed == "s1"
    await ended(log)
    (pulse,) = await log.beat([DEAL], overdue_ms=0, lost_before_ms=None)
    assert pulse.lapsed is None
