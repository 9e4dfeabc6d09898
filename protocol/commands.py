"""What a client may send. The server refuses any other type and any other field.

Every command has ``ref``, unique on its connection. A command that changes state also has ``op``, a UUID made
by the client: a repeated ``op`` returns the first answer and changes nothing.
"""

import uuid
from typing import Annotated

import msgspec
from msgspec import Meta

from protocol.pricing import Vary
from protocol.records import MAX_CENTS, Cents, Filters, Identifier, Months, Sort, StructureChanges, View

MAX_MATCHES = 20_000
DEFAULT_MATCHES = 500
MAX_GRID = 12
"""The most terms, and the most amounts of cash, that one pencil grid has."""

Ref = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Seq = Annotated[int, Meta(ge=0, le=2**53 - 1)]
ChannelName = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^(deal|desk):[A-Za-z0-9_-]+\Z")]
Token = Annotated[str, Meta(min_length=1, max_length=256)]


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    """The base of all commands."""

    ref: Ref


class Position(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far a client has read a channel: all events of ``epoch`` up to and including ``seq``."""

    epoch: Annotated[str, Meta(max_length=128)]
    seq: Seq


class Join(Command, tag="join", frozen=True):
    """Watch a channel; with ``since``, only what was missed where that is known. Reply: ``JoinReply``."""

    channel: ChannelName
    view: View
    since: Position | None = None


class Leave(Command, tag="leave", frozen=True):
    """Stop watching a channel. Nothing of the channel arrives after the reply."""

    channel: ChannelName


class Search(Command, tag="search", frozen=True):
    """Search the stock for this deal. A newer search supersedes an older one. Reply: ``{search_id}``."""

    channel: ChannelName
    op: uuid.UUID
    filters: Filters = Filters()
    sort: Sort = Sort.PRICE
    limit: Annotated[int, Meta(ge=1, le=MAX_MATCHES)] = DEFAULT_MATCHES


class More(Command, tag="more", frozen=True):
    """Continue a search that ended by its limit, from the token of its ``search_ended``."""

    channel: ChannelName
    op: uuid.UUID
    search_id: Identifier
    token: Token


class Cancel(Command, tag="cancel", frozen=True):
    """End a running search."""

    channel: ChannelName
    op: uuid.UUID
    search_id: Identifier


class Terms(Command, tag="terms", frozen=True):
    """Change the deal's structure, based on ``version``. Reply: ``{version}``."""

    channel: ChannelName
    op: uuid.UUID
    version: Seq
    changes: StructureChanges


class Roll(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Ask for the one input that brings the payment to ``payment_cents``."""

    vary: Vary
    payment_cents: Annotated[int, Meta(ge=1, le=MAX_CENTS)]


class Quote(Command, tag="quote", frozen=True):
    """Price one car under the deal's structure with ``changes``, which stay the asker's own. Reply:
    ``QuoteReply``.

    What the structure leaves open (term, rate, cash up to its maximum, discount) is the best choice; with
    ``programme_id`` only that programme is considered. ``terms_months`` and ``cash_down_cents`` are the
    grid's rows and columns; an empty list takes the structure's own.
    """

    channel: ChannelName
    vehicle_id: Identifier
    changes: StructureChanges = StructureChanges()
    programme_id: Identifier | None = None
    terms_months: Annotated[list[Months], Meta(max_length=MAX_GRID)] = []
    cash_down_cents: Annotated[list[Cents], Meta(max_length=MAX_GRID)] = []
    roll: Roll | None = None


class Frontier(Command, tag="frontier", frozen=True):
    """Ask for one car's structures that no other beats in both payment and NPV. Reply: ``FrontierReply``."""

    channel: ChannelName
    vehicle_id: Identifier


class Ping(Command, tag="ping", frozen=True):
    """Ask whether the server is there. Reply: ``{server_time}``."""


AnyCommand = Join | Leave | Search | More | Cancel | Terms | Quote | Frontier | Ping
COMMAND_TYPES: tuple[type[Command], ...] = (
    Join,
    Leave,
    Search,
    More,
    Cancel,
    Terms,
    Quote,
    Frontier,
    Ping,
)
"""The commands of this server, in the order that ``welcome.commands`` lists them."""


def tag_of(command: type[Command]) -> str:
    """Return the ``type`` of a command class as it stands on the wire."""
    return str(command.__struct_config__.tag)
