"""Values in commands that PostgreSQL cannot store: refused by name, and never as a service that is away."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from server.settings import Settings
from tests.flow.shop import a_deal_of, token_of
from tests.services import start_web

pytestmark = pytest.mark.flow

APPROVAL = {
    **{"lender": "Summit Bank", "status": "approved", "tier": "prime", "rate_bp": 500, "term_months": 60},
    **{"advance_max_cents": 5_000_000, "stipulations": []},
}
EXPIRIES = (
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59Z"),
    *("2300-01-01T00:00:00Z", "2030-01-01T00:00:00", "0001-01-01T00:00:00Z"),
)
OTHERS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("more", {"search_id": "x", "token": "\0"}, "invalid"),
    ("more", {"search_id": "x", "token": "9" * 256}, "invalid"),
    ("more", {"search_id": "x\0", "token": "A" * 22}, "invalid"),
    ("lock", {"field": "\0"}, "invalid"),
    ("focus", {"field": "\0"}, "invalid"),
    ("hold", {"vehicle_id": "9" * 64}, "not_found"),
    ("unpin", {"vehicle_id": "9223372036854775808"}, "not_found"),
    ("clear_stipulation", {"stipulation_id": "9" * 64}, "not_found"),
    ("finish_task", {"task_id": "x"}, "not_found"),
    ("assign", {"version": 0, "salesperson_id": "x\0"}, "invalid"),
    ("assign", {"version": 0, "salesperson_id": "9" * 64}, "invalid"),
    ("submit", {"version": 2**53 - 1, "reason": "x"}, "invalid"),
    ("terms", {"version": 2**53 - 1, "changes": {"cash_down_cents": 1}}, "invalid"),
    ("terms", {"version": 0, "changes": {"contract_date": "0001-01-01"}}, "invalid"),
    ("search", {"filters": {"text": "\0"}}, "invalid"),
    ("search", {"filters": {"makes": ["\0"]}}, "invalid"),
    ("search", {"filters": {"year_min": 2**53}}, "invalid"),
    ("search", {"filters": {"mileage_max": 2**53}}, "invalid"),
    ("search", {"filters": {"days_in_stock_min": 2**53}}, "invalid"),
    ("revalue", {"vehicle_id": ["9" * 64]}, "ok"),
    ("quote", {"vehicle_id": "1", "programme_id": "\0"}, "invalid"),
)


@pytest.fixture
async def ask(stocked: Settings, tmp_path: Path) -> Any:
    """Send commands as a manager, about a deal of the store."""
    channel = await a_deal_of(stocked)
    bearer = {"Authorization": f"Bearer {await token_of(stocked, 'riverside-manager')}"}
    async with start_web(stocked, tmp_path) as web:
        url = web.url.replace("http", "ws", 1) + "/ws"
        async with connect(url, additional_headers=bearer, compression=None) as socket:
            ref = 0

            async def asked(kind: str, fields: dict[str, Any]) -> Any:
                nonlocal ref
                ref += 1
                whole = {"type": kind, "ref": ref, "channel": channel, **fields}
                if kind not in {"focus", "quote", "join"}:
                    whole["op"] = str(uuid.uuid4())
                await socket.send(json.dumps(whole))
                while True:
                    for line in str(await socket.recv()).split("\n"):
                        message = json.loads(line)
                        if message["type"] == "reply" and message["ref"] == ref:
                            return message

            joined = await asked("join", {"view": "manager"})
            assert joined["ok"], joined
            yield asked


async def test_a_lender_that_approves_for_ever(ask: Any) -> None:
    """The end of an approval is a time that lies ahead and that a calendar holds in each zone."""
    for expires_at in EXPIRIES:
        reply = await ask("lender_decision", {**APPROVAL, "version": 0, "expires_at": expires_at})
        assert reply["error"]["code"] == "invalid", (expires_at, reply)
        assert reply["error"]["detail"]["field"] == "expires_at"
        assert "expires_at: expected" in reply["error"]["message"]


async def test_values_that_are_out_of_range(ask: Any) -> None:
    """Whatever a field holds, the reply is about the field and not about a service."""
    wrong = {}
    for kind, fields, code in OTHERS:
        reply = await ask(kind, fields)
        found = "ok" if reply["ok"] else reply["error"]["code"]
        if found != code:
            wrong[f"{kind} {fields}"] = reply
    assert not wrong
