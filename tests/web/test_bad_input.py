"""Input that no page sends: a 400 that names the field, never a fault of ours or of the database."""

import base64
from urllib.parse import quote

import pytest

from tests.web.site import ORIGIN, Site, csrf_of

pytestmark = pytest.mark.flow

SOMETHING = "00000000-0000-4000-8000-000000000000"


def key(text: str) -> str:
    """Return a list's key as the API would write it."""
    return base64.urlsafe_b64encode(text.encode()).decode()


QUERIES = [
    *(("/api/deals", "limit", text) for text in ("9" * 5_000, "0", "-1", "1e3", "٣", "", " 1", "1\0", "201")),
    ("/api/customers", "limit", "9" * 5_000),
    *(
        ("/api/deals", "after", key(f"{at} {SOMETHING}"))
        for at in (
            *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01T00:00:00"),
            *("2026-01-01", "2026-01-01T00:00:00+01:00", "20260101T000000Z", "2026-W01-1T00:00:00+00:00"),
        )
    ),
    ("/api/deals", "after", key(f"2026-01-01T00:00:00+00:00 {SOMETHING.replace('-', '')}")),
    ("/api/deals", "after", key(f"2026-01-01T00:00:00+00:00 {{{SOMETHING}}}")),
    ("/api/deals", "after", key("a b c")),
    ("/api/deals", "after", "\0"),
    ("/api/deals", "after", "9" * 5_000),
    ("/api/customers", "q", "a\0b"),
    (f"/api/deals/{SOMETHING}/audit", "format", "xml"),
    (f"/api/deals/{SOMETHING}/audit", "format", "json\0"),
    (f"/api/deals/{SOMETHING}/paper.pdf", "cars", "1,2,3,4"),
    (f"/api/deals/{SOMETHING}/paper.pdf", "cars", "\0,\0"),
    (f"/api/deals/{SOMETHING}/paper.pdf", "pencil", "the blue one"),
    (f"/api/deals/{SOMETHING}/paper.pdf", "kind", "rent"),
]


async def test_a_query_that_does_not_fit(site: Site) -> None:
    """The answer says which parameter, and what was expected of it."""
    async with site.browser(
        headers={"authorization": f"Bearer {await site.token('riverside-manager')}"}
    ) as one:
        for path, field, text in QUERIES:
            answer = await one.get(f"{path}?{field}={quote(text)}")
            assert answer.status_code == 400, (path, field, text[:80], answer.text)
            error = answer.json()["error"]
            assert (error["code"], error["retry"]) == ("invalid", False)
            assert error["detail"]["field"] == field
            assert error["message"].startswith(f"{field}: expected ")


async def test_a_deal_that_is_none(site: Site) -> None:
    """An id that no deal has is not found, whatever it is made of."""
    async with site.browser(
        headers={"authorization": f"Bearer {await site.token('riverside-manager')}"}
    ) as one:
        for deal_id in ("%00", "%ff", "%F0%9F%98%80", "9" * 5_000, "x%00y", SOMETHING):
            for what in ("audit", "paper.pdf"):
                assert (await one.get(f"/api/deals/{deal_id}/{what}")).status_code == 404


async def test_a_login_of_no_text(site: Site) -> None:
    """What no login can hold is refused by name, and asks neither the database nor for a hash."""
    async with site.browser() as browser:
        token = csrf_of(await browser.get("/login"))
        for login in ("riverside\0sales", "\0", "a\nb", "\x1b[31m", "a\x7fb"):
            form = {"csrf_token": token, "login": login, "password": "x"}
            answer = await browser.post("/login", data=form, headers={"origin": ORIGIN})
            assert answer.status_code == 400
            assert "login: expected text without control characters" in answer.text


async def test_a_form_in_parts_is_none_of_ours(site: Site) -> None:
    """The pages send plain forms; parts may choose their character set, and with it make what is no text."""
    async with site.browser() as browser:
        form = {
            "csrf_token": csrf_of(await browser.get("/login")),
            "login": "\\ud800\\x00",
            "password": "\\udfff-",
        }
        lines = [
            f'--x\r\ncontent-disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
            for name, text in form.items()
        ]
        body = ("".join(lines) + "--x--\r\n").encode()
        for charset in ("utf-8", "unicode_escape", "raw_unicode_escape", "punycode", "idna"):
            kind = f"multipart/form-data; boundary=x; charset={charset}"
            for path in ("/login", "/logout"):
                headers = {"content-type": kind, "origin": ORIGIN}
                answer = await browser.post(path, content=body, headers=headers)
                assert answer.status_code == 400, answer.text
                assert "content-type: expected application/x-www-form-urlencoded" in answer.text


async def test_a_range_of_a_file(site: Site) -> None:
    """A part of a file that cannot be is no fault of ours either."""
    async with site.browser() as browser:
        for size in ("9" * 5_000, "-", "0-", "0-0,2-2", "x", "-0"):
            for value in (f"bytes={size}", f"bytes={size}-", f"bytes=0-{size}"):
                answer = await browser.get("/assets/app.css", headers={"range": value})
                assert answer.status_code < 500, value
