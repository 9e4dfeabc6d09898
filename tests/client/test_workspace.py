"""The client over real sockets, against a scripted server: what it sends, and how it comes back."""

import asyncio
import uuid
from http import HTTPStatus
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from client import Closed, Deal, Overflow, Refreshed, Refused, Unreachable, Workspace
from client.backoff import Timing
from client.inbox import MAX_WAITING_EVENTS
from protocol.closing import CommandError, ErrorCode
from protocol.deal.structure import StructureChanges
from protocol.events import DealChanged, Notice
from protocol.records import Filters, Sort, View
from tests.client.fake_server import CHANNEL, Peer, edit, scripted

QUICK = Timing(first_pause=0.001, longest_pause=0.01, penalty=0.01, open_timeout=5)


def connect(url: str, **options: Any) -> Workspace:
    """Return a workspace that does not dawdle."""
    return Workspace.connect(url, "secret", timing=options.pop("timing", QUICK), **options)


async def versions(deal: Deal, count: int) -> list[Any]:
    """Return the next ``count`` events: an edit as its version, anything else as it is."""
    events = [await anext(deal) for _ in range(count)]
    return [event.version if isinstance(event, DealChanged) else event for event in events]


async def test_the_handshake_and_a_join() -> None:
    """The token is in the header and nowhere else; a join gives the deal as the snapshot has it."""
    seen: dict[str, Any] = {}

    async def script(peer: Peer) -> None:
        seen["request"] = peer.request
        seen["subprotocol"] = peer.socket.subprotocol
        await peer.welcome()
        seen["join"] = await peer.accept_join(version=3, seq=7)
        await peer.wait_gone()

    async with scripted(script) as url, connect(url) as workspace:
        deal = await workspace.join(CHANNEL)
        assert workspace.user.name == "Ann"
        assert workspace.limits.channels == 1
    assert (deal.state.version, deal.state.structure, deal.view) == (3, {"fees_cents": 3}, View.SALES)
    assert deal.position is not None
    assert (deal.position.epoch, deal.position.seq) == ("e1", 7)
    assert (seen["join"]["channel"], seen["join"]["since"]) == (CHANNEL, None)
    assert seen["subprotocol"] == "deal.v1"
    assert seen["request"].headers["Authorization"] == "Bearer secret"
    assert seen["request"].headers.get("Sec-WebSocket-Extensions") is None
    assert "secret" not in seen["request"].path


async def test_commands_and_their_answers() -> None:
    """Each command sends what it says and returns what the reply holds; a refusal has its detail."""

    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.accept_join(version=4)
        search = await peer.expect("search")
        assert (search["filters"]["makes"], search["sort"], search["limit"]) == (["Kia"], "-year", 20)
        await peer.reply(search, search_id="s9")
        more = await peer.expect("more")
        assert (more["search_id"], more["token"]) == ("s9", "t")
        await peer.reply(more, search_id="s9")
        cancel = await peer.expect("cancel")
        assert cancel["search_id"] == "s9"
        await peer.reply(cancel)
        terms = await peer.expect("terms")
        assert (terms["version"], terms["changes"], terms["op"]) == (
            4,
            {"fees_cents": 5},
            str(uuid.UUID(int=1)),
        )
        await peer.reply(terms, version=5)
        await peer.refuse(await peer.expect("terms"), "conflict", field="fees_cents", message="hm", code=1)
        await peer.reply(await peer.expect("leave"))
        await peer.wait_gone()

    async with scripted(script) as url, connect(url) as workspace:
        deal = await workspace.join(CHANNEL)
        assert await deal.search(filters=Filters(makes=["Kia"]), sort=Sort.YEAR_DESC, limit=20) == "s9"
        assert await deal.more("s9", "t") == "s9"
        await deal.cancel("s9")
        assert await deal.terms(StructureChanges(fees_cents=5), op=uuid.UUID(int=1)) == 5
        with pytest.raises(CommandError) as caught:
            await deal.terms(StructureChanges(fees_cents=6), version=2)
        assert caught.value.code is ErrorCode.CONFLICT
        assert caught.value.detail == {"field": "fees_cents", "message": "hm", "code": 1}
        await deal.leave()
        assert [event async for event in deal] == []


