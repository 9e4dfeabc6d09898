"""What is written down at the doors, who may read it, and what stands in it."""

import datetime as dt
from typing import Any

import asyncpg
import httpx
import pytest
from structlog.testing import capture_logs

from protocol.records import Role
from server.database.core.pool import connect_as_owner
from server.database.people import security_log
from server.database.people.security_events import SecurityEvent, SecurityKind
from server.database.people.staff import add_user
from tests.web.site import ORIGIN, Site, csrf_of, sign_in

pytestmark = pytest.mark.flow

PASSWORD = "plum tractor violin"
MINUTE = 60.0


async def rows(site: Site) -> list[dict[str, Any]]:
    """Return all rows that were written by now, the oldest first."""
    site.now += MINUTE
    await site.security.flush()
    async with connect_as_owner(site.settings.database_owner_url) as owner:
        found = await owner.fetch("SELECT * FROM security_events ORDER BY event_id")
    return [dict(row) for row in found]


async def kinds(site: Site) -> list[str]:
    """Return the kinds of all rows that were written by now."""
    return [row["kind"] for row in await rows(site)]


async def test_a_day_at_the_door(site: Site) -> None:
    """Sign-in, reading, an export and signing out, each with who, from where and about whom."""
    async with site.browser(address="192.0.2.7", headers={"host": "127.0.0.1:8000"}) as browser:
        await sign_in(browser, "riverside-manager")
        deals = (await browser.get("/api/deals?limit=2")).json()["deals"]
        customers = (await browser.get("/api/customers?limit=3")).json()["customers"]
        audit = await browser.get(f"/api/deals/{deals[0]['id']}/audit?format=csv")
        assert audit.status_code == 200
        # The export is written down before it leaves, without a flush.
        async with connect_as_owner(site.settings.database_owner_url) as owner:
            exported = await owner.fetchrow("SELECT * FROM security_events WHERE kind = 'exported'")
            whose = await owner.fetchval(
                "SELECT customer_id FROM deals WHERE deal_id = $1::uuid", deals[0]["id"]
            )
        assert exported is not None
        assert (str(exported["deal_id"]), exported["customer_ids"]) == (deals[0]["id"], [whose])
        assert exported["detail"] == {"what": "audit", "format": "csv"}
        await browser.post("/logout", data={"csrf_token": csrf_of(await browser.get("/"))})
    found = await rows(site)
    assert [row["kind"] for row in found] == [
        *("exported", "signed_in", "customers_listed", "customers_listed", "signed_out")
    ]
    assert {(row["login"], row["address"], row["store_id"], row["count"]) for row in found} == {
        ("riverside-manager", "192.0.2.7", "riverside", 1)
    }
    assert len(found[2]["customer_ids"]) == len({deal["customer"] for deal in deals})
    assert [str(each) for each in found[3]["customer_ids"]] == [each["id"] for each in customers]


async def test_each_refusal_is_written_down(site: Site) -> None:
    """A wrong password, a bad token, a foreign page, an old form, another store's deal, a missing right."""
    async with site.browser() as browser:
        await sign_in(browser, "riverside-sales", "wrong")
        await sign_in(browser, "riverside-sales")
        token = csrf_of(await browser.get("/"))
        foreign = {"x-csrf-token": token, "origin": "https://evil.example"}
        assert (await browser.post("/api/deals", json={}, headers=foreign)).status_code == 403
        assert (await browser.post("/api/deals", json={}, headers={"origin": ORIGIN})).status_code == 403
        assert (await browser.post("/login", data={"csrf_token": "x", "login": "ann"})).status_code == 403
        async with site.stores.of("northgate").acquire() as database:
            deal_id = await database.fetchval("SELECT deal_id::text FROM deals LIMIT 1")
        assert (await browser.get(f"/api/deals/{deal_id}/audit")).status_code == 404
        assert (await browser.get("/api/security-events")).status_code == 403
    async with site.browser(headers={"authorization": "Bearer nonsense"}) as program:
        assert (await program.get("/api/deals")).status_code == 401
    # Whoever shows nothing is no event: every visitor is that once.
    async with site.browser() as visitor:
        assert (await visitor.get("/api/deals")).status_code == 401
    found = await rows(site)
    assert sorted(row["kind"] for row in found) == sorted(
        [
            *("sign_in_refused", "signed_in", "origin_refused", "csrf_refused", "csrf_refused"),
            *("forbidden", "forbidden", "token_refused"),
        ]
    )
    whose = {(row["kind"], row["login"], row["store_id"]) for row in found}
    assert ("sign_in_refused", "riverside-sales", "riverside") in whose
    assert ("token_refused", "", None) in whose
    assert {row["login"] for row in found if row["kind"] == "forbidden"} == {"riverside-sales"}


