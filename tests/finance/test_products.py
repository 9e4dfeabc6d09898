"""Products of a deal: what lenders take of them, what each adds to the payment, and the menu."""

import dataclasses
import random
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from protocol.deal.product_lines import ProductLine
from protocol.deal.structure import Structure, StructureError
from protocol.events import FixKind
from protocol.money.inputs import DealInputs
from protocol.money.lending import TaxRule
from protocol.money.pricing import PriceRequest
from protocol.money.products import Catalogue, Product, ProductKind, SoldProduct, sold_at, sold_products
from protocol.money.quotes import QuotedStructure
from protocol.records import BasisPoints
from server.finance.architect import best_offers, price_plan
from server.finance.exact.price import price_contract
from server.finance.plan import plan_deal
from server.finance.products import Menu, with_products
from server.finance.quoting import Case, quote_structure, quote_whole
from server.finance.quoting.grids.axes import GridQuestion
from tests.finance.cases import car, cars, inputs, model, programme, sheet

STATE = TaxRule(jurisdiction="state", state="OH", rate_bp=575.0)
COUNTY = TaxRule(jurisdiction="county", state="OH", rate_bp=150.0)
HARBOR, SUMMIT = "Harbor", "Summit"
ROWS = (
    programme(programme_id="h", lender=HARBOR, buy_rate_bp=599.0),
    programme(programme_id="s", lender=SUMMIT, buy_rate_bp=899.0),
)
WISH = Structure(cash_down_cents=300_000, terms_months=[60], tax_rate_bp=None)


def product(product_id: str, retail: int, **changes: Any) -> Product:
    """Return a product of the catalogue."""
    standard: dict[str, Any] = {
        "kind": ProductKind.OTHER,
        "name": product_id.upper(),
        "provider": "Provider",
        "cost_cents": retail // 3,
    }
    return Product(product_id=product_id, retail_cents=retail, **(standard | changes))


GAP = product("gap", 89_500, kind=ProductKind.GAP, packages=("Small", "Large"))
CONTRACT = product("vsc", 239_500, taxable_in=("OH",), term_months=72, packages=("Large",))
WHEELS = product("wheels", 109_500, taxable_in=("county",), packages=("Large",))
CATALOGUE = Catalogue(version="c1", products=(GAP, CONTRACT, WHEELS))


def at_retail(*products: Product) -> list[SoldProduct]:
    """Return products of a deal at their retail prices, registered in Ohio."""
    return [sold_at(each, each.retail_cents, None, "OH") for each in products]


def deal(*products: SoldProduct, **changes: Any) -> DealInputs:
    """Return the inputs of a deal with products, taxed by state and county."""
    return with_products(inputs(WISH, tax_rules=(STATE, COUNTY), **changes), products)


def case(*products: SoldProduct, **changes: Any) -> Case:
    """Return a case of a used car with products."""
    return Case(deal(*products, **changes), car(), sheet(*ROWS), model(), menu=Menu(CATALOGUE, "OH"))


def quoted(subject: Case) -> QuotedStructure:
    """Return the answer of a quote."""
    return quote_structure(subject).answer


def test_each_jurisdiction_taxes_the_products_that_it_names() -> None:
    """A state's name is every jurisdiction of it, a jurisdiction's name only itself; a stated rate taxes by
    state.
    """
    taxes = quoted(case(*at_retail(GAP, CONTRACT, WHEELS))).taxes
    assert isinstance(taxes, list)
    assert [line.tax_cents for line in taxes] == [
        157_521,  # 5.75 % of 25,000 + 2,395
        42_735,  # 1.5 % of 25,000 + 2,395 + 1,095
    ]
    stated = replace(deal(*at_retail(GAP, CONTRACT, WHEELS)), tax_rules=())
    structure = replace(stated.structure, tax_rate_bp=BasisPoints(1_000))
    answer = quoted(Case(replace(stated, structure=structure), car(), sheet(*ROWS), model()))
    assert answer.tax_cents == (2_500_000 + 239_500) // 10


