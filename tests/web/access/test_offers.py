"""The door of customers: a link opens its page and no other; any other token is one and the same refusal."""

import uuid
from collections import Counter
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from protocol.closing import CommandError, ErrorCode
from protocol.deal.deal_parts import OfferedCar
from protocol.deal.presenting import Acceptance, CellFigures
from protocol.records import Actor, DealKind, Role
from server.clock import utc_now
from server.database.core.pool import connect_as_owner
from server.database.decisions.edits import presenting
from server.database.decisions.edits.presenting import NewLink, revoke_link, share_link
from server.database.people.offer_links import LinkSecrets, hash_of
from server.database.people.users import Account, find_by_login
from server.settings import Settings
from server.web.access import offer_door
from tests.web.access.test_security_events import rows
from tests.web.site import ORIGIN, Site, open_site, sign_in

pytestmark = pytest.mark.flow

SESSION = "/api/offer-session"
HTTPS = "https://deals.example"


@dataclass(frozen=True)
class Link:
    """A link of a deal, and its token."""

    deal_id: str
    link_id: str
    token: str


async def seller(site: Site) -> Account:
    """Return a salesperson of the sample."""
    async with site.pool.acquire() as database:
        found = await find_by_login(database, "riverside-sales")
    assert found is not None
    return found


async def shared(site: Site) -> Link:
    """Return a new link of a deal of riverside."""
    scope, account = site.stores.of("riverside"), await seller(site)
    async with scope.acquire() as database:
        deal_id = await database.fetchval("SELECT deal_id::text FROM deals WHERE state = 'working' LIMIT 1")
    op = uuid.uuid4()
    token = LinkSecrets(b"secret of these tests").token(deal_id, op, account.id)
    actor = Actor(id=account.id, name=account.name, role=account.role)
    decided = await share_link(scope, deal_id, NewLink(24, hash_of(token)), op=op, actor=actor)
    return Link(deal_id, decided.reply["link_id"], token)


async def post(browser: httpx.AsyncClient, token: Any, **headers: str) -> httpx.Response:
    """Post a token as the page does, with other headers where they are given."""
    return await browser.post(SESSION, json={"token": token}, headers={"origin": ORIGIN} | headers)


def counted(found: list[dict[str, Any]]) -> Counter[str]:
    """Return how often each kind of security event happened."""
    counts = Counter[str]()
    for row in found:
        counts[row["kind"]] += row["count"]
    return counts


async def test_the_page_needs_no_session_and_tells_nothing(site: Site) -> None:
    """It is the same for everyone; it is not indexed, and says nowhere where its reader came from."""
    async with site.browser() as browser:
        page = await browser.get("/offer")
        await sign_in(browser, "riverside-sales")
        signed_in = await browser.get("/offer")
    assert page.status_code == 200
    assert page.text == signed_in.text
    assert "set-cookie" not in page.headers
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert "require-trusted-types-for 'script'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert 'src="/assets/offer.js"' in page.text
    assert 'href="/assets/offer.css"' in page.text


async def test_a_link_opens_its_page_beside_a_session(site: Site) -> None:
    """A salesperson who opens the link stays signed in; the customer's cookie opens nothing of theirs."""
    link = await shared(site)
    async with site.browser() as browser:
        await sign_in(browser, "riverside-sales")
        session = browser.cookies["deal_session"]
        answer = await post(browser, link.token)
        assert answer.status_code == 200
        body = answer.json()
        assert set(body) == {"channel", "expires_at"}
        assert body["channel"] == f"deal:{link.deal_id}"
        assert browser.cookies["deal_session"] == session
        assert (await browser.get("/api/deals")).status_code == 200
    name, *attributes = answer.headers["set-cookie"].lower().split("; ")
    assert name.startswith("deal_offer=")
    assert {"httponly", "samesite=strict", "path=/"} <= set(attributes)
    async with site.browser(cookies={"deal_offer": link.token, "deal_session": link.token}) as other:
        for path in ("/api/deals", f"/api/deals/{link.deal_id}/paper.pdf", "/api/find?q=a"):
            assert (await other.get(path)).status_code == 401
        bearer = {"authorization": f"Bearer {link.token}"}
        assert (await other.get("/api/customers", headers=bearer)).status_code == 401


