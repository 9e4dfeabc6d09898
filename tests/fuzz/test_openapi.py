"""Every operation of ``docs/openapi.json``, asked by Schemathesis, with a token and without."""

import base64
import json
import re
import uuid
from typing import Any, Final

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks

from protocol.schema import OPENAPI
from server.web import health, offers, security_api
from server.web.api import routes
from server.web.pages import Pages
from tests.fuzz.wire import Target

pytestmark = pytest.mark.flow

EXAMPLES: Final = 30
"""Drawn at random for each operation, besides those that cover every keyword of its schema."""

EXCEPTIONS: Final = {
    "positive_data_acceptance": "a schema cannot say which fields of a structure contradict each other, and"
    " takes 1.0 for an integer; the refusal itself is checked",
    "negative_data_rejection": "unknown parameters of a query are ignored, as everywhere on the web; values"
    " that are no limit, position or format are tried below and in test_http",
}
"""The checks of Schemathesis that do not hold here, each with the reason. All others are run."""

FORMS: Final = ("/login", "/logout")
NINES: Final = "9" * 5_000
ORIGIN_OF_TIME: Final = f"0001-01-01T00:00:00+14:00 {uuid.UUID(int=0)}"
END_OF_TIME: Final = f"9999-12-31T23:59:59.999999-14:00 {uuid.UUID(int=2**128 - 1)}"

api = schemathesis.openapi.from_dict(json.loads(OPENAPI.read_text()))
bounded = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def position(text: str) -> str:
    """Return a place in the list of deals as an answer writes it."""
    return base64.urlsafe_b64encode(text.encode()).decode()


def address(target: Target) -> str:
    """Return where the server is."""
    return f"http://127.0.0.1:{target.port}"


def bearer(target: Target) -> dict[str, str]:
    """Return the header of a signed-in program."""
    return {"Authorization": f"Bearer {target.token}"}


def check(case: schemathesis.Case, target: Target, **given: Any) -> schemathesis.Response:
    """Send a case and look at the answer with every check that has no exception."""
    load_all_checks()
    excluded = CHECKS.get_by_names(list(EXCEPTIONS))
    return case.call_and_validate(base_url=address(target), excluded_checks=excluded, **given)


@pytest.fixture(scope="session")
def customer(target: Target) -> str:
    """A customer of the store, for new deals that are begun."""
    found = httpx.get(f"{address(target)}/api/customers?limit=1", headers=bearer(target)).json()
    return str(found["customers"][0]["id"])


def test_every_route_is_described() -> None:
    """The document has each method of the API, of health and of the sign-in, and no other."""
    served = (
        *routes,
        *security_api.routes,
        *health.routes,
        *(one for one in offers.routes if one.path.startswith("/api/")),
        *(one for one in Pages().routes() if one.path in FORMS),
    )
    there = {(route.path, method) for route in served for method in route.methods - {"HEAD"}}
    paths = json.loads(OPENAPI.read_text())["paths"]
    assert {(path, method.upper()) for path, methods in paths.items() for method in methods} == there


@api.parametrize()
@bounded
def test_what_a_program_asks(case: schemathesis.Case, target: Target, customer: str) -> None:
    """No request makes a fault of the server's; each answer is one that the document describes."""
    # Every other one is about something that is there.
    if isinstance(case.body, dict) and len(str(case.body.get("customer_id", "?"))) % 2 == 0:
        case.body["customer_id"] = customer
    if len(str((case.path_parameters or {}).get("deal_id", "?"))) % 2 == 0:
        case.path_parameters["deal_id"] = target.channel.removeprefix("deal:")
    check(case, target, headers=bearer(target))


@api.parametrize()
@bounded
def test_what_nobody_asks(case: schemathesis.Case, target: Target) -> None:
    """Without a credential everything that is not open to all is a described 401."""
    check(case, target)


@pytest.mark.parametrize("path", ["/api/deals/{deal_id}/audit", "/api/security-events"])
def test_what_a_salesperson_may_not_read(path: str, target: Target) -> None:
    """What only managers may read is a described 403."""
    parameters = {"deal_id": target.channel.removeprefix("deal:")} if "{" in path else {}
    case = api[path]["GET"].Case(path_parameters=parameters)
    answer = check(case, target, headers={"Authorization": f"Bearer {target.sales_token}"})
    assert answer.status_code == httpx.codes.FORBIDDEN


@pytest.mark.parametrize(
    ("path", "name", "value"),
    [
        *(("/api/deals", "limit", value) for value in (NINES, "0", "-1", "201", "1e9", "", "\0", "\u0661")),
        *(("/api/security-events", "limit", value) for value in (NINES, "0", "\0")),
        *(("/api/security-events", "after", value) for value in (NINES, "\0", "=", position("x"))),
        *(("/api/security-events", "since", value) for value in (NINES, "\0", "0000-01-01", "today")),
        *(("/api/security-events", "kind", value) for value in (NINES, "\0", "exported\0")),
        *(("/api/security-events", "who", value) for value in ("\0", "x" * 65)),
        *(("/api/customers", "limit", value) for value in (NINES, "0", "\0")),
        *(("/api/deals", "after", position(text)) for text in (ORIGIN_OF_TIME, END_OF_TIME, "\0 \0", "x")),
        *(("/api/deals", "after", value) for value in (NINES, "\0", "=", "\U0010ffff")),
        *(("/api/customers", "q", value) for value in ("\0", "x\0", "\0" * 200)),
        *(("/api/deals/{deal_id}/audit", "format", value) for value in (NINES, "\0", "JSON")),
    ],
)
def test_values_at_the_ends_of_a_query(path: str, name: str, value: str, target: Target) -> None:
    """A value that is none is refused by name, however long it is and wherever it breaks."""
    parameters = {"deal_id": target.channel.removeprefix("deal:")} if "{" in path else {}
    case = api[path]["GET"].Case(query={name: value}, path_parameters=parameters)
    answer = check(case, target, headers=bearer(target))
    if answer.status_code != httpx.codes.OK:
        assert answer.json()["error"]["detail"]["field"] == name
    else:
        assert value in {position(ORIGIN_OF_TIME), position(END_OF_TIME)}


@pytest.mark.parametrize("value", ["\0", "x\0y", "\U0010ffff", NINES, "", " ", "'; DROP TABLE users; --"])
@pytest.mark.parametrize("name", ["login", "password", "next"])
def test_values_at_the_ends_of_a_sign_in(name: str, value: str, target: Target) -> None:
    """Whatever login and password hold, with a good CSRF token: somebody is signed in, or nobody."""
    with httpx.Client(base_url=address(target)) as browser:
        page = browser.get("/login")
        found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert found
        form = {"csrf_token": found[1], "login": f"nobody-{uuid.uuid4()}", "password": "wrong", "next": "/"}
        case = api["/login"]["POST"].Case(
            body=form | {name: value}, media_type="application/x-www-form-urlencoded"
        )
        check(case, target, cookies=dict(page.cookies), headers={"Origin": address(target)})
