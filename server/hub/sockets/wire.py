"""The sending side of a socket: finished frames, no copy, no await. The server below implements ``Wire``.

A server's frames have no mask, and per-message deflate is off, so one frame serves every socket that gets the
same messages.
"""

from collections.abc import Callable, Iterable, MutableMapping, Sequence
from typing import Any, Final, Protocol

from protocol import codec
from protocol.events import MAX_MESSAGE_BYTES

EXTENSION: Final = "deal.wire"
"""The key of a socket's ``Wire`` in the extensions of its ASGI scope."""

FRAME_BYTES: Final = MAX_MESSAGE_BYTES
_TEXT: Final = 0x81
"""A text frame that is a whole message."""


class FastLane:
    """The fast path to a socket: everything that a delivery needs, in one object.

    Between two deliveries to a socket there are hundreds to others, each with a system call. Nothing is in
    the processor's cache any more, and each object on the path costs as much as the call itself.
    """

    __slots__ = ("is_closing", "is_shut", "write")

    def __init__(self, write: Callable[[bytes], object], is_closing: Callable[[], bool]) -> None:
        self.write = write
        """Send a finished frame. Call it only if the lane is not shut and the socket is not closing."""
        self.is_closing = is_closing
        self.is_shut = False
        """Whether messages wait, the client does not keep up, or a close frame was sent."""


class Wire(Protocol):
    """The sending side of an open socket. Every method returns at once."""

    @property
    def is_open(self) -> bool:
        """Whether anything can still be sent: no close frame was sent, and the connection is up."""

    @property
    def ready(self) -> bool:
        """Whether a write is taken now: the socket is open, and the client keeps up."""

    def write(self, frame: bytes) -> None:
        """Send a finished frame, if ``ready``."""

    has_queue: bool
    """Whether queued messages must be written first. The hub sets it; it shuts the fast lane."""

    @property
    def fast_lane(self) -> FastLane:
        """The fast path, for callers that check that it is open."""

    def on_change(self, look: Callable[[], None] | None) -> None:
        """Call ``look`` whenever the client has caught up, and when the connection is lost."""


def wire_of(scope: MutableMapping[str, Any]) -> Wire:
    """Take the wire out of a socket's ASGI scope. Raises RuntimeError if the server provides none."""
    wire: Wire | None = scope.get("extensions", {}).pop(EXTENSION, None)
    if wire is None:
        raise RuntimeError("Sockets are served by server.web.asgi alone: this server hands out no wire.")
    return wire


def in_one_frame(sizes: Iterable[int]) -> int:
    """Return how many messages of these sizes fit into one frame: at least one, however large."""
    count = total = 0
    for size in sizes:
        if count and total + size >= FRAME_BYTES:
            break
        count += 1
        total += size + 1
    return count


def frame_of(messages: Sequence[bytes]) -> bytes:
    """Return one unmasked text frame that holds ``messages``."""
    payload = codec.join_frame(messages)
    size = len(payload)
    if size < 126:
        head = bytes((_TEXT, size))
    elif size < 65_536:
        head = b"%c\x7e%b" % (_TEXT, size.to_bytes(2))
    else:
        head = b"%c\x7f%b" % (_TEXT, size.to_bytes(8))
    return head + payload
