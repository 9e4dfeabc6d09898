"""Every text of a stored event is either erased with its customer or known to say nothing of one."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec.inspect as types
import pytest

from protocol.deal.agreed import Contract, Proposal
from protocol.deal.presenting import Acceptance, Presentation
from protocol.deal.scenarios import Scenario
from protocol.deal.structure import Structure
from protocol.events import EVENT_TYPES, Matches, Offers, SearchEnded, SearchStarted, SearchValued
from server.database.core.migrate import MIGRATIONS
from server.database.deals.pencils import Pencil
from server.privacy.stand_ins import MEANS, coarser

OF_A_SEARCH = {Matches, Offers, SearchStarted, SearchEnded, SearchValued}
STORED = [kind for kind in EVENT_TYPES if kind not in OF_A_SEARCH and kind.__name__ != "DealSummary"]
ERASED = {
    ("Customer", "name"), ("Customer", "state"), ("Customer", "facts"), ("Contract", "customer"),
    ("Acceptance", "address_digest"), ("NoteAdded", "text"),
    ("LenderStipulation", "text"), ("Scenario", "name"), ("ScenarioAdded", "source"),
    ("ScenarioChanged", "name"), ("ScenarioChanged", "title"), ("ScenarioRemoved", "title"),
    ("ScenarioUsed", "title"), ("Trade", "make"), ("Trade", "model"), ("Trade", "vin"),
    ("Trade", "lienholder"),
}  # fmt: skip
IDS = re.compile(r"(.*_)?ids?\Z|channel\Z|vehicle_id|(.*_)?versions?\Z")
SAYS_NOTHING = {
    # People of the store, and names of the catalogue, of cars in stock, of lenders and of tax rules.
    ("Actor", "name"), ("Wanting", "by"), ("VehicleChanged", "held_by"), ("Product", "name"),
    ("QuotedProduct", "name"), ("StageSpan", "name"), ("StageSpan", "of"), ("OfferedCar", "make"),
    ("OfferedCar", "model"), ("OfferedCar", "trim"), ("OfferedCar", "vin"), ("OfferedCar", "stock_no"),
    ("PencilInputs", "car_name"), ("TaxLine", "jurisdiction"), ("TaxRule", "jurisdiction"),
    ("TaxRule", "state"), ("TaxRule", "postal_prefix"), ("StateLimit", "state"), ("StateLimit", "source"),
    ("Structure", "declined_products"), ("Product", "packages"), ("Product", "taxable_in"),
    ("ScenarioRefusal", "message"), ("ValueFailed", "message"), ("CustomerChanged", "fields"),
}  # fmt: skip
NAMES = {
    *(
        "binding",
        "engine",
        "excluded_rebates",
        "field",
        "incomplete",
        "inventory",
        "leases",
        "lender",
        "lenders",
    ),
    *(
        "limit",
        "limits",
        "products",
        "provider",
        "rates",
        "risk",
        "tax",
        "status",
        "stipulations",
        "pencil_id",
    ),
    # What is inside follows the rules of a structure.
    *("asked", "before", "changes", "structure", "quote", "parts"),
}


def texts_of(
    kind: Any, owner: str = "", field: str = "", seen: set[Any] | None = None
) -> Iterator[tuple[str, str]]:
    """Yield each field that holds a free text, or what no type describes, with the struct that has it."""
    seen = set() if seen is None else seen
    match kind:
        case types.StructType():
            if kind.cls in seen:
                return
            seen.add(kind.cls)
            for one in kind.fields:
                yield from texts_of(one.type, kind.cls.__name__, one.name, seen)
        case types.UnionType():
            for one in kind.types:
                yield from texts_of(one, owner, field, seen)
        case types.ListType() | types.VarTupleType() | types.SetType():
            yield from texts_of(kind.item_type, owner, field, seen)
        case types.TupleType():
            for one in kind.item_types:
                yield from texts_of(one, owner, field, seen)
        case types.DictType():
            yield from texts_of(kind.value_type, owner, field, seen)
        case types.StrType() | types.AnyType():
            yield owner, field


def test_each_text_is_erased_or_says_nothing() -> None:
    """Whoever adds a text to an event says here what becomes of it, and teaches without_person if it goes."""
    found: set[tuple[str, str]] = set()
    for kind in (*STORED, Structure, Proposal, Contract, Acceptance, Presentation, Scenario, Pencil):
        found |= set(texts_of(types.type_info(kind)))
    unknown = {one for one in found - ERASED - SAYS_NOTHING if one[1] not in NAMES and not IDS.match(one[1])}
    assert unknown == set()
    assert found - (found - ERASED) == ERASED


def test_the_database_knows_the_names_that_are_erased() -> None:
    """Each field that goes is named in the function that erases."""
    text = (MIGRATIONS / "0034_erasure.sql").read_text(encoding="utf-8")
    body = text.partition("CREATE FUNCTION without_person")[2].partition("END $$;")[0]
    inside = {("Customer", "state"), ("Customer", "facts")}  # replaced with the customer
    assert {
        field for owner, field in ERASED if (owner, field) not in inside and f"'{field}'" not in body
    } == set()


@pytest.mark.parametrize("name", MEANS)
def test_what_stands_in_tells_less_and_less_coarsely(name: str) -> None:
    """Nothing comes first; then ever finer steps, all below the number."""
    first, *others = coarser(name, 7_654_321)
    assert not first
    assert others == sorted(others) and all(isinstance(one, int) and one < 7_654_321 for one in others)
