"""The Python client of the workspace: ``Workspace.connect``, ``join``, ``search``, iterate."""

from client.channel import Refreshed
from client.deal import Deal
from client.errors import Closed, Refused, Unreachable, WorkspaceError
from client.inbox import Overflow
from client.rows import Row, Rows, ValueState
from client.workspace import Workspace

__all__ = [
    "Closed",
    "Deal",
    "Overflow",
    "Refreshed",
    "Refused",
    "Row",
    "Rows",
    "Unreachable",
    "ValueState",
    "Workspace",
    "WorkspaceError",
]
