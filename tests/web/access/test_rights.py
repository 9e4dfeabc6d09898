"""What each role may do over HTTP: the same as over the socket."""

from typing import Any

import pytest

from protocol.records import Role
from protocol.rights import STAFF, TokenScope
from server.database.core.pool import connect_as_owner
from server.database.people.staff import add_user
from tests.web.site import Site

pytestmark = pytest.mark.flow

PASSWORD = "correct horse battery"
MATRIX = {
    "list": {Role.SALESPERSON: 200, Role.DESK_MANAGER: 200, Role.OPERATOR: 200},
    "customers": {Role.SALESPERSON: 200, Role.DESK_MANAGER: 200, Role.OPERATOR: 200},
    "begin": {Role.SALESPERSON: 201, Role.DESK_MANAGER: 201, Role.OPERATOR: 403},
    "audit": {Role.SALESPERSON: 403, Role.DESK_MANAGER: 200, Role.OPERATOR: 200},
    "foreign audit": {Role.SALESPERSON: 404, Role.DESK_MANAGER: 404, Role.OPERATOR: 404},
    "foreign begin": {Role.SALESPERSON: 404, Role.DESK_MANAGER: 404, Role.OPERATOR: 403},
}
"""What each role gets, asking for a thing of its own store or another one's."""


async def begin(site: Site, login: str, **structure: Any) -> tuple[int, Any]:
    """Begin a deal as somebody; return status and body of the answer."""
    headers = {"authorization": f"Bearer {await site.token(login)}"}
    async with site.browser(headers=headers) as program:
        customer = (await program.get("/api/customers")).json()["customers"][0]["id"]
        wanted = {"customer_id": customer, "structure": structure}
        answer = await program.post("/api/deals", json=wanted)
        return answer.status_code, answer.json()


@pytest.mark.parametrize("field", ["trade_acv_cents", "products_cost_cents", "price_cents", "rebate_cents"])
async def test_a_deal_begins_with_nothing_hidden(site: Site, field: str) -> None:
    """What a role does not see it does not set, when a deal begins as little as later."""
    deals = "SELECT count(*) FROM deals"
    async with site.stores.of("riverside").acquire() as database:
        before = await database.fetchval(deals)
    status, body = await begin(site, "riverside-sales", cash_down_cents=100_00, **{field: 1})
    assert status == 403
    assert body["error"]["code"] == "forbidden"
    assert body["error"]["detail"] == {"field": field}
    async with site.stores.of("riverside").acquire() as database:
        assert await database.fetchval(deals) == before
    assert (await begin(site, "riverside-manager", **{field: 1}))[0] == 201


async def asked(site: Site, login: str, scopes: list[TokenScope]) -> dict[str, int]:
    """Ask for everything as somebody; return the statuses."""
    ids: dict[str, Any] = {}
    for store, whose in (("riverside", ""), ("northgate", "foreign ")):
        async with site.stores.of(store).acquire() as database:
            ids[whose + "deal"] = await database.fetchval("SELECT deal_id::text FROM deals LIMIT 1")
            ids[whose + "customer"] = await database.fetchval(
                "SELECT customer_id::text FROM customers LIMIT 1"
            )
    headers = {"authorization": f"Bearer {await site.token(login, scopes)}"}
    async with site.browser(headers=headers) as program:
        statuses = {
            "list": (await program.get("/api/deals")).status_code,
            "customers": (await program.get("/api/customers")).status_code,
        }
        for whose in ("", "foreign "):
            body = {"customer_id": ids[whose + "customer"]}
            statuses[whose + "begin"] = (await program.post("/api/deals", json=body)).status_code
            path = f"/api/deals/{ids[whose + 'deal']}/audit"
            statuses[whose + "audit"] = (await program.get(path)).status_code
    return statuses


async def test_each_role_on_each_path(site: Site) -> None:
    """Over HTTP a role may do what it may do over the socket, and a scope gives no more than the role."""
    async with connect_as_owner(site.settings.database_owner_url) as owner:
        for role in STAFF:
            await add_user(
                owner, role.replace("_", "-"), name=role, role=role, store_id="riverside", password=PASSWORD
            )
    for role in STAFF:
        statuses = await asked(site, role.replace("_", "-"), [TokenScope.READ, TokenScope.WRITE])
        assert statuses == {name: expected[role] for name, expected in MATRIX.items()}, role
        statuses = await asked(site, role.replace("_", "-"), [TokenScope.READ])
        expected = {name: 403 if "begin" in name else each[role] for name, each in MATRIX.items()}
        assert statuses == expected, role
