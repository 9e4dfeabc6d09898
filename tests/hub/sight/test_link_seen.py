"""A customer's own connection: what the deal presents, what was accepted, and no more."""

from typing import Any

import pytest
from hypothesis import given

from protocol import codec
from protocol.deal.presenting import Acceptance, CellFigures
from protocol.deal.structure import Structure
from protocol.events import EVENT_TYPES, Customer, DealSnapshot, kind_of
from protocol.records import DealState, Role, View
from server.database.deals.deal_parts import DealParts
from server.database.people.users import Account
from server.hub.channels.live_deal import HeldDeal
from server.hub.joining.snapshot import snapshot_of
from server.hub.sight import link_seen, views
from server.hub.sight.sight import Sight, sight_of
from server.log.channel_log import Entry
from tests.hub.sight.hidden import assert_nothing_hidden, logged_events, names_in, structures
from tests.hub.sight.test_views import SEARCH, a_deal, all_parts

LINK = sight_of(View.CUSTOMER, Account("l1", "", "Customer", Role.CUSTOMER, "riverside"))
TURNED = Sight(View.CUSTOMER)
"""The screen of the store, turned to the customer."""

OF_ACCEPTANCE = set(Acceptance.__struct_fields__) - {"by", "link_id", "address_digest"}


@given(logged_events())
def test_an_event_is_the_presentation_or_nothing(event: dict[str, Any]) -> None:
    """Whatever happens, a page counts it; it learns what it presents and what was accepted, and of all else
    not even what it was.
    """
    raw = views.project_event(Entry("e", 7, codec.encode(event)), LINK)
    sent: dict[str, Any] = codec.decode(raw)
    assert {name: sent.pop(name) for name in ("channel", "seq", "at")} == {
        "channel": event["channel"],
        "seq": 7,
        "at": event["at"],
    }
    match event["type"]:
        case "presentation_changed":
            assert sent == {"type": "presentation_changed", "presentation": event["presentation"]}
        case "customer_accepted":
            assert set(sent) == {"type", "acceptance"}
            assert set(sent["acceptance"]) == OF_ACCEPTANCE
        case kind:
            outdated = {"outdated": True} if kind in link_seen.OUTDATING else {}
            assert sent == {"type": "hidden", **outdated}


@pytest.mark.parametrize("sight", [LINK, TURNED], ids=["link", "screen"])
def test_an_acceptance_is_what_was_accepted(sight: Sight) -> None:
    """Not by which link, from where, or who of the store recorded it."""
    record = dict.fromkeys(Acceptance.__struct_fields__, 1)
    event = {"type": "customer_accepted", "channel": "deal:1", "at": "t", "by": {"id": "u"}}
    raw = views.project_event(Entry("e", 7, codec.encode(event | {"acceptance": record})), sight)
    sent = codec.decode(raw)
    assert set(sent) == {"type", "channel", "at", "seq", "acceptance"}
    assert set(sent["acceptance"]) == OF_ACCEPTANCE


def test_events_that_outdate_the_presentation_exist() -> None:
    """A renamed event would leave pages with old figures."""
    known = {kind_of(kind) for kind in EVENT_TYPES}
    assert known >= link_seen.OUTDATING
    assert known >= set(link_seen.SHOWN)


@given(structures, all_parts)
def test_a_snapshot_is_the_presentation(structure: Structure, parts: DealParts) -> None:
    """No terms, no offers, no search, no history, no ids of people; nor what the desk thinks of it."""
    snapshot = codec.plain(snapshot_of(HeldDeal.of(a_deal(structure), parts), SEARCH, LINK))
    assert set(snapshot) == {"deal", "search"}
    assert snapshot["search"] is None
    deal = assert_nothing_hidden(codec.encode(snapshot), TURNED)["deal"]
    assert deal["structure"] == {}
    assert (deal["selected"], deal["pins"], deal["fulfilment"]) == (None, [], None)
    assert deal["customer"] == {"id": "", "name": "Ann"}
    assert deal["state"] in {"working", "signed", "lost"}
    assert set(deal) == {
        *("id", "version", "state", "customer", "structure", "selected", "pins", "fulfilment"),
        *("presentation", "acceptances"),
    }
    assert not {"by", "link_id", "address_digest"} & set(names_in(deal["acceptances"]))


def test_states_between_salesperson_and_desk_are_not_told() -> None:
    """That the desk declined is for the salesperson to say; that it is over shows on the page."""
    who = Customer(id="c", name="A")
    deals = [DealSnapshot(id="d", version=1, state=state, customer=who, structure={}) for state in DealState]
    told = {deal.state: link_seen.deal_seen_by_link(deal).state for deal in deals}
    assert {state: got for state, got in told.items() if got is not DealState.WORKING} == {
        DealState.SIGNED: DealState.SIGNED,
        DealState.LOST: DealState.LOST,
    }


def test_a_refusal_with_figures_has_those_of_the_page() -> None:
    """What the page may show is figures; the record type has no other field."""
    assert set(CellFigures.__struct_fields__) == {
        *("total_cents", "payment_cents", "apr_percent", "amount_financed_cents"),
        *("finance_charge_cents", "due_at_signing_cents"),
    }
