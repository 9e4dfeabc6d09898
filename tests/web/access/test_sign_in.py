"""Guessing passwords, forged requests, demo accounts: what must not work at the door."""

import asyncio
import datetime as dt
import threading

import pytest
from argon2 import PasswordHasher
from redis.asyncio import Redis

from protocol.rights import TokenScope
from server.counts.attempts import Attempts
from server.database.core.pool import connect_as_owner
from server.database.people.credentials import CredentialKind, issue_credential
from server.database.people.staff import set_password
from server.database.people.users import find_by_login
from server.settings import Settings
from server.web.access import sign_in as sign_in_module
from tests.services import free_port
from tests.web.site import ORIGIN, Site, csrf_of, open_site, sign_in

pytestmark = pytest.mark.flow

PASSWORD = "correct horse battery"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three tries instead of ten: each costs a hash."""
    monkeypatch.setattr(sign_in_module, "TRIES_FROM_HERE", 3)


async def wrong(site: Site, login: str, times: int, address: str = "127.0.0.1") -> list[int]:
    """Try a wrong password some times; return the statuses."""
    async with site.browser(address=address) as browser:
        return [(await sign_in(browser, login, "wrong")).status_code for _ in range(times)]


@pytest.mark.usefixtures("few")
async def test_guessing_is_slowed_down(site: Site) -> None:
    """After a few wrong ones the right password does not help either, and the answer says how long."""
    assert await wrong(site, "riverside-sales", 3) == [401] * 3
    async with site.browser() as browser:
        answer = await sign_in(browser, "riverside-sales")
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 900
        assert "Too many attempts." in answer.text
        assert "deal_session" not in browser.cookies
        # Others, and those who get it right, are not held up.
        assert (await sign_in(browser, "riverside-manager")).status_code == 303


@pytest.mark.usefixtures("few")
async def test_the_right_password_begins_anew(site: Site) -> None:
    """Whoever mistypes twice, then remembers, has all tries again."""
    for _ in range(2):
        assert await wrong(site, "riverside-sales", 2) == [401] * 2
        async with site.browser() as browser:
            assert (await sign_in(browser, "riverside-sales")).status_code == 303


async def test_guessing_over_all_logins_is_slowed_down(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """One address that tries many logins is held up as well."""
    monkeypatch.setattr(sign_in_module, "TRIES_OF_ADDRESS", 2)
    assert [(await wrong(site, f"nobody-{number}", 1))[0] for number in range(3)] == [401, 401, 429]
    assert await wrong(site, "nobody-4", 1, "192.0.2.7") == [401]


async def test_guessing_from_everywhere_is_slowed_down(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """One login that many addresses try is held up at all of them."""
    monkeypatch.setattr(sign_in_module, "TRIES_OF_LOGIN", 2)
    tries = [await wrong(site, "riverside-sales", 1, f"192.0.2.{number}") for number in range(3)]
    assert tries == [[401], [401], [429]]
    assert await wrong(site, "riverside-manager", 1, "192.0.2.1") == [401]


@pytest.mark.usefixtures("few")
async def test_a_network_of_addresses_is_one_place(site: Site) -> None:
    """Whoever has an IPv6 network to come from has as many tries as anybody else."""
    tries = [await wrong(site, "riverside-sales", 1, f"2001:db8::{number}") for number in range(1, 5)]
    assert tries == [[401], [401], [401], [429]]
    assert await wrong(site, "riverside-sales", 1, "2001:db8:0:1::1") == [401]


@pytest.mark.usefixtures("few")
async def test_a_login_is_the_same_in_capitals(site: Site) -> None:
    """Another spelling of a login gives no further tries."""
    spellings = ("riverside-sales", "Riverside-Sales", " RIVERSIDE-SALES ", "riverside-sales")
    assert [await wrong(site, login, 1) for login in spellings] == [[401], [401], [401], [429]]


async def test_only_wrong_passwords_are_counted_of_an_address(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who get it right cost their store's address nothing, and take nothing back of what others did."""
    monkeypatch.setattr(sign_in_module, "TRIES_OF_ADDRESS", 3)
    async with site.browser() as browser:
        for _ in range(4):
            assert (await sign_in(browser, "riverside-sales")).status_code == 303
        assert await wrong(site, "nobody-1", 2) == [401, 401]
        for _ in range(2):
            assert (await sign_in(browser, "riverside-sales")).status_code == 303
        assert await wrong(site, "nobody-2", 2) == [401, 429]


