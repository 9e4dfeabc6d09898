"""A socket as the hub writes to it: finished frames, no copy, no await. What is below implements ``Wire``.

A server's frames carry no mask, and per-message deflate is off: so one frame serves every socket that is to
get the same messages.
"""

from collections.abc import Callable, Iterable, MutableMapping, Sequence
from typing import Any, Final, Protocol

from protocol import codec
from protocol.events import MAX_MESSAGE_BYTES

EXTENSION: Final = "deal.wire"
"""Where a socket's ``Wire`` stands among the extensions of its ASGI scope."""

FRAME_BYTES: Final = MAX_MESSAGE_BYTES
_TEXT: Final = 0x81
"""A text frame that is a whole message."""


class FastLane:
    """The short way to a socket: all that a delivery touches, side by side.

    Between two deliveries to a socket lie hundreds to others, each with a trip through the kernel: nothing is
    in the processor's cache any more, and each object on the way costs as much as the call itself.
    """

    __slots__ = ("is_closing", "is_shut", "write")

    def __init__(self, write: Callable[[bytes], object], is_closing: Callable[[], bool]) -> None:
        self.write = write
        """Send a finished frame; only if the lane is not shut, and the socket is not closing."""
        self.is_closing = is_closing
        self.is_shut = False
        """Whether something waits, the client does not keep up, or a close frame is out."""


class Wire(Protocol):
    """The sending side of an open socket. Every method returns at once."""

    @property
    def is_open(self) -> bool:
        """Whether anything can still be sent: no close frame is out, and the connection stands."""

    @property
    def ready(self) -> bool:
        """Whether a write is taken now: the socket is open, and the client keeps up."""

    def write(self, frame: bytes) -> None:
        """Send a finished frame, if ``ready``."""

    has_queue: bool
    """Whether something waits to be written before anything else. The hub says so; it shuts the fast lane."""

    @property
    def fast_lane(self) -> FastLane:
        """The short way for those who check that it is open."""

    def on_change(self, look: Callable[[], None] | None) -> None:
        """Have ``look`` called whenever the client has caught up, and when the connection is lost."""


def wire_of(scope: MutableMapping[str, Any]) -> Wire:
    """Take the wire out of a socket's ASGI scope. Raises RuntimeError under a server that hands out none."""
    wire: Wire | None = scope.get("extensions", {}).pop(EXTENSION, None)
    if wire is None:
        raise RuntimeError("Sockets are served by server.web.asgi alone: this server hands out no wire.")
    return wire


def in_one_frame(sizes: Iterable[int]) -> int:
    """Return how many of the messages of these sizes the first frame takes: one at least, however large."""
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
