"""The wire format as the protocol states it, checked with a raw client that knows nothing of ours but the
address.

What is imported of ours only prepares the data and starts the processes.
"""

import json
import uuid

import pytest

from tests.flow.wire.raw import EASY, TIME, Address, Message, Raw, no_gap, search_fields, socket

pytestmark = pytest.mark.flow

OF_ROWS = frozenset({"matches", "offers", "value_failed"})


async def test_many_messages_in_a_frame(address: Address) -> None:
    """A frame may hold several commands; they are answered in order."""
    async with socket(address, address.bearer) as client:
        raw = Raw(client)
        await raw.next()
        await client.send("\n".join(json.dumps({"type": "ping", "ref": ref}) for ref in (7, 8, 9)))
        assert [(await raw.next())["ref"] for _ in range(3)] == [7, 8, 9]


async def test_join_search_resume(address: Address) -> None:
    """A search streams in order without a gap; a second watcher gets the rows, a returning one what it
    missed; one that joins without rows gets none, and counts what it is not sent.
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

        bare = {"channel": address.channel, "view": "manager", "rows": False}
        await raw.ask("join", **bare, since={"epoch": joined["epoch"], "seq": 2})
        assert [await raw.next() for _ in missed] == [without_rows(event) for event in missed]
        joined = await raw.ask("join", **bare)
        assert joined["snapshot"]["search"]["matched"] == matched
        assert [message["type"] for message in await raw.until("snapshot_end")] == ["snapshot_end"]
        await raw.send("search", **search_fields(address, limit=100))
        told = [message for message in await raw.until("search_valued") if "seq" in message]
        no_gap(told, head)
        kinds = [event["type"] for event in told]
        assert kinds.count("hidden") >= 2 and OF_ROWS.isdisjoint(kinds)
        head = told[-1]["seq"]

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


def without_rows(event: Message) -> Message:
    """Return an event as it is sent to those who joined without rows."""
    if event["type"] not in OF_ROWS:
        return event
    return {"type": "hidden", **{name: event[name] for name in ("channel", "seq", "at")}}


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
