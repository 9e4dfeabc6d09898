"""The peer of a Unix socket: the kernel says which account Redis runs under before anything is sent to it."""

import socket
import struct
import sys
from typing import Any, Final

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import UnixDomainSocketConnection
from redis.exceptions import AuthenticationError

LINUX_CREDENTIALS: Final = "3i"
MACOS_LOCAL_PEERCRED: Final = 1
MACOS_CREDENTIALS: Final = "=IIh2x16I"


def require_peer(pool: ConnectionPool, uid: int | None) -> None:
    """Allow the pool's connections only to a process of account ``uid``; None allows any.

    A TCP connection has no such peer and is not checked.
    """
    if uid is not None and pool.connection_class is UnixDomainSocketConnection:
        pool.connection_class = _of_account(uid)


def _of_account(expected: int) -> type[UnixDomainSocketConnection]:
    class OwnConnection(UnixDomainSocketConnection):
        """A connection that closes if the peer belongs to another account."""

        async def on_connect(self) -> None:
            writer: Any = self._writer
            found = peer_uid(writer.get_extra_info("socket"))
            if found != expected:
                writer.close()
                raise AuthenticationError(
                    f"{self.path} is served by account {found}, not {expected}: it is not our Redis"
                )
            await super().on_connect()

    return OwnConnection


def peer_uid(connection: socket.socket) -> int:
    """Return the account of the process that listens at the other end of a Unix socket."""
    if sys.platform == "linux":
        size = struct.calcsize(LINUX_CREDENTIALS)
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        return int(struct.unpack(LINUX_CREDENTIALS, credentials)[1])
    credentials = connection.getsockopt(0, MACOS_LOCAL_PEERCRED, struct.calcsize(MACOS_CREDENTIALS))
    return int(struct.unpack(MACOS_CREDENTIALS, credentials)[1])
