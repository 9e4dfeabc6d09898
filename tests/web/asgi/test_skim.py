"""Frames told by their heads: counted and cut as the parser finds them, however the bytes arrive."""

import itertools

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from server.web.asgi.skim import FrameHeads

SIZES = st.sampled_from([0, 1, 2, 125, 126, 127, 300, 65_535, 65_536, 70_000])
DATA = st.builds(
    lambda opcode, size: Frame(opcode, b"x" * size).serialize(mask=True),
    st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.CONT]),
    SIZES,
)
CONTROL = st.builds(
    lambda opcode, size: Frame(opcode, b"x" * size).serialize(mask=True),
    st.sampled_from([Opcode.PING, Opcode.PONG]),
    st.integers(0, 125),
)
FRAMES = st.lists(DATA | CONTROL, max_size=12)
CLOSE = Frame(Opcode.CLOSE, b"\x03\xe8good bye").serialize(mask=True)
EVERYTHING = 10**9


@given(frames=FRAMES, cuts=st.lists(st.integers(0, 400_000)))
def test_counts_whatever_the_pieces(frames: list[bytes], cuts: list[int]) -> None:
    """The pieces in which bytes arrive change nothing: each frame counts once."""
    stream, heads, counted = b"".join(frames), FrameHeads(), 0
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    for begin, end in itertools.pairwise(places):
        at, begun = heads.cut(stream[begin:end], 0, EVERYTHING, EVERYTHING)
        assert at == end - begin
        counted += begun
    assert counted == len(frames)
    assert not heads.closed


@given(frames=FRAMES, most=st.integers(1, 5), size=st.integers(1, 70_000))
def test_cuts_between_frames(frames: list[bytes], most: int, size: int) -> None:
    """No piece has more frames or bytes than asked for, and the pieces are the stream."""
    stream, heads, at, counted = b"".join(frames), FrameHeads(), 0, 0
    starts = [sum(map(len, frames[:place])) for place in range(len(frames))]
    while at < len(stream):
        end, begun = heads.cut(stream, at, most, size)
        assert at < end <= at + size
        assert begun == sum(at <= start < end for start in starts) <= most
        at, counted = end, counted + begun
    assert counted == len(frames)


@given(frames=FRAMES, cut=st.integers(0, 10_000), behind=st.binary(max_size=50))
def test_finds_the_close_frame(frames: list[bytes], cut: int, behind: bytes) -> None:
    """A close frame is found when its last byte has come, and nothing behind it is followed."""
    stream, heads = b"".join([*frames, CLOSE]), FrameHeads()
    cut = min(cut, len(stream) - 1)
    heads.cut(stream[:cut], 0, EVERYTHING, EVERYTHING)
    assert not heads.closed
    end, _ = heads.cut(stream[cut:] + behind, 0, EVERYTHING, EVERYTHING)
    assert heads.closed
    assert end == len(stream) - cut
    assert heads.cut(behind, 0, EVERYTHING, EVERYTHING) == (0, 0)


@given(data=st.binary(max_size=200))
def test_any_bytes_are_followed(data: bytes) -> None:
    """What breaks the protocol is not found here, and fails nothing."""
    heads = FrameHeads()
    end, _ = heads.cut(data, 0, EVERYTHING, EVERYTHING)
    assert end == len(data) or heads.closed
