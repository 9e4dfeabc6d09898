"""Every command, tried by every role: on another store's objects all are refused, and nothing moves; on those
of the own store, what the role may not do.
"""

import asyncio
import functools
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import hypothesis
import msgspec
import pytest
from hypothesis import Phase, find
from websockets.asyncio.client import connect

from protocol import codec
from protocol.commands import COMMAND_TYPES, ChannelCommand, tag_of
from protocol.records import Role
from protocol.rights import STAFF, TokenScope
from server.database.core.pool import connect_as_owner
from server.database.people.credentials import PERSON_SCOPES
from server.database.people.staff import add_store
from server.settings import Settings
from tests.flow.shop import a_deal_of, token_of
from tests.protocol.strategies import values_of
from tests.services import Process, start_web

pytestmark = pytest.mark.flow

GUARD_SECONDS = 60.0
AT_ONCE = 40
ABOUT_CHANNELS = [kind for kind in COMMAND_TYPES if issubclass(kind, ChannelCommand)]
ABOUT_CARS = [kind for kind in ABOUT_CHANNELS if "vehicle_id" in kind.__struct_fields__]
OF_THE_LIST = [
    kind
    for kind in ABOUT_CHANNELS
    if tag_of(kind) in {"look_up", "list_deals", "list_people", "begin_deal", "security_events"}
]
"""Commands about a store's list of deals."""

ROLE_LACKS = "Your role does not have the right"
DESK = {
    *("counter", "approve", "decline", "lock", "unlock", "lender_decision", "clear_stipulation"),
    *("fund", "unwind", "finish_task", "lender_effect", "assign"),
}
REFUSED = {
    Role.SALESPERSON: DESK,
    Role.DESK_MANAGER: set[str](),
    Role.OPERATOR: {
        *(*DESK, "terms", "select", "pin", "unpin", "hold", "release", "submit", "reopen", "sign", "lose"),
        *("deliver", "request_appraisal", "customer", "accept", "present", "share", "unshare", "like"),
        *("scenario_add", "scenario_change", "scenario_remove", "scenario_use"),
    },
}
"""What each role may not do within its own store. All else it may."""

TABLES = (
    *("deals", "deal_events", "deal_pins", "deal_locks", "desk_approvals", "lender_decisions", "deal_tasks"),
    *("lender_stipulations", "vehicle_claims", "vehicles", "customers", "pencils", "offers", "deal_ops"),
    *("deal_links", "deal_acceptances"),
)


# With the password of a sample person: each hash of one takes a tenth of a second.
_HIRE = """
INSERT INTO users (login, name, role, store_id, password_hash)
SELECT $1, $1, $2, $3, password_hash FROM users WHERE login = 'riverside-sales'
"""


@dataclass(frozen=True)
class Town:
    """Riverside and Northgate in one group, Faraway in another; a web process serves all."""

    settings: Settings
    web: Process

    async def contents(self) -> dict[str, str]:
        """Return a digest of every table that a command could change."""
        async with connect_as_owner(self.settings.database_owner_url) as owner:
            return {table: await _digest(owner, table) for table in TABLES}

    async def answers(self, login: str, commands: list[bytes], *, watching: bool = False) -> list[Any]:
        """Send commands as a person and return the reply to each; nothing else comes, unless ``watching``."""
        # All commands on three channels are more than one person or one connection may send at once.
        token = await token_of(self.settings, login, [*PERSON_SCOPES, TokenScope.LOAD])
        replies: dict[int, Any] = {}
        for at in range(0, len(commands), AT_ONCE):
            replies |= await self._answers(token, commands[at : at + AT_ONCE], watching=watching)
        return [replies[ref] for ref in range(len(commands))]

    async def _answers(self, token: str, commands: list[bytes], *, watching: bool) -> dict[int, Any]:
        replies: dict[int, Any] = {}
        async with (
            asyncio.timeout(GUARD_SECONDS),
            connect(
                self.web.url.replace("http", "ws", 1) + "/ws",
                additional_headers={"authorization": f"Bearer {token}"},
                compression=None,
            ) as socket,
        ):
            for command in commands:
                await socket.send(command.decode())
            while len(replies) < len(commands):
                for line in str(await socket.recv()).split("\n"):
                    message = json.loads(line)
                    assert watching or message["type"] in {"welcome", "reply", "working"}, message
                    if message["type"] == "reply":
                        replies[message["ref"]] = message
        return replies


