"""By which address somebody is counted at the sign-in, behind which proxy, and that nobody chooses it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from server.settings import Settings
from server.web.access.addresses import counted_as, hosts_of
from tests.services import start_web
from tests.web.site import csrf_of

TRIES = 10


@asynccontextmanager
async def served(
    settings: Settings, folder: Path, proxies: tuple[str, ...]
) -> AsyncIterator[httpx.AsyncClient]:
    """Run a web process outside demo mode that trusts ``proxies``, and visit it."""
    own = replace(settings, demo=False, trusted_proxies=proxies)
    async with start_web(own, folder) as web, httpx.AsyncClient(base_url=web.url, timeout=60.0) as browser:
        yield browser


async def tried(browser: httpx.AsyncClient, login: str, address: str) -> int:
    """Try a wrong password with a header that names an address; return the status."""
    form = {"csrf_token": csrf_of(await browser.get("/login")), "login": login, "password": "wrong"}
    return (await browser.post("/login", data=form, headers={"x-forwarded-for": address})).status_code


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:0:1::7", "2001:db8:0:1::/64"),
        ("2001:DB8:0:1:FFFF:FFFF:FFFF:FFFF", "2001:db8:0:1::/64"),
        ("2001:db8:0:2::7", "2001:db8:0:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("unknown", "unknown"),
        ("192.0.2.7:443", "unknown"),
        ("x" * 100_000, "unknown"),
    ],
)
def test_an_address_is_counted_as_one_place(host: str, counted: str) -> None:
    """An IPv6 host has a whole network of addresses to come from; what is no address is one place."""
    assert counted_as(host) == counted


def test_a_proxy_is_trusted_in_either_form() -> None:
    """A socket that takes both families shows an IPv4 proxy as an IPv6 address."""
    assert hosts_of(()) == []
    assert hosts_of(("192.0.2.7", "10.0.0.0/8", "2001:db8::/32")) == [
        *("192.0.2.7", "::ffff:192.0.2.7/128", "10.0.0.0/8", "::ffff:10.0.0.0/104", "2001:db8::/32")
    ]


async def is_secure(browser: httpx.AsyncClient) -> bool:
    """Return whether a cookie is Secure where a header says that the browser speaks https."""
    page = await browser.get("/login", headers={"x-forwarded-proto": "https"})
    return "secure" in page.headers["set-cookie"].lower().split("; ")


@pytest.mark.flow
async def test_nobody_chooses_an_address(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a trusted proxy headers that name an address or https mean nothing, whatever else says so."""
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    async with served(settings, tmp_path, ()) as browser:
        assert not await is_secure(browser)
        answers = [await tried(browser, "nobody", f"192.0.2.{number}") for number in range(TRIES + 1)]
    assert answers == [401] * TRIES + [429]


@pytest.mark.flow
async def test_a_trusted_proxy_says_where_from(settings: Settings, tmp_path: Path) -> None:
    """Behind a trusted proxy each address is counted by itself: the last one that is no proxy's own."""
    async with served(settings, tmp_path, ("127.0.0.0/8", "10.0.0.1")) as browser:
        assert await is_secure(browser)
        answers = [await tried(browser, "ann", f"192.0.2.{number}, 10.0.0.1") for number in range(TRIES + 1)]
        assert answers == [401] * (TRIES + 1)
        answers = [
            await tried(browser, "bob", f"192.0.2.{number}, 198.51.100.7") for number in range(TRIES + 1)
        ]
        assert answers == [401] * TRIES + [429]