async def test_tries_are_counted_without_redis() -> None:
    """While Redis is away each process counts by itself, and windows end there too."""
    now = 0.0
    async with Redis.from_url(f"redis://127.0.0.1:{free_port()}") as nowhere:
        attempts = Attempts(nowhere, clock=lambda: now)
        assert [await attempts.take("a", 10) for _ in range(3)] == [(1, 10), (2, 10), (3, 10)]
        assert await attempts.take("b", 10) == (1, 10)
        await attempts.forget("b")
        assert await attempts.take("b", 10) == (1, 10)
        await attempts.give_back("a")
        await attempts.give_back("c")
        assert await attempts.take("a", 10) == (3, 10)
        assert await attempts.take("c", 10) == (1, 10)
        now = 10.0
        assert await attempts.take("a", 10) == (1, 10)


async def test_two_processes_count_together(redis_url: str) -> None:
    """What one process counted, the other one knows; names of strangers do not stand in Redis."""
    async with Redis.from_url(redis_url) as one, Redis.from_url(redis_url) as two:
        assert (await Attempts(one).take("ann from here", 10))[0] == 1
        assert (await Attempts(two).take("ann from here", 10))[0] == 2
        assert not [key for key in await one.keys() if b"ann" in key]
        await Attempts(two).give_back("ann from here")
        await Attempts(two).give_back("bob from here")
        assert (await Attempts(one).take("ann from here", 10))[0] == 2
        assert (await Attempts(one).take("bob from here", 10))[0] == 1
        await Attempts(two).forget("ann from here")
        assert (await Attempts(one).take("ann from here", 10))[0] == 1


