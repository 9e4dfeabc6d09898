"""The F&I products of a deal as lines, and the sums that follow from them.

A deal without lines states its products as one sum, as deals did before there were lines.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Annotated, Any, Final

from msgspec import Meta

from protocol.records import MAX_CENTS, Cents, Identifier, Months, Record

MAX_LINES: Final = 12

FLAT_FIELDS: Final = ("products_cents", "taxable_products_cents", "products_cost_cents")
"""The sums of a deal's products: derived if it has lines, else stated."""


class ProductLine(Record, frozen=True):
    """A product that the customer takes: its price, and its term if it is not that of the catalogue."""

    product_id: Identifier
    price_cents: Annotated[int, Meta(ge=1, le=MAX_CENTS)]
    term_months: Months | None = None


ProductLines = Annotated[list[ProductLine], Meta(max_length=MAX_LINES)]
ProductIds = Annotated[list[Identifier], Meta(max_length=MAX_LINES)]


def lines_total_cents(lines: Sequence[ProductLine]) -> Cents:
    """Return the price of all lines together."""
    return sum(line.price_cents for line in lines)


def sums_of_lines(
    before: Any, after: Any, changed: Collection[str]
) -> tuple[dict[str, Any], tuple[str, str] | None]:
    """Return the fields that follow from the product lines of a changed structure, and the first field that
    contradicts them with what was expected; None if none does.

    ``before`` and ``after`` are structures, ``changed`` the fields that were set. Cost and taxable part need
    the catalogue: new lines leave them open until it fills them in.
    """
    derived: dict[str, Any] = {}
    if after.products:
        if after.products != before.products:
            derived = {"taxable_products_cents": 0, "products_cost_cents": None}
        total = lines_total_cents(after.products)
        for field in FLAT_FIELDS:
            kept = total if field == "products_cents" else getattr(before, field)
            if field in changed and getattr(after, field) != kept:
                return {}, (field, "expected no other amount than that of the deal's products")
        derived["products_cents"] = total
    elif before.products:
        cleared = {"products_cents": 0, "taxable_products_cents": 0, "products_cost_cents": None}
        derived = {field: value for field, value in cleared.items() if field not in changed}
    if "declined_products" not in changed and after.declined_products:
        taken = {line.product_id for line in after.products}
        derived["declined_products"] = [one for one in after.declined_products if one not in taken]
    return derived, None


def line_faults(lines: Sequence[ProductLine], declined: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each field of lines and declined products that contradicts itself, with what was expected."""
    taken = [line.product_id for line in lines]
    if len(set(taken)) < len(taken):
        yield "products", "expected each product once"
    if lines_total_cents(lines) > MAX_CENTS:
        yield "products", f"expected at most {MAX_CENTS} cents together"
    if len(set(declined)) < len(declined):
        yield "declined_products", "expected each product once"
    if set(declined) & set(taken):
        yield "declined_products", "expected no product that the customer takes"
