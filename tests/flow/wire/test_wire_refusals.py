"""What the protocol refuses, to a raw client: strangers, what does not fit, and too much of it."""

import json
import uuid

import pytest
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode

from server.database.core.pool import connect_as_owner
from server.settings import Settings
from tests.flow.wire.raw import TIME, Address, Raw, close_code, search_fields, socket

pytestmark = pytest.mark.flow


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
