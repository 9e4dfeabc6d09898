"""What changes about a person takes effect on the sockets that they have open, in every web process."""

import asyncio
import datetime as dt
import json
import uuid
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from protocol.rights import TokenScope
from server.database.core.pool import connect_as_owner
from server.database.people.credentials import (
    PERSON_SCOPES,
    CredentialKind,
    issue_credential,
    list_tokens,
    revoke_by_id,
)
from server.database.people.staff import change_user, set_score_edges
from server.database.people.users import find_by_login
from server.settings import Settings
from tests.flow.shop import a_deal_of
from tests.services import free_port, start_web
from tests.web.site import csrf_of

pytestmark = pytest.mark.flow

GUARD_SECONDS = 60.0
HOUR = dt.timedelta(hours=1)


@dataclass
class House:
    """Two web processes on one database, and the sockets that a test opens on them."""

    settings: Settings
    urls: tuple[str, str]
    sockets: AsyncExitStack

    async def issue(
        self,
        login: str,
        kind: CredentialKind = CredentialKind.BEARER,
        scopes: Collection[TokenScope] = PERSON_SCOPES,
        ttl: dt.timedelta = HOUR,
    ) -> str:
        """Return a new token of a sample user."""
        async with connect_as_owner(self.settings.database_owner_url) as owner:
            account = await find_by_login(owner, login)
            assert account is not None
            return await issue_credential(owner, account.id, kind, ttl, scopes=scopes)

    async def change(self, login: str, **changes: object) -> None:
        """Change a person, as the command does."""
        async with connect_as_owner(self.settings.database_owner_url) as owner:
            await change_user(owner, login, changes)

    async def show_scores(self, store_id: str, edges_cents: Sequence[int] | None) -> None:
        """Let a store show its salespeople scores, or NPVs again, as the command does."""
        async with connect_as_owner(self.settings.database_owner_url) as owner:
            await set_score_edges(owner, store_id, edges_cents)

    async def open(self, token: str, process: int = 0) -> "Socket":
        """Open a socket with a bearer token and take its welcome."""
        return await self._open(process, {"authorization": f"Bearer {token}"}, None)

    async def open_as_page(self, cookie: str, process: int = 0) -> "Socket":
        """Open a socket as the screen does."""
        return await self._open(process, {"cookie": f"deal_session={cookie}"}, self.urls[0])

    async def _open(self, process: int, headers: dict[str, str], origin: Any) -> "Socket":
        url = self.urls[process].replace("http", "ws", 1) + "/ws"
        opening = connect(url, additional_headers=headers, origin=origin, compression=None)
        socket = Socket(await self.sockets.enter_async_context(opening))
        socket.welcome = await socket.next()
        return socket


class Socket:
    """One socket that speaks JSON lines."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._lines: list[Any] = []
        self._ref = 0
        self.welcome: Any = None

    async def next(self) -> Any:
        """Return the next message."""
        async with asyncio.timeout(GUARD_SECONDS):
            while not self._lines:
                self._lines = [json.loads(line) for line in str(await self._connection.recv()).split("\n")]
        return self._lines.pop(0)

    async def ask(self, kind: str, **fields: object) -> Any:
        """Send a command and return its reply."""
        self._ref += 1
        await self._connection.send(json.dumps({"type": kind, "ref": self._ref, **fields}))
        while True:
            message = await self.next()
            if message["type"] == "reply" and message["ref"] == self._ref:
                return message

    async def close_code(self) -> int | None:
        """Read until the server closes and return its code."""
        try:
            while True:
                await self.next()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None


@pytest.fixture
async def house(stocked: Settings, tmp_path: Path) -> AsyncIterator[House]:
    """Two web processes and no worker."""
    async with (
        start_web(stocked, tmp_path) as one,
        start_web(stocked, tmp_path, port=free_port()) as two,
        AsyncExitStack() as sockets,
    ):
        yield House(stocked, (one.url, two.url), sockets)


async def test_sign_out_closes_the_screens_of_that_session(house: House) -> None:
    """All tabs of the browser, on whichever process, close with 4001; the person's other sessions go on."""
    async with httpx.AsyncClient(base_url=house.urls[0], timeout=GUARD_SECONDS) as browser:
        token = csrf_of(await browser.get("/login"))
        form = {"csrf_token": token, "login": "riverside-sales", "password": "demo", "next": "/"}
        assert (await browser.post("/login", data=form)).status_code == 303
        cookie = browser.cookies["deal_session"]
        tabs = [await house.open_as_page(cookie, process) for process in (0, 1)]
        elsewhere = await house.open_as_page(await house.issue("riverside-sales", CredentialKind.COOKIE), 1)
        form = {"csrf_token": csrf_of(await browser.get("/"))}
        assert (await browser.post("/logout", data=form)).status_code == 303
    assert [await tab.close_code() for tab in tabs] == [4001, 4001]
    assert (await elsewhere.ask("ping"))["ok"]
    late = connect(
        house.urls[1].replace("http", "ws", 1) + "/ws",
        additional_headers={"cookie": f"deal_session={cookie}"},
        origin=house.urls[0],  # type: ignore[arg-type]
    )
    async with late as socket:
        assert await Socket(socket).close_code() == 4001


