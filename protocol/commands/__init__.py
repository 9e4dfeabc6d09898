"""What a client may send. The server refuses any other type and any other field.

Every command has ``ref``, unique on its connection. A command that changes state also has ``op``, a UUID made
by the client: a repeated ``op`` returns the first answer and changes nothing.
"""

from typing import get_args

from protocol.commands.base import ChangeCommand, ChannelCommand, ChannelName, Command, Cost, Ref, Seq, tag_of
from protocol.commands.desk import (
    Accept,
    Approve,
    Assign,
    ChangeCustomer,
    Counter,
    Decision,
    Decline,
    Deliver,
    FiguresDecision,
    FinishTask,
    Fund,
    Hold,
    Lock,
    Lose,
    Note,
    Pin,
    Release,
    Reopen,
    RequestAppraisal,
    SeenFigures,
    Select,
    Sign,
    Submit,
    Unlock,
    Unpin,
    Unwind,
)
from protocol.commands.lending import ClearStipulation, LenderDecision, LenderEffect
from protocol.commands.presenting import (
    CUSTOMER_COMMANDS,
    DEFAULT_HOURS,
    MAX_HOURS,
    Like,
    PresentOffer,
    Share,
    ShowPresentation,
    Unshare,
)
from protocol.commands.scenarios import ScenarioAdd, ScenarioChange, ScenarioRemove, ScenarioUse
from protocol.commands.stock import (
    DEFAULT_FOUND,
    DEFAULT_MATCHES,
    MAX_FOUND,
    MAX_GRID,
    MAX_MATCHES,
    Cancel,
    Find,
    Frontier,
    More,
    Products,
    Quote,
    Revalue,
    Roll,
    Search,
    Terms,
)
from protocol.commands.store import MAX_LISTED, BeginDeal, ListDeals, ListPeople, LookUp, SecurityEvents
from protocol.commands.watching import MAX_HISTORY, Focus, History, Join, Leave, Painted, Ping, Position

__all__ = [
    "COMMAND_TYPES",
    "CUSTOMER_COMMANDS",
    "DEFAULT_FOUND",
    "DEFAULT_HOURS",
    "DEFAULT_MATCHES",
    "MAX_FOUND",
    "MAX_GRID",
    "MAX_HISTORY",
    "MAX_HOURS",
    "MAX_LISTED",
    "MAX_MATCHES",
    "Accept",
    "AnyCommand",
    "Approve",
    "Assign",
    "BeginDeal",
    "Cancel",
    "ChangeCommand",
    "ChangeCustomer",
    "ChannelCommand",
    "ChannelName",
    "ClearStipulation",
    "Command",
    "Cost",
    "Counter",
    "Decision",
    "Decline",
    "Deliver",
    "FiguresDecision",
    "Find",
    "FinishTask",
    "Focus",
    "Frontier",
    "Fund",
    "History",
    "Hold",
    "Join",
    "Leave",
    "LenderDecision",
    "LenderEffect",
    "Like",
    "ListDeals",
    "ListPeople",
    "Lock",
    "LookUp",
    "Lose",
    "More",
    "Note",
    "Painted",
    "Pin",
    "Ping",
    "Position",
    "PresentOffer",
    "Products",
    "Quote",
    "Ref",
    "Release",
    "Reopen",
    "RequestAppraisal",
    "Revalue",
    "Roll",
    "ScenarioAdd",
    "ScenarioChange",
    "ScenarioRemove",
    "ScenarioUse",
    "Search",
    "SecurityEvents",
    "SeenFigures",
    "Select",
    "Seq",
    "Share",
    "ShowPresentation",
    "Sign",
    "Submit",
    "Terms",
    "Unlock",
    "Unpin",
    "Unshare",
    "Unwind",
    "tag_of",
]

AnyCommand = (
    Join
    | Leave
    | Search
    | More
    | Cancel
    | Terms
    | Quote
    | Frontier
    | Products
    | Find
    | Select
    | Pin
    | Unpin
    | Hold
    | Release
    | Submit
    | Counter
    | Approve
    | Decline
    | Reopen
    | Sign
    | Lose
    | Deliver
    | Fund
    | Unwind
    | Lock
    | Unlock
    | Note
    | Focus
    | Revalue
    | Painted
    | LenderDecision
    | ClearStipulation
    | FinishTask
    | Assign
    | RequestAppraisal
    | ChangeCustomer
    | Accept
    | History
    | LenderEffect
    | PresentOffer
    | Share
    | Unshare
    | ShowPresentation
    | Like
    | ScenarioAdd
    | ScenarioChange
    | ScenarioRemove
    | ScenarioUse
    | LookUp
    | ListDeals
    | ListPeople
    | BeginDeal
    | SecurityEvents
    | Ping
)
COMMAND_TYPES: tuple[type[Command], ...] = get_args(AnyCommand)
"""The commands of this server, in the order that ``welcome.commands`` lists them."""
