"""Stored pencils for the tests of paper, and what a PDF says."""

import re
from io import BytesIO
from typing import Any

from msgspec import UNSET
from msgspec.structs import asdict, replace
from pypdf import PdfReader

from protocol.deal.deal_parts import OfferedCar
from protocol.money.inputs import PencilInputs
from protocol.money.leasing import LeaseRequest, MoneyFactor, ResidualShare
from protocol.money.ways import QuotedLease, QuotedLeases
from protocol.records import BasisPoints, DealKind, Versions
from server.database.deals.pencils import StoredPencil
from server.finance.exact.lease import quote_lease
from server.finance.quoting import Case, quote_structure
from server.hub.commands.quoting.kept_quotes import pencil_of

CAR = OfferedCar(
    vin="2T3W1RFV8NC123456",
    stock_no="U0003553",
    year=2023,
    make="Toyota",
    model="RAV4",
    trim="XLE",
    mileage=24_123,
)
VERSIONS = Versions(inventory="1", rates="rates-1", tax="tax-1", risk="risk-1", engine="1")


def pencil(case: Case, pencil_id: str = "6100b3dd-d683-430d-9095-0c6df5c89822") -> StoredPencil:
    """Return the case's quote as it is stored."""
    made = pencil_of("17", 3, VERSIONS, case, quote_structure(case))
    fields: dict[str, Any] = {name: getattr(made, name) for name in made.__struct_fields__}
    assert isinstance(made.inputs, PencilInputs)
    return StoredPencil(**fields, pencil_id=pencil_id)


def in_cash(case: Case, pencil_id: str = "cash") -> StoredPencil:
    """Return the case as the pencil of a cash deal whose customer has the money."""
    stored = pencil(case.under(kind=DealKind.CASH, cash_down_max_cents=None), pencil_id)
    assert stored.answer.kind is DealKind.CASH
    return stored


def leased(case: Case, lease: QuotedLease, pencil_id: str = "lease") -> StoredPencil:
    """Return the case as the pencil of a lease."""
    leases = QuotedLeases(eligible=True, best=lease)
    return _paid(pencil(case, pencil_id), kind=DealKind.LEASE, lease=leases)


def lease_of(case: Case, *, msrp_cents: int, cash_cents: int, **more: Any) -> QuotedLease:
    """Return a lease of the case's car over 36 months, its fees paid at signing and its products capitalised.

    ``more`` are fields of ``LeaseRequest``.
    """
    s, sale = case.inputs.structure, case.cash_request(case.inputs.structure.discount_cents)
    request = LeaseRequest(
        term_months=36,
        msrp_cents=msrp_cents,
        residual_shares=(ResidualShare(term_months=36, mileage_max=12_000, share_bp=BasisPoints(5_700)),),
        mileage_per_year=12_000,
        price_cents=sale.price_cents,
        discount_cents=sale.discount_cents,
        rebate_cents=sale.rebate_cents,
        products_cents=sale.products_cents,
        trade_allowance_cents=sale.trade_allowance_cents,
        payoff_cents=sale.payoff_cents,
        cash_down_cents=cash_cents,
        upfront_fees_cents=s.fees_cents,
        tax_rate_bp=BasisPoints(0) if s.tax_rate_bp is None else s.tax_rate_bp,
        **{"money_factor": MoneyFactor("0.00125"), **more},
    )
    answer = asdict(quote_lease(request))
    del answer["total_with_tax_cents"]
    total = answer["payment_with_tax_cents"] * request.term_months
    return QuotedLease(
        **answer | {"total_of_payments_cents": total},
        term_months=request.term_months,
        miles_per_year=12_000,
        msrp_cents=msrp_cents,
        residual_bp=5_700.0,
        cash_down_cents=cash_cents,
        discount_cents=sale.discount_cents,
        upfront_fees_cents=s.fees_cents,
        security_deposit_cents=request.security_deposit_cents,
        acquisition_fee_cents=0,
        disposition_fee_cents=request.disposition_fee_cents,
        excess_mile_cents=25,
        lender="summit",
        programme_id="summit 36",
    )


def _paid(stored: StoredPencil, **answer: Any) -> StoredPencil:
    """Return a pencil that was stored of another kind of deal: it has no contract."""
    credit = (
        *("payment_cents", "last_payment_cents", "schedule", "apr_percent", "term_months", "rate_bp"),
        *("amount_financed_cents", "total_of_payments_cents", "lender", "programme_id", "products"),
    )
    nothing = dict.fromkeys(credit, UNSET)
    rebate = stored.inputs.structure.rebate_cents + stored.car["rebate_cents"]
    kept = replace(stored.answer, rebate_cents=rebate, **nothing, **answer)
    return replace(stored, choice=None, answer=kept)


def text_of(pdf: bytes) -> str:
    """Return the text of all pages, with single spaces."""
    pages = PdfReader(BytesIO(pdf)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))
