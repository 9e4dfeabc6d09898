"""The client's side of the protocol over any number of connections, without I/O.

A ``Session`` outlives its connections. Outgoing messages wait in its outbox. Incoming ones go to ``receive``,
which returns their recipients. After a broken connection it rejoins every channel from its last position and
resends every unanswered command. The server answers a repeated ``op`` with the first answer.
"""

from dataclasses import dataclass, field
from itertools import count
from typing import Any

from msgspec.structs import replace

from client.channel import Channel, ChannelMessage, Delivery, Phase
from protocol import codec
from protocol.closing import CommandError, ErrorBody, ErrorCode
from protocol.commands import AnyCommand, Leave, Ping, tag_of
from protocol.events import AnyMessage, JoinReply, Notice, Reply, Welcome, Working
from protocol.records import User, View

MAX_UNANSWERED = 30
"""Commands that may wait for an answer; more are refused at once. Together with the joins of 20 channels, a
server accepts this many from a new connection in ten seconds.
"""

NO_REASON = ErrorBody(code=ErrorCode.INTERNAL, message="The server gave no reason.", retry=True)


@dataclass(slots=True)
class Received:
    """The result of one message or of a lost connection."""

    answers: list[tuple[int, Reply]] = field(default_factory=list)
    """Answered commands by their ref."""
    deliveries: list[tuple[Channel, Delivery]] = field(default_factory=list)
    """Events, for the readers of their channels."""
    failed: list[Channel] = field(default_factory=list)
    """Channels that the server refused for good."""
    postponed: list[Channel] = field(default_factory=list)
    """Channels to join again after a pause."""


