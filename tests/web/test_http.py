"""Pages and the HTTP API, over a real PostgreSQL and without a socket server."""

import asyncpg
import pytest

from server.database.core.pool import connect_as_owner
from tests.web.site import ORIGIN, Site, csrf_of, sign_in

pytestmark = pytest.mark.flow


async def test_security_headers_everywhere(site: Site) -> None:
    """Each response has a policy without inline code and foreign sources, and private ones are not stored."""
    async with site.browser() as browser:
        for path in ("/login", "/healthz", "/api/deals", "/nowhere"):
            answer = await browser.get(path)
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cache-control"] == "no-store"


async def test_deals_of_the_own_store_in_pages(site: Site) -> None:
    """A page of deals leads to the next until all of the store, and only those, were seen once."""
    headers = {"authorization": f"Bearer {await site.token('riverside-sales')}"}
    async with site.browser(headers=headers) as program:
        seen: list[dict[str, str]] = []
        following: str | None = ""
        while following is not None:
            page = (await program.get("/api/deals", params={"limit": 2, "after": following})).json()
            seen += page["deals"]
            following = page["next"]
    async with connect_as_owner(site.settings.database_owner_url) as database:
        expected = await database.fetch("SELECT deal_id::text FROM deals WHERE store_id = 'riverside'")
    assert sorted(row["deal_id"] for row in expected) == sorted(deal["id"] for deal in seen)
    assert {"riverside"} == {deal["store_id"] for deal in seen}
    assert all(deal["channel"] == f"deal:{deal['id']}" for deal in seen)


async def test_begin_a_deal(site: Site) -> None:
    """A program begins a deal for a customer that it looked up, with a structure of its own."""
    headers = {"authorization": f"Bearer {await site.token('riverside-sales')}"}
    async with site.browser(headers=headers) as program:
        customer = (await program.get("/api/customers")).json()["customers"][0]
        wanted = {"customer_id": customer["id"], "structure": {"cash_down_cents": 123_456}}
        answer = await program.post("/api/deals", json=wanted)
        assert answer.status_code == 201
        assert {"id", "channel", "version"} == set(answer.json())
        listed = (await program.get("/api/deals")).json()["deals"]
        assert answer.json()["id"] in {deal["id"] for deal in listed}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", ""),
        (b"{}", "customer_id"),
        (b'{"customer_id":"c","structure":{"tax_rate_bp":-1}}', "structure.tax_rate_bp"),
        (b'{"customer_id":"c","structure":{"colour":1}}', "structure.colour"),
    ],
)
async def test_a_bad_body_names_the_field(site: Site, body: bytes, field: str) -> None:
    """What does not fit is refused with the field's name."""
    headers = {"authorization": f"Bearer {await site.token('riverside-sales')}"}
    async with site.browser(headers=headers) as program:
        answer = await program.post("/api/deals", content=body)
        assert answer.status_code == 422
        assert answer.json()["error"]["detail"]["field"] == field


async def test_a_large_body_is_refused(site: Site) -> None:
    """A body above the limit is not read to its end."""
    headers = {"authorization": f"Bearer {await site.token('riverside-sales')}"}
    async with site.browser(headers=headers) as program:
        assert (await program.post("/api/deals", content=b" " * 100_000)).status_code == 413


async def test_another_stores_customer_is_not_found(site: Site) -> None:
    """Nobody begins a deal for a customer of another store, or learns that there is one."""
    async with connect_as_owner(site.settings.database_owner_url) as database:
        foreign = await database.fetchval(
            "SELECT customer_id::text FROM customers WHERE store_id = 'northgate'"
        )
    headers = {"authorization": f"Bearer {await site.token('riverside-sales')}"}
    async with site.browser(headers=headers) as program:
        answer = await program.post("/api/deals", json={"customer_id": foreign})
        assert answer.status_code == 404


async def test_a_browser_changes_nothing_without_csrf(site: Site) -> None:
    """With a cookie alone, ``POST /api/deals`` is refused; with the page's token it works."""
    async with site.browser() as browser:
        await sign_in(browser, "riverside-sales")
        token = csrf_of(await browser.get("/"))
        customer = (await browser.get("/api/customers")).json()["customers"][0]
        body = {"customer_id": customer["id"]}
        assert (await browser.post("/api/deals", json=body)).status_code == 403
        foreign = {"x-csrf-token": token, "origin": "https://evil.example"}
        assert (await browser.post("/api/deals", json=body, headers=foreign)).status_code == 403
        answer = await browser.post(
            "/api/deals", json=body, headers={"x-csrf-token": token, "origin": ORIGIN}
        )
        assert answer.status_code == 201