async def test_a_broken_connection_resumes_where_it_stood() -> None:
    """After a break the client joins with since; missed events arrive, known ones do not, in order."""

    async def first(peer: Peer) -> None:
        await peer.welcome()
        await peer.accept_join()
        await peer.change(1, 2)
        await peer.expect("search")
        peer.drop()

    async def second(peer: Peer) -> None:
        await peer.welcome()
        join = await peer.recover_join(seq=4)
        assert join["since"] == {"epoch": "e1", "seq": 2}
        await peer.change(2, 3, 4)
        await peer.reply(await peer.expect("search"), search_id="s1")
        await peer.wait_gone()

    async with scripted(first, second) as url, connect(url) as workspace:
        deal = await workspace.join(CHANNEL)
        assert await versions(deal, 2) == [1, 2]
        assert await deal.search() == "s1"
        assert await versions(deal, 2) == [3, 4]
        assert deal.state.version == 4


async def test_an_unanswered_command_is_sent_again_with_its_op() -> None:
    """A command whose answer was lost goes out again under the same op, and is answered once."""
    ops: list[str] = []

    async def first(peer: Peer) -> None:
        await peer.welcome()
        await peer.accept_join()
        ops.append((await peer.expect("terms"))["op"])
        peer.drop()

    async def second(peer: Peer) -> None:
        await peer.welcome()
        await peer.recover_join(seq=1)
        terms = await peer.expect("terms")
        ops.append(terms["op"])
        await peer.reply(terms, version=1)
        await peer.wait_gone()

    async with scripted(first, second) as url, connect(url) as workspace:
        deal = await workspace.join(CHANNEL)
        assert await deal.terms(StructureChanges(fees_cents=5)) == 1
    assert ops[0] == ops[1]


@pytest.mark.parametrize("code", [1001, 1011, 1012, 4008, 4009])
async def test_close_codes_after_which_it_comes_back(code: int) -> None:
    """Where the code says so, the client is back without anybody asking."""

    async def first(peer: Peer) -> None:
        await peer.welcome()
        await peer.accept_join()
        await peer.socket.close(code)

    async def second(peer: Peer) -> None:
        await peer.welcome()
        await peer.recover_join(seq=0)
        await peer.change(1)
        await peer.wait_gone()

    async with scripted(first, second) as url, connect(url) as workspace:
        assert await versions(await workspace.join(CHANNEL), 1) == [1]


@pytest.mark.parametrize("code", [1000, 1007, 1009, 4000, 4001, 4003, 4999])
async def test_close_codes_that_are_final(code: int) -> None:
    """Where the code says so, readers, waiting commands and later calls get Closed, and nobody comes back."""

    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.accept_join()
        await peer.change(1)
        await peer.expect("search")
        await peer.socket.close(code, "why")

    async with scripted(script) as url, connect(url) as workspace:
        deal = await workspace.join(CHANNEL)
        with pytest.raises(Closed, match=f"closed with code {code}: why") as caught:
            await deal.search()
        assert caught.value.code == code
        assert await versions(deal, 1) == [1]
        if code != 1000:
            with pytest.raises(Closed):
                await anext(deal)
        with pytest.raises(Closed):
            await workspace.join("deal:2")


async def test_a_gap_is_closed_before_anything_behind_it_is_seen() -> None:
    """An event behind a gap waits for those in between: the reader gets 1, 2, 3."""

    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.accept_join()
        await peer.change(1)
        await peer.change(3)
        join = await peer.recover_join(seq=3)
        assert join["since"] == {"epoch": "e1", "seq": 1}
        await peer.change(2, 3)
        await peer.wait_gone()

    async with scripted(script) as url, connect(url) as workspace:
        assert await versions(await workspace.join(CHANNEL), 3) == [1, 2, 3]


