"""What a customer's screen shows: the paper's figures, and cells around them that are whole quotes."""

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from protocol.deal.presenting import ShownCell, ShownWay
from protocol.deal.structure import Structure
from protocol.records import BasisPoints, DealKind
from server.database.deals.pencils import StoredPencil
from server.finance.quoting import Case, quote_structure
from server.paper.figures import car_figures
from server.paper.payment_grid import payment_grid
from server.paper.screen.shown import ToShow, cash_around, headline_of, shown_ways, terms_around, trade_of
from tests.finance.cases import car, inputs, model, programme, sheet
from tests.finance.leasing.random_leases import row
from tests.finance.leasing.random_leases import sheet as lease_sheet
from tests.finance.quoting.asked import ROWS, WISH, case
from tests.paper.pencils import CAR, in_cash, pencil

SHEET, MODEL = sheet(*ROWS), model()
LEASES = lease_sheet(*(row(term_months=term, residual_bp=6_000 - 20 * term) for term in (24, 36, 48)))


def shown(stored: StoredPencil, kind: DealKind = DealKind.FINANCE, **more: object) -> ShownWay:
    """Return a way that a pencil can be shown in."""
    found = shown_ways([ToShow(kind, stored, CAR, SHEET, MODEL, **more)])[0]  # type: ignore[arg-type]
    assert found is not None
    return found


def leasing() -> Case:
    """Return the case of a new car on lease."""
    deal = inputs(
        Structure(
            kind=DealKind.LEASE,
            fees_cents=1_200_00,
            tax_rate_bp=BasisPoints(725),
            terms_months=[24, 36, 48],
            cash_down_cents=200_000,
            cash_down_max_cents=400_000,
        ),
        all_kinds=True,
    )
    numbers = car(price_cents=2_100_000, msrp_cents=2_300_000, is_new=1)
    return Case(deal, numbers, sheet(programme()), MODEL, leases=LEASES)


def figures(way: ShownWay) -> list[list[tuple[int | None, int] | None]]:
    """Return payment and total of each cell."""
    return [
        [None if cell is None else (cell.figures.payment_cents, cell.figures.total_cents) for cell in cells]
        for cells in way.cells
    ]


def test_the_screen_s_figures_are_the_paper_s() -> None:
    """The own cell is what the paper prints; where the grids of both meet, they are equal."""
    stored = pencil(case(WISH))
    way, printed = shown(stored), car_figures(stored, CAR)
    grid = payment_grid(stored, SHEET, MODEL)
    assert grid is not None
    assert way.own.figures.payment_cents == printed.paid_cents
    assert way.own_place is not None
    assert way.cells[way.own_place.row][way.own_place.column] == way.own
    assert [line.cents for line in way.lines] == [line.cents for line in printed.lines if line.cents]
    assert sum(line.cents for line in way.lines) == way.own.figures.amount_financed_cents
    met = 0
    for grid_row in grid.rows:
        for cash, printed_cell in zip(grid.cash_down_cents, grid_row.cells, strict=True):
            if grid_row.term_months in way.terms_months and cash in way.cash_down_cents:
                cell = way.cells[way.terms_months.index(grid_row.term_months)][
                    way.cash_down_cents.index(cash)
                ]
                assert cell is not None and printed_cell is not None
                assert (cell.figures.payment_cents, cell.figures.apr_percent) == (
                    printed_cell.payment_cents,
                    printed_cell.apr_percent,
                )
                met += 1
    assert met == len(way.terms_months) * len(way.cash_down_cents) == 9


def test_the_asked_terms_and_cash_are_shown_in_order() -> None:
    """Each once; the deal's own cell is elsewhere then, and is there all the same."""
    stored = pencil(case(WISH))
    way = shown(stored, terms_months=[72, 48], cash_down_cents=[555_000, 0])
    assert (way.terms_months, way.cash_down_cents) == ([48, 72], [0, 555_000])
    assert way.own_place is None
    assert way.own == shown(stored).own
    none_down, much_down = way.cells[1]
    assert none_down is not None and much_down is not None
    assert (none_down.figures.payment_cents or 0) > (much_down.figures.payment_cents or 0)


