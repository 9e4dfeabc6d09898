"""A customer opens what their deal presents, by a link, over two web processes, beside a salesperson and a
desk that work the deal. Whatever they try, they see no more than the page shows.
"""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import UNSET
from msgspec.structs import replace
from websockets.exceptions import InvalidStatus

from client import Deal
from protocol import codec
from protocol.closing import ErrorCode
from protocol.commands import COMMAND_TYPES, CUSTOMER_COMMANDS, ChannelCommand, tag_of
from protocol.deal.presenting import MAX_LINKS, ShareReply
from protocol.deal.structure import StructureChanges
from protocol.deal.workflow import Action, Reason
from protocol.records import DealKind, DealState, View
from server.database.core.pool import connect_as_owner
from server.settings import Settings
from server.work.replay import verify_pencils
from tests.flow.by_link import Doors, Page, cookie_of
from tests.flow.current import keep_current
from tests.flow.deals.desk.test_matrix import Town, sample
from tests.flow.desk import Both, refused, seen, valued
from tests.flow.shop import EASY, a_deal_of, connect, events_until, token_of
from tests.hub.sight.hidden import NOT_FOR_CUSTOMERS, names_in
from tests.services import Process, free_port, start_together

pytestmark = pytest.mark.flow

NOTE = "the customer can pay more than they say"
ACV_CENTS = 412_345
A_BATCH = 25
"""Of commands: fewer than a customer's page may send at once."""

GUARD_SECONDS = 60.0
ABOUT_CHANNELS = [kind for kind in COMMAND_TYPES if issubclass(kind, ChannelCommand)]


@dataclass(frozen=True)
class Shop:
    """A deal that is open at a salesperson's and a desk's, on the first of two web processes."""

    both: Both
    wall: Deal
    amounts: set[int]
    """The presented cars' costs and values."""
    webs: list[Process]
    other_deal: str

    @property
    def sales(self) -> Deal:
        """The deal as the salesperson has it."""
        return self.both.sales

    @property
    def doors(self) -> Doors:
        """Where customers come in."""
        return Doors(tuple(web.url for web in self.webs), self.sales.channel)

    async def rows(self, statement: str, *args: object) -> list[Any]:
        """Return what the database holds."""
        async with connect_as_owner(self.both.settings.database_owner_url) as owner:
            return list(await owner.fetch(statement, *args))


@pytest.fixture
async def shop(stocked: Settings, tmp_path: Path) -> AsyncIterator[Shop]:
    """A salesperson presents two cars of a deal that the desk has appraised and written a note on."""
    channel = await a_deal_of(stocked)
    async with (
        start_together(stocked, tmp_path, free_port()) as webs,
        connect(webs[0].url, await token_of(stocked, "riverside-sales")) as rosa,
        connect(webs[0].url, await token_of(stocked, "riverside-manager")) as sam,
    ):
        sales = keep_current(await rosa.join(channel, View.SALES), stocked)
        manager = keep_current(await sam.join(channel, View.MANAGER), stocked)
        await manager.terms(replace(EASY, trade_allowance_cents=400_000, trade_acv_cents=ACV_CENTS))
        await sales.search(limit=40)
        await asyncio.gather(events_until(sales, valued), events_until(manager, valued))
        cars = [row.vehicle_id for row in sales.rows.values() if row.offer and row.offer["payment_cents"]]
        await sales.desk.select(cars[0])
        await sales.desk.pin(cars[1])
        await manager.desk.note(NOTE)
        await sales.presenting.present(vehicle_ids=cars[:2], kinds=[DealKind.FINANCE, DealKind.CASH])
        other = await a_deal_of(stocked, "northgate")
        wall = await sam.join("desk:riverside", View.MANAGER)
        amounts = set[int]()
        for row in (manager.rows[car] for car in cars[:2]):
            assert row.offer is not None
            amounts |= {row.match["cost_cents"], row.offer["npv_cents"], row.offer["stress_npv_cents"]}
        yield Shop(Both(sales, manager, cars, stocked), wall, amounts, webs, other)


