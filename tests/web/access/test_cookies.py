"""Cookies of ours among those of sibling sites, which may look like anything and cannot take our name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from server.database.core.pool import connect_as_owner
from server.database.people.staff import set_password
from server.settings import Settings
from server.web.access.cookies import cookie_of, name_of
from tests.web.site import Site, csrf_of, open_site, sign_in

PASSWORD = "correct horse battery"
HTTPS = "https://deals.example"
ODD = (
    *('theme={"dark":true}', 'a="unclosed', "a[b]=c", "=", "no-equals-sign", "a=b=c", "naïve=é", "a,b=c"),
    *('q="\\012"', "@=1", "a=\x01", "a b=c", "deal_session_old=x", "xdeal_session=y", ";;;", "a=;b"),
)
"""What sites of the same domain set, and what Python's parser of cookies gives up on or trips over."""

text = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters=";"), max_size=20)


def headers(*cookies: str) -> Headers:
    """Return the headers of a request with these Cookie lines."""
    return Headers(raw=[(b"cookie", line.encode("latin-1")) for line in cookies])


@pytest.mark.parametrize("odd", ODD)
def test_odd_neighbours(odd: str) -> None:
    """Whatever stands before or after it, a cookie is found."""
    for line in (f"{odd}; mine=abc", f"mine=abc; {odd}", f"{odd};mine=abc ;{odd}", f" mine = abc; {odd}"):
        assert cookie_of(headers(line), "mine") == "abc", line
    assert cookie_of(headers(odd, "mine=abc"), "mine") == "abc"
    assert cookie_of(headers(odd), "mine") == ""


@given(before=st.lists(text, max_size=4), after=st.lists(text, max_size=4))
def test_any_neighbours(before: list[str], after: list[str]) -> None:
    """No text without our name before a ``=`` hides our cookie or stands in for it."""
    others = [one for one in (*before, *after) if one.partition("=")[0].strip(" \t") != "mine"]
    line = "; ".join((*others, "mine=abc", *others))
    assert cookie_of(headers(line), "mine") == "abc"
    assert cookie_of(headers("; ".join(others)), "mine") == ""


@pytest.mark.parametrize(
    "line", ["mine=abc; mine=abd", "mine=; mine=abc", "mine=abc; mine=a b", 'mine="abc"', "mine=é", "mine="]
)
def test_two_of_one_name_are_none(line: str) -> None:
    """Nobody knows which of two is ours, and what we never set is not ours."""
    assert cookie_of(headers(line), "mine") == ""
    assert cookie_of(headers("mine=abc; x=y; mine=abc"), "mine") == "abc"


def test_a_long_value_is_none() -> None:
    """What is longer than anything that we set is not ours."""
    assert cookie_of(headers("mine=" + "x" * 5_000), "mine") == ""


def test_the_prefix_keeps_siblings_out() -> None:
    """Over https the name is one that a browser takes from this very host alone."""
    assert name_of("deal_session", secure=True) == "__Host-deal_session"
    assert name_of("deal_session", secure=False) == "deal_session"


@pytest.mark.flow
async def test_an_odd_cookie_signs_nobody_out(site: Site) -> None:
    """A page that was opened with a session stays open, whatever else the browser sends."""
    token = await signed_in(site)
    async with site.browser() as browser:
        for odd in ODD:
            for line in (f"{odd}; deal_session={token}", f"deal_session={token}; {odd}"):
                page = await browser.get("/", headers={b"cookie": line.encode("latin-1")})  # type: ignore[arg-type]
                assert page.status_code == 200, line


@pytest.mark.flow
async def test_the_cookies_of_a_secure_site(site: Site, settings: Settings) -> None:
    """Over https both cookies have the prefix, and plain names count for nothing; signing out ends them."""
    async with connect_as_owner(settings.database_owner_url) as owner:
        await set_password(owner, "riverside-sales", PASSWORD)
    async with (
        open_site(settings, demo=False, origins=(HTTPS,)) as own,
        own.browser(base_url=HTTPS) as browser,
    ):
        page = await browser.get("/login")
        form = {"csrf_token": csrf_of(page), "login": "riverside-sales", "password": PASSWORD, "next": "/"}
        signed = await browser.post("/login", data=form, headers={"origin": HTTPS})
        assert signed.status_code == 303
        for cookie in (page.headers["set-cookie"], signed.headers["set-cookie"]):
            attributes = cookie.lower().split("; ")
            assert attributes[0].startswith("__host-deal_")
            assert {"secure", "httponly", "path=/", "samesite=lax"} <= set(attributes)
            assert not any(one.startswith("domain") for one in attributes)
        token = browser.cookies["__Host-deal_session"]
        assert (await browser.get("/")).status_code == 200
        async with own.browser(base_url=HTTPS, cookies={"deal_session": token}) as sibling:
            assert (await sibling.get("/")).status_code == 303
        # A sibling's cookie of the plain name changes nothing.
        browser.cookies.set("deal_session", "planted", domain="deals.example", path="/")
        page = await browser.get("/")
        assert page.status_code == 200
        out = await browser.post("/logout", data={"csrf_token": csrf_of(page)}, headers={"origin": HTTPS})
        assert (out.status_code, out.headers["location"]) == (303, "/login")
        gone = next(line for line in out.headers.get_list("set-cookie") if "deal_session" in line)
        # A browser takes no cookie with the prefix, not even its end, unless it is Secure.
        assert gone.startswith("__Host-deal_session=")
        assert "secure" in gone.lower().split("; ")
        assert (await browser.get("/")).status_code == 303


async def signed_in(site: Site) -> str:
    """Return the session of a browser that signed in."""
    async with site.browser() as browser:
        assert (await sign_in(browser, "riverside-sales")).status_code == 303
        return browser.cookies["deal_session"]
