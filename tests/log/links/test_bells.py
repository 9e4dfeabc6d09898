"""What comes on a pub/sub connection, without Redis: replies as bytes, in pieces of any size."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from redis.exceptions import InvalidResponse, ResponseError

from server.log.links.bells import BellProtocol

NEVER_SILENT = 3_600.0


class Writing(asyncio.Protocol):
    """The protocol that writes, and what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def pause_writing(self) -> None:
        self.told.append("pause")

    def resume_writing(self) -> None:
        self.told.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.told.append("lost")


class Heard:
    """Remembers what was taken, and after which replies a read was over."""

    def __init__(self) -> None:
        self.replies: list[Sequence[Any]] = []
        self.reads: list[int] = []
        self.writing = Writing()
        self.bells = BellProtocol(self.take, lambda: self.reads.append(len(self.replies)), self.writing)

    def take(self, reply: Sequence[Any]) -> None:
        if reply[-1] == b"fault":
            raise ZeroDivisionError
        self.replies.append(reply)


def message(body: bytes) -> bytes:
    return b"*3\r\n$7\r\nmessage\r\n$4\r\nbell\r\n$%d\r\n%b\r\n" % (len(body), body)


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
async def test_replies_are_taken_whole_however_they_come(size: int) -> None:
    """In order, once, whether they share a read or need many."""
    heard = Heard()
    bodies = [b"one", b"", b"\r\n$3\r\n", b"x" * 3_000]
    data = b"".join(map(message, bodies))
    for start in range(0, len(data), size):
        heard.bells.data_received(data[start : start + size])
    assert [reply[2] for reply in heard.replies] == bodies
    assert heard.reads[-1] == len(bodies)


async def test_a_read_is_over_once_for_all_that_came_together() -> None:
    """So what they announce shares a write."""
    heard = Heard()
    heard.bells.data_received(message(b"one") + message(b"two") + message(b"three")[:9])
    heard.bells.data_received(message(b"three")[9:])
    assert heard.reads == [2, 3]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"-NOPERM not yours\r\n", ResponseError),
        (b"nonsense\r\n", InvalidResponse),
        (message(b"fault"), ZeroDivisionError),
    ],
)
async def test_what_goes_wrong_is_raised_by_the_owner(data: bytes, expected: type[Exception]) -> None:
    """Not lost in the loop, and nothing is taken behind it."""
    heard = Heard()
    heard.bells.data_received(message(b"before") + data)
    heard.bells.data_received(message(b"behind"))
    with pytest.raises(expected):
        await heard.bells.until_lost(NEVER_SILENT)
    assert [reply[2] for reply in heard.replies] == [b"before"]


async def test_a_lost_connection_ends_both_sides() -> None:
    """Whoever writes hears of it too, and of a socket that takes no more."""
    heard = Heard()
    heard.bells.pause_writing()
    heard.bells.resume_writing()
    heard.bells.connection_lost(None)
    with pytest.raises(ConnectionResetError):
        await heard.bells.until_lost(NEVER_SILENT)
    assert heard.writing.told == ["pause", "resume", "lost"]


async def test_a_silent_connection_is_given_up() -> None:
    """It stands, and not even the answer to a ping comes."""
    with pytest.raises(TimeoutError):
        await Heard().bells.until_lost(0.01)
