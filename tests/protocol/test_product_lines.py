"""Product lines in a structure: the sums that follow from them, and what contradicts them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import codec
from protocol.deal.product_lines import MAX_LINES, ProductLine
from protocol.deal.structure import Structure, StructureChanges, StructureError, revised
from protocol.money.lending import TaxRule
from protocol.money.products import (
    MOST_OVER_RETAIL,
    Catalogue,
    Product,
    ProductKind,
    check_declined,
    sold_products,
    taxing,
    with_sums,
)

GAP = {"product_id": "gap", "price_cents": 89_500}
WHEELS = {"product_id": "wheels", "price_cents": 109_500, "term_months": 48}
FLAT = Structure(products_cents=150_000, taxable_products_cents=50_000, products_cost_cents=60_000)


def changed(structure: Structure, **changes: Any) -> Structure:
    """Return the structure with changes as a client sends them."""
    return revised(structure, codec.convert(StructureChanges, changes))


def sums(structure: Structure) -> tuple[int, int, int | None]:
    """Return price, taxable part and cost of a structure's products."""
    return structure.products_cents, structure.taxable_products_cents, structure.products_cost_cents


def test_lines_replace_the_sums_and_without_the_last_one_there_are_none() -> None:
    """Taxable part and cost are open until the catalogue states them; then an edit of others keeps them."""
    listed = changed(FLAT, products=[GAP, WHEELS])
    assert sums(listed) == (199_000, 0, None)
    known = with_sums(listed, sold_products(listed.products, CATALOGUE, "OH"))
    assert sums(known) == (199_000, 109_500, 65_000)
    assert sums(changed(known, discount_cents=5)) == sums(known)
    assert sums(changed(known, products=[])) == (0, 0, None)
    assert sums(changed(known, products=[], products_cents=7)) == (7, 0, None)


def test_a_structure_without_lines_is_as_before() -> None:
    """Old clients state the sums, and old structures read."""
    assert sums(changed(FLAT, products_cents=200_000)) == (200_000, 50_000, 60_000)
    stored = {name: value for name, value in codec.plain(FLAT).items() if "products" not in name[:8]}
    old = codec.convert(Structure, {**stored, "products_cents": 1})
    assert (old.products, old.declined_products, old.products_cents) == ([], [], 1)


@pytest.mark.parametrize("field", ["products_cents", "taxable_products_cents", "products_cost_cents"])
def test_a_sum_beside_lines_is_refused_by_its_name(field: str) -> None:
    """Whether the lines are there already or come with it; the amount that it has is no contradiction."""
    listed = changed(Structure(), products=[GAP])
    for base, more in ((listed, {}), (Structure(), {"products": [GAP]})):
        with pytest.raises(StructureError, match="of the deal's products") as refused:
            changed(base, **{field: 123}, **more)
        assert refused.value.field == field
    assert changed(listed, **{field: getattr(listed, field)}) == listed


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("products", {"products": [GAP, {**GAP, "price_cents": 1}]}),
        ("products", {"products": [{**GAP, "price_cents": 10**10}, {**WHEELS, "price_cents": 10**10}]}),
        ("declined_products", {"declined_products": ["gap", "gap"]}),
        ("declined_products", {"products": [GAP], "declined_products": ["gap"]}),
    ],
)
def test_lines_that_contradict_each_other_are_refused(field: str, changes: dict[str, Any]) -> None:
    """A product is taken or declined once, not both; the sum is an amount."""
    with pytest.raises(StructureError) as refused:
        changed(Structure(), **changes)
    assert refused.value.field == field


@pytest.mark.parametrize(
    "line", [{**GAP, "price_cents": 0}, {**GAP, "product_id": ""}, {**GAP, "term_months": 0}]
)
def test_a_line_has_a_product_a_price_and_a_term_of_months(line: dict[str, Any]) -> None:
    """What is out of its range does not read."""
    with pytest.raises(Exception, match="products"):
        codec.convert(StructureChanges, {"products": [line]})


def test_as_many_lines_as_a_menu_needs() -> None:
    """MAX_LINES, and no more."""
    lines = [{**GAP, "product_id": f"p{number}"} for number in range(MAX_LINES + 1)]
    assert len(changed(Structure(), products=lines[:-1]).products) == MAX_LINES
    with pytest.raises(Exception, match="products"):
        changed(Structure(), products=lines)


def test_what_is_taken_is_no_longer_declined() -> None:
    """Unless the same change says both."""
    declined = changed(Structure(), declined_products=["gap", "wheels"])
    assert changed(declined, products=[GAP]).declined_products == ["wheels"]


def product(product_id: str, retail: int, **more: Any) -> Product:
    """Return a product of the catalogue."""
    standard: dict[str, Any] = {"kind": ProductKind.OTHER, "name": "N", "provider": "P"}
    return Product(product_id=product_id, retail_cents=retail, **(standard | {"cost_cents": 32_500} | more))


CATALOGUE = Catalogue(
    version="c",
    products=(
        product("gap", 89_500, packages=("A",)),
        product("wheels", 109_500, taxable_in=("OH",), packages=("A", "B")),
    ),
)


@given(price=st.integers(1, MOST_OVER_RETAIL * 89_500 + 5))
def test_a_price_is_bounded_by_the_retail_price(price: int) -> None:
    """By nothing that tells of the cost."""
    line = ProductLine(product_id="gap", price_cents=price)
    if price <= MOST_OVER_RETAIL * 89_500:
        assert sold_products([line], CATALOGUE, "OH")[0].price_cents == price
    else:
        with pytest.raises(StructureError, match="at most 179000 cents"):
            sold_products([line], CATALOGUE, "OH")


def test_a_declined_product_is_one_of_the_catalogue() -> None:
    """So that what the customer was offered is known."""
    check_declined(["gap"], CATALOGUE)
    for unknown, catalogue in (("boat", CATALOGUE), ("gap", None)):
        with pytest.raises(StructureError, match="declined_products"):
            check_declined([unknown], catalogue)


def test_a_jurisdiction_taxes_what_names_it_or_its_state() -> None:
    """Each rule has its own part of the products."""
    rules = [
        TaxRule(jurisdiction=name, state=state, rate_bp=1.0) for name, state in (("x", "OH"), ("y", "KY"))
    ]
    sold = sold_products(
        [ProductLine(product_id=each.product_id, price_cents=100) for each in CATALOGUE.products],
        CATALOGUE,
        "OH",
    )
    assert [rule.taxable_products_cents for rule in taxing(rules, sold)] == [100, 0]


def test_packages_are_the_dearest_first() -> None:
    """Each with its products in the order of their ids."""
    found = {name: [one.product_id for one in products] for name, products in CATALOGUE.packages().items()}
    assert list(found.items()) == [("A", ["gap", "wheels"]), ("B", ["wheels"])]
