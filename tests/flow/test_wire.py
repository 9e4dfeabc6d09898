"""The wire format as the protocol states it, checked with a raw client that knows nothing of ours but the
address.

What is imported of ours only prepares the data and starts the processes.
"""

import asyncio
import datetime as dt
import json
import re
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from server.database.core.pool import connect_as_owner
from server.database.people.credentials import CredentialKind, issue_credential
from server.database.people.users import find_by_login
from server.database.sample.seed import SeedPlan
from server.settings import Settings
from tests.services import start_together

pytestmark = pytest.mark.flow

GUARD_SECONDS = 60.0
HOUR = dt.timedelta(hours=1)
Message = dict[str, Any]
ERROR_CODES = {
    "invalid", "unauthorized", "forbidden", "not_found", "conflict", "locked", "rate_limited", "too_large",
    "busy", "degraded", "superseded", "internal",
}  # fmt: skip
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


@dataclass(frozen=True)
class Address:
    """Where the server is, and what there is to try it with."""

    url: str
    origin: str
    channel: str
    foreign_channel: str
    bearer: dict[str, str]
    cookie: dict[str, str]


class Raw:
    """A socket of which every message is checked for what holds for all of them."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.refs = 0
        self._read: list[Message] = []

    async def next(self) -> Message:
        """Return the next message; who is here may be said at any time, and counts for nothing here."""
        while True:
            message = await self._next()
            if message["type"] != "presence":
                return message

    async def _next(self) -> Message:
        while not self._read:
            async with asyncio.timeout(GUARD_SECONDS):
                frame = await self.socket.recv()
            assert isinstance(frame, str)
            for line in frame.split("\n"):
                assert len(line.encode()) <= 256 * 1024
                message = json.loads(line)
                assert isinstance(message["type"], str)
                self._read.append(message)
        return self._read.pop(0)

    async def until(self, *kinds: str) -> list[Message]:
        """Return the messages up to the first one of ``kinds``."""
        seen = [await self.next()]
        while seen[-1]["type"] not in kinds:
            seen.append(await self.next())
        return seen

    async def send(self, kind: str, **fields: Any) -> int:
        """Send a command and return its ref."""
        self.refs += 1
        await self.socket.send(json.dumps({"type": kind, "ref": self.refs, **fields}))
        return self.refs

    async def reply(self, ref: int) -> Message:
        """Return the reply to ``ref``; whatever stands before it is dropped."""
        while True:
            message = await self.next()
            if message["type"] == "reply":
                assert message["ref"] == ref
                return message

    async def ask(self, kind: str, **fields: Any) -> Message:
        """Send a command and return its data."""
        message = await self.reply(await self.send(kind, **fields))
        assert message["ok"] is True, message
        assert set(message) == {"type", "ref", "ok", "data"}
        data: Message = message["data"]
        return data

    async def refused(self, kind: str, **fields: Any) -> Message:
        """Send a command and return the error that answers it."""
        message = await self.reply(await self.send(kind, **fields))
        assert message["ok"] is False, message
        assert set(message) == {"type", "ref", "ok", "error"}
        error: Message = message["error"]
        assert set(error) == {"code", "message", "retry", "detail"}
        assert error["code"] in ERROR_CODES
        return error


@pytest.fixture
def sample() -> SeedPlan:
    """A small stock."""
    return SeedPlan(vehicles=400, customers=8, deals=8)


@pytest.fixture
async def address(settings: Settings, tmp_path: Path) -> AsyncIterator[Address]:
    """A web process and a worker over sample data."""
    async with connect_as_owner(settings.database_owner_url) as database:
        account = await find_by_login(database, "riverside-manager")
        assert account is not None
        bearer = await issue_credential(database, account.id, CredentialKind.BEARER, HOUR)
        sales = await find_by_login(database, "riverside-sales")
        assert sales is not None
        cookie = await issue_credential(database, sales.id, CredentialKind.COOKIE, HOUR)
        deals = [
            await database.fetchval(
                "SELECT deal_id FROM deals WHERE store_id = $1 ORDER BY deal_id LIMIT 1", store
            )
            for store in ("riverside", "northgate")
        ]
    async with start_together(settings, tmp_path) as [web]:
        yield Address(
            url=web.url.replace("http", "ws", 1) + "/ws",
            origin=web.url,
            channel=f"deal:{deals[0]}",
            foreign_channel=f"deal:{deals[1]}",
            bearer={"Authorization": f"Bearer {bearer}"},
            cookie={"Cookie": f"deal_session={cookie}"},
        )


def socket(address: Address, headers: dict[str, str], origin: str | None = None) -> connect:
    """Return a connection to be entered."""
    return connect(
        address.url, origin=origin, additional_headers=headers, subprotocols=["deal.v1"], compression=None
    )  # type: ignore[arg-type]


async def close_code(client: ClientConnection) -> int | None:
    """Read until the server closes and return its code."""
    async with asyncio.timeout(GUARD_SECONDS):
        try:
            while True:
                await client.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else None


def no_gap(events: list[Message], after: int) -> None:
    """Check that seq goes on by one from ``after``."""
    numbers = [event["seq"] for event in events]
    assert numbers == list(range(after + 1, after + 1 + len(numbers)))


def search_fields(address: Address, **more: Any) -> Message:
    return {"channel": address.channel, "op": str(uuid.uuid4()), "filters": {}, "sort": "price", **more}


EASY = {
    "payment_min_cents": 0,
    "payment_max_cents": None,
    "cash_down_cents": 0,
    "cash_down_max_cents": 4_000_000,
}


async def test_connecting(address: Address) -> None:
    """Who may come in, how the others are refused, and what the first frame says."""
    async with socket(address, address.bearer) as client:
        assert client.subprotocol == "deal.v1"
        welcome = await Raw(client).next()
        assert welcome["type"] == "welcome"
        assert welcome["protocol"] == "deal.v1"
        assert TIME.fullmatch(welcome["server_time"])
        assert set(welcome["user"]) == {"id", "name", "role", "store_id", "rights"}
        assert (welcome["user"]["role"], welcome["user"]["store_id"]) == ("desk_manager", "riverside")
        assert welcome["limits"]["frame_bytes"] == 64 * 1024
        assert welcome["limits"]["frames"] == 1_500
        assert {"join", "leave", "search", "more", "cancel", "terms", "ping"} <= set(welcome["commands"])
    for headers, origin, status in (
        ({}, None, 401),
        ({"Authorization": "Bearer nonsense"}, None, 401),
        (address.cookie, None, 403),
        (address.cookie, "https://elsewhere.example", 403),
        (address.bearer, "https://elsewhere.example", 403),
    ):
        with pytest.raises(InvalidStatus) as refused:
            async with socket(address, headers, origin):
                pass
        assert refused.value.response.status_code == status
    async with socket(address, address.cookie, address.origin) as client:
        assert (await Raw(client).next())["user"]["role"] == "salesperson"
    async with socket(address, {}, address.origin) as client:
        assert await close_code(client) == 4001


async def test_frames_that_end_the_connection(address: Address) -> None:
    """What no reply can answer closes the socket with the code that says why."""
    for frame, expected in (
        (b"\x00\x01", 4000),
        ("no json", 4000),
        ("[1]", 4000),
        ('{"type":"ping"}', 4000),
        ('{"type":"ping","ref":"1"}', 4000),
        ('{"type":"ping","ref":1,"pad":"' + "x" * 65_536 + '"}', 1009),
    ):
        async with socket(address, address.bearer) as client:
            await client.send(frame)
            assert await close_code(client) == expected, frame[:40]
    async with socket(address, address.bearer) as client:
        async with client.send_context():
            client.protocol.send_frame(Frame(Opcode.TEXT, b'{"type":"ping","ref":1,"x":"\xff\xfe"}'))
        assert await close_code(client) == 1007


async def test_commands_that_do_not_fit(address: Address) -> None:
    """A malformed command is refused with the field at fault; the connection goes on."""
    async with socket(address, address.bearer) as client:
        raw = Raw(client)
        await raw.next()
        assert (await raw.refused("dance"))["code"] == "invalid"
        unknown = await raw.refused("ping", extra=1)
        assert (unknown["code"], unknown["detail"]["field"], unknown["retry"]) == ("invalid", "extra", False)
        assert (await raw.refused("join", channel=address.channel))["detail"]["field"] == "view"
        wrong = await raw.refused("search", **search_fields(address, limit=20_001))
        assert wrong["detail"]["field"] == "limit"
        missing = await raw.refused("join", channel=f"deal:{uuid.uuid4()}", view="manager")
        foreign = await raw.refused("join", channel=address.foreign_channel, view="manager")
        assert missing["code"] == foreign["code"] == "not_found"
        assert missing["message"] == foreign["message"]
        for kind, fields in (
            ("search", {"filters": {}, "sort": "price"}),
            ("terms", {"version": 0, "changes": {}}),
        ):
            error = await raw.refused(kind, channel=address.foreign_channel, op=str(uuid.uuid4()), **fields)
            assert error["code"] == "not_found"
        assert TIME.fullmatch((await raw.ask("ping"))["server_time"])
    async with socket(address, address.cookie, address.origin) as client:
        raw = Raw(client)
        await raw.next()
        assert (await raw.refused("join", channel="desk:riverside", view="sales"))["code"] == "forbidden"


async def test_many_messages_in_a_frame(address: Address) -> None:
    """A frame may hold several commands; they are answered in order."""
    async with socket(address, address.bearer) as client:
        raw = Raw(client)
        await raw.next()
        await client.send("\n".join(json.dumps({"type": "ping", "ref": ref}) for ref in (7, 8, 9)))
        assert [(await raw.next())["ref"] for _ in range(3)] == [7, 8, 9]


async def test_join_search_resume(address: Address) -> None:
    """A search streams in order without a gap; a second watcher gets the rows, a returning one what it
    missed.
    """
    async with socket(address, address.bearer) as client:
        raw = Raw(client)
        await raw.next()
        joined = await raw.ask("join", channel=address.channel, view="manager", since=None)
        assert set(joined) == {"epoch", "seq", "recovered", "view", "snapshot"}
        assert (joined["recovered"], joined["view"], joined["snapshot"]["search"]) == (False, "manager", None)
        deal = joined["snapshot"]["deal"]
        lists = {"pins", "locks", "holds", "notes", "presence"}
        assert {"id", "version", "state", "customer", "structure", "selected"} | lists <= set(deal)
        assert [message["type"] for message in await raw.until("snapshot_end")] == ["snapshot_end"]
        changed = await raw.ask(
            "terms", channel=address.channel, op=str(uuid.uuid4()), version=deal["version"], changes=EASY
        )
        fields = search_fields(address, limit=100)
        ref = await raw.send("search", **fields)
        seen = await raw.until("search_valued")
        events = [message for message in seen if "seq" in message]
        (reply,) = [message for message in seen if message["type"] == "reply"]
        assert reply["ref"] == ref
        kinds = [event["type"] for event in events]
        if kinds[0] == "deal_changed":
            assert events[0]["version"] == changed["version"]
        assert (
            kinds.count("search_started") == kinds.count("search_ended") == kinds.count("search_valued") == 1
        )
        assert all(TIME.fullmatch(event["at"]) and event["channel"] == address.channel for event in events)
        for event in events:
            if "columns" in event:
                assert {len(column) for column in event["columns"].values()} == {event["rows"]}
        by_kind = {event["type"]: event for event in events}
        ended, valued = by_kind["search_ended"], by_kind["search_valued"]
        matched = sum(event["rows"] for event in events if event["type"] == "matches")
        assert ended["matched"] == matched == valued["offers"] + valued["failed"] > 0
        assert {"cost_cents"} < set(by_kind["matches"]["columns"])
        assert {"npv_cents", "stress_npv_cents", "binding"} < set(by_kind["offers"]["columns"])
        again = await raw.ask("search", **fields)
        assert again == reply["data"]

        head = valued["seq"]
        resumed = await raw.ask(
            "join", channel=address.channel, view="manager", since={"epoch": joined["epoch"], "seq": 2}
        )
        assert (resumed["recovered"], resumed["snapshot"], resumed["seq"]) == (True, None, 2)
        missed = [await raw.next() for _ in range(head - 2)]
        no_gap(missed, 2)
        assert missed[-1] == valued
        beyond = await raw.ask(
            "join", channel=address.channel, view="manager", since={"epoch": joined["epoch"], "seq": head + 1}
        )
        assert (beyond["recovered"], beyond["seq"]) == (False, head)

    async with socket(address, address.cookie, address.origin) as client:
        raw = Raw(client)
        await raw.next()
        ref = await raw.send("join", channel=address.channel, view="manager")
        late = (await raw.reply(ref))["data"]
        assert (late["view"], late["seq"]) == ("sales", head)
        since = {"epoch": late["epoch"], "seq": head}
        ref = await raw.send("join", channel=address.channel, view="manager", since=since)
        # Who gets less than they ask for may have seen more before.
        assert (await raw.reply(ref))["data"]["recovered"] is False
        ref = await raw.send("join", channel=address.channel, view="sales", since=since)
        assert (await raw.reply(ref))["data"]["recovered"] is True
        ref = await raw.send("join", channel=address.channel, view="manager")
        await raw.reply(ref)
        assert late["snapshot"]["search"]["matched"] == matched
        *parts, end = await raw.until("snapshot_end")
        assert (end["ref"], end["channel"]) == (ref, address.channel)
        assert [part["part"] for part in parts] == list(range(len(parts)))
        assert sum(part["rows"] for part in parts) == matched
        for part in parts:
            assert part["rows"] <= 500
            assert "cost_cents" not in part["columns"]
            assert set(part["columns"]["valued"]) == {True}


async def test_edits_meet(address: Address) -> None:
    """Edits of different fields merge, of one field conflict; a repeated op changes nothing; hidden is
    forbidden.
    """
    async with (
        socket(address, address.bearer) as one,
        socket(address, address.cookie, address.origin) as two,
    ):
        manager, sales = Raw(one), Raw(two)
        for raw, view in ((manager, "manager"), (sales, "sales")):
            await raw.next()
            joined = await raw.ask("join", channel=address.channel, view=view)
            await raw.until("snapshot_end")
        version = joined["snapshot"]["deal"]["version"]
        assert "trade_acv_cents" not in joined["snapshot"]["deal"]["structure"]
        assert "score" not in joined["snapshot"]["deal"]["customer"]
        op = str(uuid.uuid4())
        fields = {"channel": address.channel, "version": version}
        changes = {"discount_cents": 12_300, "trade_acv_cents": 777_700}
        first = await manager.ask("terms", op=op, changes=changes, **fields)
        assert first == {"version": version + 1}
        assert await manager.ask("terms", op=op, changes=changes, **fields) == first
        (event,) = await sales.until("deal_changed")
        # Salespeople hear that the trade was appraised, and not at what.
        trades = event["changes"].pop("trades")
        assert all("acv_cents" not in trade and trade["appraised"] for trade in trades)
        assert (event["version"], event["changes"]) == (version + 1, {"discount_cents": 12_300})
        assert event["by"]["role"] == "desk_manager"
        merged = await sales.ask("terms", op=str(uuid.uuid4()), changes={"fees_cents": 90_000}, **fields)
        assert merged == {"version": version + 2}
        taken = await sales.refused("terms", op=str(uuid.uuid4()), changes={"discount_cents": 1}, **fields)
        assert taken["code"] == "conflict"
        assert (taken["detail"]["field"], taken["detail"]["value"]) == ("discount_cents", 12_300)
        hidden = await sales.refused("terms", op=str(uuid.uuid4()), changes={"trade_acv_cents": 5}, **fields)
        assert (hidden["code"], hidden["detail"]["field"]) == ("forbidden", "trade_acv_cents")
        bad = await sales.refused("terms", op=str(uuid.uuid4()), changes={"rate_bp": 887.555}, **fields)
        assert (bad["code"], bad["detail"]["field"]) == ("invalid", "changes.rate_bp")


async def test_what_no_result_depends_on_is_not_searched_again(address: Address) -> None:
    """The least payment only sorts and the tier's source is told: the search before stands. Cash is new."""
    async with socket(address, address.bearer) as client:
        raw = Raw(client)
        await raw.next()
        joined = await raw.ask("join", channel=address.channel, view="manager")
        version = joined["snapshot"]["deal"]["version"]
        await raw.ask("search", **search_fields(address))
        await raw.until("search_valued")
        for number, changes in enumerate(
            ({"payment_min_cents": 100, "tier_source": "stated"}, {"cash_down_cents": 1_234_00})
        ):
            op = str(uuid.uuid4())
            fields = {"channel": address.channel, "version": version + number}
            await raw.send("terms", op=op, changes=changes, **fields)
        events = [message for message in await raw.until("search_started") if "seq" in message]
        assert [event["type"] for event in events] == ["deal_changed", "deal_changed", "search_started"]
        assert events[-1]["deal_version"] == version + 2


