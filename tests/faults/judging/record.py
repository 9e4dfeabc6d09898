"""What a viewer wrote down, in the order in which it came: what the checker judges."""

from dataclasses import dataclass, field
from typing import Any

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """The answer to a join. ``version`` and ``notes`` are what its snapshot shows, None where it has none."""

    channel: str
    epoch: str
    seq: int
    recovered: bool
    version: int | None = None
    notes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """The end of a snapshot: from here on there are events."""

    channel: str


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as it came, whatever the viewer made of it.

    ``kind`` and ``at`` are in every view of it. ``key`` names what may be told once: a chunk, a search.
    """

    channel: str
    seq: int
    kind: str
    at: str
    key: Key = ()


Entry = Joined | Loaded | Heard


@dataclass(slots=True)
class Record:
    """Everything that one viewer heard, over all of its connections."""

    viewer: str
    entries: list[Entry] = field(default_factory=list)

    def of(self, channel: str) -> list[Entry]:
        """Return what it heard of a channel."""
        return [entry for entry in self.entries if entry.channel == channel]

    @property
    def events(self) -> int:
        """How many events it heard."""
        return sum(isinstance(entry, Heard) for entry in self.entries)


def event_of(channel: str, event: dict[str, Any]) -> Heard:
    """Return an event of the wire, or of the log, as it is written down."""
    return Heard(channel, event.get("seq", 0), event["type"], event["at"], key_of(event))


def key_of(event: dict[str, Any]) -> Key:
    """Return what an event tells that may be told only once; nothing where it may be told again."""
    match event["type"]:
        case "matches" | "offers":
            return event["search_id"], event["chunk"]
        case "search_started":
            return (event["search_id"],)
        case "search_ended":
            return event["search_id"], event["chunks"]
        case "search_valued":
            return event["search_id"], event["offers"], event["failed"]
        case "note_added" if "id" in event:
            return (event["id"],)
    return ()
