"""The client over real sockets, against a scripted server: what it sends, and how it comes back."""

import asyncio
import uuid
from typing import Any

import pytest

from client import Closed, Refreshed
from client.backoff import Timing
from protocol.closing import CommandError, ErrorCode
from protocol.deal.structure import StructureChanges
from protocol.events import Notice
from protocol.records import Filters, Sort, View
from tests.client.connecting import connect, versions
from tests.client.fake_server import CHANNEL, Peer, edit, scripted


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
    assert (seen["join"]["channel"], "since" in seen["join"]) == (CHANNEL, False)
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