async def test_nothing_arrives_after_leave(address: Address) -> None:
    """Behind the reply to leave there is no event of the channel, though the search goes on."""
    async with socket(address, address.bearer) as client, socket(address, address.bearer) as other:
        raw, stays = Raw(client), Raw(other)
        for each in (raw, stays):
            await each.next()
            await each.ask("join", channel=address.channel, view="manager")
            await each.until("snapshot_end")
        await raw.ask("search", **search_fields(address))
        await raw.ask("leave", channel=address.channel)
        await stays.until("search_valued")
        assert (await raw.ask("ping")).keys() == {"server_time"}
        assert raw._read == []


async def test_too_many_commands(address: Address) -> None:
    """Above 50 commands in 10 s each is refused; at three times the rate the connection ends with 4009.

    Who flooded is kept out for a minute, and nobody else is.
    """
    async with socket(address, address.bearer) as client:
        raw = Raw(client)
        await raw.next()
        for ref in range(60):
            await client.send(json.dumps({"type": "ping", "ref": ref}))
        replies = [await raw.next() for _ in range(60)]
        assert [reply["ok"] for reply in replies] == [True] * 50 + [False] * 10
        assert (replies[-1]["error"]["code"], replies[-1]["error"]["retry"]) == ("rate_limited", True)
        frame = "\n".join(json.dumps({"type": "ping", "ref": ref}) for ref in range(100))
        await client.send(frame)
        assert await close_code(client) == 4009
    with pytest.raises(InvalidStatus) as refused:
        async with socket(address, address.bearer):
            pass
    assert refused.value.response.status_code == 429
    assert 50 <= int(refused.value.response.headers["Retry-After"]) <= 60
    async with socket(address, address.cookie, address.origin) as other:
        assert (await Raw(other).next())["type"] == "welcome"


async def test_channels_of_a_connection_are_limited(address: Address, settings: Settings) -> None:
    """Twenty channels are joined; the next one is refused, and joining one again is not another."""
    async with connect_as_owner(settings.database_owner_url) as database:
        rows = await database.fetch(
            "INSERT INTO deals (store_id, customer_id, salesperson_id, structure)"
            " SELECT store_id, customer_id, salesperson_id, structure FROM deals, generate_series(1, 21)"
            " WHERE deal_id = $1 RETURNING deal_id",
            uuid.UUID(address.channel.removeprefix("deal:")),
        )
    channels = [f"deal:{row['deal_id']}" for row in rows]
    async with socket(address, address.bearer) as client:
        raw = Raw(client)
        await raw.next()
        for channel in channels[:20]:
            await raw.ask("join", channel=channel, view="manager")
        assert (await raw.refused("join", channel=channels[20], view="manager"))["code"] == "too_large"
        await raw.ask("join", channel=channels[0], view="customer")
        await raw.ask("leave", channel=channels[1])
        await raw.ask("join", channel=channels[20], view="manager")
