"""Handles commands. Each is answered by exactly one reply; what fails is the answer."""

import asyncio
import time

import structlog

from protocol.channels import deal_of
from protocol.closing import CommandError, ErrorCode
from protocol.commands import AnyCommand, ChannelCommand, tag_of
from server.database.people.security_events import Note, SecurityKind
from server.hub.commands.registration import handlers_of
from server.hub.connections.allowance import READING, Allowance
from server.hub.connections.authority import check_customer, check_scope, view_of
from server.hub.connections.connection import Connection
from server.hub.sight.asking import project_error
from server.hub.sockets.limits import COMMAND_SECONDS
from server.observe.attending import about, well_formed
from server.observe.failing import SERVICE_FAILS, retry_detail
from server.observe.metrics.histogram import WORK_SECONDS, Histograms
from server.observe.metrics.tally import Tally
from server.search.paging.rows.first_rows import TURN_SECONDS


class Handlers:
    """Calls what handles a command; ``owners`` are the objects whose methods do.

    ``seconds`` has the time of each command by its type, from its arrival to its reply; ``refused`` counts
    the replies that are errors by their codes.
    """

    def __init__(self, allowance: Allowance, *owners: object, note: Note) -> None:
        self._allowance = allowance
        self._note = note
        self._logger = structlog.get_logger("hub")
        self._handlers = handlers_of(*owners)
        self.seconds = Histograms(WORK_SECONDS)
        self.refused = Tally(*(code.value for code in ErrorCode))

    async def __call__(self, connection: Connection, command: AnyCommand) -> None:
        """Handle a command and answer it; a failure becomes the reply, never an exception."""
        began = time.perf_counter()
        try:
            with about(connection_id=connection.id, **_ids_of(command)):
                await self._answer(connection, command)
        finally:
            self.seconds.of(tag_of(type(command))).add(time.perf_counter() - began)

    async def _answer(self, connection: Connection, command: AnyCommand) -> None:
        try:
            check_customer(connection, command)
            check_scope(connection, command)
            # The time in line for a turn is not the command's own.
            async with self._allowance.of(connection, command), asyncio.timeout(_seconds_of(command)):
                await self._handlers[type(command)](connection, command)
        except CommandError as error:
            hidden = error.code is ErrorCode.NOT_FOUND and error.detail.get("field") == "channel"
            if hidden or error.code is ErrorCode.FORBIDDEN:
                detail = {"what": tag_of(type(command)), "code": error.code.value}
                self._note(connection.happened(SecurityKind.FORBIDDEN, detail=detail))
            self._refuse(connection, command, _seen(connection, command, error))
        except SERVICE_FAILS as error:
            self._logger.warning("command_degraded", command=tag_of(type(command)), error=error)
            self._refuse(connection, command, degraded_by(error))
        except Exception:
            self._logger.exception("command_failed", command=tag_of(type(command)))
            self._refuse(connection, command, CommandError(ErrorCode.INTERNAL, "Something went wrong here."))

    def _refuse(self, connection: Connection, command: AnyCommand, error: CommandError) -> None:
        self.refused.add(error.code.value)
        connection.refuse(command.ref, error)


def _ids_of(command: AnyCommand) -> dict[str, str | None]:
    """Return what a command is about, for the log."""
    channel = command.channel if isinstance(command, ChannelCommand) else ""
    search_id = getattr(command, "search_id", None)
    return {"deal": well_formed(deal_of(channel)), "search_id": well_formed(search_id)}


def degraded_by(error: Exception) -> CommandError:
    """Return the answer to a command that a service failed."""
    detail = retry_detail(error)
    return CommandError(ErrorCode.DEGRADED, "A service is unavailable. Try again shortly.", **detail)


def _seconds_of(command: AnyCommand) -> float:
    """Return how long a command may take. One that reads the stock waits for its turn meanwhile."""
    return COMMAND_SECONDS + (TURN_SECONDS if isinstance(command, READING) else 0)


def _seen(connection: Connection, command: AnyCommand, error: CommandError) -> CommandError:
    """Return a refusal as the watcher's view shows it."""
    if not isinstance(command, ChannelCommand):
        return error
    return project_error(error, view_of(connection, command.channel))