async def test_a_revoked_token_closes_its_sockets(house: House) -> None:
    """A program whose token is revoked is told so; another token of the same user still counts."""
    first, second = await house.issue("riverside-sales"), await house.issue("riverside-sales")
    revoked, kept = await house.open(first, 1), await house.open(second, 1)
    async with connect_as_owner(house.settings.database_owner_url) as owner:
        account = await find_by_login(owner, "riverside-sales")
        assert account is not None
        listed = await list_tokens(owner, account.id)
        assert [one.scopes for one in listed] == [("decide", "read", "write")] * 2
        assert await revoke_by_id(owner, listed[1].id)
        assert not await revoke_by_id(owner, listed[1].id)
    assert await revoked.close_code() == 4001
    assert (await kept.ask("ping"))["ok"]
    with pytest.raises(InvalidStatus, match="401"):
        await house.open(first)


async def test_a_credential_that_runs_out_closes_its_socket(house: House) -> None:
    """A session ends by itself, also while its screen is open."""
    for seconds in (1, 10, 60):  # on a slow machine, the first has run out before it is shown
        try:
            socket = await house.open(await house.issue("riverside-sales", ttl=dt.timedelta(seconds=seconds)))
        except InvalidStatus:
            continue
        break
    assert await socket.close_code() == 4001


async def test_a_changed_role_takes_effect_on_open_sockets(house: House) -> None:
    """The socket is closed so that the client comes back at once, and is welcomed with other rights."""
    deal, token = await a_deal_of(house.settings), await house.issue("riverside-manager")
    socket = await house.open(token)
    assert (await socket.ask("join", channel=deal, view="manager"))["ok"]
    await house.change("riverside-manager", role="salesperson")
    assert await socket.close_code() == 1012
    again = await house.open(token)
    assert again.welcome["user"]["role"] == "salesperson"
    joined = await again.ask("join", channel=deal, view="manager")
    assert joined["data"]["view"] == "sales"
    countered = await again.ask(
        "counter", channel=deal, op=str(uuid.uuid4()), version=0, reason="gross_too_low", changes={}
    )
    assert countered["error"]["code"] == "forbidden"


async def test_a_changed_store_takes_effect_on_open_sockets(house: House) -> None:
    """Whoever moves to another store sees its deals, and those of the old one no longer."""
    deal, token = await a_deal_of(house.settings), await house.issue("riverside-sales")
    socket = await house.open(token, 1)
    assert (await socket.ask("join", channel=deal, view="sales"))["ok"]
    await house.change("riverside-sales", store_id="northgate")
    assert await socket.close_code() == 1012
    again = await house.open(token, 1)
    assert (await again.ask("join", channel=deal, view="sales"))["error"]["code"] == "not_found"
    assert (await again.ask("join", channel=await a_deal_of(house.settings, "northgate"), view="sales"))["ok"]


