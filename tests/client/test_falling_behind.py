"""A reader that does not keep up: told to read the state, or the socket pauses for it."""

import asyncio

from websockets.exceptions import ConnectionClosed

from client import Overflow, Refreshed
from client.inbox import MAX_WAITING_EVENTS
from tests.client.connecting import connect, versions
from tests.client.fake_server import CHANNEL, Peer, scripted

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
