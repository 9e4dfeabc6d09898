"""A car in stock and a deal, of which quotes are asked."""

from typing import Any

from protocol import codec
from protocol.deal.structure import Structure, StructureChanges
from protocol.money.lending import Disposition, Programme, Rounding, TaxBase, TaxRule
from protocol.money.quotes import WarningCode
from protocol.records import BasisPoints
from server.finance.quoting import (
    Case,
    quote_structure,
    quote_warnings,
)
from tests.finance.cases import car, inputs, model, programme, sheet

TERMS = [48, 60, 72]
ROWS = [
    programme(programme_id=name, lender=name, term_months=term, disposition=disposition, **more)
    for term in TERMS
    for name, disposition, more in (
        ("harbor", Disposition.HELD, {"buy_rate_bp": 640.0 + term, "acquisition_cents": 20_000}),
        ("summit", Disposition.SOLD, {"buy_rate_bp": 610.0 + term, "lender_fee_cents": 9_900}),
    )
]
WISH = Structure(
    terms_months=TERMS,
    fees_cents=79_900,
    doc_fee_cents=29_900,
    products_cents=180_000,
    cash_down_cents=100_000,
    cash_down_max_cents=600_000,
    trade_allowance_cents=450_000,
    trade_acv_cents=420_000,
    payoff_cents=300_000,
    trade_credit=True,
    tax_rate_bp=BasisPoints(725),
    rebate_cents=50_000,
)
RULES = (
    TaxRule(jurisdiction="state", state="OH", rate_bp=575.0),
    TaxRule(
        jurisdiction="county",
        state="OH",
        rate_bp=112.5,
        base=TaxBase.FULL_PRICE,
        base_cap_cents=1_000_000,
        rounding=Rounding.UP,
    ),
)


def case(structure: Structure = WISH, rows: list[Programme] | None = None, **more: Any) -> Case:
    """Return a case of a used car, with changes to the deal's inputs."""
    numbers = more.pop("numbers", car())
    return Case(inputs(structure, **more), numbers, sheet(*(ROWS if rows is None else rows)), model())


def under(base: Case, **changes: Any) -> Case:
    """Return the case with changes as a client sends them."""
    return base.under(**dict(codec.convert(StructureChanges, changes).items()))


def only(subject: Case, programme_id: str) -> Case:
    """Return the case with one programme only."""
    return Case(subject.inputs, subject.numbers, subject.sheet, subject.model, programme_id)


def warned(subject: Case, *, desk: bool = True) -> dict[WarningCode, str]:
    """Return the warnings of a case's quote."""
    found = quote_warnings(subject, quote_structure(subject), desk=desk)
    return {each.code: each.message for each in found}