async def test_scores_in_the_place_of_npvs_take_effect_on_open_sockets(house: House) -> None:
    """Everybody of the store comes back at once and is told; a neighbour's people stay."""
    sales, manager = [await house.issue(f"riverside-{who}") for who in ("sales", "manager")]
    ours = [await house.open(sales), await house.open(manager, 1)]
    neighbour = await house.open(await house.issue("northgate-sales"))
    assert not any("scores" in socket.welcome["user"] for socket in (*ours, neighbour))
    await house.show_scores("riverside", (0, 50_000, 100_000, 200_000))
    assert [await socket.close_code() for socket in ours] == [1012, 1012]
    assert (await house.open(sales, 1)).welcome["user"]["scores"]
    assert (await neighbour.ask("ping"))["ok"]
    again = await house.open(sales)
    await house.show_scores("riverside", None)
    assert await again.close_code() == 1012


async def test_who_may_no_longer_sign_in_is_sent_away(house: House) -> None:
    """An inactive person has no sockets, and gets none."""
    token = await house.issue("riverside-sales")
    socket = await house.open(token)
    await house.change("riverside-sales", active=False)
    assert await socket.close_code() == 4001
    with pytest.raises(InvalidStatus, match="401"):
        await house.open(token)


async def test_what_changed_unheard_takes_effect_too(house: House) -> None:
    """A process whose ears were cut off looks at everybody as soon as it hears again."""
    token = await house.issue("riverside-sales")
    sockets = [await house.open(token, process) for process in (0, 1)]
    other = await house.open(await house.issue("riverside-manager"))
    # One transaction: the listeners are gone before the notification is sent.
    async with connect_as_owner(house.settings.database_owner_url) as owner, owner.transaction():
        cut = await owner.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = 'deal-architect listener' AND datname = current_database()"
        )
        await change_user(owner, "riverside-sales", {"role": "desk_manager"})
    assert cut == 2
    assert [await socket.close_code() for socket in sockets] == [1012, 1012]
    assert (await other.ask("ping"))["ok"]


async def test_scopes_of_a_token(house: House) -> None:
    """A token does what its scopes say, within its owner's role, and the welcome says so."""
    deal = await a_deal_of(house.settings)
    reading = await house.open(await house.issue("riverside-manager", scopes=[TokenScope.READ]))
    assert reading.welcome["user"]["rights"] == ["watch", "wall", "see_cost"]
    assert (await reading.ask("join", channel=deal, view="manager"))["ok"]
    note = {"channel": deal, "text": "hello"}
    refused = await reading.ask("note", op=str(uuid.uuid4()), **note)
    assert refused["error"]["code"] == "forbidden"
    assert "scope write" in refused["error"]["message"]
    scopes = [TokenScope.READ, TokenScope.WRITE]
    writing = await house.open(await house.issue("riverside-manager", scopes=scopes))
    assert (await writing.ask("note", op=str(uuid.uuid4()), **note))["ok"]
    lock = await writing.ask("lock", channel=deal, op=str(uuid.uuid4()), field="fees_cents")
    assert "scope decide" in lock["error"]["message"]


async def test_a_load_testers_token(house: House) -> None:
    """With the load scope joins are not counted, and many channels may be open; others are slowed down."""
    deal = await a_deal_of(house.settings)
    scopes = [TokenScope.READ, TokenScope.LOAD]
    for some, channels in ((scopes, 2_000), ([TokenScope.READ], 20)):
        socket = await house.open(await house.issue("riverside-sales", scopes=some))
        assert socket.welcome["limits"]["channels"] == channels
        answers = [await socket.ask("join", channel=deal, view="sales") for _ in range(60)]
        limited = [reply for reply in answers if not reply["ok"]]
        assert {reply["error"]["code"] for reply in limited} <= {"rate_limited"}
        assert bool(limited) is (channels == 20)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://127.0.0.1.evil.example", "http://127.0.0.1:1", "file://"],
)
async def test_a_foreign_page_opens_no_socket(house: House, origin: str) -> None:
    """Cross-site WebSocket hijacking: a browser sends the cookie along, and that must not be enough."""
    cookie = await house.issue("riverside-sales", CredentialKind.COOKIE)
    url = house.urls[0].replace("http", "ws", 1) + "/ws"
    with pytest.raises(InvalidStatus, match="403"):
        async with connect(
            url,
            additional_headers={"cookie": f"deal_session={cookie}"},
            origin=origin,  # type: ignore[arg-type]
        ):
            pass