async def _digest(owner: asyncpg.Connection, table: str) -> str:
    found: str = await owner.fetchval(f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {table} t")  # noqa: S608 - ours
    return found


@pytest.fixture
async def town(stocked: Settings, tmp_path: Path) -> AsyncIterator[Town]:
    """The sample stores, each with somebody of every role, and a third store with a car."""
    async with connect_as_owner(stocked.database_owner_url) as owner:
        await add_store(owner, "faraway", name="Faraway", state="OH", group_id="elsewhere", like="riverside")
        for store in ("riverside", "northgate", "faraway"):
            for role in STAFF:
                login = f"{store}.{role}".replace("_", "-")
                # All commands on all channels are more than one person's budget.
                for name in (login, f"{login}-2"):
                    await owner.execute(_HIRE, name, role, store)
        await owner.execute(
            "UPDATE vehicles SET store_id = 'faraway', group_id = 'elsewhere' WHERE vehicle_id ="
            " (SELECT vehicle_id FROM vehicles WHERE store_id = 'northgate' ORDER BY vehicle_id LIMIT 1)"
        )
    async with start_web(stocked, tmp_path) as web:
        yield Town(stocked, web)


def sample(kinds: list[type[ChannelCommand]], **fields: object) -> Iterator[bytes]:
    """Yield the simplest valid command of each kind, with some of its fields replaced."""
    for ref, kind in enumerate(kinds):
        own = {"op": uuid.UUID(int=ref + 1)} if "op" in kind.__struct_fields__ else {}
        yield codec.encode(msgspec.structs.replace(_simplest(kind), ref=ref, **own, **fields))


@functools.cache
def _simplest(kind: type[ChannelCommand]) -> ChannelCommand:
    untouched = hypothesis.settings(max_examples=5, phases=[Phase.generate], database=None)
    found: ChannelCommand = find(values_of(kind), lambda _: True, settings=untouched, random=Random(1))
    return found


def test_every_command_is_tried() -> None:
    """Nothing but ``ping`` is about no object, and a good many commands name a car."""
    assert {kind for kind in COMMAND_TYPES if kind not in ABOUT_CHANNELS} == {
        kind for kind in COMMAND_TYPES if tag_of(kind) == "ping"
    }
    assert len(ABOUT_CARS) >= 5


@pytest.mark.parametrize("role", STAFF)
async def test_on_another_stores_deal_and_wall(town: Town, role: Role) -> None:
    """Neighbours of the group and strangers alike: of a deal they learn not even that it is there."""
    before = await town.contents()
    deal = await a_deal_of(town.settings, "riverside")
    for store in ("northgate", "faraway"):
        login = f"{store}.{role}".replace("_", "-")
        for channel, person, allowed in (
            (deal, login, {"not_found"}),
            ("deal:00000000-0000-4000-8000-000000000000", f"{login}-2", {"not_found"}),
            ("desk:riverside", f"{login}-2", {"forbidden", "not_found"}),
        ):
            for kind, reply in zip(
                ABOUT_CHANNELS,
                await town.answers(person, list(sample(ABOUT_CHANNELS, channel=channel))),
                strict=True,
            ):
                # What nobody watches is left already: that says nothing of the deal.
                assert reply["ok"] is (tag_of(kind) == "leave"), (login, kind, reply)
                if reply["ok"]:
                    assert reply["data"] == {}
                else:
                    # It is about the list of deals: on any deal's channel, there or not, it is forbidden.
                    codes = {"forbidden"} if kind in OF_THE_LIST else allowed
                    assert reply["error"]["code"] in codes, (login, kind, reply)
                    assert "iverside" not in reply["error"]["message"]
    assert await town.contents() == before


@pytest.mark.parametrize("role", STAFF)
async def test_on_a_deal_of_the_own_store(town: Town, role: Role) -> None:
    """Each role is refused what it may not do, and nothing else, whatever state the deal is in."""
    deal = await a_deal_of(town.settings, "riverside")
    before = await town.contents()
    login = f"riverside.{role}".replace("_", "-")
    refused = [kind for kind in ABOUT_CHANNELS if tag_of(kind) in REFUSED[role]]
    assert {tag_of(kind) for kind in refused} == REFUSED[role]
    for reply in await town.answers(login, list(sample(refused, channel=deal))):
        assert not reply["ok"]
        assert reply["error"]["code"] == "forbidden"
        assert reply["error"]["message"].startswith(ROLE_LACKS)
    assert await town.contents() == before
    allowed = [kind for kind in ABOUT_CHANNELS if kind not in refused]
    replies = await town.answers(login, list(sample(allowed, channel=deal)), watching=True)
    for kind, reply in zip(allowed, replies, strict=True):
        assert reply["ok"] or not reply["error"]["message"].startswith(ROLE_LACKS), (kind, reply)


@pytest.mark.parametrize("role", STAFF)
async def test_on_a_car_of_another_group(town: Town, role: Role) -> None:
    """Within the own deal, too, a car that the group does not own cannot be priced, chosen or held."""
    before = await town.contents()
    async with connect_as_owner(town.settings.database_owner_url) as owner:
        car = await owner.fetchval("SELECT vehicle_id FROM vehicles WHERE store_id = 'faraway'")
    deal = await a_deal_of(town.settings, "riverside")
    login = f"riverside.{role}".replace("_", "-")
    one = [kind for kind in ABOUT_CARS if tag_of(kind) != "revalue"]
    replies = await town.answers(login, list(sample(one, channel=deal, vehicle_id=str(car))))
    for kind, reply in zip(one, replies, strict=True):
        if tag_of(kind) in {"unpin", "release"}:
            continue  # what is neither pinned nor held is so already: nothing is said of it
        assert not reply["ok"], (kind, reply)
        # What the customer is not shown, the customer cannot like, whatever it is.
        refusals = {"conflict", "forbidden"} if tag_of(kind) == "like" else {"not_found", "forbidden"}
        assert reply["error"]["code"] in refusals, (kind, reply)
    # That unpin and release found nothing to do is remembered, and nothing else.
    assert {**await town.contents(), "deal_ops": before["deal_ops"]} == before