def test_a_product_that_a_lender_refuses_leaves_the_others() -> None:
    """The offer that is worth the most is of a lender that does not list it: the other's is the deal's."""
    picky = replace(CONTRACT, lenders=((HARBOR, None),))
    assert quoted(case(*at_retail(GAP))).lender == SUMMIT
    assert quoted(case(*at_retail(GAP, picky))).lender == HARBOR


@pytest.mark.parametrize(("cap", "price"), [(None, None), (200_000, 200_000)])
def test_what_every_lender_refuses_is_named_with_the_cheapest_way_out(
    cap: int | None, price: int | None
) -> None:
    """Left out where no lender takes it at all, else at the highest cap; then the car has an offer."""
    lenders = (("Elsewhere", None),) if cap is None else ((HARBOR, cap), (SUMMIT, cap - 1))
    refused = replace(CONTRACT, lenders=lenders)
    subject = case(*at_retail(GAP, refused))
    answer = quoted(subject)
    assert (answer.eligible, answer.binding) == (False, "products")
    assert isinstance(answer.fix, msgspec.Struct)
    assert answer.fix.kind is FixKind.PRODUCT
    assert (answer.fix.product_id, answer.fix.product_price_cents) == ("vsc", price)
    offer = best_offers(price_plan(plan_deal(subject.inputs, subject.sheet), model()), cars(car()))
    assert offer["binding"] == ["products"]
    less = [] if price is None else [sold_at(refused, price, None, "OH")]
    assert quoted(case(*at_retail(GAP), *less)).lender == (SUMMIT if price is None else HARBOR)
    # A cent above the cap is refused.
    if price is not None:
        assert quoted(case(sold_at(refused, price + 1, None, "OH"))).binding == "products"


def request_of(subject: Case, answer: QuotedStructure) -> PriceRequest:
    """Return the contract of an answer."""
    figures = (answer.term_months, answer.rate_bp, answer.cash_down_cents, answer.discount_cents)
    term, rate, cash, discount = figures
    assert isinstance(term, int) and isinstance(cash, int) and isinstance(discount, int)
    assert not isinstance(rate, msgspec.UnsetType)
    return subject.request(term_months=term, rate_bp=rate, cash_cents=cash, discount_cents=discount)


def payment(answer: QuotedStructure, *products: SoldProduct) -> tuple[int, int]:
    """Price the answer's contract anew with other products: payment and total of payments."""
    other = case(*products)
    contract = price_contract(request_of(other, answer), other.tax_cents)
    return contract.payment_cents, contract.total_of_payments_cents


def test_each_line_says_what_it_adds_to_the_payment() -> None:
    """Against contracts priced whole, on 60 random deals, to the cent: lines, the rest and packages."""
    draw = random.Random(11)
    for _ in range(60):
        some = draw.sample([GAP, CONTRACT, WHEELS], draw.randrange(4))
        lines = [sold_at(each, draw.randrange(1, each.retail_cents), 48, "OH") for each in some]
        whole = quote_whole(case(*lines), GridQuestion([60], [0]), None, True)
        answer, menu = whole.quoted.answer, whole.menu
        assert menu is not None and isinstance(answer.payment_cents, int)
        assert (answer.payment_cents, answer.total_of_payments_cents) == payment(answer, *lines)
        shown = [] if isinstance(answer.products, msgspec.UnsetType) else answer.products
        assert len(shown) == len(lines)
        for line, told in zip(lines, shown, strict=True):
            without = payment(answer, *(one for one in lines if one is not line))[0]
            assert (told.payment_without_cents, told.adds_cents) == (without, answer.payment_cents - without)
            assert told.optional and told.price_cents == line.price_cents
            assert told.gross_cents == line.price_cents - line.product.cost_cents
        assert (menu.payment_without_cents, menu.total_without_cents) == payment(answer)
        for offered in menu.offered:
            more = at_retail(*(one for one in CATALOGUE.products if one.product_id == offered.product_id))
            assert offered.adds_cents == payment(answer, *lines, *more)[0] - answer.payment_cents
        assert {one.product_id for one in menu.offered} == {"gap", "vsc", "wheels"} - {
            each.product_id for each in some
        }
        known = {line.product.product_id: line for line in lines}
        for package in menu.packages:
            parts = [one for one in CATALOGUE.products if package.name in one.packages]
            chosen = [known.get(one.product_id) or at_retail(one)[0] for one in parts]
            assert (package.payment_cents, package.total_of_payments_cents) == payment(answer, *chosen)
            assert package.adds_cents == package.payment_cents - menu.payment_without_cents
            assert package.chosen is ({one.product_id for one in parts} == known.keys())
        assert [package.name for package in menu.packages] == ["Large", "Small"]


