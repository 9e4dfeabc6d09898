"""A session delivers every event in order and once, whatever the bells do and whenever somebody joins."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from protocol import codec
from protocol.records import View
from server.hub.channels.session import Phase, Session, Verdict, Watcher
from server.hub.sight.sight import Sight
from server.hub.sockets.wire import FastLane
from server.log.channel_log import Entry
from tests.hub.wires import texts_in

CHANNEL = "deal:1"


@dataclass
class Recorder:
    """An outlet that remembers what it was given."""

    seqs: list[int] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    resyncs: int = 0

    @property
    def fast_lane(self) -> FastLane:
        return FastLane(self.write, lambda: False)

    def write(self, frame: bytes) -> None:
        self.frames.append(frame)
        (text,) = texts_in(frame)
        self.seqs += [codec.decode(message)["seq"] for message in codec.split_frame(text)]

    def send_resync(self, channel: str) -> None:
        self.resyncs += 1


def entry(seq: int, epoch: str = "e1") -> Entry:
    body = {"type": "deal_changed", "channel": CHANNEL, "at": "t", "version": seq, "changes": {}, "by": {}}
    return Entry(epoch, seq, codec.encode(body))


def watch(session: Session, position: int, view: View = View.MANAGER) -> tuple[Watcher, Recorder]:
    recorder = Recorder()
    assert session.epoch is not None
    watcher = Watcher(CHANNEL, Sight(view), session.epoch, position, recorder)
    session.watch(watcher)
    session.go_live(watcher)
    return watcher, recorder


def receive(session: Session, arrived: Entry) -> Verdict:
    """Take an event and deliver it, as the end of a turn would."""
    verdict = session.receive(arrived)
    session.deliver()
    return verdict


def opened(seq: int = 0) -> Session:
    session = Session(CHANNEL)
    assert session.open("e1", seq)
    return session


def test_bells_before_the_first_position_are_not_delivered() -> None:
    """Until a join has captured where the channel stands, there is nothing to be in order with."""
    session = Session(CHANNEL)
    assert receive(session, entry(1)) is Verdict.KNOWN
    assert session.open("e1", 4)
    assert not session.open("e1", 9)
    assert session.seq == 4


@given(st.lists(st.integers(1, 12), max_size=60))
def test_events_are_delivered_in_order_and_once(bells: list[int]) -> None:
    """Bells lost, repeated, out of order: with the log read at each gap, a watcher sees 1, 2, 3 and so on."""
    session = opened()
    _, recorder = watch(session, 0)
    for seq in bells:
        verdict = receive(session, entry(seq))
        if verdict is Verdict.GAP:
            for missing in range(session.seq + 1, seq + 1):
                assert receive(session, entry(missing)) is Verdict.TAKEN
    assert recorder.seqs == list(range(1, max(bells, default=0) + 1))


@given(st.lists(st.sampled_from(["event", "replay"]), max_size=40), st.integers(0, 5))
def test_a_joining_watcher_gets_each_event_once(steps: list[str], lag: int) -> None:
    """Events that come while a watcher replays are neither lost nor sent twice, in any interleaving."""
    session = opened(5)
    watcher, recorder = watch(session, 5 - lag)
    for step in steps:
        if step == "event":
            receive(session, entry(session.seq + 1))
        elif watcher.phase is Phase.REPLAYING:
            watcher.position += 1
            recorder.seqs.append(watcher.position)
            session.go_live(watcher)
    assert recorder.seqs == list(range(6 - lag, 6 - lag + len(recorder.seqs)))
    if watcher.phase is Phase.LIVE:
        assert watcher.position == session.seq


def test_a_watcher_ahead_of_the_session_skips_what_it_has() -> None:
    """A join may read the log before the bell rang: the bell then brings nothing new."""
    session = opened(3)
    watcher, recorder = watch(session, 5)
    assert watcher.phase is Phase.LIVE
    for seq in (4, 5, 6):
        receive(session, entry(seq))
    assert recorder.seqs == [6]


def test_watchers_of_a_view_share_the_encoded_bytes() -> None:
    """An event is projected, encoded and framed once for each view, not for each watcher."""
    session = opened()
    recorders = [watch(session, 0, view)[1] for view in (View.SALES, View.SALES, View.CUSTOMER)]
    receive(session, entry(1))
    first, second, other = (recorder.frames[0] for recorder in recorders)
    assert first is second
    assert other is not first


def test_a_new_epoch_sends_everybody_back() -> None:
    """Nobody is served over the edge of an epoch, not even those who are still replaying."""
    session = opened(2)
    live, one = watch(session, 2)
    replaying, two = watch(session, 0)
    assert receive(session, entry(1, "e2")) is Verdict.NEW_EPOCH
    session.restart("e2", 1)
    assert (one.resyncs, two.resyncs) == (1, 1)
    assert live.phase is replaying.phase is Phase.GONE
    assert not session.go_live(replaying)
    receive(session, entry(2, "e2"))
    assert one.seqs == two.seqs == []


def test_who_left_gets_nothing_more() -> None:
    """A watcher that is gone is passed over, even before it is taken off the list."""
    session = opened()
    watcher, recorder = watch(session, 0)
    watcher.leave()
    receive(session, entry(1))
    assert recorder.seqs == []


def test_events_of_a_turn_share_a_frame() -> None:
    """What came since the last delivery goes out in one frame; who is ahead gets only what they lack."""
    session = opened(1)
    _, behind = watch(session, 1)
    _, ahead = watch(session, 3)
    for seq in (2, 3, 4, 5):
        session.receive(entry(seq))
    _, late = watch(session, 5)
    session.deliver()
    assert [frame.count(b"\n") for frame in behind.frames] == [3]
    assert (behind.seqs, ahead.seqs, late.seqs) == ([2, 3, 4, 5], [4, 5], [])
    session.deliver()
    assert behind.seqs == [2, 3, 4, 5]


def test_what_was_taken_goes_out_before_a_new_epoch() -> None:
    """Nobody loses an event because the epoch ends in the same turn."""
    session = opened()
    _, recorder = watch(session, 0)
    session.receive(entry(1))
    session.restart("e2", 7)
    assert (recorder.seqs, recorder.resyncs) == ([1], 1)
    session.deliver()
    assert recorder.seqs == [1]
