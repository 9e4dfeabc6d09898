"""Sending to Redis without a task for each command.

redis-py sends with ``asyncio.wait_for``, which on Python 3.11 creates a task for every command. That costs
another turn of the loop and half of the client's time for a command. Here a send has the same time limit,
kept by a timer.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as LostConnection
from redis.exceptions import TimeoutError as TookTooLong


def send_directly(pool: ConnectionPool) -> None:
    """Make the pool's connections send without a task."""
    pool.connection_class = type("DirectConnection", (_DirectSending, pool.connection_class), {})


class _DirectSending(AbstractConnection):
    async def send_packed_command(
        self, command: bytes | str | Iterable[bytes], check_health: bool = True
    ) -> None:
        """Send a command. Raises RedisError. The connection is closed after an error or a cancellation."""
        if not self.is_connected:
            await self.connect_check_health(check_health=False)
        if check_health:
            await self.check_health()  # type: ignore[no-untyped-call]
        writer: Any = self._writer
        blocks = [command.encode()] if isinstance(command, str) else command
        try:
            writer.writelines([blocks] if isinstance(blocks, bytes) else blocks)
            async with asyncio.timeout(self.socket_timeout):
                await writer.drain()
        except TimeoutError:
            await self.disconnect(nowait=True)
            raise TookTooLong("Timeout writing to socket") from None
        except OSError as error:
            await self.disconnect(nowait=True)
            raise LostConnection(f"Error while writing to socket: {error}") from error
        except BaseException:
            # A command that was partly sent cannot be sent again on this connection.
            await self.disconnect(nowait=True)
            raise
