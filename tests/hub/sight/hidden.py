"""What each view hides, by name, and messages with all of it."""

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from protocol import codec
from protocol.deal.agreed import Contract
from protocol.deal.structure import Structure
from protocol.events import EVENT_TYPES, MATCH_COLUMNS, OFFER_COLUMNS, Event
from protocol.records import View
from server.hub.sight.sight import Sight
from tests.protocol.strategies import values_of

CHANNEL = "deal:1"
STANDARD = {"rate_bp": None, "rate_reason": None, "price_cents": None, "rebate_cents": 0}
"""What only the desk sets, with the value that everybody may go back to."""
NOT_FOR_SALES = {
    "cost_cents", "gross_cents", "front_gross_cents", "buy_rate_bp", "reserve_cents", "npv_parts", "parts",
    "trade_acv_cents", "products_cost_cents", "invoice_cents", "recon_cents", "holdback_cents",
    "dealer_cash_cents", "transfer_cost_cents", "floorplan_cents", "monthly_cash_cents", "acv_cents",
    "buy_factor", "lease_value_cents", "chargebacks_cents", "address_digest", "same_results",
}  # fmt: skip
NOT_FOR_CUSTOMERS = NOT_FOR_SALES | {
    "npv_cents", "stress_npv_cents", "lender", "binding", "fix", "frontier", "tier", "tier_source", "trace",
    "rejected", "rate_reason", "programme_id", "stipulations", "value", "cash_down_max_cents",
    "days_in_stock", "transfer_days", "days_supply", "monthly_income_cents", "passed_by", "reversals",
    "notes", "tasks", "locks", "holds", "approval", "lenders", "lender_status", "decision", "stipulation_id",
    "salesperson", "reasons", "more_reasons", "held_by", "held_until", "wanted_by", "npv_history", "task",
    "task_id", "proposal", "signed_by", "score", "by", "days_in_stock_min", "appraised", "covered",
    "money_factor", "lease_lender", "links", "link", "link_id", "opens", "opened_at", "last_opened_at",
    "accepted_at", "scenario", "scenarios", "scenario_id", "scenario_version", "asked", "refusal", "outdated",
}  # fmt: skip
HIDDEN = {View.MANAGER: set[str](), View.SALES: NOT_FOR_SALES, View.CUSTOMER: NOT_FOR_CUSTOMERS}
WITH_SCORES = Sight(View.SALES, (0, 50_000, 100_000, 200_000))
NOT_BESIDE_SCORES = NOT_FOR_SALES | {"npv_cents", "stress_npv_cents", "npv_history", "frontier"}
SIGHTS = {**{Sight(view): names for view, names in HIDDEN.items()}, WITH_SCORES: NOT_BESIDE_SCORES}
COLUMNS = [*MATCH_COLUMNS, *OFFER_COLUMNS, *sorted(NOT_FOR_CUSTOMERS)]
any_view = st.sampled_from(list(View))
any_sight = st.sampled_from(list(SIGHTS))
structures = values_of(Structure)


def names_in(value: Any) -> Iterator[str]:
    """Yield every field name in plain JSON, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from names_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names_in(inner)


def assert_nothing_hidden(message: bytes, sight: Sight) -> dict[str, Any]:
    decoded: dict[str, Any] = codec.decode(message)
    assert not SIGHTS[sight] & set(names_in(decoded))
    return decoded


def a_paper() -> dict[str, Any]:
    """Return a stored pencil with everything that some view hides."""
    value = {"npv_cents": 1, "stress_npv_cents": 1, "parts": {"reserve": 1}, "monthly_cash_cents": {}}
    secrets = dict.fromkeys(NOT_FOR_CUSTOMERS - {"value"}, 1)
    inside = {"products": [secrets], "cash": secrets, "lease": {"best": secrets, **secrets}}
    return {"payment_cents": 1, "value": value, **secrets, **inside}


def a_scenario(scenario: dict[str, Any], structure: dict[str, Any]) -> dict[str, Any]:
    """Return a scenario with everything that some view hides."""
    secrets = dict.fromkeys(NOT_FOR_SALES, 1)
    offer = scenario["offer"] and {**scenario["offer"], **secrets, "changes": structure | secrets}
    return {
        **scenario,
        "structure": structure | secrets,
        "changes": structure | secrets,
        "offer": offer,
        **secrets,
    }


def contracts() -> st.SearchStrategy[Contract]:
    """Draw contracts with such a pencil."""
    return values_of(Contract).map(lambda drawn: replace(drawn, quote=a_paper()))


@st.composite
def logged_events(draw: st.DrawFn) -> dict[str, Any]:
    """Draw an event in full, with every field that any view hides, also some that events do not have yet."""
    kind: type[Event] = draw(st.sampled_from(EVENT_TYPES))
    event = codec.plain(draw(values_of(kind)))
    del event["seq"]
    if "columns" in event:
        event["rows"] = 2
        event["columns"] = {name: [1, 2] for name in COLUMNS}
    for name in {"offer", "decision", "task", "approval"} & set(event):
        if event[name] is not None:
            event[name] |= dict.fromkeys(NOT_FOR_SALES, 1)
    if "proposal" in event:
        event["proposal"]["offer"] |= dict.fromkeys(NOT_FOR_SALES, 1)
        own = codec.plain(draw(structures)) | dict.fromkeys(NOT_FOR_SALES, 1)
        event["proposal"]["offer"]["changes"] = own
    if "scenario" in event:
        event["scenario"] = a_scenario(event["scenario"], codec.plain(draw(structures)))
    if "asked" in event:
        event["asked"] = codec.plain(draw(structures)) | dict.fromkeys(NOT_FOR_SALES, 1)
    if "contract" in event:
        event["contract"]["quote"] = a_paper()
    if "before" in event:
        event["before"] = codec.plain(draw(structures)) | dict.fromkeys(NOT_FOR_SALES, 1)
    if "changes" in event:
        event["changes"] = codec.plain(draw(structures)) | dict.fromkeys(NOT_FOR_SALES, 1)
    others = sorted(NOT_FOR_CUSTOMERS - {"decision", "approval", "proposal", "task", "scenario", "asked"})
    return {**event, **dict.fromkeys(draw(st.sets(st.sampled_from(others))), 1)}
