"""What people of a store ask outside a deal: look up, list, begin; and what a turned screen may not."""

import uuid
from typing import Any

import pytest

from tests.flow.wire.raw import Address, Raw, socket

pytestmark = pytest.mark.flow

OWN = "deals:riverside"


async def test_a_deal_is_begun_once_and_found_again(address: Address) -> None:
    """By its number and by the customer's name; a repeated ``op`` begins nothing, and a new customer is added
    with the deal.
    """
    async with socket(address, address.cookie, address.origin) as connection:
        client = Raw(connection)
        await client.next()

        async def ask(kind: str, **fields: Any) -> Any:
            return await client.reply(await client.send(kind, **{"channel": OWN, **fields}))

        page = (await ask("list_deals", limit=2))["data"]
        rest = (await ask("list_deals", limit=200, after=page["next"]))["data"]
        assert len(page["deals"]) == 2
        assert {each["store_id"] for each in page["deals"] + rest["deals"]} == {"riverside"}
        assert page["deals"][0]["id"] not in {each["id"] for each in rest["deals"]}

        customer = (await ask("look_up", text=page["deals"][0]["customer"]))["data"]["customers"][0]
        op = str(uuid.uuid4())
        begun = [await ask("begin_deal", op=op, customer_id=customer["id"]) for _ in range(2)]
        assert begun[0]["data"] == begun[1]["data"]
        found = (await ask("look_up", text=begun[0]["data"]["id"][:8]))["data"]["deals"]
        assert [each["customer"] for each in found] == [customer["name"]]

        facts = {"name": "Zora Quill", "state": "OH"}
        new = {"op": str(uuid.uuid4()), "customer": facts}
        first, again = [(await ask("begin_deal", **new))["data"] for _ in range(2)]
        assert first == again != begun[0]["data"]
        assert len((await ask("look_up", text="zora quill"))["data"]["customers"]) == 1

        for wrong in ({}, {"customer_id": customer["id"], "customer": facts}):
            refused = await ask("begin_deal", op=str(uuid.uuid4()), **wrong)
            assert refused["error"]["code"] == "invalid"


async def test_who_may_not_ask(address: Address) -> None:
    """Another store's list, a channel of another kind, a screen that is turned to a customer. Security events
    and people are for managers.
    """
    async with socket(address, address.cookie, address.origin) as connection:
        client = Raw(connection)
        await client.next()

        async def refusal(kind: str, channel: str = OWN, **fields: Any) -> str:
            reply = await client.reply(await client.send(kind, channel=channel, **fields))
            return "" if reply["ok"] else f"{reply['error']['code']} {reply['error']['detail'].get('field')}"

        for channel in ("deals:northgate", "desk:riverside", address.channel):
            assert await refusal("look_up", channel, text="a") == "forbidden channel"
        assert await refusal("join", view="sales", rows=False) == "invalid rows"
        for kind in ("security_events", "list_people"):
            assert await refusal(kind) == "forbidden type"
        assert await refusal("look_up", text="a") == ""
        assert await refusal("join", address.channel, view="customer") == ""
        for kind, fields in (
            ("look_up", {"text": "a"}),
            ("list_deals", {}),
            ("begin_deal", {"op": str(uuid.uuid4()), "customer_id": "x"}),
        ):
            assert await refusal(kind, **fields) == "forbidden view"
        assert await refusal("leave", address.channel) == ""
        assert await refusal("look_up", text="a") == ""

    async with socket(address, address.bearer) as connection:
        manager = Raw(connection)
        await manager.next()
        await manager.ask("look_up", channel=OWN, text="a")
        assert (await manager.refused("security_events", channel=OWN, since="x"))["detail"][
            "field"
        ] == "since"
        page = await manager.ask("security_events", channel=OWN, limit=1)
        assert set(page) == {"events", "next"}
        for channel in ("deals:northgate", "desk:riverside"):
            assert (await manager.refused("list_people", channel=channel))["code"] == "forbidden"
        people = (await manager.ask("list_people", channel=OWN))["people"]
        assert [(one["name"], one["role"]) for one in people] == [
            ("Jamie Ortiz", "salesperson"),
            *(("Riverside manager", "desk_manager"), ("Riverside sales", "salesperson")),
        ]