async def test_what_somebody_types_is_kept_only_if_it_is_a_login(site: Site) -> None:
    """A password in the place of the login is in no row and no line; equal ones can be told to be equal."""
    secret = "My-Actual-Passphrase-77"
    with capture_logs() as lines:
        async with site.browser() as browser:
            for login in (secret, secret, "nobody", "riverside-sales"):
                assert (await sign_in(browser, login, PASSWORD)).status_code == 401
        found = await rows(site)
    assert sorted((row["login"], row["count"]) for row in found) == [
        *(("", 1), ("", 1), ("", 1), ("riverside-sales", 1))
    ]
    digests = [row["login_digest"] for row in found if not row["login"]]
    assert len(digests) == 3
    assert len(set(digests)) == 2
    written = repr(found) + repr(lines)
    for hidden in (secret, secret.lower(), PASSWORD, "nobody"):
        assert hidden not in written
    assert {line["event"] for line in lines} >= {"sign_in_refused"}


async def test_throttled_sign_ins_are_counted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A guesser's tries are a few rows with counts; whose login it was stands there, for its store."""
    monkeypatch.setattr("server.web.access.sign_in.TRIES_FROM_HERE", 2)
    async with site.browser(address="198.51.100.7", headers={"host": "localhost:8000"}) as browser:
        for _ in range(6):
            await sign_in(browser, "riverside-sales", "wrong")
    found = await rows(site)
    counted = {
        kind: sum(row["count"] for row in found if row["kind"] == kind)
        for kind in {row["kind"] for row in found}
    }
    assert counted == {"sign_in_refused": 2, "sign_in_throttled": 4}
    assert len(found) == 4
    assert {(row["login"], row["store_id"], row["address"]) for row in found} == {
        ("riverside-sales", "riverside", "198.51.100.7")
    }


async def listed(site: Site, login: str, query: str = "") -> httpx.Response:
    """Ask for the list as somebody."""
    headers = {"authorization": f"Bearer {await site.token(login)}"}
    async with site.browser(headers=headers) as program:
        return await program.get(f"/api/security-events{query}")


async def test_who_reads_them(site: Site) -> None:
    """Managers read their store's; operators also what is nobody's; salespeople none."""
    async with connect_as_owner(site.settings.database_owner_url) as owner:
        await add_user(owner, "ops", name="Ops", role=Role.OPERATOR, store_id="riverside", password=PASSWORD)
    async with site.browser() as browser:
        await sign_in(browser, "riverside-sales", "wrong")
        await sign_in(browser, "northgate-sales", "wrong")
        await sign_in(browser, "nobody", "wrong")
    await rows(site)
    assert (await listed(site, "riverside-sales")).status_code == 403
    seen = {
        login: sorted(
            event["login"] for event in (await listed(site, login, "?kind=sign_in_refused")).json()["events"]
        )
        for login in ("riverside-manager", "northgate-manager", "ops")
    }
    assert seen == {
        "riverside-manager": ["riverside-sales"],
        "northgate-manager": ["northgate-sales"],
        "ops": ["", "riverside-sales"],
    }
    found = (await listed(site, "ops", "?who=nobody")).json()["events"]
    assert [event["login"] for event in found] == [""]


