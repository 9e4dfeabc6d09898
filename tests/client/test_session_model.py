"""The session against a model of the server: whatever the network does, the client ends with the truth."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from client.channel import Channel, Phase, Refreshed
from client.session import Received, Session
from protocol.commands import Position
from protocol.events import Event
from protocol.records import View
from tests.client.model_server import CHANNEL, ModelServer, parse

HAPPENINGS = (
    "change_terms", "change_terms", "start_search", "match", "match", "value", "value", "say_something_new",
    "forget_log", "lose_redis", "resync", "deliver", "deliver_all", "send", "send", "lose", "repeat", "break",
    "refuse",
)  # fmt: skip
histories = st.lists(st.tuples(st.sampled_from(HAPPENINGS), st.integers(0, 6)), min_size=20, max_size=80)


class Run:
    """A session and a server with a wire between them, and what a reader got."""

    def __init__(self) -> None:
        self.server = ModelServer()
        self.session = Session()
        self.session.connected()
        self.channel = self.session.join(CHANNEL, View.SALES)
        self.got: list[Any] = []
        self.answers: list[int] = []
        self.postponed: list[Channel] = []
        self.last = b""
        self.do("send", 0)
        self.do("deliver_all", 0)

    def do(self, happening: str, number: int) -> None:
        """Let one thing happen."""
        wire = self.server.wire
        events = [place for place, line in enumerate(wire) if b'"seq":' in line and b'"reply"' not in line]
        match happening:
            case "deliver":
                self.deliver(number)
            case "deliver_all":
                self.deliver(len(wire))
            case "send":
                self.server.take(self.session.take_outbox(), behind=number)
            case "refuse":
                self.server.take(self.session.take_outbox(), refuse=self.channel.position is not None)
            case "lose" if events:
                del wire[events[number % len(events)]]
            case "repeat" if b'"seq":' in self.last and b'"reply"' not in self.last:
                wire.insert(0, self.last)
            case "break":
                self.reconnect()
            case "value":
                self.server.value(number)
            case "lose" | "repeat":
                pass
            case _:
                getattr(self.server, happening)()

    def deliver(self, count: int) -> None:
        """Let the first ``count`` messages arrive."""
        for line in self.server.wire[:count]:
            self.last = line
            self.note(self.session.receive(parse(line)))
        del self.server.wire[:count]

    def note(self, received: Received) -> None:
        """Keep what came out."""
        assert not received.failed
        self.got += [delivery for _, delivery in received.deliveries]
        self.answers += [ref for ref, _ in received.answers]
        self.postponed += received.postponed

    def reconnect(self) -> None:
        """Break the connection and make another."""
        self.server.disconnect()
        self.note(self.session.disconnected())
        self.session.connected()

    def settle(self) -> None:
        """Let everything arrive, and one event more, which shows a gap where the last one was lost."""
        for _ in range(2):
            for _ in range(10):
                self.server.take(self.session.take_outbox())
                self.deliver(len(self.server.wire))
                for channel in self.postponed:
                    self.session.rejoin(channel)
                self.postponed.clear()
            self.server.change_terms()
        self.deliver(len(self.server.wire))

    def check(self) -> None:
        """Compare the client's state with the truth."""
        truth, channel = self.server.truth, self.channel
        assert channel.phase is Phase.LIVE
        assert channel.position == Position(epoch=str(self.server.epoch), seq=self.server.head)
        assert channel.deal is not None
        assert (channel.deal.version, channel.deal.structure) == (
            truth["version"],
            {"fees_cents": truth["fees"]},
        )
        assert (channel.search.search_id if channel.search else None) == truth["search"]
        assert {
            car: (row.rev, row.offer["payment_cents"] if row.offer else None)
            for car, row in channel.rows.items()
        } == truth["rows"]


@settings(max_examples=300)
@given(happenings=histories)
def test_whatever_happens_the_client_ends_with_the_truth(happenings: list[tuple[str, int]]) -> None:
    """Lost and repeated events, resyncs, new epochs, trimmed logs, refusals, breaks: state == truth."""
    run = Run()
    for happening, number in happenings:
        run.do(happening, number)
    run.settle()
    run.check()


@settings(max_examples=200)
@given(happenings=histories)
def test_a_reader_sees_no_event_twice_and_no_gap(happenings: list[tuple[str, int]]) -> None:
    """Events come with rising seq; where one is left out, its type is unknown or a Refreshed stands there."""
    run = Run()
    for happening, number in happenings:
        run.do(happening, number)
    run.settle()
    last = 0
    for delivery in run.got:
        if isinstance(delivery, Refreshed):
            last = delivery.position.seq
        else:
            assert isinstance(delivery, Event)
            assert delivery.seq > last
            if "say_something_new" not in {name for name, _ in happenings}:
                assert delivery.seq == last + 1
            last = delivery.seq
