"""Demo mode is for this machine: nobody else is served, whatever stands between."""

from pathlib import Path

import httpx
import pytest
from starlette.datastructures import Headers
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from server.settings import Settings
from server.web.access.loopback import comes_from_here
from tests.services import start_web
from tests.web.site import Site, open_site

HERE = ("127.0.0.1:8000", "127.0.0.1", "127.9.9.9:80", "localhost:8000", "LOCALHOST", "[::1]:8000", "[::1]")
ELSEWHERE = (
    *("deals.example.com", "deals.example.com:8000", "192.0.2.7:8000", "[2001:db8::1]:8000", "0.0.0.0:8000"),
    *("localhost.example.com", "127.0.0.1.example.com", "example.com:127.0.0.1", "localhost@example.com"),
    *("127.0.0.1:80@example.com", "[::1", "::1", "[localhost]", "127.0.0.1:x", ""),
)
FORWARDED = ("forwarded", "x-forwarded-for", "X-Forwarded-Host", "x-forwarded-proto", "x-real-ip", "via")


@pytest.mark.parametrize("host", HERE)
def test_names_of_this_machine(host: str) -> None:
    """However this machine names itself."""
    assert comes_from_here(Headers({"host": host}))


@pytest.mark.parametrize("host", ELSEWHERE)
def test_other_names(host: str) -> None:
    """Whoever reached this machine by another name came through something."""
    assert not comes_from_here(Headers({"host": host}))


def test_one_name_is_expected() -> None:
    """Of two names the one that counts may be the other."""
    here = (b"host", b"localhost")
    assert comes_from_here(Headers(raw=[here]))
    assert not comes_from_here(Headers(raw=[]))
    assert not comes_from_here(Headers(raw=[here, here]))


@pytest.mark.parametrize("header", FORWARDED)
def test_what_was_passed_on(header: str) -> None:
    """A request that says that a proxy sent it."""
    assert not comes_from_here(Headers({"host": "localhost", header: "127.0.0.1"}))


@pytest.mark.flow
async def test_nobody_else_is_served_in_demo_mode(site: Site, settings: Settings) -> None:
    """Whoever came by another name, or through a proxy, is told why that ends here; outside demo mode both
    are served, and nobody is shown the gallery.
    """
    elsewhere = ({"host": "deals.example.com"}, {"x-forwarded-for": "127.0.0.1"})
    async with site.browser() as browser:
        for path in ("/login", "/", "/api/deals", "/healthz", "/nowhere"):
            for headers in elsewhere:
                answer = await browser.get(path, headers=headers)
                assert answer.status_code == 403
                assert "demo mode" in answer.text
                assert answer.headers["x-content-type-options"] == "nosniff"
        form = {"login": "riverside-sales", "password": "demo"}
        assert (await browser.post("/login", data=form, headers=elsewhere[0])).status_code == 403
        assert (await browser.get("/login", headers={"host": "[::1]:8000"})).status_code == 200
        assert (await browser.get("/gallery")).status_code == 200
    async with open_site(settings, demo=False) as plain, plain.browser() as browser:
        for headers in elsewhere:
            assert (await browser.get("/login", headers=headers)).status_code == 200
        assert (await browser.get("/gallery")).status_code == 404


@pytest.mark.flow
async def test_sockets_are_for_this_machine_too(site: Site, settings: Settings, tmp_path: Path) -> None:
    """The real process refuses a socket as it refuses a page, also with a right token."""
    bearer = {"authorization": f"Bearer {await site.token('riverside-sales')}"}
    async with (
        start_web(settings, tmp_path) as web,
        httpx.AsyncClient(base_url=web.url, timeout=60.0) as browser,
    ):
        url = web.url.replace("http", "ws", 1) + "/ws"
        for headers in ({"x-forwarded-for": "127.0.0.1"}, {"forwarded": "for=127.0.0.1"}):
            with pytest.raises(InvalidStatus, match="403") as caught:
                await connect(url, additional_headers=bearer | headers)
            assert b"demo mode" in caught.value.response.body
            assert (await browser.get("/healthz", headers=headers)).status_code == 403
        assert (await browser.get("/healthz", headers={"host": "deals.example.com"})).status_code == 403
        for name in ("127.0.0.1", "localhost"):
            async with connect(url.replace("127.0.0.1", name), additional_headers=bearer) as socket:
                assert "welcome" in str(await socket.recv())
        elsewhere = connect(
            url.replace("127.0.0.1", "deals.example.com"),
            additional_headers=bearer,
            host="127.0.0.1",
            port=settings.port,
        )
        with pytest.raises(InvalidStatus, match="403"):
            await elsewhere
        assert '"level": "error"' not in web.output()