async def test_a_customer_sees_what_is_presented_and_nothing_else(shop: Shop) -> None:
    """From the link to the acceptance, beside the whole deal, until the link is revoked."""
    both, doors, frames = shop.both, shop.doors, list[str]()
    link, token = await a_link_is_shared(shop)
    answer = await doors.post(token)
    assert answer.status_code == 200
    assert answer.json()["channel"] == both.sales.channel
    cookie = cookie_of(answer)
    await seen(both.sales, lambda deal: any(one.opens == 1 for one in deal.links or ()))
    async with doors.open(cookie, frames=frames) as page:
        welcome = await page.next()
        assert welcome["user"] == {
            "id": link.link_id, "name": "Customer", "role": "customer", "store_id": "",
            "rights": ["watch", "like"],
        }  # fmt: skip
        assert set(welcome["commands"]) == CUSTOMER_COMMANDS
        joined = await page.ask("join", view="manager", since=None)
        assert joined["data"]["view"] == "customer"
        await everyone_sees_the_same_figures(shop, page)
        await the_customer_is_here(both)
        await figures_change_and_are_liked(shop, page, link.link_id)
        await no_other_command_is_possible(shop, cookie, frames)
        await no_other_door_opens(shop, cookie, token)
        await the_deal_is_signed(shop, page)
        await both.manager.presenting.unshare(link.link_id)
        assert await page.close_code() == 4001
    async with doors.open(cookie) as late:
        assert await late.close_code() == 4001
    assert [(await doors.post(token, process)).status_code for process in (0, 1)] == [404, 404]
    await nothing_hidden_was_told(shop, frames)
    await the_token_is_nowhere(shop, token)


async def a_link_is_shared(shop: Shop) -> tuple[ShareReply, str]:
    """The same command has the same answer; another one with its op has none. The database has a hash."""
    presenting, op = shop.sales.presenting, uuid.uuid4()
    link = await presenting.share(hours=2, op=op)
    # A program has no page whose origin the code would name.
    assert link.qr is UNSET
    assert await presenting.share(hours=2, op=op) == link
    assert (await refused(presenting.share(hours=3, op=op))).code is ErrorCode.CONFLICT
    assert (await refused(shop.both.manager.presenting.share(hours=2, op=op))).code is ErrorCode.CONFLICT
    path, _, token = link.path.partition("#")
    assert path == "/offer"
    assert len(token) >= 43
    [row] = await shop.rows("SELECT * FROM deal_links")
    assert str(row["link_id"]) == link.link_id
    await seen(shop.sales, lambda deal: [one.id for one in deal.links or ()] == [link.link_id])
    return link, token


async def everyone_sees_the_same_figures(shop: Shop, page: Page) -> None:
    """Whoever asks. They are the deal's offer where it is the deal's, and each is a stored pencil."""
    mine = await page.shown()
    for deal in (shop.sales, shop.both.manager):
        theirs = codec.plain(await deal.presenting.show())
        assert theirs | {"as_of": 0} == mine | {"as_of": 0}
    selected = shop.sales.state.selected
    assert selected is not None
    first, second = mine["cars"]
    assert (first["vehicle_id"], second["vehicle_id"]) == tuple(shop.both.cars[:2])
    finance, cash = first["ways"]
    assert (finance["kind"], finance["is_deal"]) == ("finance", True)
    assert finance["own"]["figures"]["payment_cents"] == selected.payment_cents
    assert finance["version"] == selected.pencil_id
    assert cash["cells"] == [[cash["own"]]]
    versions = [way["version"] for car in mine["cars"] for way in car["ways"]]
    stored = await shop.rows("SELECT pencil_id FROM pencils WHERE pencil_id::text = ANY ($1)", versions)
    assert len(stored) == len(versions) == 4


