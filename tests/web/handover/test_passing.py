"""A connection between two processes: it has one owner, whatever happens."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from server.web.handover.passing import MOST_BYTES, Outcome, _last_look, answer, listens, offer

HEAD = b"GET /ws HTTP/1.1\r\nhost: here\r\n\r\n"
DESCRIPTORS = Path("/proc/self/fd")
SHORT = 0.05
"""Seconds for a process that does not answer."""


class Taker:
    """Another process: it listens, and keeps what it takes."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "taker.sock"
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.setblocking(False)
        self.listener.bind(str(self.path))
        self.listener.listen(1)
        self.taken: list[tuple[socket.socket, bytes]] = []

    async def answers(self) -> bool:
        """Answer the next offer."""
        line, _ = await asyncio.get_running_loop().sock_accept(self.listener)
        with line:
            return await answer(line, self._take)

    async def _take(self, connection: socket.socket, head: bytes) -> None:
        self.taken.append((connection, head))

    def close(self) -> None:
        """Close the listener and what was taken."""
        self.listener.close()
        for connection, _ in self.taken:
            connection.close()


@pytest.fixture
def taker(tmp_path: Path) -> Iterator[Taker]:
    """A process that listens."""
    one = Taker(tmp_path)
    yield one
    one.close()


@contextmanager
def connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Yield a client and our end of its connection."""
    client, ours = socket.socketpair()
    with client, ours:
        yield client, ours


def descriptors() -> int:
    """Return how many descriptors this process has."""
    return len([*DESCRIPTORS.iterdir()])


@pytest.mark.parametrize("size", [0, 100_000])
async def test_it_goes_over_with_its_head(taker: Taker, size: int) -> None:
    """The other process talks to the client; ours may close its end, and the client notices nothing."""
    head = HEAD[:-2] + b"x: " + b"y" * size + b"\r\n\r\n"
    with connection() as (client, ours):
        outcome, took = await asyncio.gather(offer(taker.path, ours.fileno(), head), taker.answers())
        assert (outcome, took) == (Outcome.TAKEN, True)
        ours.close()
        ((theirs, given),) = taker.taken
        assert given == head
        assert not theirs.get_inheritable() and not theirs.getblocking()
        theirs.send(b"hello")
        assert client.recv(10) == b"hello"


async def test_nobody_is_there(taker: Taker, tmp_path: Path) -> None:
    """Neither a socket without a listener nor no socket at all is an error."""
    taker.listener.close()
    with connection() as (_, ours):
        assert await offer(taker.path, ours.fileno(), HEAD) is Outcome.GONE
        assert await offer(tmp_path / "none.sock", ours.fileno(), HEAD) is Outcome.GONE


async def test_whether_it_would_answer(taker: Taker, tmp_path: Path) -> None:
    """One that hangs accepts by its kernel and answers nothing; one that is gone does not even that."""
    asked, took = await asyncio.gather(listens(taker.path), taker.answers())
    assert (asked, took) == (True, False)
    assert not await listens(taker.path, SHORT)
    taker.listener.close()
    assert not await listens(taker.path)
    assert not await listens(tmp_path / "none.sock")


async def test_it_dies_before_it_answers(taker: Taker) -> None:
    """Then the connection is still ours."""
    with connection() as (_, ours):
        offering = asyncio.create_task(offer(taker.path, ours.fileno(), HEAD))
        line, _ = await asyncio.get_running_loop().sock_accept(taker.listener)
        line.close()
        assert await offering is Outcome.GONE


async def test_who_is_late_gets_nothing(taker: Taker) -> None:
    """A process that was stopped finds the offer when it goes on, and must not take it."""
    before = descriptors()
    with connection() as (client, ours):
        assert await offer(taker.path, ours.fileno(), HEAD, SHORT) is Outcome.LATE
        assert await taker.answers() is False
        assert taker.taken == []
        ours.send(b"ours")
        assert client.recv(10) == b"ours"
    assert descriptors() == before


def test_an_answer_at_the_last_moment_counts() -> None:
    """It came before we gave up: the connection is the other's. After we gave up, none comes."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.send(b"!")
        assert _last_look(ours) is Outcome.TAKEN
        assert _last_look(ours) is Outcome.LATE
        with pytest.raises(BrokenPipeError):
            theirs.send(b"!")


async def test_a_head_may_go_in_parts(taker: Taker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system's buffers may be smaller than a head."""
    send = socket.send_fds
    monkeypatch.setattr(socket, "send_fds", lambda line, data, given: send(line, [data[0][:5]], given))
    with connection() as (_, ours):
        outcome, _ = await asyncio.gather(offer(taker.path, ours.fileno(), HEAD), taker.answers())
        assert (outcome, taker.taken[0][1]) == (Outcome.TAKEN, HEAD)


async def test_a_full_line_is_late(taker: Taker) -> None:
    """A process that accepts nothing any more has a line that fills."""
    with connection() as (_, ours):
        outcomes = [await offer(taker.path, ours.fileno(), HEAD, 0.001) for _ in range(5)]
    assert {*outcomes} == {Outcome.LATE}


async def offered(taker: Taker, data: bytes, given: list[int]) -> bool:
    """Offer what no process of ours would; return whether it was taken."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(str(taker.path))
        if given:
            socket.send_fds(line, [data[:1]], given)
        line.setblocking(False)
        answering = asyncio.create_task(taker.answers())
        await asyncio.get_running_loop().sock_sendall(line, data[1:] if given else data)
        line.shutdown(socket.SHUT_WR)
        return await answering


async def test_what_is_no_offer_is_not_taken(taker: Taker) -> None:
    """No connection, or no whole head; and no descriptor stays open."""
    before = descriptors()
    with connection() as (_, ours):
        assert not await offered(taker, HEAD, [])
        assert not await offered(taker, HEAD[:-2], [ours.fileno()])
    assert (taker.taken, descriptors()) == ([], before)


async def test_a_head_without_end_is_cut_off(taker: Taker) -> None:
    """So nobody can fill the memory."""
    with connection() as (_, ours), pytest.raises((BrokenPipeError, ConnectionResetError)):
        await offered(taker, b"x" * 4 * MOST_BYTES, [ours.fileno()])
    assert taker.taken == []


async def test_who_offers_and_says_nothing_is_dropped(taker: Taker) -> None:
    """After a while, with its descriptor."""
    before = descriptors()
    with connection() as (_, ours), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.connect(str(taker.path))
        socket.send_fds(line, [b"G"], [ours.fileno()])
        theirs, _ = await asyncio.get_running_loop().sock_accept(taker.listener)
        with theirs, pytest.raises(TimeoutError):
            await answer(theirs, taker._take, SHORT)
    assert descriptors() == before
