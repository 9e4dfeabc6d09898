"""Which offers are tried for a scenario: its own, then any programme's, then above the customer's limits."""

from typing import Any

from protocol.deal.structure import Structure, StructureChanges
from protocol.records import DealKind
from server.database.decisions.edits.scenario_plans import Plan
from server.hub.commands.scenarios.pricing import attempts_of


def tried(plan: Plan) -> list[tuple[dict[str, Any], str | None]]:
    """Return what is asked for, in order, until something has an offer."""
    return [(dict(each.asks.items()), each.programme_id) for each in attempts_of(plan)]


def test_a_programme_that_was_asked_for_is_tried_first() -> None:
    """Then any, and then both above the target payment; what is asked for besides stays."""
    asks = StructureChanges(term_months=72)
    above = {"term_months": 72, "payment_max_cents": None}
    assert tried(Plan(Structure(), "7", asks, "p1")) == [
        ({"term_months": 72}, "p1"),
        ({"term_months": 72}, None),
        (above, "p1"),
        (above, None),
    ]


def test_a_target_that_was_lifted_before_holds_again_if_it_can() -> None:
    """A limit that was asked for is another matter: it is lifted only at the end."""
    lifted, stated = StructureChanges(payment_max_cents=None), StructureChanges(payment_max_cents=400_00)
    assert tried(Plan(Structure(), "7", lifted)) == [({}, None), ({"payment_max_cents": None}, None)]
    assert tried(Plan(Structure(), "7", stated))[0] == ({"payment_max_cents": 400_00}, None)


def test_the_cash_of_a_cash_deal_is_no_limit_either() -> None:
    """Whether the structure or the offer says that it is paid in cash."""
    free = {"payment_max_cents": None, "cash_down_max_cents": None}
    assert tried(Plan(Structure(kind=DealKind.CASH), "7"))[-1] == (free, None)
    asked = StructureChanges(kind=DealKind.CASH)
    assert tried(Plan(Structure(), "7", asked))[-1] == ({"kind": DealKind.CASH, **free}, None)
