"""Finished frames: a client of the websockets library reads what was put in, whatever its length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.hub.sockets.wire import FRAME_BYTES, frame_of, in_one_frame, wire_of
from tests.hub.wires import texts_in


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, FRAME_BYTES])
def test_every_length_has_its_head(size: int) -> None:
    """The three forms of a length meet without a gap, and none is longer than it has to be."""
    frame = frame_of([b"x" * size])
    assert len(frame) - size == (2 if size < 126 else 4 if size < 65_536 else 10)
    assert texts_in(frame) == ["x" * size]


@given(st.lists(st.text(max_size=300).map(lambda text: text.replace("\n", " ")), min_size=1, max_size=20))
def test_frames_are_read_as_they_were_made(messages: list[str]) -> None:
    """Messages come out in order, joined by newlines; so do frames that share a write."""
    frame = frame_of([message.encode() for message in messages])
    assert texts_in(frame) == ["\n".join(messages)]
    assert texts_in(frame * 3) == ["\n".join(messages)] * 3


@given(st.lists(st.integers(0, FRAME_BYTES), min_size=1, max_size=12))
def test_a_frame_is_full_or_holds_all(sizes: list[int]) -> None:
    """A frame takes as many messages as fit, and one in any case."""
    count = in_one_frame(sizes)
    assert count >= 1
    taken = sum(sizes[:count]) + count - 1
    assert count == 1 or taken <= FRAME_BYTES
    assert count == len(sizes) or sum(sizes[: count + 1]) + count >= FRAME_BYTES


def test_a_server_without_a_wire_serves_no_socket() -> None:
    """Under any other ASGI server the first socket says what is lacking."""
    with pytest.raises(RuntimeError, match="hands out no wire"):
        wire_of({"type": "websocket", "extensions": {}})
