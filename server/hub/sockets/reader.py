"""Reads a client's commands: they are counted, decoded and handled one after the other."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from protocol import codec
from protocol.closing import CloseCode, CommandError, ErrorCode
from protocol.commands import AnyCommand, Join
from server.hub.sockets.limits import CommandRate, Pace
from server.observe.attending import command_came

LINES_PER_TURN: Final = 16

Receive = Callable[[], Awaitable[Any]]


class Speaker(Protocol):
    """The connection that is read."""

    @property
    def is_closed(self) -> bool:
        """Whether it is about to end: no more commands are handled."""

    @property
    def tests_load(self) -> bool:
        """Whether this is a load tester's connection, which joins the channels of hundreds of people."""

    @property
    def commands(self) -> int:
        """How many commands the client may send in a window."""

    async def handle(self, command: AnyCommand) -> None:
        """Handle a command and answer it."""

    def refuse(self, ref: int, error: CommandError) -> None:
        """Answer a command with an error."""

    def close(self, code: CloseCode | None, reason: str = "") -> None:
        """End the connection; without a code if the client is gone."""

    def flooded(self) -> None:
        """Record that the client flooded."""


class Reader:
    """Reads until the connection ends."""

    __slots__ = ("_rate", "_receive", "_speaker")

    def __init__(self, speaker: Speaker, receive: Receive) -> None:
        self._speaker = speaker
        self._receive = receive
        self._rate = CommandRate(speaker.commands)

    async def run(self) -> None:
        """Handle all commands in order."""
        speaker = self._speaker
        while not speaker.is_closed:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                if message.get("code") == CloseCode.TOO_MANY_COMMANDS:
                    speaker.flooded()
                speaker.close(None)
                return
            text = message.get("text")
            if text is None:
                speaker.close(CloseCode.PROTOCOL_ERROR, "Expected text frames.")
                return
            command_came(message.get("arrived"))
            await self._read(text)

    async def _read(self, text: str) -> None:
        for place, line in enumerate(codec.lines_of(text), 1):
            await self._take(line)
            if self._speaker.is_closed:
                return
            if place % LINES_PER_TURN == 0:
                # Refused commands never await anything, so without this they would block everyone else.
                await asyncio.sleep(0)

    async def _take(self, line: str) -> None:
        speaker = self._speaker
        pace = self._rate.count(asyncio.get_running_loop().time())
        if pace is Pace.FLOOD:
            speaker.flooded()
            speaker.close(CloseCode.TOO_MANY_COMMANDS, "Too many commands.")
            return
        if codec.is_blank(line):
            return
        try:
            command = codec.decode_command(line)
        except codec.ProtocolError as error:
            speaker.close(CloseCode.PROTOCOL_ERROR, str(error))
            return
        except codec.InvalidMessage as error:
            detail = {"field": error.field, "expected": error.expected}
            speaker.refuse(error.ref, CommandError(ErrorCode.INVALID, str(error), **detail))
            return
        if isinstance(command, Join) and speaker.tests_load:
            self._rate.forgive()
        elif pace is Pace.LIMITED:
            limited = CommandError(ErrorCode.RATE_LIMITED, "Too many commands: wait a little.")
            speaker.refuse(command.ref, limited)
            return
        await speaker.handle(command)
