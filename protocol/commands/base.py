"""What every command has, and the values that many of them take."""

import uuid
from enum import IntEnum
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from protocol.channels import CHANNEL_PATTERN
from protocol.rights import Right

Ref = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Seq = Annotated[int, Meta(ge=0, le=2**53 - 1)]
ChannelName = Annotated[str, Meta(min_length=1, max_length=80, pattern=CHANNEL_PATTERN)]
FieldName = Annotated[str, Meta(min_length=1, max_length=64)]


class Cost(IntEnum):
    """How many units a command takes of its person's and its store's budget: a search takes 10."""

    FREE = 0
    LIGHT = 1
    JOINING = 4
    PRICING = 8
    SEARCHING = 10


class Command(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    # An older server refuses a field that it does not know: what is as usual is not said.
    omit_defaults=True,
    tag_field="type",
):
    """The base of all commands. ``cost`` is what it takes of the budgets."""

    cost: ClassVar[Cost]
    ref: Ref


class ChannelCommand(Command, frozen=True):
    """A command about one channel. ``right``, as ``RIGHTS`` gives it to roles, is what it needs."""

    right: ClassVar[Right]
    channel: ChannelName


class ChangeCommand(ChannelCommand, frozen=True):
    """A command that changes state. Repeating it with the same ``op`` changes nothing."""

    op: uuid.UUID


def tag_of(command: type[Command]) -> str:
    """Return the ``type`` of a command class as it appears on the wire."""
    return str(command.__struct_config__.tag)