async def the_customer_is_here(both: Both) -> None:
    """The store's people see that the customer looks; not where."""
    while not any(one.name == "Customer" and one.role == "customer" for one in both.manager.here):
        await anext(both.manager)


async def figures_change_and_are_liked(shop: Shop, page: Page, link_id: str) -> None:
    """The page hears that its figures are old, and nothing else of the desk's work. An acceptance records the
    figures that the customer saw: old ones cannot be accepted.
    """
    both, car = shop.both, {"vehicle_id": shop.both.cars[0], "kind": "finance"}
    old = (await page.shown())["cars"][0]["ways"][0]["own"]
    await both.manager.desk.lock("fees_cents")
    await both.manager.terms(StructureChanges(fees_cents=123_400))
    assert (await page.until("hidden", outdated=True))["seq"]
    refusal = (await page.like(old, **car))["error"]
    new = (await page.shown())["cars"][0]["ways"][0]["own"]
    assert (refusal["code"], refusal["detail"]) == (
        "conflict",
        {"field": "figures", "figures": new["figures"]},
    )
    assert new["figures"] != old["figures"]
    elsewhere = await page.like(new | {"cash_down_cents": 1}, **car)
    assert elsewhere["error"]["detail"]["figures"] is None
    op = str(uuid.uuid4())
    liked = await page.like(new, op, **car)
    assert liked["ok"]
    again = [await page.like(new, op, **car), await page.like(new, **car)]
    assert [one["data"] for one in again] == [liked["data"]] * 2
    assert (await page.like(old, op, **car))["error"]["code"] == "conflict"
    cell = (await both.sales.presenting.show()).cars[0].ways[0].own
    await both.sales.presenting.like(both.cars[0], DealKind.FINANCE, cell)
    await both.agree(lambda deal: len(deal.acceptances or ()) == 2)
    by_link, in_person = both.manager.state.acceptances or ()
    assert (by_link.id, by_link.link_id, by_link.in_person) == (
        liked["data"]["acceptance_id"],
        link_id,
        False,
    )
    assert codec.plain(by_link.figures) == new["figures"]
    assert isinstance(by_link.address_digest, str)
    assert (in_person.in_person, in_person.link_id) == (True, None)
    assert in_person.by is not UNSET and in_person.by.role == "salesperson"
    seen_by_sales = (shop.sales.state.acceptances or ())[0]
    assert (seen_by_sales.link_id, seen_by_sales.address_digest) == (link_id, UNSET)
    async with asyncio.timeout(GUARD_SECONDS):
        while shop.wall.wall[shop.sales.state.id].get("accepted_at") is None:
            await anext(shop.wall)


async def no_other_command_is_possible(shop: Shop, cookie: str, frames: list[str]) -> None:
    """Every command but the page's own, on every channel, is forbidden before anything is looked up; a deal
    that does not exist has the same answer.
    """
    town, own = Town(shop.both.settings, shop.webs[0]), shop.sales.channel
    others = [kind for kind in ABOUT_CHANNELS if tag_of(kind) not in CUSTOMER_COMMANDS]
    tried = [*sample(others, channel=own)]
    for channel in (shop.other_deal, f"deal:{uuid.uuid4()}", "desk:riverside", "deals:riverside"):
        tried += sample(ABOUT_CHANNELS, channel=channel)
    before, answers = await town.contents(), list[Any]()
    for batch in (tried[at : at + A_BATCH] for at in range(0, len(tried), A_BATCH)):
        async with shop.doors.open(cookie, frames=frames) as page:
            await page.next()
            answers += [await page.send(json.loads(command)) for command in batch]
    assert len(answers) == len(tried)
    errors = {json.dumps(answer["error"], sort_keys=True) for answer in answers}
    [error] = map(json.loads, errors)
    assert (error["code"], error["message"]) == ("forbidden", "This is not possible on this screen.")
    assert await town.contents() == before


