"""The session step by step: joins, gaps, snapshots, unanswered commands, refusals."""

import datetime as dt
import uuid

import pytest

from client.channel import Channel, Phase
from client.session import MAX_UNANSWERED, Received, Session
from protocol.closing import CommandError, ErrorCode
from protocol.commands import Join, Leave, Ping, Position, Terms
from protocol.deal.structure import StructureChanges
from protocol.events import Event, Limits, Notice, Welcome
from protocol.records import Role, User, View
from tests.client.model_server import CHANNEL, ModelServer, parse


def live(session: Session, server: ModelServer) -> Channel:
    """Join on a fresh connection and return the channel, live."""
    session.connected()
    channel = session.join(CHANNEL, View.SALES)
    pump(session, server)
    assert channel.phase is Phase.LIVE
    return channel


def pump(session: Session, server: ModelServer) -> list[Received]:
    """Let all that is on its way arrive; return what came of it."""
    server.take(session.take_outbox())
    lines, server.wire = server.wire, []
    return [session.receive(parse(line)) for line in lines]


def terms() -> Terms:
    """Return a command with an op."""
    return Terms(ref=0, channel=CHANNEL, op=uuid.uuid4(), version=0, changes=StructureChanges(fees_cents=5))


def test_a_first_join_has_no_since_and_the_next_has_the_position() -> None:
    """After a broken connection the join says how far the client got, and no snapshot is needed."""
    session, server = Session(), ModelServer()
    channel = live(session, server)
    server.change_terms()
    pump(session, server)
    session.disconnected()
    server.disconnect()
    server.change_terms()
    session.connected()
    deliveries = [delivery for received in pump(session, server) for _, delivery in received.deliveries]
    joins = [command for command in server.commands if isinstance(command, Join)]
    assert [join.since for join in joins] == [None, Position(epoch="0", seq=1)]
    assert [delivery.seq for delivery in deliveries if isinstance(delivery, Event)] == [2]
    assert channel.deal is not None
    assert channel.deal.version == 2


def test_a_gap_joins_again_from_before_it() -> None:
    """An event whose seq is too high is not applied; what was missed is asked for at once."""
    session, server = Session(), ModelServer()
    channel = live(session, server)
    server.change_terms()
    pump(session, server)
    server.change_terms()
    server.change_terms()
    del server.wire[0]
    assert not any(received.deliveries for received in pump(session, server))
    assert channel.phase is Phase.JOINING
    assert [len(received.deliveries) for received in pump(session, server)] == [0, 1, 1]
    assert channel.deal is not None
    assert channel.deal.version == 3


def test_a_gap_that_recovery_does_not_close_asks_for_a_snapshot_later() -> None:
    """A second join that brings nothing is not repeated at once, nor with the same since."""
    session, server = Session(), ModelServer()
    channel = live(session, server)
    server.change_terms()
    pump(session, server)
    server.resync()
    pump(session, server)
    pump(session, server)
    assert channel.phase is Phase.LIVE
    server.change_terms()
    server.change_terms()
    del server.wire[0]
    (received,) = pump(session, server)
    assert received.postponed == [channel]
    assert session.take_outbox() == []
    session.rejoin(channel)
    (join,) = session.take_outbox()
    assert isinstance(join, Join)
    assert join.since is None


def test_nothing_of_a_channel_counts_before_the_reply_to_its_join() -> None:
    """Events and rows of an earlier join are ignored until the new one is answered."""
    session, server = Session(), ModelServer()
    channel = live(session, server)
    server.resync()
    pump(session, server)
    stray = b'{"type":"deal_changed","channel":"deal:1","seq":1,"at":"2026-07-01T00:00:00Z","version":9,"changes":{},"by":{"id":"1","name":"x","role":"operator"}}'  # noqa: E501
    assert session.receive(parse(stray)).deliveries == []
    assert channel.phase is Phase.JOINING


def test_a_snapshot_that_breaks_off_leaves_the_old_state_whole() -> None:
    """A connection that ends between rows changes nothing: state and position stay those before the join."""
    session, server = Session(), ModelServer()
    channel = live(session, server)
    server.start_search()
    server.match()
    pump(session, server)
    server.lose_redis()
    server.start_search()
    server.match()
    pump(session, server)
    server.take(session.take_outbox())
    for line in server.wire[:2]:
        session.receive(parse(line))
    assert channel.phase is Phase.SNAPSHOT
    session.disconnected()
    assert channel.search is not None
    assert (channel.search.search_id, channel.position) == ("1", Position(epoch="0", seq=2))
    assert set(channel.rows) == {"1-0", "1-1", "1-2"}


def test_unanswered_commands_are_sent_again_as_they_were() -> None:
    """After a break a command goes out again, same op and ref, behind the joins; answered ones do not."""
    session, server = Session(), ModelServer()
    live(session, server)
    answered = session.submit(terms())
    pump(session, server)
    waiting = session.submit(terms())
    (sent,) = session.take_outbox()
    session.disconnected()
    session.connected()
    join, again = session.take_outbox()
    assert isinstance(join, Join)
    assert again == sent
    assert (again.ref, answered) == (waiting, waiting - 1)


