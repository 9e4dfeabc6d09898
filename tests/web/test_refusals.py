"""Refusals: a page with the product's look for a browser that opens a path, JSON for everyone else."""

import pytest

from server.database.core.pool import connect_as_owner
from server.web.pages import build_of
from tests.web.site import ORIGIN, Site, sign_in

pytestmark = pytest.mark.flow

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def test_a_browser_gets_a_page_and_a_program_json(site: Site) -> None:
    """Unknown paths, other methods, and refusals of the API."""
    async with site.browser() as browser:
        for path, status, words in (
            ("/nowhere", 404, "There is no such page"),
            ("/assets/nothing.js", 404, "There is no such page"),
            ("/logout", 405, "takes no such request"),
            ("/api/deals", 401, "You are not signed in"),
        ):
            page = await browser.get(path, headers=BROWSER)
            assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
            assert words in page.text
            assert "/assets/app.css" in page.text
            assert "unsafe" not in page.headers["content-security-policy"]
            for accept in ("*/*", "application/json"):
                told = await browser.get(path, headers={"accept": accept})
                assert (told.status_code, told.headers["content-type"]) == (status, "application/json")
                assert told.json()["error"]["message"]
        assert (await browser.get("/logout", headers=BROWSER)).headers["allow"] == "POST"
        form = {"csrf_token": "old"}
        late = await browser.post("/logout", data=form, headers={"origin": ORIGIN, **BROWSER})
        assert late.status_code == 403
        assert "The server refused this" in late.text and "This page is out of date." in late.text


async def test_pages_that_are_not_there_for_a_person(site: Site) -> None:
    """A deal of another store is as unknown as one that does not exist; managers' pages say so."""
    async with connect_as_owner(site.settings.database_owner_url) as owner:
        rows = await owner.fetch("SELECT deal_id::text AS id, store_id FROM deals")
    own = next(row["id"] for row in rows if row["store_id"] == "riverside")
    strange = next(row["id"] for row in rows if row["store_id"] != "riverside")
    async with site.browser(headers=BROWSER) as browser:
        unsigned = await browser.get(f"/deals/{strange}")
        assert unsigned.headers["location"] == f"/login?next=%2Fdeals%2F{strange}"
        await sign_in(browser, "riverside-sales")
        assert (await browser.get(f"/deals/{own}")).status_code == 200
        unknown = await browser.get("/deals/00000000-0000-4000-8000-000000000000")
        for deal_id in (strange, "nothing", own.upper()):
            page = await browser.get(f"/deals/{deal_id}")
            assert (page.status_code, page.text) == (404, unknown.text)
        assert "There is no such deal at your store" in unknown.text
        for path in ("/desk", "/security"):
            page = await browser.get(path)
            assert page.status_code == 403
            assert "This page is for managers" in page.text
        await sign_in(browser, "riverside-manager")
        assert (await browser.get("/desk")).status_code == 200


async def test_the_clients_files_are_sent_as_small_as_they_are_stored(site: Site) -> None:
    """To a browser that takes gzip, and plain to a program that does not; both have an ETag of their own."""
    async with site.browser() as browser:
        packed = await browser.get("/assets/app.js", headers={"accept-encoding": "br, gzip"})
        plain = await browser.get("/assets/app.js", headers={"accept-encoding": "identity"})
        again = await browser.get("/assets/app.js", headers={"if-none-match": packed.headers["etag"]})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert packed.headers["content-type"] == plain.headers["content-type"] == "text/javascript; charset=utf-8"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    assert packed.headers["etag"] != plain.headers["etag"]
    assert again.status_code == 304


def test_a_build_is_named_by_what_is_in_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The same files have the same name, others another; without files there is none."""
    names = []
    for script, style in (("a", "b"), ("a", "b"), ("a", "c")):
        folder = tmp_path_factory.mktemp("dist")
        assert build_of(folder.parent / "none") == ""
        (folder / "app.js").write_text(script)
        (folder / "app.css").write_text(style)
        (folder / "managers.css").write_text("c")
        names.append(build_of(folder))
    assert names[0] == names[1] != names[2]
