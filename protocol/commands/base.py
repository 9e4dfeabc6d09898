"""What every command has, and the values that many of them take."""

import uuid
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

Ref = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Seq = Annotated[int, Meta(ge=0, le=2**53 - 1)]
ChannelName = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^(deal|desk):[A-Za-z0-9_-]+\Z")]
FieldName = Annotated[str, Meta(min_length=1, max_length=64)]


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """The base of all commands."""

    ref: Ref


class ChannelCommand(Command, frozen=True):
    """A command about one channel. It needs the right ``right``; ``workflow.RIGHTS`` lists those of each
    role.
    """

    right: ClassVar[str]
    channel: ChannelName


class ChangeCommand(ChannelCommand, frozen=True):
    """A command that changes state. Repeating it with the same ``op`` changes nothing."""

    op: uuid.UUID


def tag_of(command: type[Command]) -> str:
    """Return the ``type`` of a command class as it appears on the wire."""
    return str(command.__struct_config__.tag)
