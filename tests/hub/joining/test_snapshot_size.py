"""The reply to a join fits a message, whatever people have written to the deal.

What people send is as long as commands allow, in characters of four bytes; what a store's owner set up
(names, programmes, cars) is longer than it ever is.
"""

import datetime as dt
import uuid
from dataclasses import replace
from typing import Any

from protocol import codec
from protocol.commands.desk import MAX_NOTE_CHARACTERS
from protocol.deal.agreed import Contract, FiguresChange, Proposal, figures_of
from protocol.deal.deal_parts import (
    Approval,
    DealNote,
    DealOffer,
    DealTask,
    FieldLock,
    LenderStipulation,
    LenderTerms,
    OfferedCar,
    VehicleHold,
)
from protocol.deal.structure import Structure
from protocol.deal.workflow import CREDIT_REASONS, MAX_REASONS, Fulfilment, LenderStatus, Reason, TaskKind
from protocol.deal_fold import KEPT_TASKS, kept_notes
from protocol.events import MAX_MESSAGE_BYTES, JoinReply, Present, Reply
from protocol.money.quotes import QuotedStructure
from protocol.records import Actor, DealState, Filters, Role, Sort, Tier, Versions, View
from server.database.deals.deal_parts import DealParts
from server.database.deals.deals import CustomerRecord, Deal
from server.database.deals.story import Told, kept_story
from server.database.decisions.agreement.lenders import LENDERS_BYTES, lenders_bytes
from server.database.decisions.agreement.offers import MAX_PINS, PINS_BYTES
from server.database.decisions.edits.claims import MAX_HOLDS
from server.database.people.staff import MAX_NAME_BYTES
from server.finance.rules.limits import Limit
from server.hub.channels.live_deal import HeldDeal
from server.hub.joining.snapshot import snapshot_of
from server.hub.sight.sight import Sight
from server.log.search_log import SearchState
from server.search.screening.rejections import MOST_CENTS, STEP_CENTS

WIDE = "\N{AUTOMOBILE}"
NOW = dt.datetime(2026, 3, 2, 12, 30, 15, 123456, tzinfo=dt.UTC)
PEOPLE_AT_ONCE = 100
LARGEST_CENTS = 100_000_000_00
CASH_LIMITS = (Limit.PAYMENT_MAX, Limit.PTI, Limit.DTI, Limit.LTV_FRONT, Limit.LTV_TOTAL, Limit.AMOUNT_MAX)


def an_id() -> str:
    return str(uuid.uuid4())


ACTOR = Actor(id=an_id(), name="n" * MAX_NAME_BYTES, role=Role.DESK_MANAGER)
STRUCTURE = Structure(
    **{name: LARGEST_CENTS for name in Structure.__struct_fields__ if name.endswith("_cents")},
    terms_months=list(range(109, 121)),
)


def an_offer() -> DealOffer:
    """Return an offer that sets every field of the structure for itself."""
    return DealOffer(
        offer_id=an_id(),
        vehicle_id="9" * 19,
        rev=2**40,
        car=OfferedCar(vin="V" * 17, stock_no="S" * 40, year=2026, make="M" * 40, model="O" * 40,
                       trim="T" * 80, mileage=2_000_000),
        deal_version=2**40,
        changes=codec.plain(STRUCTURE),
        **dict.fromkeys(("price_cents", "payment_cents", "cash_down_cents", "discount_cents"), LARGEST_CENTS),
        term_months=120,
        rate_bp=1234.56,
        apr_percent=12.345678901234567,
        principal_cents=LARGEST_CENTS,
        programme_id="p" * 200,
        lender="l" * 200,
        tier=Tier.DEEP_SUBPRIME,
        stipulations=["s" * 200] * 20,
        npv_cents=-LARGEST_CENTS,
        stress_npv_cents=-LARGEST_CENTS,
        versions=Versions(inventory="9" * 19, rates="r" * 200, tax="t" * 200, risk="k" * 200, engine="e"),
        asked_programme_id="a" * 64,
        pencil_id=an_id(),
    )  # fmt: skip


