"""The client where it is refused, or nobody is there: what is final, and what is tried again."""

from http import HTTPStatus

import pytest

from client import Closed, Refused, Unreachable
from client.backoff import Timing
from protocol.closing import CommandError, ErrorCode
from tests.client.connecting import connect, versions
from tests.client.fake_server import CHANNEL, Peer, scripted


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