async def test_a_customer_is_added_and_found(site: Site) -> None:
    """By name, co-buyer or phone, and with the deal that begins; nobody of another store finds them."""
    headers = {"authorization": f"Bearer {await site.token('riverside-sales')}"}
    facts = {"name": "Zora Quill", "state": "OH", "phone": "(937) 555-0144", "co_name": "Abel Quill"}
    async with site.browser(headers=headers) as program:
        added = await program.post("/api/customers", json=facts)
        assert added.status_code == 201
        begun = await program.post("/api/deals", json={"customer_id": added.json()["id"]})
        assert begun.status_code == 201
        for asked in ("zora", "quill ab", "555-0144", begun.json()["id"][:8]):
            found = (await program.get("/api/find", params={"q": asked})).json()
            assert begun.json()["id"] in {deal["id"] for deal in found["deals"]}, asked
        assert found["customers"] == []
        assert (await program.get("/api/find", params={"q": "a\0b"})).status_code == 400
        nothing = (await program.get("/api/find")).json()
        assert nothing == {"customers": [], "deals": []}
    elsewhere = {"authorization": f"Bearer {await site.token('northgate-sales')}"}
    async with site.browser(headers=elsewhere) as program:
        found = (await program.get("/api/find", params={"q": "zora"})).json()
        assert found == {"customers": [], "deals": []}


@pytest.mark.parametrize(
    ("facts", "status", "field"),
    [
        ({"name": "A", "state": "ohio"}, 422, "state"),
        ({"name": "A", "state": "oh"}, 422, "state"),
        ({"name": "", "state": "OH"}, 422, "name"),
        ({"name": "A"}, 422, "state"),
        ({"name": "A", "state": "OH", "co_monthly_income_cents": 5}, 422, "co_name"),
        ({"name": "A", "state": "OH", "score": 700}, 403, "score"),
    ],
)
async def test_a_customer_who_is_none(site: Site, facts: dict[str, object], status: int, field: str) -> None:
    """What is missing or contradicts itself is named; a score is the desk's to state."""
    headers = {"authorization": f"Bearer {await site.token('riverside-sales')}"}
    async with site.browser(headers=headers) as program:
        answer = await program.post("/api/customers", json=facts)
        assert (answer.status_code, answer.json()["error"]["detail"]["field"]) == (status, field)


async def test_nobody_begins_a_deal_without_the_trade_that_the_desk_appraised(site: Site) -> None:
    """What cars are worth with it and without it would tell its value."""
    async with site.pool.acquire() as database:
        customer = await find_customer_with_trade(database)
    wanted = {"customer_id": customer, "structure": {"trades": [{"id": "trade-1", "removed": True}]}}
    for login, status in (("riverside-sales", 403), ("riverside-manager", 201)):
        headers = {"authorization": f"Bearer {await site.token(login)}"}
        async with site.browser(headers=headers) as program:
            assert (await program.post("/api/deals", json=wanted)).status_code == status


async def find_customer_with_trade(database: asyncpg.Connection) -> str:
    """Return a customer of Riverside who trades a car in."""
    async with database.transaction():
        await database.execute("SELECT set_config('deal.store_id', 'riverside', true)")
        found: str = await database.fetchval(
            "SELECT customer_id::text FROM customers WHERE trade_acv_cents IS NOT NULL LIMIT 1"
        )
    return found


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic abc"])
async def test_the_api_without_a_valid_token(site: Site, header: str) -> None:
    """Without a valid token the answer is 401 and says what was expected."""
    async with site.browser(headers={"authorization": header}) as program:
        answer = await program.get("/api/deals")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["error"]["code"] == "unauthorized"


async def test_a_cookies_token_is_no_bearer_token(site: Site) -> None:
    """A credential counts only where it belongs: a cookie's token in the header signs nobody in."""
    async with site.browser() as browser:
        await sign_in(browser, "riverside-sales")
        stolen = browser.cookies["deal_session"]
    async with site.browser(headers={"authorization": f"Bearer {stolen}"}) as program:
        assert (await program.get("/api/deals")).status_code == 401


async def test_readiness_names_what_is_missing(site: Site) -> None:
    """``/readyz`` is 503 as soon as one dependency does not answer, and says which."""
    async with site.browser() as probe:
        assert (await probe.get("/readyz")).status_code == 200
        site.checks["redis"] = False
        answer = await probe.get("/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"ready": False, "checks": {"postgres": True, "redis": False}}
        assert (await probe.get("/healthz")).status_code == 200


async def test_a_presentation_is_a_page_without_the_staffs_code(site: Site) -> None:
    """It loads the customer's script alone and says nothing of who is signed in; nobody else gets it."""
    async with site.browser() as browser:
        away = await browser.get("/deals/d-1/present")
        assert away.headers["location"] == "/login?next=%2Fdeals%2Fd-1%2Fpresent"
        await sign_in(browser, "riverside-sales")
        page = (await browser.get("/deals/d-1/present")).text
    assert 'data-deal-id="d-1"' in page
    assert "/assets/offer.js" in page
    assert "/assets/offer.css" in page
    assert "/assets/app." not in page
    assert "riverside" not in page.lower()