def some_pins() -> list[DealOffer]:
    """Return as many offers as may be pinned, or as fit."""
    fitting = PINS_BYTES // len(codec.encode(an_offer()))
    return [an_offer() for _ in range(min(fitting + 1, MAX_PINS))]


def a_decision(stipulations: int) -> LenderTerms:
    text = WIDE * 200
    return LenderTerms(
        decision_id=an_id(),
        lender=WIDE * 64,
        status=LenderStatus.CONDITIONAL,
        tier=Tier.DEEP_SUBPRIME,
        rate_bp=1234.56,
        advance_max_cents=LARGEST_CENTS,
        term_months=120,
        stipulations=[LenderStipulation(id=an_id(), text=text, cleared_by=None) for _ in range(stipulations)],
        expires_at=NOW,
        reasons=[],
    )


def some_lenders() -> tuple[LenderTerms, ...]:
    """Return as many decisions as a deal keeps, with all stipulations cleared meanwhile."""
    found: tuple[LenderTerms, ...] = ()
    for stipulations in (20, 10, 5, *[0] * 100):
        more = (*found, a_decision(stipulations))
        if lenders_bytes(more) <= LENDERS_BYTES:
            found = more
    return tuple(_cleared(each) for each in found)


def _cleared(terms: LenderTerms) -> LenderTerms:
    done = [LenderStipulation(id=each.id, text=each.text, cleared_by=ACTOR) for each in terms.stipulations]
    return LenderTerms(
        **{name: getattr(terms, name) for name in terms.__struct_fields__} | {"stipulations": done}
    )


def notes_of(text: str) -> list[DealNote]:
    return kept_notes([DealNote(id=an_id(), text=text, by=ACTOR, at=NOW) for _ in range(300)])


def a_proposal() -> Proposal:
    """Return a proposal that changes every field of the structure."""
    change = FiguresChange(old=figures_of(an_offer()), new=figures_of(an_offer()))
    return Proposal(offer=an_offer(), figures=change, reason=max(Reason, key=len), by=ACTOR, at=NOW)


def a_contract() -> Contract:
    """Return a contract whose pencil has every field of a quote but schedule and stipulations."""
    offer = an_offer()
    texts = {
        "lender": "l" * 200,
        "taxes": [{"jurisdiction": "j" * 80, "tax_cents": LARGEST_CENTS}] * 8,
        "value": {"npv_cents": LARGEST_CENTS, "parts": {f"part_{n}": LARGEST_CENTS for n in range(20)}},
    }
    amounts = dict.fromkeys((name for name in QuotedStructure.__struct_fields__), LARGEST_CENTS)
    del amounts["schedule"], amounts["stipulations"]
    return Contract(
        pencil_id=an_id(),
        vehicle_id=offer.vehicle_id,
        rev=offer.rev,
        car=offer.car,
        figures=figures_of(offer),
        quote=amounts | texts,
        versions=Versions(inventory="9" * 19, rates="r" * 200, tax="t" * 200, risk="k" * 200, engine="e"),
        signed_by=ACTOR,
        signed_at=NOW,
    )


def a_told(no: int) -> Told:
    """Return an event that is as long as a note may be."""
    event = {"type": "note_added", "at": NOW, "id": an_id(), "text": WIDE * MAX_NOTE_CHARACTERS}
    return Told(no, codec.encode({**event, "by": ACTOR}))


def full_parts() -> DealParts:
    """Return everything that a deal may consist of, at once."""
    longest = sorted(CREDIT_REASONS, key=len)[-MAX_REASONS:]
    task = DealTask(
        id=an_id(), kind=TaskKind.ADVERSE_ACTION_NOTICE, reasons=longest, due_on=NOW.date(), done_by=ACTOR
    )
    return DealParts(
        last_no=2**40,
        selected=an_offer(),
        selected_outdated=False,
        pins=some_pins(),
        locks=[FieldLock(field=name, by=ACTOR) for name in Structure.__struct_fields__],
        holds=[VehicleHold(vehicle_id="9" * 19, until=NOW, by=ACTOR) for _ in range(MAX_HOLDS)],
        notes=notes_of(WIDE * MAX_NOTE_CHARACTERS),
        tasks=[task] * KEPT_TASKS,
        approval=Approval(
            deal_version=2**40, vehicle_id="9" * 19, rev=2**40, offer_id=an_id(), rates="r" * 200, by=ACTOR
        ),
        fulfilment=Fulfilment.DELIVERED,
        agreed=figures_of(an_offer()),
        contract=a_contract(),
        story=kept_story([a_told(no) for no in range(1, 100)]),
    )