async def test_over_https_no_neighbour_plants_the_cookie(settings: Settings) -> None:
    """Its name is one that a browser takes from this very host alone."""
    async with open_site(settings, demo=False, origins=(HTTPS,)) as site:
        link = await shared(site)
        async with site.browser(base_url=HTTPS) as browser:
            answer = await post(browser, link.token, origin=HTTPS)
            name, *attributes = answer.headers["set-cookie"].lower().split("; ")
            assert name.startswith("__host-deal_offer=")
            assert {"secure", "httponly", "path=/", "samesite=strict"} <= set(attributes)
            assert not any(each.startswith("domain") for each in attributes)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls of the database by the door."""
    made: list[str] = []
    for name in ("find_link", "open_link"):
        real = getattr(offer_door, name)

        async def called(*args: Any, real: Any = real, name: str = name) -> Any:
            made.append(name)
            return await real(*args)

        monkeypatch.setattr(offer_door, name, called)
    return made


async def test_a_token_that_opens_nothing_is_one_refusal(site: Site, calls: list[str]) -> None:
    """Unknown, revoked, expired or cut short: the same answer after the same work, and no cookie. It is
    written down once, without the token.
    """
    revoked, expired, live = [await shared(site) for _ in range(3)]
    scope, account = site.stores.of("riverside"), await seller(site)
    actor = Actor(id=account.id, name=account.name, role=account.role)
    await revoke_link(scope, revoked.deal_id, revoked.link_id, op=uuid.uuid4(), actor=actor)
    async with connect_as_owner(site.settings.database_owner_url) as owner:
        await owner.execute(
            "UPDATE deal_links SET made_at = made_at - interval '2 days',"
            " expires_at = expires_at - interval '2 days' WHERE link_id::text = $1",
            expired.link_id,
        )
    wrong = ["x" * 43, revoked.token, expired.token, live.token[:-1], live.token.swapcase(), "\N{SNOWMAN}"]
    async with site.browser(address="192.0.2.9") as browser:
        answers = [await post(browser, token) for token in wrong]
        told = {(one.status_code, one.text, one.headers.get("set-cookie")) for one in answers}
        assert len(told) == 1
        [(status, text, cookie)] = told
        assert (status, cookie) == (404, None)
        assert "revoked" not in text and "expired" not in text
        assert calls == ["find_link"] * len(wrong)
        assert (await post(browser, live.token)).status_code == 200
        assert calls[-2:] == ["find_link", "open_link"]
    found = await rows(site)
    assert counted(found) == {"offer_refused": len(wrong), "offer_opened": 1}
    [opened] = [row for row in found if row["kind"] == "offer_opened"]
    assert (str(opened["deal_id"]), opened["store_id"]) == (live.deal_id, "riverside")
    assert (opened["user_id"], opened["login"], opened["address"]) == (None, "", "192.0.2.9")
    assert opened["detail"] == {"link": live.link_id}
    assert not any(token in str(found) for token in wrong)


async def test_only_our_page_opens_a_link(site: Site) -> None:
    """A foreign page, a form, and a page without an origin open nothing: they make nobody a customer."""
    link = await shared(site)
    async with site.browser() as browser:
        for origin in ("https://evil.example", "null", ""):
            assert (await post(browser, link.token, origin=origin)).status_code == 403
        assert (await browser.post(SESSION, json={"token": link.token})).status_code == 403
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
            body = f'{{"token":"{link.token}"}}'
            answer = await browser.post(
                SESSION, content=body, headers={"origin": ORIGIN, "content-type": kind}
            )
            assert answer.status_code == 422
        for content in (b"", b"[]", b'{"token":7}', b'{"token":""}', b'{"token":"x","as":"staff"}', b"\xff"):
            answer = await browser.post(
                SESSION, content=content, headers={"origin": ORIGIN, "content-type": "application/json"}
            )
            assert answer.status_code == 422, content
        large = await post(browser, "x" * 2_000)
        assert large.status_code == 413
        assert "deal_offer" not in browser.cookies
    assert await _opens(site, link) == 0


async def _opens(site: Site, link: Link) -> int:
    async with site.stores.of("riverside").acquire() as database:
        found: int = await database.fetchval(
            "SELECT opens FROM deal_links WHERE link_id::text = $1", link.link_id
        )
        return found


async def test_guessing_is_slowed_down_and_customers_are_not(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that guesses waits, with its right tokens too; another one does not, and right tokens do not
    count as guesses.
    """
    monkeypatch.setattr(offer_door, "TRIES_OF_ADDRESS", 3)
    link = await shared(site)
    async with site.browser(address="192.0.2.9") as guesser, site.browser(address="192.0.2.10") as customer:
        assert [(await post(customer, link.token)).status_code for _ in range(5)] == [200] * 5
        assert [(await post(guesser, "x" * 43)).status_code for _ in range(3)] == [404] * 3
        throttled = await post(guesser, link.token)
        assert throttled.status_code == 429
        assert 1 <= int(throttled.headers["retry-after"]) <= offer_door.WINDOW_SECONDS
        assert (await post(customer, link.token)).status_code == 200
        monkeypatch.setattr(offer_door, "OPENS_OF_ADDRESS", 6)
        assert (await post(customer, link.token)).status_code == 429
    assert counted(await rows(site)) == {"offer_opened": 6, "offer_refused": 3, "offer_throttled": 2}
    # Opens within a minute are one visit, and one event of the deal.
    assert await _opens(site, link) == 1