async def test_pages_and_filters(site: Site) -> None:
    """Pages lead through all of it once, newest first; filters by kind, login, address and time."""
    for number in range(7):
        async with site.browser(address=f"192.0.2.{number}", headers={"host": "localhost:8000"}) as browser:
            await sign_in(browser, "riverside-sales", "wrong" if number % 2 else "demo")
    await rows(site)
    seen: list[dict[str, Any]] = []
    following: str | None = ""
    while following is not None:
        page = (await listed(site, "riverside-manager", f"?limit=2&after={following}")).json()
        assert len(page["events"]) <= 2
        seen += page["events"]
        following = page["next"]
    assert [event["address"] for event in seen] == [f"192.0.2.{number}" for number in range(6, -1, -1)]
    assert len({event["id"] for event in seen}) == 7
    today = dt.datetime.now(dt.UTC).date()
    for query, count in (
        *(("?kind=signed_in", 4), ("?kind=sign_in_refused", 3), ("?who=192.0.2.3", 1), ("?kind=flooded", 0)),
        *(("?who=Riverside-Sales", 7), ("?who=northgate-sales", 0), (f"?since={today}", 7)),
        (f"?since={today + dt.timedelta(days=2)}", 0),
    ):
        assert len((await listed(site, "riverside-manager", query)).json()["events"]) == count, query
    for query, field in (
        *(("?kind=x", "kind"), ("?kind=%00", "kind"), ("?who=%00", "who"), ("?who=" + "x" * 65, "who")),
        *(
            ("?since=x", "since"),
            ("?since=0001-01-01T00:00:00%2B14:00", "since"),
            ("?since=9999-12-31", "since"),
        ),
        *(("?after=x", "after"), ("?limit=" + "9" * 5_000, "limit"), ("?since=2026-01-01T00:00:00", "since")),
    ):
        answer = await listed(site, "riverside-manager", query)
        assert answer.status_code == 400, query
        assert answer.json()["error"]["detail"]["field"] == field


async def test_the_application_only_adds(site: Site) -> None:
    """The role that serves people changes and deletes no row, and adds none of another store."""
    async with site.browser() as browser:
        await sign_in(browser, "riverside-sales")
    assert await kinds(site) == ["signed_in"]
    for statement in (
        "UPDATE security_events SET login = 'x'",
        "DELETE FROM security_events",
        "TRUNCATE security_events",
        "INSERT INTO security_events (at, until, count, kind, store_id)"
        " VALUES (now(), now(), 1, 'signed_in', 'northgate')",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with site.stores.of("riverside").acquire() as database:
                await database.execute(statement)
    async with site.stores.of("northgate").acquire() as database:
        assert await database.fetchval("SELECT count(*) FROM security_events") == 0
    async with site.pool.acquire() as database:
        assert await database.fetchval("SELECT count(*) FROM security_events") == 0


async def test_refusals_go_on_without_the_database(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """While rows cannot be written they wait, up to a bound; what is beyond it is counted, and told later."""
    monkeypatch.setattr(security_log, "MOST_WAITING", 20)
    working = security_log.add_events

    async def away(*_: object) -> None:
        raise OSError("gone")

    monkeypatch.setattr(security_log, "add_events", away)
    now = dt.datetime.now(dt.UTC)
    for number in range(30):
        kind = SecurityKind.CUSTOMER_VIEWED if number < 15 else SecurityKind.ORIGIN_REFUSED
        site.security.note(SecurityEvent(kind, now, f"192.0.2.{number}", store_id="riverside"))
    for _ in range(2):
        with pytest.raises(OSError, match="gone"):
            await site.security.flush()
    # An export that cannot be written down does not leave.
    async with site.browser(
        headers={"authorization": f"Bearer {await site.token('riverside-manager')}"}
    ) as one:
        deal = (await one.get("/api/deals")).json()["deals"][0]["id"]
        with pytest.raises(OSError, match="gone"):
            await one.get(f"/api/deals/{deal}/audit")
    monkeypatch.setattr(security_log, "add_events", working)
    found = await rows(site)
    assert sum(row["kind"] == "customer_viewed" for row in found) == 15
    [lost] = [row for row in found if row["kind"] == "events_lost"]
    refused = sum(row["kind"] == "origin_refused" for row in found)
    assert (lost["count"], lost["detail"]) == (15 - refused, {"origin_refused": 15 - refused})
    assert refused < 15
