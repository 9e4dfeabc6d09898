"""Stored pencils for the tests of paper, and what a PDF says."""

import re
from io import BytesIO
from typing import Any

from pypdf import PdfReader

from protocol.deal.deal_parts import OfferedCar
from protocol.money.inputs import PencilInputs
from protocol.records import Versions
from server.database.deals.pencils import StoredPencil
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


def text_of(pdf: bytes) -> str:
    """Return the text of all pages, with single spaces."""
    pages = PdfReader(BytesIO(pdf)).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))
