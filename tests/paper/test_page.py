"""The page of customers' paper: what it says, and what it never says."""

import datetime as dt
from io import BytesIO

import msgspec
import pytest
from pypdf import PdfReader

from protocol import disclosures
from protocol.deal.structure import Structure
from server.paper.printing import Heading, PrintedCar, print_paper
from tests.finance.quoting.asked import WISH, case
from tests.paper.pencils import CAR, pencil, text_of

HEADING = Heading("Riverside", "Lin Moore", "Rosa Silva", "0d0a1c3e", dt.date(2026, 1, 15))


def heading_for(name: str) -> Heading:
    """Return the heading for a customer of that name."""
    return Heading("Riverside", name, "Rosa Silva", "0d0a1c3e", dt.date(2026, 1, 15))


def printed(*structures: Structure, heading: Heading = HEADING) -> bytes:
    """Return the paper of one car under each structure."""
    cars = [
        PrintedCar(
            pencil(case(structure), f"pencil-{number}"), msgspec.structs.replace(CAR, stock_no=f"U{number}")
        )
        for number, structure in enumerate(structures)
    ]
    return print_paper(heading, cars)


def test_a_proposal_says_what_a_customer_must_read() -> None:
    """Payment with APR, term and total; itemization; total sale price; assumptions; disclosures; version."""
    answer = pencil(case(WISH)).answer
    assert isinstance(answer.payment_cents, int) and isinstance(answer.total_of_payments_cents, int)
    text = text_of(printed(WISH))
    for said in (
        *("Riverside", "Lin Moore", "Rosa Silva", "Proposal", "2023 Toyota RAV4 XLE", CAR.vin),
        *(f"${answer.payment_cents / 100:,.2f} a month", f"APR {answer.apr_percent:.2f} %"),
        f"total of payments ${answer.total_of_payments_cents / 100:,.2f}",
        *("Itemization of amount financed", "Doc fee $299.00", "Trade-in allowance -$4,500.00"),
        *("Trade-in payoff $3,000.00", "Rebate -$500.00", "Total sale price", "Payment without it"),
        *(disclosures.ESTIMATE, disclosures.OPTIONAL, disclosures.TEXT_VERSION, "pencil-0"),
        *("a trade-in allowance of $4,500.00 with a payoff of $3,000.00", "Jan 22, 2026", "Customer, date"),
    ):
        assert said in text, said


def test_a_comparison_shows_its_cars_side_by_side() -> None:
    """Each car has its column; where terms differ it says what that means; nothing is there to sign."""
    text = text_of(printed(WISH, msgspec.structs.replace(WISH, terms_months=[48])))
    assert "Comparison of 2 cars" in text
    assert "Stock U0 Stock U1" in text
    assert disclosures.LONGER_TERM in text
    assert "Customer, date" not in text
    assert disclosures.LONGER_TERM not in text_of(printed(WISH, WISH))


def test_nothing_internal_is_on_paper() -> None:
    """Amounts that only the house knows are each of their own kind here, and none is printed."""
    secret = case(
        msgspec.structs.replace(WISH, trade_acv_cents=412_345, products_cost_cents=71_234),
        score=713,
        npv_floor_cents=-98_765_43,
        standard_markup_bp=137.0,
    )
    stored = pencil(secret)
    value = stored.answer.value
    assert not isinstance(value, msgspec.UnsetType) and stored.choice is not None
    hidden = [412_345, 71_234, value.npv_cents, value.stress_npv_cents, *dict(value.parts or {}).values()]
    hidden += [
        stored.car[name] for name in ("cost_cents", "invoice_cents", "wholesale_cents", "holdback_cents")
    ]
    shown = {stored.answer.price_cents}
    text = text_of(print_paper(HEADING, [PrintedCar(stored, CAR)]))
    for cents in hidden:
        assert isinstance(cents, int)
        if cents and cents not in shown:
            assert f"{abs(cents) / 100:,.2f}" not in text, cents
    for word in ("713", "NPV", "reserve", "buy rate", "prime", stored.choice.lender):
        assert word.lower() not in text.lower(), word


def test_equal_papers_are_equal_bytes() -> None:
    """Nothing of the clock or of chance is in a file."""
    assert printed(WISH, WISH) == printed(WISH, WISH)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Nguyễn Thị Lín Møller", "Nguyễn Thị Lín Møller"),
        ("Ольга Ким", "Ольга Ким"),
        ("<b>Bobby</b> & <img src='x'/>", "<b>Bobby</b> & <img src='x'/>"),
        ("李 Lin", "? Lin"),
    ],
)
def test_names_are_printed_as_they_are(name: str, said: str) -> None:
    """Letters of other scripts print, markup is text, and what the font lacks is marked."""
    assert said in text_of(printed(WISH, heading=heading_for(name)))


def test_three_cars_fit_on_one_page() -> None:
    """A comparison with trade, products and two taxes is a single page."""
    assert len(PdfReader(BytesIO(printed(WISH, WISH, WISH))).pages) == 1
