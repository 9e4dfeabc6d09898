"""What one person uses up in one process is used up in all; nobody else pays for it."""

import asyncio
import datetime as dt
import itertools
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from client.connection import SUBPROTOCOL
from protocol import codec
from protocol.commands import Cost
from protocol.rights import TokenScope
from server.database.core.pool import connect_as_owner
from server.database.people.credentials import CredentialKind, issue_credential
from server.database.people.users import find_by_login
from server.hub.connections.budgets import PERSON_UNITS
from server.hub.sockets.limits import COMMANDS, CONNECTIONS_PER_USER
from server.settings import Settings
from tests.services import free_port, start_web

pytestmark = pytest.mark.flow

GUARD_SECONDS = 60.0
AFFORDED = PERSON_UNITS // Cost.PRICING
"""How many quotes a person may ask for at a time."""
UNLIMITED = COMMANDS - 1
"""How many a connection may ask for before its own limit is reached."""


@dataclass
class House:
    """Two web processes on one database and one Redis."""

    settings: Settings
    urls: tuple[str, str]
    sockets: AsyncExitStack

    async def token(self, login: str, *scopes: TokenScope) -> str:
        """Return a new token of a sample user, to read with."""
        async with connect_as_owner(self.settings.database_owner_url) as owner:
            account = await find_by_login(owner, login)
            assert account is not None
            kind, hour = CredentialKind.BEARER, dt.timedelta(hours=1)
            return await issue_credential(
                owner, account.id, kind, hour, scopes=scopes or (TokenScope.READ, TokenScope.WRITE)
            )

    async def open(self, token: str, process: int) -> "Asker":
        """Connect to one of the processes. Raises InvalidStatus where one is not let in."""
        url = self.urls[process].replace("http", "ws", 1) + "/ws"
        headers = {"Authorization": f"Bearer {token}"}
        socket = await self.sockets.enter_async_context(
            connect(url, subprotocols=[SUBPROTOCOL], additional_headers=headers)
        )
        assert codec.decode(await socket.recv())["type"] == "welcome"
        return Asker(socket)


class Asker:
    """A connection that asks for quotes of a deal that is not there: what they cost is known before."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._refs = itertools.count()

    async def ask(self) -> dict[str, Any]:
        """Return the refusal of one quote: ``not_found``, unless it is refused before."""
        ref = next(self._refs)
        quote = {"channel": f"deal:{uuid.uuid4()}", "vehicle_id": "1", "changes": {}}
        lists: dict[str, list[int]] = {"terms_months": [], "cash_down_cents": []}
        await self.socket.send(codec.encode({"type": "quote", "ref": ref, **quote, **lists}).decode())
        async with asyncio.timeout(GUARD_SECONDS):
            async for frame in self.socket:
                for line in str(frame).split("\n"):
                    message = codec.decode(line)
                    if message.get("ref") == ref:
                        error: dict[str, Any] = message["error"]
                        return error
        raise ConnectionError("closed before the answer")

    async def ask_until_refused(self, most: int) -> tuple[int, dict[str, Any]]:
        """Ask up to so often; return how many quotes were had, and the refusal of the next one."""
        for number in range(most):
            error = await self.ask()
            if error["code"] != "not_found":
                return number, error
        return most, {}


@asynccontextmanager
async def opened(settings: Settings, folder: Path) -> AsyncIterator[House]:
    """Run two web processes."""
    async with (
        start_web(settings, folder) as one,
        start_web(settings, folder, port=free_port()) as other,
        AsyncExitStack() as sockets,
    ):
        yield House(settings, (one.url, other.url), sockets)


async def test_a_budget_is_one_for_all_processes(stocked: Settings, tmp_path: Path) -> None:
    """A person who has used it up with several connections to one process is refused by the other as well;
    a colleague and another store are served by both, and a load tester is not counted.
    """
    async with opened(stocked, tmp_path) as house:
        greedy = await house.token("riverside-sales")
        askers = [await house.open(greedy, 0) for _ in range(4)]
        answers = await asyncio.gather(*(asker.ask_until_refused(UNLIMITED) for asker in askers))
        assert sum(had for had, _ in answers) >= AFFORDED
        error = next(error for _, error in answers if error)
        assert (error["code"], error["retry"], error["detail"]["budget"]) == ("rate_limited", True, "person")
        assert error["detail"]["retry_after_seconds"] >= 1
        assert "Try again in" in error["message"]
        elsewhere = await house.open(greedy, 1)
        _, error = await elsewhere.ask_until_refused(UNLIMITED)
        assert error["detail"]["budget"] == "person"
        for process in range(2):
            for login in ("riverside-manager", "northgate-sales"):
                asker = await house.open(await house.token(login), process)
                assert await asker.ask_until_refused(10) == (10, {})
        tester = await house.token("riverside-sales", TokenScope.READ, TokenScope.LOAD)
        assert await (await house.open(tester, 1)).ask_until_refused(COMMANDS) == (COMMANDS, {})


async def test_connections_of_a_person_are_counted_over_all_processes(
    stocked: Settings, tmp_path: Path
) -> None:
    """Beyond the bound neither process lets one in, until one of the connections is closed."""
    async with opened(stocked, tmp_path) as house:
        token = await house.token("riverside-sales")
        mine = [await house.open(token, number % 2) for number in range(CONNECTIONS_PER_USER)]
        for process in range(2):
            with pytest.raises(InvalidStatus, match="429"):
                await house.open(token, process)
        await house.open(await house.token("riverside-manager"), 0)
        await house.open(await house.token("riverside-sales", TokenScope.READ, TokenScope.LOAD), 0)
        await mine[0].socket.close()
        async with asyncio.timeout(GUARD_SECONDS):
            while True:
                try:
                    await house.open(token, 1)
                except InvalidStatus:
                    await asyncio.sleep(0.05)
                else:
                    break
