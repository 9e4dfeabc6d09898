"""What people do on their sockets is written down: whose customer they opened, what they were refused."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from server.database.core.pool import connect_as_owner
from server.settings import Settings
from tests.flow.shop import a_deal_of, token_of
from tests.services import start_web

pytestmark = pytest.mark.flow

GUARD_SECONDS = 60.0


@dataclass(frozen=True)
class Door:
    """A web process, and what it wrote down."""

    settings: Settings
    url: str

    def open(self, token: str, **headers: str) -> connect:
        """Return a socket to be entered."""
        return connect(
            self.url.replace("http", "ws", 1) + "/ws",
            additional_headers={"authorization": f"Bearer {token}", **headers},
            compression=None,
        )

    async def written(self, kind: str) -> list[dict[str, Any]]:
        """Return the rows of a kind, as soon as there is one."""
        async with (
            asyncio.timeout(GUARD_SECONDS),
            connect_as_owner(self.settings.database_owner_url) as owner,
        ):
            while True:
                rows = await owner.fetch(
                    "SELECT * FROM security_events WHERE kind = $1 ORDER BY event_id", kind
                )
                if rows:
                    return [dict(row) for row in rows]
                await asyncio.sleep(0.05)


@pytest.fixture
async def door(stocked: Settings, tmp_path: Path) -> AsyncIterator[Door]:
    """A web process and no worker."""
    async with start_web(stocked, tmp_path) as web:
        yield Door(stocked, web.url)


async def asked(socket: Any, ref: int, kind: str, **fields: object) -> Any:
    """Send a command and return its reply."""
    await socket.send(json.dumps({"type": kind, "ref": ref, **fields}))
    async with asyncio.timeout(GUARD_SECONDS):
        while True:
            for line in str(await socket.recv()).split("\n"):
                message = json.loads(line)
                if message["type"] == "reply" and message["ref"] == ref:
                    return message


async def test_who_opened_which_customer(door: Door) -> None:
    """Joining a deal is a view of its customer, by whom, from where, at which connection; the wall is a list.
    Another store's deal and wall are refusals, and say nothing of them.
    """
    own, foreign = await a_deal_of(door.settings), await a_deal_of(door.settings, "northgate")
    async with door.open(await token_of(door.settings, "riverside-manager")) as socket:
        welcome = json.loads(str(await socket.recv()).split("\n")[0])
        for ref in (1, 2, 3):
            assert (await asked(socket, ref, "join", channel=own, view="manager"))["ok"]
        assert (await asked(socket, 4, "join", channel="desk:riverside", view="manager"))["ok"]
        assert not (await asked(socket, 5, "join", channel=foreign, view="manager"))["ok"]
        assert not (await asked(socket, 6, "join", channel="desk:northgate", view="manager"))["ok"]
        [viewed] = await door.written("customer_viewed")
    async with connect_as_owner(door.settings.database_owner_url) as owner:
        whose = await owner.fetchval("SELECT customer_id FROM deals WHERE deal_id = $1::uuid", own[5:])
    assert (f"deal:{viewed['deal_id']}", viewed["customer_ids"]) == (own, [whose])
    assert (viewed["login"], viewed["address"], viewed["store_id"]) == (
        *("riverside-manager", "127.0.0.1", "riverside"),
    )
    assert viewed["connection_id"] == welcome["connection_id"]
    assert [row["detail"] for row in await door.written("customers_listed")] == [{"what": "wall"}]
    refused = await door.written("forbidden")
    assert {(row["store_id"], row["deal_id"]) for row in refused} == {("riverside", None)}


async def test_floods_and_bad_tokens_at_the_socket(door: Door) -> None:
    """Who is cut off for too many commands, who shows a token that is none, and which pages are foreign."""
    with pytest.raises(InvalidStatus):
        await door.open("nonsense").__aenter__()
    with pytest.raises(InvalidStatus):
        await door.open("nonsense", origin="https://evil.example").__aenter__()
    async with door.open(await token_of(door.settings, "riverside-sales")) as socket:
        with pytest.raises(ConnectionClosed):
            for ref in range(1_000):
                await socket.send(json.dumps({"type": "ping", "ref": ref}))
                await socket.recv()
    [flooded] = await door.written("flooded")
    assert (flooded["login"], flooded["store_id"]) == ("riverside-sales", "riverside")
    [token] = await door.written("token_refused")
    assert (token["store_id"], token["login"], token["detail"]) == (None, "", {"what": "socket"})
    assert [row["address"] for row in await door.written("origin_refused")] == ["127.0.0.1"]


async def test_what_was_noted_is_written_at_the_end(stocked: Settings, tmp_path: Path) -> None:
    """A process that ends writes what waits, and what it was still counting."""
    async with (
        start_web(stocked, tmp_path) as web,
        httpx.AsyncClient(base_url=web.url, timeout=GUARD_SECONDS) as client,
    ):
        for _ in range(5):
            answer = await client.get("/api/deals", headers={"authorization": "Bearer nonsense"})
            assert answer.status_code == 401
    async with connect_as_owner(stocked.database_owner_url) as owner:
        assert (
            await owner.fetchval("SELECT sum(count) FROM security_events WHERE kind = 'token_refused'") == 5
        )
