"""A connection from one process to another: its descriptor and the head of its request, over a Unix socket.

The taker's answer decides whose the connection is. One that comes too late is refused by the kernel, so a
connection never has two owners, and none has no owner while both processes live.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from pathlib import Path
from typing import Final

from server.observe.probe.places import short_address

ANSWER_SECONDS: Final = 1.0
"""How long the other process may take; its event loop may be busy, or stopped."""

MOST_BYTES: Final = 128 * 1024
"""More than the head of a request that the web server accepts."""

END: Final = b"\r\n\r\n"
_MINE: Final = b"\x01"
_READ_BYTES: Final = 64 * 1024

Take = Callable[[socket.socket, bytes], Awaitable[None]]
"""Serves a connection, whose request begins with the given bytes."""


class Outcome(Enum):
    """What became of a connection that was offered to another process."""

    TAKEN = auto()
    GONE = auto()
    """Nobody listens there."""
    LATE = auto()
    """The process did not answer in time; the connection is still ours."""


async def offer(path: Path, descriptor: int, head: bytes, seconds: float = ANSWER_SECONDS) -> Outcome:
    """Offer a connection to the process that listens at ``path``. Close the descriptor if it is taken."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.setblocking(False)
        try:
            with short_address(path) as address:
                line.connect(address)
            async with asyncio.timeout(seconds):
                return await _ask(line, descriptor, head)
        except (BlockingIOError, TimeoutError):
            return _last_look(line)
        except OSError:
            return Outcome.GONE


async def _ask(line: socket.socket, descriptor: int, head: bytes) -> Outcome:
    loop = asyncio.get_running_loop()
    sent = socket.send_fds(line, [head], [descriptor])
    await loop.sock_sendall(line, head[sent:])
    line.shutdown(socket.SHUT_WR)
    return Outcome.TAKEN if await loop.sock_recv(line, 1) else Outcome.GONE


def _last_look(line: socket.socket) -> Outcome:
    """Let no answer come any more, and return whether one had come."""
    with contextlib.suppress(OSError):  # it was never connected
        line.shutdown(socket.SHUT_RD)
        if line.recv(1):
            return Outcome.TAKEN
    return Outcome.LATE


async def listens(path: Path, seconds: float = ANSWER_SECONDS) -> bool:
    """Return whether the process at ``path`` answers: it drops a line on which nothing is offered."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.setblocking(False)
        try:
            with short_address(path) as address:
                line.connect(address)
            line.shutdown(socket.SHUT_WR)
            async with asyncio.timeout(seconds):
                return not await asyncio.get_running_loop().sock_recv(line, 1)
        except OSError:
            return False


async def answer(line: socket.socket, take: Take, seconds: float = ANSWER_SECONDS) -> bool:
    """Take the connection that is offered on ``line``; return whether it is ours now.

    Raises OSError or TimeoutError if the other side does not make its offer in time.
    """
    with contextlib.ExitStack() as received:
        descriptors: list[int] = []
        received.callback(_close_all, descriptors)
        async with asyncio.timeout(seconds):
            head = await _receive(line, descriptors)
        if len(descriptors) != 1 or not head.endswith(END):
            return False
        try:
            line.send(_MINE)
        except OSError:  # the other side has given up, and serves the connection itself
            return False
        connection = socket.socket(fileno=descriptors.pop())
    connection.setblocking(False)
    await take(connection, head)
    return True


async def _receive(line: socket.socket, descriptors: list[int]) -> bytes:
    """Return everything up to the end, and add the descriptors that came with it."""
    head = bytearray()
    while True:
        await _readable(line)
        data, new, _, _ = socket.recv_fds(line, _READ_BYTES, 1)
        for descriptor in new:
            os.set_inheritable(descriptor, False)
        descriptors += new
        head += data
        if not data or len(head) > MOST_BYTES:
            return bytes(head)


def _close_all(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


async def _readable(line: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(line, ready.set)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(line)
