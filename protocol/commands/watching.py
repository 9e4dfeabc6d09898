"""Watching channels: join, leave, presence, and reports of what was painted."""

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from protocol.commands.base import ChannelCommand, Command, Cost, FieldName, Seq
from protocol.records import Identifier, View
from protocol.rights import Right


class Position(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far a client has read a channel: all events of ``epoch`` up to and including ``seq``."""

    epoch: Annotated[str, Meta(max_length=128)]
    seq: Seq


class Join(ChannelCommand, tag="join", frozen=True):
    """Watch a channel; with ``since``, only the missed events, if the log still has them. Reply:
    ``JoinReply``.

    Without ``rows`` a deal is watched without the cars of its search: the snapshot has none, and the events
    that bring or change them are ``hidden``. A ``since`` from such a join lacks them for one with ``rows``.
    """

    right: ClassVar = Right.WATCH
    cost: ClassVar = Cost.JOINING

    view: View
    since: Position | None = None
    rows: bool = True


MAX_HISTORY = 200
"""The most events in a page of a deal's history."""


class History(ChannelCommand, tag="history", frozen=True):
    """Ask for up to ``limit`` events of a deal before event number ``before``, or for the latest. Reply:
    ``HistoryPage``.
    """

    right: ClassVar = Right.WATCH
    cost: ClassVar = Cost.LIGHT

    before: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None
    limit: Annotated[int, Meta(ge=1, le=MAX_HISTORY)] = 50


class Leave(ChannelCommand, tag="leave", frozen=True):
    """Stop watching a channel. Nothing of the channel arrives after the reply."""

    right: ClassVar = Right.WATCH
    cost: ClassVar = Cost.FREE


class Focus(ChannelCommand, tag="focus", frozen=True):
    """Report the field of the structure that has the focus, or null."""

    right: ClassVar = Right.WATCH
    cost: ClassVar = Cost.FREE

    field: FieldName | None = None


class Painted(ChannelCommand, tag="painted", frozen=True):
    """Report how many milliseconds after the command a stage of a search stood on the screen.

    ``ms`` counts from when this client sent the command that began the search (``search``, or the ``terms``
    that repeated it) to the first frame that shows the stage; ``after_ms`` is the last part of it, from the
    arrival of the message that completed the stage. Both go into the trace of the search, if it is the
    channel's latest: the first report of each stage counts. Other viewers than the sender of the command need
    not report.
    """

    right: ClassVar = Right.WATCH
    cost: ClassVar = Cost.LIGHT

    search_id: Identifier
    stage: Annotated[str, Meta(pattern="^(first_matches|first_offers|all_matches|all_offers)$")]
    ms: Annotated[float, Meta(ge=0, le=3_600_000)]
    after_ms: Annotated[float, Meta(ge=0, le=3_600_000)] = 0


class Ping(Command, tag="ping", frozen=True):
    """Check that the server responds. Reply: ``{server_time}``."""

    cost: ClassVar = Cost.FREE
