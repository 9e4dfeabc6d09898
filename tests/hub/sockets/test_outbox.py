"""An outbox keeps order, is bounded by bytes and age, and says what it gives up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import codec
from server.hub.sockets.outbox import Outbox, OutboxFull
from server.hub.sockets.wire import FRAME_BYTES

A, B = "deal:a", "deal:b"


def everything(outbox: Outbox) -> list[bytes]:
    taken: list[bytes] = []
    while messages := outbox.take():
        taken += messages
    return taken


def test_messages_come_out_in_order_many_to_a_frame() -> None:
    """What waits together goes out in one frame."""
    outbox = Outbox()
    outbox.put(b"1", 0)
    assert outbox.put_event(A, b"2", 0) == []
    outbox.put_pulled(B, b"3", 0)
    assert outbox.take() == [b"1", b"2", b"3"]
    assert (outbox.take(), len(outbox), outbox.size) == ([], 0, 0)


def test_a_frame_is_bounded() -> None:
    """Large messages do not pile up in one frame; one that is as large as may be goes alone."""
    outbox = Outbox(max_bytes=10 * FRAME_BYTES)
    for size in (FRAME_BYTES, FRAME_BYTES // 2, FRAME_BYTES // 2, 10):
        outbox.put_event(A, b"x" * size, 0)
    assert [len(outbox.take()) for _ in range(4)] == [1, 1, 2, 0]


def test_the_heaviest_channel_is_given_up() -> None:
    """Over the bound, one channel's queue makes room; what others wait for stays."""
    outbox = Outbox(max_bytes=100)
    outbox.put_event(B, b"b" * 30, 0)
    outbox.put_event(A, b"a" * 60, 0)
    assert outbox.put_event(B, b"c" * 20, 0) == [A]
    assert everything(outbox) == [b"b" * 30, b"c" * 20]


def test_an_old_queue_is_given_up() -> None:
    """A client that is five seconds behind is behind, however little it is."""
    outbox = Outbox(max_age_seconds=5)
    outbox.put_event(A, b"a", 10)
    assert outbox.put_event(B, b"b", 15) == []
    assert outbox.put_event(B, b"c", 15.1) == [A]
    assert everything(outbox) == [b"b", b"c"]


def test_what_is_pulled_does_not_count() -> None:
    """A snapshot larger than the outbox is no reason to give its channel up."""
    outbox = Outbox(max_bytes=100)
    outbox.put_pulled(A, b"x" * 1000, 0)
    assert outbox.put_event(A, b"a", 60) == []


def test_resync_takes_the_place_of_the_queue() -> None:
    """Nothing of the channel goes out before its resync; replies do."""
    outbox = Outbox()
    outbox.put_event(A, b"a", 0)
    outbox.put(b"reply", 0)
    outbox.put_pulled(A, b"row", 0)
    outbox.put_resync(A, 0)
    reply, resync = everything(outbox)
    assert (reply, codec.decode(resync)) == (b"reply", {"type": "resync", "channel": A})


def test_who_is_here_waits_once_and_behind_what_came_before() -> None:
    """The newest word of it is the only one; a join that was answered in between is answered before it."""
    outbox = Outbox()
    outbox.put_presence(A, b"ann", 0)
    outbox.put_presence(B, b"bo", 0)
    outbox.put(b"joined anew", 1)
    outbox.put_presence(A, b"ann and bo", 1)
    assert outbox.size == len(b"bo" + b"joined anew" + b"ann and bo")
    assert everything(outbox) == [b"bo", b"joined anew", b"ann and bo"]
    assert outbox.size == 0


def test_replies_alone_cannot_fill_it_for_ever() -> None:
    """Where nothing can be given up, the client is cut off."""
    outbox = Outbox(max_bytes=10)
    outbox.put(b"x" * 10, 0)
    with pytest.raises(OutboxFull):
        outbox.put(b"y", 0)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("event"), st.sampled_from([A, B]), st.integers(1, 60)),
            st.tuples(st.just("pulled"), st.sampled_from([A, B]), st.integers(1, 60)),
            st.tuples(st.just("take"), st.just(""), st.just(0)),
        ),
        max_size=60,
    )
)
def test_bounds_hold_and_nothing_vanishes_in_silence(steps: list[tuple[str, str, int]]) -> None:
    """The counted bytes never exceed the bound, and an event is either taken or of a channel given up."""
    outbox = Outbox(max_bytes=100)
    waiting: list[tuple[str, bytes]] = []
    for number, (step, channel, size) in enumerate(steps):
        message = b"%d " % number + b"x" * size
        if step == "take":
            taken = outbox.take()
            assert taken == [queued for _, queued in waiting[: len(taken)]]
            del waiting[: len(taken)]
            continue
        waiting.append((channel, message))
        given_up = outbox.put_event(channel, message, 0) if step == "event" else []
        if step == "pulled":
            outbox.put_pulled(channel, message, 0)
        waiting = [item for item in waiting if item[0] not in given_up]
        assert outbox.size <= 100
    assert everything(outbox) == [message for _, message in waiting]
