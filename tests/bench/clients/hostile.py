"""Hostile clients, in their own process: ``python -m tests.bench.clients.hostile KIND CLIENTS SECONDS PORT``.

It says ``ready``, and begins when it is sent a line. Each client is a thread with one socket: it opens a
WebSocket, sends as fast as the server takes it, reads nothing, and comes back as soon as it was thrown out.
The token to attack with is the environment's ``HOSTILE_TOKEN``. Another attack is another line in KINDS.
"""

import base64
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from server.hub.sockets.limits import COMMANDS_WINDOW_SECONDS, FRAMES
from tests.fuzz.wire import CONTINUATION, PING, TEXT, frame, request

BURST_BYTES: Final = 1024 * 1024
FRAME_BYTES: Final = 64 * 1024
BLOCKED_SECONDS: Final = 2.0
"""How long a client tries to write before it comes back with a new socket."""

HEAD_BYTES: Final = 4096
STEADY_SECONDS: Final = 0.5
STEADY_FRAMES: Final = int(FRAMES / COMMANDS_WINDOW_SECONDS * STEADY_SECONDS) - 5


def repeated(part: bytes) -> bytes:
    """Return about a megabyte of the same frame."""
    return part * (BURST_BYTES // len(part))


@dataclass(frozen=True, slots=True)
class Kind:
    """What a hostile client sends over and over, and whether it shows a credential.

    Without ``data`` it hangs up as soon as it was answered, and comes back.
    """

    data: bytes
    opening: bytes = b""
    credential: bool = True
    pause_seconds: float = 0.0


KINDS: Final[dict[str, Callable[[], Kind]]] = {
    "empty frames": lambda: Kind(repeated(frame(TEXT))),
    "newlines": lambda: Kind(repeated(frame(TEXT, b"\n" * FRAME_BYTES))),
    "pings": lambda: Kind(repeated(frame(PING))),
    "empty parts": lambda: Kind(repeated(frame(CONTINUATION, fin=False)), frame(TEXT, fin=False)),
    "no credential": lambda: Kind(repeated(frame(TEXT)), credential=False),
    "handshakes": lambda: Kind(b"", credential=False),
    "just below the limit": lambda: Kind(frame(PING) * STEADY_FRAMES, pause_seconds=STEADY_SECONDS),
}


def handshake(port: int, token: str | None) -> bytes:
    """Return the head that asks for a socket: with a token, or as a page that is signed out."""
    key = base64.b64encode(os.urandom(16)).decode()
    own = f"Authorization: Bearer {token}" if token else f"Origin: http://127.0.0.1:{port}"
    return request(
        "GET",
        "/ws",
        f"Host: 127.0.0.1:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: deal.v1",
        own,
    )


def attack(kind: Kind, port: int, token: str, until: float) -> int:
    """Flood the server until a moment of the monotonic clock; return how many sockets that took."""
    sockets = 0
    head = handshake(port, token if kind.credential else None)
    while time.monotonic() < until:
        sockets += 1
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=BLOCKED_SECONDS) as hostile:
                hostile.sendall(head)
                if not hostile.recv(HEAD_BYTES).startswith(b"HTTP/1.1 101 "):
                    continue
                hostile.sendall(kind.opening)
                while kind.data and time.monotonic() < until:
                    hostile.sendall(kind.data)
                    time.sleep(kind.pause_seconds)
        except OSError:
            continue
    return sockets


def main() -> None:
    """Attack as the arguments say, and print how many sockets were opened."""
    name, clients, seconds, port = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    kind, token = KINDS[name](), os.environ["HOSTILE_TOKEN"]
    print("ready", flush=True)
    sys.stdin.readline()
    until = time.monotonic() + seconds
    opened: list[int] = []
    threads = [
        threading.Thread(target=lambda: opened.append(attack(kind, port, token, until)))
        for _ in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(opened))


if __name__ == "__main__":
    main()
