"""Customers' paper as a PDF: one letter page for a proposal, or for a comparison of up to three cars.

The same paper is the same bytes, whoever prints it and from wherever.
"""

from collections.abc import Iterable
from io import BytesIO
from typing import Any, Final

from reportlab.lib.pagesizes import letter
from reportlab.lib.units import inch
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    HRFlowable,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from protocol import disclosures
from server.paper.figures import Paper, PaperCar, ProductLine
from server.paper.style import QUIET, REGULAR, RULE, day, dollars, percent, printable, style

MARGIN: Final = 0.6 * inch
WIDTH: Final = letter[0] - 2 * MARGIN
LABELS: Final = 0.3
ONE_LABEL: Final = 0.54
"""The share of a table's width that its labels take, beside several columns and beside one."""

GAP: Final = 10
FOOTER: Final = 18
DASH: Final = "–"
FINANCED: Final = "Itemization of amount financed"
COST: Final = "Cost of the credit"
_SIGNED: Final = ("Customer, date", "Co-buyer, date", "For the dealer, date")


def render(paper: Paper) -> bytes:
    """Return the PDF of a paper."""
    story = [*_head(paper), *_payments(paper), *_sums(paper), *_products(paper)]
    story += _statements(paper)
    # A comparison is not a choice yet: there is nothing to sign.
    if len(paper.cars) == 1:
        story += _signatures(paper)
    target = BytesIO()
    document = BaseDocTemplate(
        target,
        pagesize=letter,
        title=f"{_title(paper)} for {paper.customer}",
        author=paper.store,
        subject=disclosures.ESTIMATE,
        # No clock and no random identifier in the file: equal papers are equal bytes.
        invariant=1,
    )
    frame = Frame(
        *(MARGIN, MARGIN + FOOTER, WIDTH, letter[1] - 2 * MARGIN - FOOTER),
        leftPadding=0,
        rightPadding=0,
        topPadding=0,
        bottomPadding=0,
    )
    document.addPageTemplates(PageTemplate(frames=[frame], onPage=_Footer(paper).draw))
    document.build(story)
    return target.getvalue()


def _title(paper: Paper) -> str:
    return "Proposal" if len(paper.cars) == 1 else f"Comparison of {len(paper.cars)} cars"


def _text(text: str, size: float = 9, **look: Any) -> Paragraph:
    return Paragraph(printable(text), style(size, **look))


def _head(paper: Paper) -> list[Flowable]:
    names = f"For {paper.customer} · with {paper.salesperson}"
    dates = f"{day(paper.printed_on)} · valid until {day(paper.valid_until)}"
    table = Table(
        [
            [_text(paper.store, 15, bold=True), _text(_title(paper), 15, bold=True, right=True)],
            [_text(names, color=QUIET), _text(dates, color=QUIET, right=True)],
        ],
        colWidths=[WIDTH * 0.5, WIDTH * 0.5],
        style=_bare(),
    )
    return [table, Spacer(0, 4), HRFlowable(width="100%", color=RULE, thickness=0.8), Spacer(0, 6)]


def _payments(paper: Paper) -> list[Flowable]:
    """Return each car with its payment, beside it what the payment takes in all."""
    columns = [_headline(car, alone=len(paper.cars) == 1) for car in paper.cars]
    table = Table([columns], colWidths=[WIDTH / len(columns)] * len(columns), style=_bare(apart=GAP))
    return [table, Spacer(0, GAP)]


def _headline(car: PaperCar, *, alone: bool) -> list[Flowable]:
    total = dollars(car.total_of_payments_cents)
    facts = f"Stock {car.stock_no} · {car.mileage:,} miles · VIN {car.vin}"
    return [
        _text(car.headline, 14 if alone else 11, bold=True),
        _text(facts, 8, color=QUIET),
        _text(f"{dollars(car.payment_cents)} a month", 24 if alone else 16, bold=True, above=4),
        _text(f"{car.payments} payments · APR {percent(car.apr_percent)} · total of payments {total}", 9),
        _text(f"First payment due {day(car.first_payment_date)}", 9),
    ]


def _sums(paper: Paper) -> list[Flowable]:
    """Return the itemization of the amount financed, and the cost of the credit."""
    cars = paper.cars
    amounts = {
        name: [sum(line.cents for line in car.lines if line.name == name) for car in cars]
        for name in dict.fromkeys(line.name for car in cars for line in car.lines)
    }
    rows = [_row(name, map(dollars, cents)) for name, cents in amounts.items() if any(cents)]
    financed = _row("Amount financed", (dollars(car.amount_financed_cents) for car in cars), strong=True)
    cost = [
        _row("Finance charge", (dollars(car.finance_charge_cents) for car in cars)),
        _row("APR", (percent(car.apr_percent) for car in cars)),
        _row("Payments", (_regular(car) for car in cars)),
        _row("Last payment", (_last(car) for car in cars)),
        _row("Total of payments", (dollars(car.total_of_payments_cents) for car in cars), strong=True),
        _row("Total sale price", (dollars(car.total_sale_price_cents) for car in cars), strong=True),
    ]
    if len(cars) == 1:
        half = (WIDTH - 2 * GAP) / 2
        left = [_heading(FINANCED), _table([*rows, financed], width=half)]
        right = [_heading(COST), _table(cost, width=half)]
        return [Table([[left, "", right]], colWidths=[half, 2 * GAP, half], style=_bare()), Spacer(0, GAP)]
    heads = _row("", (f"Stock {car.stock_no}" for car in cars), strong=True)
    return [
        *(_heading(FINANCED), _table([heads, *rows, financed]), Spacer(0, GAP)),
        *(_heading(COST), _table(cost), Spacer(0, GAP)),
    ]