DEAL = Deal(
    id=an_id(),
    store_id="s",
    group_id="g",
    state=DealState.SUBMITTED,
    version=2**40,
    last_no=2**40,
    structure=STRUCTURE,
    salesperson=ACTOR,
    customer=CustomerRecord(an_id(), "c" * 200, "OH", LARGEST_CENTS, 0, 700),
    standard_markup_bp=100.0,
    npv_floor_cents=0,
    lenders=some_lenders(),
)
STEPS = [[step, 20_000] for step in range(0, MOST_CENTS + 1, STEP_CENTS)]
FIX = {"kind": "cash", "cash_cents": MOST_CENTS, "opens": 20_000}
SEARCH = SearchState(
    search_id=an_id(),
    filters=Filters(
        **dict.fromkeys(("makes", "models", "bodies", "fuels"), [WIDE * 64] * 50),  # type: ignore[arg-type]
        text=WIDE * 100,
    ),
    sort=Sort.DAYS_IN_STOCK_DESC,
    limit=20_000,
    deal_version=2**40,
    by=ACTOR,
    next="n" * 64,
    rejected=[
        {
            "limit": limit.name.lower(),
            "cars": 20_000,
            "fix": FIX,
            "cash_steps": STEPS if limit in CASH_LIMITS else [],
        }
        for limit in Limit
    ],
    trace={f"stage_{number}": 123456.789 for number in range(20)},
)
HERE = [
    Present(user_id=an_id(), name=ACTOR.name, role=Role.SALESPERSON, focus="taxable_products_cents")
    for _ in range(PEOPLE_AT_ONCE)
]


def join_reply(parts: DealParts) -> bytes:
    """Return a join's reply as a manager gets it."""
    snapshot = snapshot_of(HeldDeal.of(DEAL, parts), SEARCH, Sight(View.MANAGER), HERE)
    answer = JoinReply(epoch="e" * 80, seq=2**40, recovered=False, view=View.MANAGER, snapshot=snapshot)
    return codec.encode(Reply(ref=2**53 - 1, ok=True, data=codec.plain(answer)))


def test_the_fullest_deal_can_be_joined() -> None:
    """Notes, lenders, pins, locks, tasks, filters, all at their limits: one message of at most 256 KiB."""
    signed = full_parts()
    countered = replace(signed, contract=None, proposal=a_proposal())
    for parts in (signed, countered):
        assert len(join_reply(parts)) <= MAX_MESSAGE_BYTES


def test_a_story_takes_what_the_rest_leaves() -> None:
    """Of a deal that is not full: the latest events up to their own bound, and that there are more."""
    parts = replace(full_parts(), notes=[], contract=None)
    snapshot = snapshot_of(HeldDeal.of(DEAL, parts), SEARCH, Sight(View.MANAGER), HERE)
    assert snapshot.history
    assert [event["no"] for event in snapshot.history.events] == [told.no for told in parts.story]
    assert len(parts.story) > 1 and snapshot.history.more


def test_no_text_makes_notes_longer_than_they_may_be() -> None:
    """Also where a character takes more as it is sent, as quotes and newlines do; six bytes in old notes."""
    parts: Any = full_parts()
    for character in ("x", "\n", '"', "\u2028", WIDE, "\x01"):
        told = replace(parts, notes=notes_of(character * MAX_NOTE_CHARACTERS))
        assert len(join_reply(told)) <= MAX_MESSAGE_BYTES