async def test_one_link_records_so_many_choices(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was chosen last, chosen again, is no other one; beyond the most, none is recorded."""
    monkeypatch.setattr(presenting, "MAX_ACCEPTANCES", 2)
    link, scope = await shared(site), site.stores.of("riverside")
    actor = Actor(id=link.link_id, name="Customer", role=Role.CUSTOMER)
    car = OfferedCar(vin="", stock_no="U1", year=2020, make="Honda", model="CR-V", trim="", mileage=7)
    async with scope.acquire() as database:
        version = await database.fetchval("SELECT version FROM deals WHERE deal_id::text = $1", link.deal_id)

    async def like(cents: int) -> str:
        acceptance = Acceptance(
            id="",
            at=utc_now(),
            vehicle_id="1",
            car=car,
            kind=DealKind.FINANCE,
            cash_down_cents=cents,
            figures=CellFigures(total_cents=1),
            text_version="1",
            version="p",
            by=actor,
            in_person=False,
            link_id=link.link_id,
        )
        liked = presenting.Liked(version, acceptance, ("like", cents))
        decided = await presenting.accept(scope, link.deal_id, liked, op=uuid.uuid4(), actor=actor)
        return str(decided.reply["acceptance_id"])

    first, again, other, back = [await like(cents) for cents in (1, 1, 2, 2)]
    assert first == again != other == back
    with pytest.raises(CommandError) as refused:
        await like(1)
    assert refused.value.code is ErrorCode.TOO_LARGE


async def test_the_application_finds_a_link_by_its_token_only(site: Site) -> None:
    """Without a store's scope the table is empty for it; the system may not read the hashes at all."""
    link = await shared(site)
    async with site.pool.acquire() as database:
        assert await database.fetchval("SELECT count(*) FROM deal_links") == 0
        assert await database.fetchval("SELECT count(*) FROM deal_acceptances") == 0
        found = await database.fetchrow("SELECT * FROM link_by_token($1)", hash_of(link.token))
    assert found is not None
    assert str(found["link_id"]) == link.link_id
    async with site.stores.of("northgate").acquire() as database:
        assert await database.fetchval("SELECT count(*) FROM deal_links") == 0


def test_tokens_are_derived_and_told_apart() -> None:
    """Of the same command the same; of another deal, op, person or secret another."""
    op, other = uuid.UUID(int=1), uuid.UUID(int=2)
    secrets = LinkSecrets(b"one")
    token = secrets.token("d", op, "u")
    assert token == secrets.token("d", op, "u")
    others = {
        secrets.token("e", op, "u"),
        secrets.token("d", other, "u"),
        secrets.token("d", op, "v"),
        LinkSecrets(b"two").token("d", op, "u"),
    }
    assert len(others | {token}) == 5
    assert len(token) == 43
    assert "one" not in repr(secrets)
    assert secrets.address("192.0.2.9") == secrets.address("192.0.2.9") != secrets.address("192.0.2.10")
    assert secrets.address("192.0.2.9") not in token
