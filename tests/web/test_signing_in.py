"""Signing in and out on the page: who gets in, where it leads, and who cannot be signed out by others."""

import pytest

from server.database.core.pool import connect_as_owner
from server.database.people.staff import set_password
from server.settings import Settings
from tests.web.site import ORIGIN, Site, csrf_of, open_site, sign_in

pytestmark = pytest.mark.flow

PASSWORD = "correct horse battery"


async def test_a_page_asks_for_sign_in_and_comes_back(site: Site) -> None:
    """Whoever is not signed in lands on the form, and after it where they wanted to go."""
    async with site.browser() as browser:
        away = await browser.get("/deals/abc")
        assert away.status_code == 303
        assert away.headers["location"] == "/login?next=%2Fdeals%2Fabc"
        form = await browser.get(away.headers["location"])
        assert 'name="next" value="/deals/abc"' in form.text


async def test_sign_in_with_password(site: Site) -> None:
    """The right password gives an HttpOnly, SameSite cookie; the page then names the user."""
    async with site.browser() as browser:
        answer = await sign_in(browser, "riverside-manager")
        assert answer.status_code == 303
        cookie = next(
            value for value in answer.headers.get_list("set-cookie") if "deal_session" in value
        ).lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        page = await browser.get("/")
        assert page.status_code == 200
        assert 'data-user-role="desk_manager"' in page.text
        assert 'data-store-id="riverside"' in page.text


@pytest.mark.parametrize(
    ("origins", "base_url", "secure"),
    [
        (("https://deals.example", "https://desk.example"), "http://deals.example", True),
        ((ORIGIN, "https://deals.example"), "https://deals.example", True),
        ((ORIGIN, "https://deals.example"), ORIGIN, False),
        ((), ORIGIN, False),
    ],
)
@pytest.mark.usefixtures("site")
async def test_cookies_keep_to_https(
    settings: Settings, origins: tuple[str, ...], base_url: str, secure: bool
) -> None:
    """Where pages come over https alone, so do their cookies, also where a proxy does not say so."""
    async with connect_as_owner(settings.database_owner_url) as owner:
        await set_password(owner, "riverside-sales", PASSWORD)
    async with open_site(settings, demo=False, origins=origins) as own, own.browser(base_url=base_url) as one:
        page = await one.get("/login")
        seed = page.headers["set-cookie"]
        form = {"csrf_token": csrf_of(page), "login": "riverside-sales", "password": PASSWORD}
        kept = {"cookie": seed.partition(";")[0]}
        signed_in = await one.post("/login", data=form, headers=kept)
        assert signed_in.status_code == 303
        for cookie in (seed, signed_in.headers["set-cookie"]):
            assert ("secure" in cookie.lower().split("; ")) is secure


@pytest.mark.parametrize("login", ["riverside-sales", "nobody", "x" * 200, "<script>alert(1)</script>"])
async def test_wrong_password_signs_nobody_in(site: Site, login: str) -> None:
    """Neither a wrong password nor an unknown login says which of the two was wrong, and input is escaped."""
    async with site.browser() as browser:
        answer = await sign_in(browser, login, "wrong")
        assert answer.status_code == 401
        assert "Username or password is wrong." in answer.text
        assert "<script>alert" not in answer.text
        assert (await browser.get("/")).status_code == 303


async def test_sign_in_needs_the_csrf_token(site: Site) -> None:
    """A form that a foreign page sends has no token that fits the cookie, and signs nobody in."""
    async with site.browser() as browser:
        await browser.get("/login")
        form = {"csrf_token": "guessed", "login": "riverside-sales", "password": "demo"}
        answer = await browser.post("/login", data=form)
        assert answer.status_code == 403
        assert "deal_session" not in browser.cookies


@pytest.mark.parametrize(
    "following", ["//evil.example", "/\\evil.example", "https://evil.example", "x", "/a\r\nb"]
)
async def test_sign_in_leads_nowhere_else(site: Site, following: str) -> None:
    """``next`` can only be a path of this site."""
    async with site.browser() as browser:
        token = csrf_of(await browser.get("/login"))
        form = {"csrf_token": token, "login": "riverside-sales", "password": "demo", "next": following}
        answer = await browser.post("/login", data=form)
        assert answer.headers["location"] == "/"


async def test_sign_out_ends_the_session(site: Site) -> None:
    """After sign-out the old cookie is worth nothing, even if somebody kept it."""
    async with site.browser() as browser:
        await sign_in(browser, "riverside-sales")
        kept = dict(browser.cookies)
        token = csrf_of(await browser.get("/"))
        away = await browser.post("/logout", data={"csrf_token": token})
        assert (away.status_code, away.headers["location"]) == (303, "/login")
    async with site.browser(cookies=kept) as thief:
        assert (await thief.get("/")).status_code == 303


async def test_nobody_is_signed_out_by_others(site: Site) -> None:
    """Without the page's token, with another session's, or from a foreign page, the session goes on."""
    async with site.browser() as other:
        await sign_in(other, "riverside-sales")
        stolen = csrf_of(await other.get("/"))
    async with site.browser() as browser:
        await sign_in(browser, "riverside-sales")
        own = csrf_of(await browser.get("/"))
        for form in (
            {},
            {"csrf_token": ""},
            {"csrf_token": stolen},
            {"csrf_token": browser.cookies["deal_csrf"]},
        ):
            assert (await browser.post("/logout", data=form)).status_code == 403
        foreign = {"origin": "https://evil.example"}
        answer = await browser.post("/logout", data={"csrf_token": own}, headers=foreign)
        assert answer.status_code == 403
        assert (await browser.get("/")).status_code == 200


@pytest.mark.parametrize(
    "form", [{"csrf_token": "x" * 9_000}, {"x" * 9_000: ""}, {"a": "", "b": "", "c": ""}], ids=len
)
async def test_signing_out_takes_one_short_field(site: Site, form: dict[str, str]) -> None:
    """What is larger than the form of the page is not read to its end, whether in parts or as a query."""
    async with site.browser() as browser:
        await browser.get("/login")
        assert (await browser.post("/logout", data=form)).status_code == 400
        parts = [(name, (None, value)) for name, value in form.items()]
        assert (await browser.post("/logout", files=parts)).status_code == 400


async def test_demo_buttons_only_in_demo_mode(site: Site, settings: Settings) -> None:
    """The demo users are offered in demo mode, and not otherwise."""
    async with site.browser() as browser:
        assert 'data-demo="northgate-sales"' in (await browser.get("/login")).text
    async with open_site(settings, demo=False) as plain, plain.browser() as browser:
        assert "data-demo" not in (await browser.get("/login")).text