def _heading(text: str) -> Paragraph:
    return _text(text, 10.5, bold=True)


def _regular(car: PaperCar) -> str:
    """Return the payments of one amount: all of them, or all but the last."""
    count = car.payments - (car.last_payment_cents != car.payment_cents)
    return f"{count} × {dollars(car.payment_cents)}"


def _last(car: PaperCar) -> str:
    return f"{dollars(car.last_payment_cents)} on {day(car.last_payment_date)}"


def _products(paper: Paper) -> list[Flowable]:
    """Return each optional product with the payment that it changes; nothing if there is none."""
    cars = paper.cars
    names = list(dict.fromkeys(product.name for car in cars for product in car.products))
    if not names:
        return []
    if len(cars) == 1:
        heads = _row("", ("Price", "Payment without it", "Payment with it"), strong=True)
        rows = [
            _row(each.name, (dollars(each.price_cents), _without(each), dollars(cars[0].payment_cents)))
            for each in cars[0].products
        ]
    else:
        heads = _row("Payment without it", (f"Stock {car.stock_no}" for car in cars), strong=True)
        rows = [_row(name, (_without(_product(car, name)) for car in cars)) for name in names]
    optional = _text(disclosures.OPTIONAL, 8, color=QUIET, above=2)
    return [KeepTogether([_heading("Optional products"), _table([heads, *rows]), optional, Spacer(0, GAP)])]


def _product(car: PaperCar, name: str) -> ProductLine | None:
    return next((each for each in car.products if each.name == name), None)


def _without(product: ProductLine | None) -> str:
    if product is None or product.payment_without_cents is None:
        return DASH
    return dollars(product.payment_without_cents)


def _statements(paper: Paper) -> list[Flowable]:
    """Return what the figures assume, and what must be said beside them."""
    told = [_assumption(car, named=len(paper.cars) > 1) for car in paper.cars]
    if len({car.payments for car in paper.cars}) > 1:
        told.append(disclosures.LONGER_TERM)
    told += [disclosures.TAXES, disclosures.validity(day(paper.valid_until))]
    return [
        _text(disclosures.ESTIMATE, 9.5, bold=True),
        *(_text(sentence, 8, color=QUIET) for sentence in dict.fromkeys(told)),
        Spacer(0, GAP),
    ]


def _assumption(car: PaperCar, *, named: bool) -> str:
    trade = None
    if car.allowance_cents or car.payoff_cents:
        trade = disclosures.trade_words(
            allowance=dollars(car.allowance_cents),
            payoff=dollars(car.payoff_cents) if car.payoff_cents else None,
            contract_date=day(car.contract_date),
        )
    sentence = disclosures.assumption(cash=dollars(car.cash_down_cents), trade=trade)
    return f"{car.headline}: {sentence}" if named else sentence


def _signatures(paper: Paper) -> list[Flowable]:
    lines = [[_text("_" * 34, color=QUIET)] * 3, [_text(name, 8, color=QUIET) for name in _SIGNED]]
    table = Table(lines, colWidths=[WIDTH / 3] * 3, style=_bare())
    return [KeepTogether([Spacer(0, 24), table, _text(f"Deal {paper.deal_id}", 7, color=QUIET)])]


class _Footer:
    """Repeats on every page what a single page must say if it is parted from the others."""

    def __init__(self, paper: Paper) -> None:
        versions = ", ".join(car.version for car in paper.cars)
        self._versions = f"Version {versions} · text {disclosures.TEXT_VERSION}"

    def draw(self, canvas: Canvas, document: Any) -> None:
        """Draw the footer of one page."""
        canvas.saveState()
        canvas.setFillColor(QUIET)
        canvas.setFont(REGULAR, 7)
        canvas.drawString(MARGIN, MARGIN + 4, disclosures.ESTIMATE)
        canvas.drawRightString(letter[0] - MARGIN, MARGIN + 4, f"Page {document.page}")
        canvas.setFont(REGULAR, 6)
        canvas.drawString(MARGIN, MARGIN - 6, self._versions)
        canvas.restoreState()


def _row(name: str, cells: Iterable[str], *, strong: bool = False) -> list[Paragraph]:
    return [
        _text(name, bold=strong),
        *(_text(cell, bold=strong, right=True) for cell in cells),
    ]


def _table(rows: list[list[Paragraph]], *, width: float = WIDTH) -> Table:
    columns = len(rows[0]) - 1
    labels = width * (ONE_LABEL if columns == 1 else LABELS)
    look = TableStyle(
        [
            ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
            ("TOPPADDING", (0, 0), (-1, -1), 1.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("RIGHTPADDING", (0, 0), (-1, -1), 2),
            ("VALIGN", (0, 0), (-1, -1), "BOTTOM"),
        ]
    )
    return Table(rows, colWidths=[labels, *[(width - labels) / columns] * columns], style=look)


def _bare(apart: float = 0) -> TableStyle:
    return TableStyle(
        [
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), apart),
            ("TOPPADDING", (0, 0), (-1, -1), 0),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 0),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ]
    )
