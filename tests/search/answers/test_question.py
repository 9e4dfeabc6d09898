"""Two searches ask the same if nothing differs that a match or an offer depends on."""

from dataclasses import fields, replace
from typing import Any

import msgspec
import pytest

from protocol.deal.structure import Structure
from protocol.events import Rejection
from protocol.records import Actor, DealState, Filters, Role, Scope, Sort
from server.database.deals.deals import CustomerRecord, Deal
from server.log.search_log import Progress
from server.search.answers.question import Question, question_of
from server.search.sql.statement import Keyset
from tests.search.answers.world import DEAL

SAME: dict[str, Any] = {
    "id": "2",
    "state": DealState.COUNTERED,
    "version": 7,
    "last_no": 9,
    "salesperson": Actor(id="v", name="Bo", role=Role.DESK_MANAGER),
    "selected_offer": "o",
    "lenders": ("a decision that has expired",),
}
SAME_OF_CUSTOMER: dict[str, Any] = {"id": "d", "name": "Kim", "facts": {"phone": "555"}}


def asked(deal: Deal = DEAL, **more: Any) -> Question:
    """Return the question of a deal."""
    given = {"filters": Filters(), "sort": Sort.PRICE, "limit": 500} | more
    return question_of(deal, **given)


def other(value: Any) -> Any:
    """Return another value of the same kind."""
    match value:
        case None:
            return 1
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value + "x"
        case Structure():
            return msgspec.structs.replace(value, cash_down_cents=value.cash_down_cents + 1)
        case tuple():
            return (*value, "x")
    raise AssertionError(value)


@pytest.mark.parametrize("name", [field.name for field in fields(Deal) if field.name != "customer"])
def test_what_of_a_deal_is_asked(name: str) -> None:
    """Its terms, its store and its settings; not what it is called, who sells, or how far it is."""
    value = SAME[name] if name in SAME else other(getattr(DEAL, name))
    changed = replace(DEAL, **{name: value})
    assert (asked(changed) == asked()) is (name in SAME)


@pytest.mark.parametrize("name", [field.name for field in fields(CustomerRecord)])
def test_what_of_a_customer_is_asked(name: str) -> None:
    """What a lender asks, and the address; not the name."""
    customer = DEAL.customer
    value = SAME_OF_CUSTOMER[name] if name in SAME_OF_CUSTOMER else other(getattr(customer, name))
    changed = replace(customer, **{name: value})
    assert (asked(replace(DEAL, customer=changed)) == asked()) is (name in SAME_OF_CUSTOMER)


def test_scope_filters_order_limit_and_place_are_asked() -> None:
    """Each of them makes another question; the same ones make the same."""
    group = replace(DEAL, structure=msgspec.structs.replace(DEAL.structure, scope=Scope.GROUP))
    after, base = Keyset(5, 7), Progress(10, 5, 1)
    counts = [Rejection(limit="rate", cars=5)]
    questions = [
        asked(),
        asked(group),
        asked(filters=Filters(makes=["Kia"])),
        asked(sort=Sort.YEAR),
        asked(limit=501),
        asked(after=after, base=base),
        asked(after=after, base=base, rejected=counts),
        asked(after=Keyset(5, 8), base=base),
        asked(after=after, base=Progress(11, 5, 1)),
    ]
    assert len(set(questions)) == len(questions)
    assert asked(after=after, base=base, rejected=counts) == questions[6]
