"""What passes through the sockets of one process, counted. No I/O."""

from protocol.closing import CloseCode
from server.observe.metrics.tally import Tally


class Traffic:
    """Plain counts, which the event loop raises and the probe's thread reads."""

    __slots__ = ("closes", "deliveries", "duplicates", "events", "filled", "fills", "overflows", "resyncs")

    def __init__(self) -> None:
        self.events: dict[bytes, int] = {}
        """Events of watched channels by type, each counted once however many watch."""
        self.deliveries = 0
        """Events times the sockets that got them live."""
        self.duplicates = 0
        """Events that were here already: a bell that came again, or after the log had been read."""
        self.fills = 0
        """How often the log was read for events whose bells had not come."""
        self.filled = 0
        """How many events those reads gave."""
        self.resyncs = 0
        """How often a client was told to join a channel again."""
        self.overflows = 0
        """How many of those were because the client fell behind."""
        self.closes = Tally("client", *(code.name.lower() for code in CloseCode))
        """Connections that ended, by the close code's name; ``client`` if the client left."""

    def took(self, body: bytes) -> None:
        """Count an event; ``body`` is its JSON, which begins with ``{"type":"``."""
        kind = body[9 : body.index(b'"', 9)]
        self.events[kind] = self.events.get(kind, 0) + 1