class Session:
    """Commands without an answer and joined channels, carried from connection to connection."""

    def __init__(self) -> None:
        self.channels: dict[str, Channel] = {}
        self.notice: Notice | None = None
        self._sees: tuple[str, str, bool] | None = None
        self._refs = count(1)
        self._unanswered: dict[int, AnyCommand] = {}
        self._joining: dict[int, Channel] = {}
        self._outbox: list[AnyCommand] = []
        self._connected = False
        self._known: frozenset[str] = frozenset()
        """The commands that the server of this connection knows; empty until it has said so."""

    def submit(self, command: AnyCommand) -> int:
        """Queue a command, for this or the next connection; return its ``ref``.

        Raises CommandError: busy if too many commands wait for their answers, degraded if the server of this
        connection is of an older release, which does not know the command.
        """
        tag = tag_of(type(command))
        if self._known and tag not in self._known:
            raise CommandError(
                ErrorCode.DEGRADED,
                f"This server is being upgraded and cannot do {tag} yet. Try again in a minute.",
                field="type",
            )
        if len(self._unanswered) >= MAX_UNANSWERED:
            raise CommandError(
                ErrorCode.BUSY,
                f"{MAX_UNANSWERED} commands already wait for an answer. Await one of them first.",
            )
        ref = next(self._refs)
        numbered = replace(command, ref=ref)
        self._unanswered[ref] = numbered
        self._send(numbered)
        return ref

    def ping(self) -> None:
        """Check that the server responds; any message from it is an answer."""
        self._send(Ping(ref=next(self._refs)))

    def forget(self, ref: int) -> None:
        """Stop waiting for the answer to this command; it may still have been carried out."""
        self._unanswered.pop(ref, None)

    def join(self, name: str, view: View, *, rows: bool = True) -> Channel:
        """Begin to join a channel and return it. It is complete when its phase is LIVE."""
        channel = self.channels[name] = Channel(name, view, has_rows=rows)
        self.rejoin(channel)
        return channel

    def rejoin(self, channel: Channel) -> None:
        """Join a channel of this session that was lost; without a connection, the next one does it."""
        if self._connected and channel.phase is Phase.LOST and self.channels.get(channel.name) is channel:
            ref = next(self._refs)
            self._joining[ref] = channel
            self._send(channel.join(ref))

    def leave(self, channel: Channel) -> int | None:
        """Leave a channel: no more of its events are delivered. Return the command's ref, if any."""
        if self.channels.get(channel.name) is not channel:
            return None
        del self.channels[channel.name]
        return self.submit(Leave(ref=0, channel=channel.name)) if self._connected else None

    def connected(self) -> None:
        """Start on a new connection: joins first, then the waiting commands, in order."""
        self._connected = True
        self._outbox.clear()
        for channel in self.channels.values():
            self.rejoin(channel)
        self._outbox.extend(self._unanswered.values())

    def disconnected(self) -> Received:
        """The connection is gone. A ``leave`` is not resent, because the lost connection has left the
        channel.
        """
        self._connected = False
        self._known = frozenset()
        self._outbox.clear()
        self._joining.clear()
        for channel in self.channels.values():
            channel.disconnected()
        received = Received()
        for ref, command in list(self._unanswered.items()):
            if isinstance(command, Leave):
                del self._unanswered[ref]
                received.answers.append((ref, Reply(ref=ref, ok=True, data={})))
        return received

    def take_outbox(self) -> list[AnyCommand]:
        """Return what is to be sent, in order; it counts as sent."""
        taken, self._outbox = self._outbox, []
        return taken

    def receive(self, message: AnyMessage | dict[str, Any]) -> Received:
        """Take one message of the server.

        Raises FieldError if the answer to a join does not fit.
        """
        received = Received()
        match message:
            case Reply():
                self._answer(message, received)
            case Notice():
                self.notice = None if message.code == "recovered" else message
                received.deliveries.extend((channel, message) for channel in self.channels.values())
            case Welcome():
                # Notices of an earlier connection are void; if one still applies, the server sends it again.
                self.notice = None
                self._known = frozenset(message.commands)
                self._greet(message.user)
            case Working():
                pass  # The answer will come: nothing is due yet.
            case dict():
                if channel := self._channel_of(message.get("channel")):
                    self._feed_unknown(channel, message, received)
            case _:
                if channel := self._channel_of(message.channel):
                    self._feed(channel, message, received)
        return received

    def _greet(self, user: User) -> None:
        """Join every channel from a snapshot if the person's sight has changed: what they saw before must not
        be kept.
        """
        sees = (user.role, user.store_id, user.scores is True)
        before, self._sees = self._sees, sees
        if before is None or before == sees:
            return
        self._joining.clear()
        for channel in self.channels.values():
            channel.forget()
            self.rejoin(channel)

    def _send(self, command: AnyCommand) -> None:
        if self._connected:
            self._outbox.append(command)

    def _channel_of(self, name: object) -> Channel | None:
        return self.channels.get(name) if isinstance(name, str) else None

    def _feed(self, channel: Channel, message: ChannelMessage, received: Received) -> None:
        before = channel.phase
        delivery = channel.receive(message)
        if delivery is not None:
            received.deliveries.append((channel, delivery))
        if channel.phase is Phase.LOST and before is not Phase.LOST:
            self._recover(channel, received)

    def _feed_unknown(self, channel: Channel, message: dict[str, Any], received: Received) -> None:
        before = channel.phase
        seq = message.get("seq")
        if isinstance(seq, int) and channel.skip(seq):
            channel.moved(message.get("version"))
        if channel.phase is Phase.LOST and before is not Phase.LOST:
            self._recover(channel, received)

    def _recover(self, channel: Channel, received: Received) -> None:
        # At once the first time, then with pauses, or a fault of the server would cause a storm of joins.
        if channel.setbacks > 1:
            received.postponed.append(channel)
        else:
            self.rejoin(channel)

    def _answer(self, reply: Reply, received: Received) -> None:
        channel = self._joining.pop(reply.ref, None)
        if channel is not None:
            self._answer_join(channel, reply, received)
        elif self._unanswered.pop(reply.ref, None) is not None:
            received.answers.append((reply.ref, reply))

    def _answer_join(self, channel: Channel, reply: Reply, received: Received) -> None:
        if self.channels.get(channel.name) is not channel:
            return
        if reply.ok:
            channel.joined(codec.convert_known(JoinReply, reply.data))
            return
        channel.refused(reply.error if isinstance(reply.error, ErrorBody) else NO_REASON)
        if channel.phase is Phase.FAILED:
            del self.channels[channel.name]
            received.failed.append(channel)
        else:
            received.postponed.append(channel)
