"""Reads the replies of a pub/sub connection directly from the transport.

redis-py connects, authenticates and sends. Its reader is not used: it has a stream, a task and a timer
between the socket and the listener, and in a busy process each of them costs a turn of the loop.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final

from hiredis import Reader
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import InvalidResponse, RedisError, ResponseError

LOOKS_PER_SILENCE: Final = 5
"""How often the time of the last reply is checked during the silence after which a connection is dead."""


class BellProtocol(asyncio.Protocol):
    """Passes each reply to ``take``, then calls ``after_read`` once for all replies of one read.

    An error that Redis answers goes to ``refused``; if that raises, the connection ends. Events of the
    writing side are forwarded to ``writing``, the protocol that redis-py writes with.
    """

    def __init__(
        self,
        take: Callable[[Sequence[Any]], None],
        after_read: Callable[[], None],
        writing: asyncio.BaseProtocol,
        refused: Callable[[RedisError], None] | None = None,
    ) -> None:
        self._take = take
        self._refused = refused or _raise
        self._after_read = after_read
        self._writing: Any = writing
        self._loop = asyncio.get_running_loop()
        self._replies = Reader(protocolError=InvalidResponse, replyError=ResponseError)
        self._ended: asyncio.Future[None] = self._loop.create_future()
        self._heard_at = self._loop.time()

    def data_received(self, data: bytes) -> None:
        """Pass on the replies that are complete."""
        self._heard_at = self._loop.time()
        if self._ended.done():
            return
        try:
            self._replies.feed(data)
            while (reply := self._replies.gets()) is not False:
                if isinstance(reply, RedisError):
                    self._refused(reply)
                else:
                    self._take(reply)
            self._after_read()
        except Exception as error:
            # ``until_lost`` raises it to the owner of the connection: the loop would only log it.
            self._end(error)

    def pause_writing(self) -> None:
        """Pause the writing of redis-py."""
        self._writing.pause_writing()

    def resume_writing(self) -> None:
        """Resume the writing of redis-py."""
        self._writing.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Make ``until_lost`` raise ``exc``."""
        self._end(exc or ConnectionResetError("Redis closed the pub/sub connection"))
        self._writing.connection_lost(exc)

    async def until_lost(self, silence_seconds: float) -> None:
        """Wait until the connection ends and raise the cause. Raises TimeoutError after that much silence."""
        while True:
            await asyncio.wait({self._ended}, timeout=silence_seconds / LOOKS_PER_SILENCE)
            if self._ended.done():
                self._ended.result()
            if self._loop.time() - self._heard_at >= silence_seconds:
                raise TimeoutError("Redis is silent on the pub/sub connection")

    def _end(self, error: Exception) -> None:
        if not self._ended.done():
            self._ended.set_exception(error)
            # If the owner left first, nobody reads the exception: reading it here avoids asyncio's warning.
            self._ended.exception()


def _raise(error: RedisError) -> None:
    raise error


def hear(
    connection: AbstractConnection,
    take: Callable[[Sequence[Any]], None],
    after_read: Callable[[], None],
    refused: Callable[[RedisError], None] | None = None,
) -> BellProtocol:
    """Take over reading on an open connection that has no command in progress."""
    # redis-py has no public way to the transport.
    writer: Any = connection._writer
    transport: asyncio.Transport = writer.transport
    bells = BellProtocol(take, after_read, transport.get_protocol(), refused)
    transport.set_protocol(bells)
    return bells