async def test_hashes_are_computed_a_few_at_a_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crowd at the door does not take all memory: two hashes at a time, in threads that nobody else uses,
    and a bound on who waits.
    """
    running, most = 0, 0
    threads: set[str] = set()
    real = sign_in_module.password_fits

    def counted(stored: str, password: str) -> bool:
        nonlocal running, most
        running += 1
        threads.add(threading.current_thread().name)
        most = max(most, running)
        try:
            return real(stored, password)
        finally:
            running -= 1

    monkeypatch.setattr(sign_in_module, "password_fits", counted)
    monkeypatch.setattr(sign_in_module, "MOST_WAITING_HERE", 4)
    async with open_site(site.settings, demo=True) as own:
        logins = [f"nobody-{number}" for number in range(12)]
        statuses = [found[0] for found in await asyncio.gather(*(wrong(own, login, 1) for login in logins))]
        assert set(statuses) == {401, 503}
        assert await wrong(own, "later", 1) == [401]
    assert most <= sign_in_module.AT_ONCE
    assert all(name.startswith("password") for name in threads)


async def test_demo_accounts_only_in_demo_mode(site: Site, settings: Settings) -> None:
    """Outside demo mode the public password signs nobody in, and a session from before counts no longer."""
    async with site.browser() as browser:
        await sign_in(browser, "riverside-sales")
        session = dict(browser.cookies)
    async with open_site(settings, demo=False) as plain:
        async with plain.browser(cookies=session) as browser:
            assert (await browser.get("/")).status_code == 303
        async with plain.browser() as browser:
            answer = await sign_in(browser, "riverside-sales")
            assert answer.status_code == 401
            assert "Username or password is wrong." in answer.text
        # A password of its own makes it an account like any other.
        async with connect_as_owner(settings.database_owner_url) as owner:
            await set_password(owner, "riverside-sales", PASSWORD)
        async with plain.browser() as browser:
            assert (await sign_in(browser, "riverside-sales", PASSWORD)).status_code == 303


async def test_an_outdated_hash_is_replaced_at_sign_in(site: Site) -> None:
    """A hash of weaker parameters lives until its owner comes by."""
    weak = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(PASSWORD)
    async with connect_as_owner(site.settings.database_owner_url) as owner:
        await owner.execute("UPDATE users SET password_hash = $1 WHERE login = 'riverside-sales'", weak)
        async with site.browser() as browser:
            assert (await sign_in(browser, "riverside-sales", PASSWORD)).status_code == 303
        stored = await owner.fetchval("SELECT password_hash FROM users WHERE login = 'riverside-sales'")
    assert stored != weak
    assert PasswordHasher().verify(stored, PASSWORD)


async def test_a_csrf_token_is_of_one_session(site: Site) -> None:
    """Neither another session's token nor one made without the server's secret changes anything."""
    async with site.browser() as other:
        await sign_in(other, "riverside-manager")
        stolen = csrf_of(await other.get("/"))
        seed_of_other = other.cookies["deal_csrf"]
    async with site.browser() as browser:
        await sign_in(browser, "riverside-sales")
        own = csrf_of(await browser.get("/"))
        customer = (await browser.get("/api/customers")).json()["customers"][0]["id"]

        async def begin(token: str) -> int:
            headers = {"x-csrf-token": token, "origin": ORIGIN}
            answer = await browser.post("/api/deals", json={"customer_id": customer}, headers=headers)
            return answer.status_code

        assert await begin(stolen) == 403
        assert await begin(browser.cookies["deal_csrf"]) == 403
        assert await begin("") == 403
        # A neighbouring host can plant a cookie, but not the token that belongs to it and to this session.
        browser.cookies.set("deal_csrf", seed_of_other, domain="127.0.0.1", path="/")
        assert await begin(stolen) == 403
        browser.cookies.delete("deal_csrf")
        assert await begin(own) == 403


async def test_signing_in_again_ends_the_session_before(site: Site) -> None:
    """One browser holds one session: the one that it gave up is worth nothing."""
    async with site.browser() as browser:
        await sign_in(browser, "riverside-sales")
        kept = browser.cookies["deal_session"]
        await sign_in(browser, "riverside-manager")
        assert 'data-user-role="desk_manager"' in (await browser.get("/")).text
    async with site.browser(cookies={"deal_session": kept}) as thief:
        assert (await thief.get("/")).status_code == 303


async def test_an_expired_session_asks_for_sign_in(site: Site) -> None:
    """A session ends by itself."""
    async with connect_as_owner(site.settings.database_owner_url) as owner:
        account = await find_by_login(owner, "riverside-sales")
        assert account is not None
        brief = await issue_credential(owner, account.id, CredentialKind.COOKIE, dt.timedelta(milliseconds=1))
        await owner.execute("SELECT pg_sleep(0.01)")
    async with site.browser(cookies={"deal_session": brief}) as browser:
        assert (await browser.get("/")).status_code == 303
        assert (await browser.get("/api/deals")).status_code == 401


async def test_a_token_does_what_its_scopes_say(site: Site) -> None:
    """Reading does not write, whatever the role of the token's owner."""
    token = await site.token("riverside-manager", [TokenScope.READ])
    async with site.browser(headers={"authorization": f"Bearer {token}"}) as program:
        customer = (await program.get("/api/customers")).json()["customers"][0]["id"]
        answer = await program.post("/api/deals", json={"customer_id": customer})
        assert answer.status_code == 403
        assert answer.json()["error"]["detail"]["field"] == "scope"
    token = await site.token("riverside-manager", [TokenScope.WRITE])
    async with site.browser(headers={"authorization": f"Bearer {token}"}) as program:
        assert (await program.get("/api/deals")).status_code == 403
        assert (await program.post("/api/deals", json={"customer_id": customer})).status_code == 201
