"""What each role may do over HTTP: the same as over the socket."""

from typing import Any

import pytest

from tests.web.site import Site

pytestmark = pytest.mark.flow


async def begin(site: Site, login: str, **structure: Any) -> tuple[int, Any]:
    """Begin a deal as somebody; return status and body of the answer."""
    headers = {"authorization": f"Bearer {await site.token(login)}"}
    async with site.browser(headers=headers) as program:
        customer = (await program.get("/api/customers")).json()["customers"][0]["id"]
        wanted = {"customer_id": customer, "structure": structure}
        answer = await program.post("/api/deals", json=wanted)
        return answer.status_code, answer.json()


@pytest.mark.parametrize("field", ["trade_acv_cents", "products_cost_cents"])
async def test_a_deal_begins_with_nothing_hidden(site: Site, field: str) -> None:
    """What a role does not see it does not set, when a deal begins as little as later."""
    deals = "SELECT count(*) FROM deals"
    async with site.stores.of("riverside").acquire() as connection:
        before = await connection.fetchval(deals)
    status, body = await begin(site, "riverside-sales", cash_down_cents=100_00, **{field: 0})
    assert status == 403
    assert body["error"]["code"] == "forbidden"
    assert body["error"]["detail"] == {"field": field}
    async with site.stores.of("riverside").acquire() as connection:
        assert await connection.fetchval(deals) == before
    assert (await begin(site, "riverside-manager", **{field: 0}))[0] == 201