async def no_other_door_opens(shop: Shop, cookie: str, token: str) -> None:
    """The cookie and the token are for the page's socket from our own origin, and for nothing else."""
    doors, deal_id = shop.doors, shop.sales.state.id
    for path in ("/ws", "/ws?as=manager", "/ws?as=customer&as=x"):
        for given in (cookie, f"deal_session={token}"):
            async with doors.open(given, path=path) as page:
                assert await page.close_code() == 4001
    for origin in ("https://evil.example", None):
        with pytest.raises(InvalidStatus, match="403"):
            async with doors.open(cookie, origin=origin):
                pass
    async with doors.open(f"deal_offer={'x' * 43}") as page:
        assert await page.close_code() == 4001
    headers = ({"cookie": cookie}, {"authorization": f"Bearer {token}"})
    paths = ("deals", f"deals/{deal_id}/audit", f"deals/{deal_id}/paper.pdf", "customers", "find?q=a")
    async with httpx.AsyncClient(base_url=doors.urls[1], timeout=GUARD_SECONDS) as browser:
        for given in headers:
            for path in (*paths, "security-events"):
                assert (await browser.get(f"/api/{path}", headers=given)).status_code == 401, path
            made = await browser.post("/api/deals", json={"customer_id": "1"}, headers=given)
            assert made.status_code == 401
            assert (await browser.get("/", headers=given)).headers["location"].startswith("/login")


async def the_deal_is_signed(shop: Shop, page: Page) -> None:
    """What goes on between salesperson and desk is not told. Then there is nothing left to accept."""
    both = shop.both
    await both.sales.desk.act(Action.SUBMIT, Reason.CUSTOMER_AGREES)
    state = await both.agree(lambda deal: deal.state is DealState.SUBMITTED)
    assert state.selected is not None
    await both.lender_approves(state.selected)
    await both.manager.desk.act(Action.APPROVE, Reason.MEETS_POLICY)
    await both.agree(lambda deal: deal.state is DealState.APPROVED)
    await both.sales.desk.act(Action.SIGN, Reason.CUSTOMER_ACCEPTS)
    await both.agree(lambda deal: deal.state is DealState.SIGNED)
    shown = await page.shown()
    while shown["can_accept"]:
        await page.until("hidden", outdated=True)
        shown = await page.shown()
    way = shown["cars"][0]["ways"][0]
    assert way["is_deal"] and way["cells"] == [[way["own"]]]
    late = await page.like(way["own"], vehicle_id=both.cars[0], kind="finance")
    assert late["error"]["code"] == "conflict"
    assert (await refused(both.sales.presenting.share())).code is ErrorCode.CONFLICT


async def nothing_hidden_was_told(shop: Shop, frames: list[str]) -> None:
    """No frame has a field that is hidden from customers, or a value that only the store knows."""
    assert len(frames) > 200
    messages = [json.loads(line) for frame in frames for line in frame.split("\n")]
    # A command that takes long on a busy machine says so.
    told = {message["type"] for message in messages} - {"working"}
    assert told == {"welcome", "reply", "snapshot_end", "hidden", "customer_accepted"}
    # The salesperson's name, as on the paper, and of a hidden event that the page should ask again.
    assert NOT_FOR_CUSTOMERS & set(names_in(messages)) == {"salesperson", "outdated"}
    manager, text = shop.both.manager, "\n".join(frames)
    selected, rows = manager.state.selected, manager.rows
    assert selected is not None
    others = await shop.rows("SELECT name FROM customers WHERE name <> $1", manager.state.customer.name)
    words = {
        *(NOTE, manager.state.customer.id, "Riverside manager", str(selected.programme_id)),
        *(str(row.offer["lender"]) for row in rows.values() if row.offer and row.offer["lender"]),
        *("submitted", "approved", "manager", "offer_selected", "note_added", "field_locked", "lender"),
        *(row["name"] for row in others),
    }
    assert len(words) > 30
    assert [each for each in words if each in text] == []
    amounts = shop.amounts | {selected.npv_cents, selected.stress_npv_cents, ACV_CENTS}
    assert len(amounts) >= 7
    assert not amounts & set(amounts_in(messages))


