"""How often one may ask over HTTP, and what is answered to all who ask at once."""

import asyncio

import pytest

from protocol.closing import CommandError
from server.web.access import request_rate
from server.web.access.request_rate import REQUESTS, WINDOW_SECONDS, RequestRate
from server.web.shared_answer import Remembered
from tests.web.site import Site, sign_in


@pytest.mark.flow
async def test_requests_of_a_person_are_bounded(site: Site) -> None:
    """Beyond the limit nothing is done for a person, whichever token is shown; others are not held up."""
    headers = {"authorization": f"Bearer {await site.token('riverside-sales')}"}
    async with site.browser(headers=headers) as program, site.browser() as browser:
        customer = (await program.get("/api/customers")).json()["customers"][0]["id"]
        site.now = 4.5
        for _ in range(REQUESTS - 1):
            assert (await program.get("/api/deals/x/audit")).status_code == 404
        refused = await program.post("/api/deals", json={"customer_id": customer})
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "6"
        error = refused.json()["error"]
        assert (error["code"], error["retry"]) == ("rate_limited", True)
        assert error["detail"] == {"retry_after_seconds": 6}
        program.headers["authorization"] = f"Bearer {await site.token('riverside-sales')}"
        for path in ("/api/deals", "/api/customers", "/api/deals/x/audit"):
            assert (await program.get(path)).status_code == 429
        await sign_in(browser, "riverside-manager")
        assert (await browser.get("/api/deals")).status_code == 200
        # Refused ones do not count: who waits as told is served.
        site.now = WINDOW_SECONDS
        assert (await program.post("/api/deals", json={"customer_id": customer})).status_code == 201
        assert (await program.get("/api/deals")).status_code == 429


def test_few_people_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asked long ago is forgotten, and of many at once those who asked first."""
    now = 0.0
    rate = RequestRate(clock=lambda: now)
    for number in range(100):
        rate.check(str(number))
    assert len(rate) == 100
    now = WINDOW_SECONDS
    for _ in range(REQUESTS):
        rate.check("ann")
    assert len(rate) == 1
    monkeypatch.setattr(request_rate, "MOST_PEOPLE", 10)
    for number in range(9):
        rate.check(str(number))
    with pytest.raises(CommandError, match="Too many requests"):
        rate.check("ann")
    for number in range(100):
        rate.check(str(number))
    assert len(rate) == 10


async def test_all_who_ask_at_once_get_one_answer() -> None:
    """A costly question is asked once for everybody, and again only a while after its answer."""
    now, asked = 0.0, 0
    goes_on = asyncio.Event()

    async def ask() -> int:
        nonlocal asked
        asked += 1
        await goes_on.wait()
        return asked

    answer = Remembered(ask, 0.5, clock=lambda: now)
    crowd = [asyncio.create_task(answer()) for _ in range(5)]
    await asyncio.sleep(0)
    crowd[0].cancel()  # whoever asked first may leave
    now = 3.0
    goes_on.set()
    assert await asyncio.gather(*crowd[1:]) == [2] * 4
    now = 3.49
    assert await answer() == 2
    now = 3.5
    assert await answer() == 3
