"""Fields of every message, and the messages that belong to no channel."""

import datetime as dt
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from protocol.closing import ErrorBody
from protocol.records import Role, User

MAX_MESSAGE_BYTES = 256 * 1024
Columns = dict[str, list[Any]]
"""One array per column, each of length ``rows``."""


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """The base of all server messages."""


class Event(Message, frozen=True):
    """The base of a channel's events. ``seq`` is +1 each; ``at`` is the time of publication, or of the
    decision.
    """

    channel: str
    seq: int
    at: dt.datetime


def kind_of(message: type[msgspec.Struct]) -> str:
    """Return the ``type`` of a message class as it stands on the wire."""
    return str(message.__struct_config__.tag)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection may do, as the server enforces it."""

    frame_bytes: int
    message_bytes: int
    commands: int
    commands_window_seconds: int
    channels: int
    outbox_bytes: int
    outbox_age_seconds: int
    log_events: int
    log_bytes: int
    log_seconds: int
    frames: int | UnsetType = UNSET
    """Of any kind, in ``commands_window_seconds``."""


class Welcome(Message, tag="welcome", frozen=True):
    """The first frame of a connection. ``page_build`` is the version of the page that this server serves."""

    protocol: str
    server_time: dt.datetime
    connection_id: str
    user: User
    limits: Limits
    commands: list[str]
    page_build: str = ""


class Reply(Message, tag="reply", frozen=True):
    """The one answer to a command. ``data`` where ``ok``, else ``error``."""

    ref: int
    ok: bool
    data: dict[str, Any] | UnsetType = UNSET
    error: ErrorBody | UnsetType = UNSET


class Working(Message, tag="working", frozen=True):
    """A command takes long: the server still handles it. Repeated until its reply."""

    ref: int


class Notice(Message, tag="notice", frozen=True):
    """A message about the service for people."""

    code: Annotated[str, Meta(pattern="^(degraded|stale|draining|recovered)$")]
    message: str


class Resync(Message, tag="resync", frozen=True):
    """This client fell behind on the channel, or the channel has a new epoch: join it again."""

    channel: str


class Present(msgspec.Struct, frozen=True, kw_only=True):
    """A person who watches a channel. ``focus`` is the field they are in; ``deal_id`` the deal that they are
    in, on the wall of a store.
    """

    user_id: str
    name: str
    role: Role
    focus: str | None = None
    deal_id: str | None = None


class Presence(Message, tag="presence", frozen=True):
    """Everyone who watches the channel, as a complete list; never logged."""

    channel: str
    here: list[Present]