async def test_a_resync_with_a_new_epoch_replaces_the_state() -> None:
    """The reader is told by Refreshed, finds the new state, and events go on from its seq."""

    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.accept_join(version=1, seq=9)
        await peer.send({"type": "resync", "channel": CHANNEL})
        await peer.accept_join(epoch="e2", seq=5, version=5)
        await peer.change(5, 6)
        await peer.wait_gone()

    async with scripted(script) as url, connect(url) as workspace:
        deal = await workspace.join(CHANNEL)
        refreshed, version = await versions(deal, 2)
        assert isinstance(refreshed, Refreshed)
        assert (refreshed.position.epoch, refreshed.position.seq) == ("e2", 5)
        assert version == 6
        assert deal.state.version == 6


async def test_what_the_client_does_not_know_is_counted_and_passed_over() -> None:
    """An event of an unknown type makes no gap; an unknown message without a channel means nothing."""

    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.accept_join()
        await peer.send({"type": "weather"}, edit(1) | {"type": "field_painted"}, edit(2))
        await peer.send({"type": "notice", "code": "draining", "message": "Soon."})
        await peer.wait_gone()

    async with scripted(script) as url, connect(url) as workspace:
        deal = await workspace.join(CHANNEL)
        version, notice = await versions(deal, 2)
        assert version == 2
        assert notice == Notice(code="draining", message="Soon.")


async def test_silence_is_asked_about_and_then_left() -> None:
    """Nothing heard: a ping. Heard after it: fine. Nothing after that either: another connection."""
    timing = Timing(first_pause=0.001, longest_pause=0.01, silence=0.05, ping_patience=0.2)

    async def first(peer: Peer) -> None:
        await peer.welcome()
        await peer.accept_join()
        await peer.reply(await peer.expect("ping"), server_time="2026-07-01T00:00:00Z")
        await peer.expect("ping")
        await peer.wait_gone()

    async def second(peer: Peer) -> None:
        await peer.welcome()
        await peer.recover_join(seq=0)
        await peer.change(1)
        await peer.socket.close(4001)

    async with scripted(first, second) as url, connect(url, timing=timing) as workspace:
        assert await versions(await workspace.join(CHANNEL), 1) == [1]


FLOOD = MAX_WAITING_EVENTS + 200


async def flood(peer: Peer) -> None:
    """Send more events than may wait, then one when the client asks for a search."""
    await peer.welcome()
    await peer.accept_join()
    try:
        for seq in range(1, FLOOD + 1):
            await peer.change(seq)
        await peer.reply(await peer.expect("search"), search_id="s1")
        await peer.change(FLOOD + 1)
        await peer.wait_gone()
    except ConnectionClosed:
        return


async def test_a_reader_that_falls_behind_is_told_to_read_the_state() -> None:
    """By default waiting events give way to one Refreshed; the state holds them all."""
    async with scripted(flood) as url, connect(url) as workspace:
        deal = await workspace.join(CHANNEL)
        await deal.search()
        assert deal.state.version >= FLOOD
        refreshed, *got = await versions(deal, FLOOD - MAX_WAITING_EVENTS + 1)
    assert isinstance(refreshed, Refreshed)
    assert refreshed.position.seq == MAX_WAITING_EVENTS + 1
    assert got == list(range(MAX_WAITING_EVENTS + 2, FLOOD + 2))


async def test_a_reader_that_must_see_each_event_pauses_the_socket() -> None:
    """With PAUSE every event arrives, however slow the reader."""
    async with scripted(flood) as url, connect(url, overflow=Overflow.PAUSE) as workspace:
        deal = await workspace.join(CHANNEL)
        await asyncio.sleep(0.05)
        assert deal.state.version <= MAX_WAITING_EVENTS + 1
        assert await versions(deal, FLOOD) == list(range(1, FLOOD + 1))


async def test_a_join_that_is_refused_raises_and_can_be_tried_again() -> None:
    """A deal that one may not see is not_found; the workspace and the channel's name stay usable."""

    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.refuse(await peer.expect("join"), "not_found", field="channel")
        await peer.accept_join()
        await peer.wait_gone()

    async with scripted(script) as url, connect(url) as workspace:
        with pytest.raises(CommandError) as caught:
            await workspace.join(CHANNEL)
        assert caught.value.code is ErrorCode.NOT_FOUND
        deal = await workspace.join(CHANNEL)
        with pytest.raises(ValueError, match="already joined"):
            await workspace.join(CHANNEL)
        assert deal.state.id == "1"