def test_a_lease_shows_what_its_program_has() -> None:
    """Payments with tax and what is due at signing; a term that no lease has is not shown, and the rows fall
    back to those around its own.
    """
    subject = leasing()
    stored = pencil(subject)
    assert stored.answer.kind is DealKind.LEASE
    way = shown(stored, DealKind.LEASE, leases=LEASES, terms_months=[60])
    lease = stored.answer.lease
    assert lease is not UNSET and lease.best is not UNSET
    assert way.own == ShownCell(
        term_months=lease.best.term_months,
        cash_down_cents=lease.best.cash_down_cents,
        figures=way.own.figures,
    )
    assert way.own.figures.due_at_signing_cents == lease.best.due_at_signing_cents
    assert sum(line.cents for line in way.signing) == lease.best.due_at_signing_cents
    assert way.terms_months == [24, 36, 48]
    assert way.own_place is not None
    assert all(cell is not None for cells in way.cells for cell in cells)
    # The cell of another cash is the quote that states it.
    cash = next(each for each in way.cash_down_cents if each != lease.best.cash_down_cents)
    alone = quote_structure(
        subject.at_discount(lease.best.discount_cents).under(
            term_months=lease.best.term_months, cash_down_cents=cash, cash_down_max_cents=cash
        )
    ).answer.lease
    assert alone is not UNSET and alone.best is not UNSET
    cell = way.cells[way.terms_months.index(lease.best.term_months)][way.cash_down_cents.index(cash)]
    assert cell is not None
    assert cell.figures.payment_cents == alone.best.payment_with_tax_cents
    assert cell.figures.total_cents == alone.best.total_of_payments_cents
    assert cell.figures.due_at_signing_cents == alone.best.due_at_signing_cents
    asked = shown(stored, DealKind.LEASE, leases=LEASES, terms_months=[36, 60])
    assert asked.terms_months == [36]


def test_a_car_in_full_is_one_figure() -> None:
    """The price out the door, without terms."""
    stored = in_cash(case(WISH))
    way = shown(stored, DealKind.CASH)
    assert (way.terms_months, way.cash_down_cents, len(way.cells)) == ([], [], 1)
    assert way.cells == [[way.own]]
    assert way.own.figures.total_cents == car_figures(stored, CAR).paid_cents
    assert way.own.figures.payment_cents is None


def test_a_way_that_a_car_has_not_is_none() -> None:
    """A loan's pencil is no lease; and nothing fails for the other cars."""
    stored = pencil(case(WISH))
    one, other = shown_ways(
        [
            ToShow(DealKind.LEASE, stored, CAR, SHEET, MODEL),
            ToShow(DealKind.FINANCE, stored, CAR, SHEET, MODEL),
        ]
    )
    assert one is None and other is not None


def test_what_was_signed_leaves_nothing_to_choose() -> None:
    """One cell, and the words of a contract."""
    way = shown(pencil(case(WISH)), is_signed=True)
    assert way.cells == [[way.own]]
    assert "signed" in way.estimate


def test_nothing_of_the_store_s_side_is_in_a_way() -> None:
    """No lender, rate sheet, cost or value; the pencil has all of them."""
    stored = pencil(case(replace(WISH, payment_max_cents=None)))
    assert stored.choice is not None
    text = repr(shown(stored)).lower()
    for word in ("npv", "lender", "harbor", "summit", "buy", "reserve", "cost", "tier", "programme", "acv"):
        assert word not in text, word


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (0, [0, 50_000, 100_000]),
        (50_000, [0, 50_000, 100_000]),
        (30_000, [0, 30_000, 50_000]),
        (200_000, [150_000, 200_000, 250_000]),
        (201_234, [200_000, 201_234, 250_000]),
    ],
)
def test_cash_around(own: int, expected: list[int]) -> None:
    """The own amount with round ones beside it."""
    assert cash_around(own, 50_000) == expected


@pytest.mark.parametrize(
    ("own", "terms", "expected"),
    [
        (60, [36, 48, 60, 72, 84], [48, 60, 72]),
        (84, [36, 48, 60, 72, 84], [60, 72, 84]),
        (39, [36, 48], [36, 39, 48]),
        (60, [60], [60]),
        (60, [], [60]),
    ],
)
def test_terms_around(own: int, terms: list[int], expected: list[int]) -> None:
    """The own term with those nearest to it."""
    assert terms_around(own, terms) == expected


def test_a_car_and_its_trade() -> None:
    """As the paper names them."""
    stored = pencil(case(WISH))
    assert headline_of(CAR) == car_figures(stored, CAR).headline
    assert trade_of(ToShow(DealKind.FINANCE, stored, CAR, SHEET, MODEL)) == (450_000, 300_000)
