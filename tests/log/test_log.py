"""What a channel's log does, in Redis and in memory: order, epochs, idempotency, bounds."""

from collections.abc import Callable

from protocol import codec
from server.log.channel_log import ChannelLog, Head, LogBounds
from server.log.search_log import Outcome
from tests.log.writing import DEAL, decision, ended, events, found, started, valued


async def test_an_epoch_stands_and_is_each_channels_own(log: ChannelLog) -> None:
    """A new channel begins an epoch; asking again changes nothing."""
    head = await log.head(DEAL)
    assert head == Head(head.epoch, 0, None)
    assert await log.head(DEAL) == head
    assert (await log.head("deal:other")).epoch != head.epoch


async def test_decisions_go_in_order_and_once(log: ChannelLog) -> None:
    """The log accepts last + 1, ignores lower, refuses higher; without a base it refuses all."""
    assert await log.decide(DEAL, 1, decision(1)) == (Outcome.MISSING, -1)
    head = await log.head(DEAL)
    assert await log.set_base(DEAL, head.epoch, 7) == 7
    assert await log.set_base(DEAL, head.epoch, 9) == 7
    assert await log.set_base(DEAL, "another", 9) is None
    assert await log.decide(DEAL, 9, decision(9)) == (Outcome.MISSING, 7)
    assert await log.decide(DEAL, 8, decision(8)) == (Outcome.PUBLISHED, 8)
    assert await log.decide(DEAL, 8, decision(8)) == (Outcome.REPEATED, 8)
    assert await log.decide(DEAL, 9, decision(9)) == (Outcome.PUBLISHED, 9)
    assert [event["version"] for event in await events(log)] == [8, 9]
    assert await log.head(DEAL) == Head(head.epoch, 2, 9)


async def test_decisions_of_one_transaction_go_together(log: ChannelLog) -> None:
    """Those that are known are passed over; each entry has its number, and what nobody decided has none."""
    head = await log.head(DEAL)
    await log.set_base(DEAL, head.epoch, 7)
    assert await log.decide(DEAL, 9, decision(9), decision(10)) == (Outcome.MISSING, 7)
    assert await log.decide(DEAL, 8, decision(8), decision(9)) == (Outcome.PUBLISHED, 9)
    await started(log)
    assert await log.decide(DEAL, 9, decision(9), decision(10)) == (Outcome.PUBLISHED, 10)
    assert await log.decide(DEAL, 9, decision(9), decision(10)) == (Outcome.REPEATED, 10)
    entries = await log.read(DEAL, head.epoch, 0, 10)
    assert entries is not None
    assert [entry.no for entry in entries] == [8, 9, 0, 10]


async def test_an_epoch_ends_when_it_is_told_to(log: ChannelLog) -> None:
    """Once, and only the one that is meant; the next one has no base and no events."""
    head = await log.head(DEAL)
    await log.set_base(DEAL, head.epoch, 3)
    await log.decide(DEAL, 4, decision(4))
    assert not await log.begin_anew(DEAL, "another")
    assert await log.begin_anew(DEAL, head.epoch)
    assert not await log.begin_anew(DEAL, head.epoch)
    after = await log.head(DEAL)
    assert after == Head(after.epoch, 0, None)
    assert after.epoch != head.epoch
    assert await log.read(DEAL, head.epoch, 0, 10) is None


async def test_bodies_begin_with_type_and_lack_seq(log: ChannelLog) -> None:
    """A body is an object that begins with its type, so that a hub can put seq in without decoding it."""
    await started(log)
    await found(log, 0)
    await ended(log)
    await valued(log, 0)
    head = await log.head(DEAL)
    entries = await log.read(DEAL, head.epoch, 0, 10)
    assert entries is not None
    for entry in entries:
        assert entry.body.startswith(b'{"type":"')
        spliced = b'{"seq":%d,' % entry.seq + entry.body[1:]
        (message,) = codec.decode_messages(spliced)
        assert message.seq == entry.seq
        assert message.channel == DEAL


async def test_log_is_bounded_by_events(make_log: Callable[..., ChannelLog]) -> None:
    """The oldest events go first; whoever needs one that is gone is told so."""
    log = make_log(LogBounds(events=5))
    head = await log.head(DEAL)
    await log.set_base(DEAL, head.epoch, 0)
    for no in range(1, 9):
        await log.decide(DEAL, no, decision(no))
    assert await log.read(DEAL, head.epoch, 2, 10) is None
    kept = await log.read(DEAL, head.epoch, 3, 10)
    assert kept is not None
    assert [entry.seq for entry in kept] == [4, 5, 6, 7, 8]
    assert await log.read(DEAL, head.epoch, 8, 10) == []
    assert await log.read(DEAL, head.epoch, 9, 10) is None


async def test_log_is_bounded_by_bytes(make_log: Callable[..., ChannelLog]) -> None:
    """Large events push out older ones before the count is reached; the newest always stays."""
    log = make_log(LogBounds(bytes=400))
    head = await log.head(DEAL)
    await log.set_base(DEAL, head.epoch, 0)
    for no in range(1, 9):
        await log.decide(DEAL, no, decision(no))
    kept = await log.read(DEAL, head.epoch, 7, 10)
    assert kept is not None
    assert await log.read(DEAL, head.epoch, 0, 10) is None
    await log.decide(DEAL, 9, {**decision(9), "changes": {"text": "x" * 500}})
    last = await log.read(DEAL, head.epoch, 8, 10)
    assert last is not None
    assert [entry.seq for entry in last] == [9]