def test_the_itemization_sums_to_the_amount_financed() -> None:
    """With products, taxes, rebate and a trade that owes more than it brings."""
    structure = replace(
        WISH,
        trade_allowance_cents=500_000,
        payoff_cents=700_000,
        rebate_cents=50_000,
        prepaid_finance_cents=10_000,
        fees_cents=79_900,
    )
    subject = Case(
        with_products(inputs(structure, tax_rules=(STATE,)), at_retail(GAP, CONTRACT)),
        car(),
        sheet(*ROWS),
        model(),
    )
    answer = quoted(subject)
    assert isinstance(answer.itemization, msgspec.Struct) and isinstance(answer.total_of_payments_cents, int)
    amounts = msgspec.structs.asdict(answer.itemization)
    assert sum(amounts.values()) == answer.amount_financed_cents
    assert (amounts["prior_loan_cents"], amounts["trade_equity_cents"]) == (200_000, 0)
    assert answer.down_payment_cents == 350_000
    assert answer.total_sale_price_cents == answer.total_of_payments_cents + 350_000


def test_declined_products_are_said_to_be_and_do_not_count() -> None:
    """They stay in the menu, marked, and change no amount."""
    structure = replace(WISH, declined_products=["gap"])
    bare = Case(inputs(WISH, tax_rules=(STATE,)), car(), sheet(*ROWS), model(), menu=Menu(CATALOGUE, "OH"))
    subject = dataclasses.replace(bare, inputs=inputs(structure, tax_rules=(STATE,)))
    menu = quote_whole(subject, GridQuestion([60], [0]), None, False).menu
    assert menu is not None
    assert [(one.product_id, one.declined) for one in menu.offered] == [
        ("gap", True),
        ("vsc", False),
        ("wheels", False),
    ]
    assert quoted(subject).payment_cents == quoted(bare).payment_cents


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (ProductLine(product_id="none", price_cents=1), "a product of the catalogue"),
        (ProductLine(product_id="gap", price_cents=179_001), "at most 179000 cents for GAP"),
    ],
)
def test_a_line_is_of_the_catalogue_and_within_twice_its_retail_price(
    line: ProductLine, expected: str
) -> None:
    """Else the field is named."""
    with pytest.raises(StructureError, match=expected) as refused:
        sold_products([line], CATALOGUE, "OH")
    assert refused.value.field == "products"
    with pytest.raises(StructureError, match="products"):
        sold_products([ProductLine(product_id="gap", price_cents=1)], None, "OH")


def test_a_deal_without_lines_has_no_products_of_its_own() -> None:
    """The plan has no refusals to look at, and a flat sum stays one."""
    flat = inputs(Structure(products_cents=150_000, taxable_products_cents=150_000, terms_months=[60]))
    plan = plan_deal(flat, sheet(*ROWS))
    assert plan.refuses_products is None
    assert not price_plan(plan, model()).reduced()
