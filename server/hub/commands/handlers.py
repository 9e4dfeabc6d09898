"""Which function handles which command. Each is answered by exactly one reply; what fails is the answer."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from protocol import commands
from protocol.closing import CommandError, ErrorCode
from protocol.commands import AnyCommand, ChannelCommand, tag_of
from server.database.people.security_events import Note, SecurityKind
from server.hub.commands.desk_handlers import DeskHandlers
from server.hub.commands.stock_handlers import StockHandlers
from server.hub.commands.watch_handlers import WatchHandlers
from server.hub.connections.allowance import READING, Allowance
from server.hub.connections.authority import check_scope, view_of
from server.hub.connections.connection import Connection
from server.hub.sight.views import project_error
from server.hub.sockets.limits import COMMAND_SECONDS
from server.observe.failing import SERVICE_FAILS
from server.search.paging.runs import TURN_SECONDS

Handler = Callable[[Connection, Any], Awaitable[None]]


class Handlers:
    """What the commands do; calling it handles one."""

    def __init__(
        self,
        allowance: Allowance,
        watch: WatchHandlers,
        stock: StockHandlers,
        desk: DeskHandlers,
        *,
        note: Note,
    ) -> None:
        self._allowance = allowance
        self._note = note
        self._logger = structlog.get_logger("hub")
        self._handlers: dict[type, Handler] = {
            commands.Join: watch.join,
            commands.Leave: watch.leave,
            commands.Focus: watch.focus,
            commands.Painted: watch.painted,
            commands.Ping: watch.ping,
            commands.Search: stock.search,
            commands.More: stock.more,
            commands.Cancel: stock.cancel,
            commands.Revalue: stock.revalue,
            commands.Terms: stock.terms,
            commands.Quote: stock.quote,
            commands.Frontier: stock.frontier,
            commands.Select: desk.select,
            commands.Pin: desk.pin,
            commands.Unpin: desk.unpin,
            commands.Hold: desk.hold,
            commands.Release: desk.release,
            commands.Lock: desk.lock,
            commands.Unlock: desk.unlock,
            commands.Note: desk.note,
            commands.LenderDecision: desk.lender_decision,
            commands.ClearStipulation: desk.clear_stipulation,
            commands.FinishTask: desk.finish_task,
            **dict.fromkeys(_ACTIONS, desk.act),
            **dict.fromkeys(_CLOSINGS, desk.close),
        }

    @property
    def handled(self) -> frozenset[type]:
        """The commands that are handled."""
        return frozenset(self._handlers)

    async def __call__(self, connection: Connection, command: AnyCommand) -> None:
        """Handle a command and answer it; what fails is the answer, never an exception."""
        try:
            check_scope(connection, command)
            # The time in line for a turn is not the command's own.
            async with self._allowance.of(connection, command), asyncio.timeout(_seconds_of(command)):
                await self._handlers[type(command)](connection, command)
        except CommandError as error:
            hidden = error.code is ErrorCode.NOT_FOUND and error.detail.get("field") == "channel"
            if hidden or error.code is ErrorCode.FORBIDDEN:
                detail = {"what": tag_of(type(command)), "code": error.code.value}
                self._note(connection.happened(SecurityKind.FORBIDDEN, detail=detail))
            connection.refuse(command.ref, _seen(connection, command, error))
        except SERVICE_FAILS as error:
            self._logger.warning("command_degraded", command=tag_of(type(command)), error=repr(error))
            connection.refuse(
                command.ref, CommandError(ErrorCode.DEGRADED, "A service is out of reach: try again shortly.")
            )
        except Exception:
            self._logger.exception("command_failed", command=tag_of(type(command)))
            connection.refuse(command.ref, CommandError(ErrorCode.INTERNAL, "Something went wrong here."))


def _seconds_of(command: AnyCommand) -> float:
    """Return how long a command may take. One that reads the stock waits for its turn meanwhile."""
    return COMMAND_SECONDS + (TURN_SECONDS if isinstance(command, READING) else 0)


def _seen(connection: Connection, command: AnyCommand, error: CommandError) -> CommandError:
    """Return a refusal as the view shows it in which its channel is watched."""
    if not isinstance(command, ChannelCommand):
        return error
    return project_error(error, view_of(connection, command.channel))


_ACTIONS = (
    *(commands.Submit, commands.Counter, commands.Approve, commands.Decline, commands.Reopen),
    *(commands.Sign, commands.Lose),
)
_CLOSINGS = (commands.Deliver, commands.Fund, commands.Unwind)