def test_commands_wait_while_there_is_no_connection() -> None:
    """A command given while offline goes out on the next connection, once, and is answered once."""
    session, server = Session(), ModelServer()
    ref = session.submit(terms())
    assert session.take_outbox() == []
    session.connected()
    received = pump(session, server)
    assert [answer for answered in received for answer, _ in answered.answers] == [ref]
    assert len(server.commands) == 1


def test_a_forgotten_command_is_not_sent_again() -> None:
    """Whoever gave up waiting does not have the command repeated behind their back."""
    session = Session()
    session.connected()
    session.forget(session.submit(terms()))
    session.disconnected()
    session.connected()
    assert session.take_outbox() == []


def test_too_many_unanswered_commands_are_refused_at_once() -> None:
    """Nothing piles up without bound while the server is away."""
    session = Session()
    for _ in range(MAX_UNANSWERED):
        session.submit(terms())
    with pytest.raises(CommandError) as caught:
        session.submit(terms())
    assert caught.value.code is ErrorCode.BUSY


def test_leaving_ends_the_channel_at_once() -> None:
    """After ``leave`` nothing of the channel is delivered or joined again; a break is an answer too."""
    session, server = Session(), ModelServer()
    channel = live(session, server)
    server.change_terms()
    ref = session.leave(channel)
    assert not any(received.deliveries for received in pump(session, server)[:1])
    assert isinstance(server.commands[-1], Leave)
    assert session.leave(channel) is None
    other = live(session, server)
    ref = session.leave(other)
    assert [answer for answer, _ in session.disconnected().answers] == [ref]
    session.connected()
    assert session.take_outbox() == []


def test_a_refusal_for_good_ends_the_channel_and_one_that_may_pass_does_not() -> None:
    """not_found fails the channel; busy, on a channel that was joined before, is tried again later."""
    session, server = Session(), ModelServer()
    session.connected()
    failed = session.join("deal:2", View.SALES)
    (join,) = session.take_outbox()
    refusal = b'{"type":"reply","ref":%d,"ok":false,"error":{"code":"%b","message":"No.","retry":false}}'
    received = session.receive(parse(refusal % (join.ref, b"not_found")))
    assert (received.failed, failed.phase) == ([failed], Phase.FAILED)
    channel = live(session, server)
    server.resync()
    pump(session, server)
    (join,) = session.take_outbox()
    received = session.receive(parse(refusal % (join.ref, b"busy")))
    assert (received.failed, received.postponed) == ([], [channel])


def test_a_notice_reaches_every_reader() -> None:
    """What concerns the service concerns each joined channel; it holds until it is over."""
    session, server = Session(), ModelServer()
    channel = live(session, server)
    notice, over = Notice(code="degraded", message="Slow."), Notice(code="recovered", message="Well.")
    assert session.receive(notice).deliveries == [(channel, notice)]
    assert session.notice == notice
    assert session.receive(over).deliveries == [(channel, over)]
    assert session.notice is None


def test_who_sees_otherwise_keeps_nothing() -> None:
    """Where the welcome says that the person's role, store or scores have changed, what was seen is let go:
    the channel comes anew, and an answer to the join before counts no longer.
    """
    session, server = Session(), ModelServer()
    channel = live(session, server)
    session.receive(welcome(Role.DESK_MANAGER))
    session.disconnected()
    session.connected()
    (resuming,) = session.take_outbox()
    assert isinstance(resuming, Join) and resuming.since is not None
    session.receive(welcome(Role.DESK_MANAGER))
    assert session.take_outbox() == []
    session.receive(welcome(Role.SALESPERSON))
    (anew,) = session.take_outbox()
    assert isinstance(anew, Join) and anew.since is None
    late = b'{"type":"reply","ref":%d,"ok":true,"data":{"epoch":"e","seq":9,"recovered":true,"view":"sales"}}'
    session.receive(parse(late % resuming.ref))
    assert channel.phase is Phase.JOINING
    refusal = b'{"type":"reply","ref":%d,"ok":false,"error":{"code":"degraded","message":"No.","retry":true}}'
    received = session.receive(parse(refusal % anew.ref))
    assert (received.failed, received.postponed) == ([], [channel])


def welcome(role: Role) -> Welcome:
    limits = dict.fromkeys(Limits.__struct_fields__, 1)
    user = User(id="u1", name="Ann", role=role, store_id="s1", rights=[])
    now = dt.datetime.now(dt.UTC)
    return Welcome(
        protocol="deal.v1",
        server_time=now,
        connection_id="c",
        user=user,
        limits=Limits(**limits),
        commands=[],
    )


def test_a_ping_needs_no_answer() -> None:
    """A ping is sent even when commands wait, and is not repeated on the next connection."""
    session = Session()
    session.connected()
    session.ping()
    (ping,) = session.take_outbox()
    assert isinstance(ping, Ping)
    session.disconnected()
    session.connected()
    assert session.take_outbox() == []
