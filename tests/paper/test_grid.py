"""The payment grid on customers' paper: every cell is a whole contract of one program and one discount."""

from io import BytesIO
from itertools import pairwise

import msgspec
import pytest
from pypdf import PdfReader

from protocol import disclosures
from protocol.deal.structure import Structure
from protocol.records import BasisPoints
from server.database.deals.pencils import StoredPencil
from server.finance.quoting import Case, quote_structure
from server.paper.cars import PaymentGrid
from server.paper.payment_grid import cash_beside, payment_grid
from server.paper.printing import GridTables, PrintedCar, print_paper
from tests.finance.cases import model, sheet
from tests.finance.quoting.asked import ROWS, WISH, case
from tests.paper.pencils import CAR, in_cash, pencil, text_of
from tests.paper.test_page import HEADING

TABLES = GridTables(sheet(*ROWS), model())


def grid_of(stored: StoredPencil) -> PaymentGrid:
    """Return the grid of a pencil of the usual tables."""
    found = payment_grid(stored, TABLES.sheet, TABLES.model)
    assert found is not None
    return found


def printed(structure: Structure, tables: GridTables | None = TABLES) -> bytes:
    """Return the proposal of a car under a structure."""
    return print_paper(HEADING, [PrintedCar(pencil(case(structure)), CAR, tables)])


def alone(base: Case, term: int, cash: int, discount: int, programme_id: str) -> Case:
    """Return the case with nothing left to choose."""
    fixed = msgspec.structs.replace(
        base.inputs.structure,
        term_months=term,
        cash_down_cents=cash,
        cash_down_max_cents=cash,
        discount_cents=discount,
        payment_max_cents=None,
    )
    return case(fixed, [row for row in ROWS if row.programme_id == programme_id])


def test_every_cell_is_the_quote_of_its_term_and_cash() -> None:
    """Payment, total and APR are those of a quote that states term, cash, discount and program; the paper's
    own cell is the paper's payment.
    """
    stored = pencil(case(WISH))
    grid, answer = grid_of(stored), stored.answer
    assert stored.choice is not None
    assert [row.term_months for row in grid.rows] == WISH.terms_months
    for row in grid.rows:
        for cash, cell in zip(grid.cash_down_cents, row.cells, strict=True):
            assert cell is not None
            fixed = alone(
                case(WISH), row.term_months, cash, stored.choice.discount_cents, stored.choice.programme_id
            )
            told = quote_structure(fixed).answer
            assert (cell.payment_cents, cell.total_of_payments_cents, cell.apr_percent) == (
                told.payment_cents,
                told.total_of_payments_cents,
                told.apr_percent,
            )
    own = next(row for row in grid.rows if row.term_months == grid.term_months).cells[grid.column]
    assert own and (own.payment_cents, own.total_of_payments_cents) == (
        answer.payment_cents,
        answer.total_of_payments_cents,
    )


def test_payments_fall_with_cash_and_term_and_the_total_rises_with_the_term() -> None:
    """What the disclosure says of the grid is true of it."""
    rows = [[cell for cell in row.cells if cell] for row in grid_of(pencil(case(WISH))).rows]
    for row in rows:
        payments = [cell.payment_cents for cell in row]
        assert payments == sorted(payments, reverse=True)
    for shorter, longer in pairwise(rows):
        for one, other in zip(shorter, longer, strict=True):
            assert one.payment_cents > other.payment_cents
            assert one.total_of_payments_cents < other.total_of_payments_cents


def test_the_grid_is_on_the_proposal() -> None:
    """Each payment with its APR and its total, the terms, and what a longer one means; on one page."""
    stored = pencil(case(WISH))
    pdf = printed(WISH)
    text = text_of(pdf)
    assert len(PdfReader(BytesIO(pdf)).pages) == 1
    for row in grid_of(stored).rows:
        assert f"{row.term_months} months" in text
        for cell in row.cells:
            assert cell is not None
            total = cell.total_of_payments_cents / 100
            assert f"${cell.payment_cents / 100:,.2f} {cell.apr_percent:.2f} % · ${total:,.2f}" in text
    assert disclosures.LONGER_TERM in text
    assert stored.choice and stored.choice.lender not in text


def test_one_term_is_no_longer_term() -> None:
    """Where terms do not differ, nothing is said of longer ones; the cash still has its columns."""
    text = text_of(printed(msgspec.structs.replace(WISH, terms_months=[60])))
    assert "Payment by term and cash down" in text
    assert disclosures.LONGER_TERM not in text


def test_papers_without_a_grid() -> None:
    """A comparison, a cash deal and a signed deal have none."""
    assert "Payment by term" not in text_of(printed(WISH, None))
    cars = [PrintedCar(pencil(case(WISH), name), CAR, TABLES) for name in ("one", "two")]
    assert "Payment by term" not in text_of(print_paper(HEADING, cars))
    paid = in_cash(case(WISH))
    assert "Payment by term" not in text_of(print_paper(HEADING, [PrintedCar(paid, CAR, TABLES)]))


def test_what_the_lender_does_not_take_is_a_dash() -> None:
    """A term without a row, and cash that pays for the car."""
    rows = [row for row in ROWS if row.term_months != 72]
    wish = msgspec.structs.replace(WISH, rate_bp=None, tax_rate_bp=BasisPoints(0))
    stored = pencil(case(wish, rows))
    grid = payment_grid(stored, sheet(*rows), model())
    assert grid is not None
    assert [all(cell is None for cell in row.cells) for row in grid.rows] == [False, False, True]


def test_cash_that_the_lender_takes_for_no_term_has_no_column() -> None:
    """A lender that wants more down than the trade brings: the offer's cash is the least that it takes."""
    rows = [msgspec.structs.replace(row, down_min_cents=4_000_00) for row in ROWS]
    stored = pencil(case(WISH, rows))
    grid = payment_grid(stored, sheet(*rows), model())
    assert grid is not None and grid.column == 0
    assert grid.cash_down_cents[0] == stored.answer.cash_down_cents
    assert all(cell is not None for row in grid.rows for cell in row.cells)


@pytest.mark.parametrize(
    ("own", "columns"),
    [
        (0, [0, 500, 1_000]),
        (200, [0, 200, 500, 1_000]),
        (500, [0, 500, 1_000, 1_500]),
        (2_250, [1_500, 2_000, 2_250, 2_500, 3_000]),
        (2_500, [1_500, 2_000, 2_500, 3_000, 3_500]),
    ],
)
def test_the_columns_are_round_amounts_beside_the_offers_own(own: int, columns: list[int]) -> None:
    """Two steps on either side, and never below nothing."""
    assert cash_beside(own * 100, 500_00) == [cash * 100 for cash in columns]