def amounts_in(value: Any) -> Iterator[int]:
    """Yield every number in plain JSON, at any depth."""
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from amounts_in(inner)
    elif isinstance(value, int):
        yield value


async def the_token_is_nowhere(shop: Shop, token: str) -> None:
    """Neither in a log nor in the database; and every figure that the page had is computed again."""
    assert all(token not in web.output() for web in shop.webs)
    for table in ("deal_events", "deal_ops", "deal_links", "security_events", "deal_acceptances"):
        held = await shop.rows(f"SELECT 1 FROM {table} t WHERE strpos(t::text, $1) > 0", token)  # noqa: S608 - ours
        assert held == [], table
    async with connect_as_owner(shop.both.settings.database_owner_url) as owner:
        assert (await verify_pencils(owner)).differences == []


async def test_links_have_limits(shop: Shop) -> None:
    """Five for a deal, three pages for a link, so many commands for a page; and each ends by itself."""
    presenting, doors = shop.sales.presenting, shop.doors
    links = [await presenting.share(hours=1) for _ in range(MAX_LINKS)]
    assert (await refused(presenting.share())).code is ErrorCode.CONFLICT
    await presenting.unshare(links[0].link_id)
    await presenting.unshare(links[0].link_id)
    for wrong in (str(uuid.uuid4()), links[1].link_id.upper(), "x"):
        assert (await refused(presenting.unshare(wrong))).code is ErrorCode.NOT_FOUND
    await presenting.share(hours=168)
    tokens = [link.path.partition("#")[2] for link in links]
    cookie = cookie_of(await doors.post(tokens[1]))
    async with AsyncExitStack() as stack:
        pages = [await stack.enter_async_context(doors.open(cookie, place % 2)) for place in range(3)]
        for page in pages:
            await page.next()
        with pytest.raises(InvalidStatus, match="429"):
            await stack.enter_async_context(doors.open(cookie, 0))
        await (
            presenting.show()
        )  # worked out and kept, so that the asks below come within the link's ten seconds
        codes = [(await pages[0].ask("presentation"))["ok"] for _ in range(14)]
        assert codes.count(True) == 12, "a link has its own, small share of the store's budget"
        for _ in range(75):
            await pages[1].socket.send('{"type":"ping","ref":1}')
        await pages[1].socket.send('{"type":"ping","ref":2}\n' * 40)
        assert await pages[1].close_code() == 4009
    # Opened before, so that a slow machine finds the link over at the latest when the page connects.
    expiring = cookie_of(await doors.post(tokens[2]))
    await shop.rows(
        "UPDATE deal_links SET expires_at = now() + interval '1 second' WHERE link_id::text = $1",
        links[2].link_id,
    )
    async with doors.open(expiring) as page:
        assert await page.close_code() == 4001
    assert (await doors.post(tokens[2])).text == (await doors.post("x" * 43)).text
    await nothing_is_shared_in_the_customers_view(shop)


async def nothing_is_shared_in_the_customers_view(shop: Shop) -> None:
    """On the screen that is turned to the customer there are no links, and none is made there."""
    token = await token_of(shop.both.settings, "riverside-sales")
    async with connect(shop.doors.urls[0], token) as turned:
        deal = await turned.join(shop.sales.channel, View.CUSTOMER)
        assert (await deal.presenting.show()).cars
        assert deal.state.links is UNSET
        for doing in (deal.presenting.share(), deal.presenting.present(), deal.presenting.unshare("x")):
            assert (await refused(doing)).code is ErrorCode.FORBIDDEN
