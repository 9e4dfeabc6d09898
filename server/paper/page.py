"""Customers' paper as a PDF: one letter page for a proposal, or for a comparison of up to three cars.

The same paper is the same bytes, whoever prints it and from wherever.
"""

from io import BytesIO
from typing import Any, Final

from reportlab.lib.pagesizes import letter
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    HRFlowable,
    KeepTogether,
    PageTemplate,
    Spacer,
    Table,
)

from protocol import disclosures
from server.paper.cars import AnyCar, CashCar, CreditCar, LeaseCar, Paper, ProductLine
from server.paper.grid_table import grid_table
from server.paper.style import QUIET, REGULAR, RULE
from server.paper.sums import sums
from server.paper.tables import GAP, MARGIN, WIDTH, bare, heading, row, table, text
from server.paper.wording.statements import assumption, estimate_of, lease_statements
from server.paper.wording.words import day, dollars, percent

FOOTER: Final = 18
DASH: Final = "–"
_SIGNED: Final = ("Customer, date", "Co-buyer, date", "For the dealer, date")


def render(paper: Paper) -> bytes:
    """Return the PDF of a paper."""
    story = [*_head(paper), *_payments(paper), *_grid(paper), *sums(paper.cars), *_products(paper)]
    story += _statements(paper)
    # A comparison is not a choice yet: there is nothing to sign.
    # What is signed is signed elsewhere.
    if len(paper.cars) == 1 and paper.signed_on is None:
        story += _signatures(paper)
    target = BytesIO()
    document = BaseDocTemplate(
        target,
        pagesize=letter,
        title=f"{_title(paper)} for {paper.customer}",
        author=paper.store,
        subject=_estimate(paper),
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
    if paper.signed_on is not None:
        return "Signed deal"
    return "Proposal" if len(paper.cars) == 1 else f"Comparison of {len(paper.cars)} cars"


def _estimate(paper: Paper) -> str:
    """Return what kind of estimate the paper's figures are; of what was signed, that they are none."""
    if paper.signed_on is not None:
        return disclosures.SIGNED
    kinds = {estimate_of(car) for car in paper.cars}
    return disclosures.SEVERAL if len(kinds) > 1 else kinds.pop()


def _head(paper: Paper) -> list[Flowable]:
    names = f"For {paper.customer} · with {paper.salesperson}"
    stands = (
        f"valid until {day(paper.valid_until)}"
        if paper.signed_on is None
        else f"signed {day(paper.signed_on)}"
    )
    dates = f"{day(paper.printed_on)} · {stands}"
    heads = Table(
        [
            [text(paper.store, 15, bold=True), text(_title(paper), 15, bold=True, right=True)],
            [text(names, color=QUIET), text(dates, color=QUIET, right=True)],
        ],
        colWidths=[WIDTH * 0.5, WIDTH * 0.5],
        style=bare(),
    )
    return [heads, Spacer(0, 4), HRFlowable(width="100%", color=RULE, thickness=0.8), Spacer(0, 6)]


def _payments(paper: Paper) -> list[Flowable]:
    """Return each car with its payment, beside it what the payment takes in all."""
    columns = [_headline(car, alone=len(paper.cars) == 1) for car in paper.cars]
    beside = Table([columns], colWidths=[WIDTH / len(columns)] * len(columns), style=bare(apart=GAP))
    return [beside, Spacer(0, GAP)]


def _headline(car: AnyCar, *, alone: bool) -> list[Flowable]:
    facts = f"Stock {car.stock_no} · {car.mileage:,} miles · VIN {car.vin}"
    figure, *told = _figure(car)
    return [
        text(car.headline, 14 if alone else 11, bold=True),
        text(facts, 8, color=QUIET),
        text(figure, 24 if alone else 16, bold=True, above=4),
        *(text(each, 9) for each in told),
    ]


def _figure(car: AnyCar) -> tuple[str, ...]:
    """Return what the customer pays, and the sentences beside it."""
    if isinstance(car, CashCar):
        owed = car.out_the_door_cents
        if owed < 0:
            return dollars(-owed), "to the customer: the trade is worth more than the car costs"
        return dollars(owed), "out the door: paid in full, without a loan"
    figure = f"{dollars(car.payment_cents)} a month"
    total = f"total of payments {dollars(car.total_of_payments_cents)}"
    if isinstance(car, LeaseCar):
        return (
            figure,
            f"Lease: {car.payments} payments · {car.miles_per_year:,} miles a year · {total}",
            f"{dollars(car.due_at_signing_cents)} due at signing, with the first payment",
        )
    return (
        figure,
        f"{car.payments} payments · APR {percent(car.apr_percent)} · {total}",
        f"First payment due {day(car.first_payment_date)}",
    )


def _grid(paper: Paper) -> list[Flowable]:
    """Return the payment grid of a car that is offered alone."""
    return [part for car in paper.cars if isinstance(car, CreditCar) for part in grid_table(car.grid)]


def _products(paper: Paper) -> list[Flowable]:
    """Return each optional product with what is paid without it; nothing if there is none."""
    cars = paper.cars
    names = list(dict.fromkeys(product.name for car in cars for product in car.products))
    if not names:
        return []
    words = {"Out the door" if isinstance(car, CashCar) else "Payment" for car in cars}
    paid = words.pop() if len(words) == 1 else "To pay"
    if len(cars) == 1:
        heads = row("", ("Price", f"{paid} without it", f"{paid} with it"), strong=True)
        rows = [
            row(each.name, (dollars(each.price_cents), _without(each), dollars(cars[0].paid_cents)))
            for each in cars[0].products
        ]
    else:
        heads = row(f"{paid} without it", (f"Stock {car.stock_no}" for car in cars), strong=True)
        rows = [row(name, (_without(_product(car, name)) for car in cars)) for name in names]
    optional = text(disclosures.OPTIONAL, 8, color=QUIET, above=2)
    return [KeepTogether([heading("Optional products"), table([heads, *rows]), optional, Spacer(0, GAP)])]


def _product(car: AnyCar, name: str) -> ProductLine | None:
    return next((each for each in car.products if each.name == name), None)


def _without(product: ProductLine | None) -> str:
    if product is None or product.without_cents is None:
        return DASH
    return dollars(product.without_cents)


def _statements(paper: Paper) -> list[Flowable]:
    """Return what the figures assume, and what must be said beside them."""
    told = [_assumption(car, named=len(paper.cars) > 1) for car in paper.cars]
    if len(_terms(paper)) > 1:
        told.append(disclosures.LONGER_TERM)
    for car in paper.cars:
        told += lease_statements(car)
    if paper.signed_on is None:
        told += [disclosures.TAXES, disclosures.validity(day(paper.valid_until))]
    return [
        text(_estimate(paper), 9.5, bold=True),
        *(text(sentence, 8, color=QUIET) for sentence in dict.fromkeys(told)),
        Spacer(0, GAP),
    ]


def _terms(paper: Paper) -> set[int]:
    """Return the terms of the loans on a paper."""
    loans = [car for car in paper.cars if isinstance(car, CreditCar)]
    beside = (row.term_months for car in loans if car.grid for row in car.grid.rows)
    return {*(car.payments for car in loans), *beside}


def _assumption(car: AnyCar, *, named: bool) -> str:
    sentence = assumption(car)
    return f"{car.headline}: {sentence}" if named else sentence


def _signatures(paper: Paper) -> list[Flowable]:
    lines = [[text("_" * 34, color=QUIET)] * 3, [text(name, 8, color=QUIET) for name in _SIGNED]]
    places = Table(lines, colWidths=[WIDTH / 3] * 3, style=bare())
    return [KeepTogether([Spacer(0, 24), places, text(f"Deal {paper.deal_id}", 7, color=QUIET)])]


class _Footer:
    """Repeats on every page what a single page must say if it is parted from the others."""

    def __init__(self, paper: Paper) -> None:
        versions = ", ".join(car.version for car in paper.cars)
        self._estimate = _estimate(paper)
        self._versions = f"Version {versions} · text {disclosures.TEXT_VERSION}"

    def draw(self, canvas: Canvas, document: Any) -> None:
        """Draw the footer of one page."""
        canvas.saveState()
        canvas.setFillColor(QUIET)
        canvas.setFont(REGULAR, 7)
        canvas.drawString(MARGIN, MARGIN + 4, self._estimate)
        canvas.drawRightString(letter[0] - MARGIN, MARGIN + 4, f"Page {document.page}")
        canvas.setFont(REGULAR, 6)
        canvas.drawString(MARGIN, MARGIN - 6, self._versions)
        canvas.restoreState()
