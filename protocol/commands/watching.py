"""Watching channels: join, leave, presence, and reports of what was painted."""

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from protocol.commands.base import ChannelCommand, Command, FieldName, Seq
from protocol.records import Identifier, View


class Position(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far a client has read a channel: all events of ``epoch`` up to and including ``seq``."""

    epoch: Annotated[str, Meta(max_length=128)]
    seq: Seq


class Join(ChannelCommand, tag="join", frozen=True):
    """Watch a channel; with ``since``, only what was missed if that is known. Reply: ``JoinReply``."""

    right: ClassVar = "watch"

    view: View
    since: Position | None = None


class Leave(ChannelCommand, tag="leave", frozen=True):
    """Stop watching a channel. Nothing of the channel arrives after the reply."""

    right: ClassVar = "watch"


class Focus(ChannelCommand, tag="focus", frozen=True):
    """Say which field of the structure one is at, or null."""

    right: ClassVar = "watch"

    field: FieldName | None = None


class Painted(ChannelCommand, tag="painted", frozen=True):
    """Say after how many milliseconds a stage of a search stood on the person's screen."""

    right: ClassVar = "watch"

    search_id: Identifier
    stage: Annotated[str, Meta(pattern="^(first_matches|first_offers|all_matches|all_offers)$")]
    ms: Annotated[float, Meta(ge=0, le=3_600_000)]


class Ping(Command, tag="ping", frozen=True):
    """Ask whether the server is there. Reply: ``{server_time}``."""