async def test_a_deal_that_is_taken_away_ends_its_iteration() -> None:
    """When a rejoin is refused for good, the reader gets what waits, then the refusal."""

    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.accept_join()
        await peer.change(1)
        await peer.send({"type": "resync", "channel": CHANNEL})
        await peer.refuse(await peer.expect("join"), "forbidden")
        await peer.wait_gone()

    async with scripted(script) as url, connect(url) as workspace:
        deal = await workspace.join(CHANNEL)
        assert await versions(deal, 1) == [1]
        with pytest.raises(CommandError) as caught:
            await anext(deal)
        assert caught.value.code is ErrorCode.FORBIDDEN


async def test_a_rejoin_that_is_refused_for_now_is_tried_again() -> None:
    """Busy passes: the client asks again, from where it stood."""

    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.accept_join()
        await peer.change(1)
        await peer.send({"type": "resync", "channel": CHANNEL})
        await peer.refuse(await peer.expect("join"), "busy")
        join = await peer.recover_join(seq=2)
        assert join["since"] == {"epoch": "e1", "seq": 1}
        await peer.change(2)
        await peer.wait_gone()

    async with scripted(script) as url, connect(url) as workspace:
        assert await versions(await workspace.join(CHANNEL), 2) == [1, 2]


@pytest.mark.parametrize("status", [HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND])
async def test_a_refused_handshake_is_final(status: HTTPStatus) -> None:
    """401 and its kind are raised at once: trying again would change nothing."""
    async with scripted(status) as url:
        with pytest.raises(Refused, match=str(int(status))) as caught:
            async with connect(url):
                pass
        assert caught.value.status == status


async def test_a_server_that_is_busy_is_asked_again() -> None:
    """429 and 5xx pass: the client keeps trying within the time for opening."""

    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.wait_gone()

    async with (
        scripted(HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS, script) as url,
        connect(url) as workspace,
    ):
        assert workspace.user.id == "u1"


async def test_a_server_that_is_not_there_is_unreachable() -> None:
    """The first connection has a time limit, and the error says what went wrong."""
    async with scripted() as url:
        pass
    with pytest.raises(Unreachable, match=r"no connection to ws://127\.0\.0\.1:\d+/ws: .+"):
        async with connect(url, timing=Timing(open_timeout=0.2, first_pause=0.001, longest_pause=0.01)):
            pass


async def test_a_message_that_does_not_fit_ends_the_workspace() -> None:
    """A known message with wrong fields is not guessed at: Closed with the field's name."""

    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.accept_join()
        await peer.send(edit(1) | {"version": "one"})
        await peer.wait_gone()

    async with scripted(script) as url, connect(url) as workspace:
        deal = await workspace.join(CHANNEL)
        with pytest.raises(Closed, match="version"):
            await anext(deal)


async def test_leaving_the_workspace_ends_every_reader_quietly() -> None:
    """Iterations end, commands that wait are told so, and no task is left."""

    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.accept_join()
        await peer.expect("search")
        asked.set()
        await peer.wait_gone()

    asked = asyncio.Event()
    before = asyncio.all_tasks()
    async with scripted(script) as url:
        async with connect(url) as workspace:
            deal = await workspace.join(CHANNEL)
            search = asyncio.create_task(deal.search())
            reading = asyncio.create_task(versions(deal, 1))
            await asked.wait()
        with pytest.raises(Closed):
            await search
        with pytest.raises(StopAsyncIteration):
            await reading
        assert [event async for event in deal] == []
    assert asyncio.all_tasks() == before


async def test_an_error_in_the_body_comes_through_as_it_is() -> None:
    """The workspace wraps nothing around the caller's own exception."""

    async def script(peer: Peer) -> None:
        await peer.welcome()
        await peer.wait_gone()

    async with scripted(script) as url:
        with pytest.raises(KeyError):
            async with connect(url):
                raise KeyError("mine")
