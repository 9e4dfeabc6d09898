"""What products do to a quoted contract: payments with and without each, to the cent, and the menu.

Each comparison keeps the car, the lender's rate, the term, the cash and the discount of the contract. Only
the products change, and with them the tax.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec
import numpy as np

from protocol.money.menu import MenuPackage, OfferedProduct, PackageLine, QuotedProduct, QuoteMenu
from protocol.money.pricing import PriceRequest
from protocol.money.products import SoldProduct
from protocol.money.quotes import QuotedStructure
from server.finance.architect import Choice
from server.finance.exact.price import accrual_of, annual_rate, checked, principal_cents
from server.finance.exact.schedule import level_payment, repay
from server.finance.products import Menu, with_products
from server.finance.quoting.case import Case
from server.finance.rounding import half_up
from server.finance.value.curves import bands
from server.finance.value.parts import lines_given_back
from server.finance.value.unearned import gross_cents


class Comparison:
    """The contract of ``request`` with other products."""

    def __init__(self, case: Case, request: PriceRequest) -> None:
        self._case = case
        self._request = checked(request)
        self._accrual = accrual_of(self._request, request.term_months, case.inputs.engine)
        self._annuity = self._accrual.annuity(annual_rate(request))

    def payment_with(self, sold: Sequence[SoldProduct]) -> int:
        """Return the payment with exactly these products; 0 if nothing is left to finance."""
        principal = self._principal(sold)
        return level_payment(principal, self._annuity) if principal > 0 else 0

    def total_with(self, sold: Sequence[SoldProduct]) -> int:
        """Return the total of payments with exactly these products."""
        principal = self._principal(sold)
        if principal <= 0:
            return 0
        rate, payment = annual_rate(self._request), level_payment(principal, self._annuity)
        return sum(row.payment_cents for row in repay(principal, payment, rate, self._accrual))

    def _principal(self, sold: Sequence[SoldProduct]) -> int:
        case = replace(self._case, inputs=with_products(self._case.inputs, sold))
        structure = case.inputs.structure
        request = msgspec.structs.replace(
            self._request,
            products_cents=structure.products_cents,
            taxable_products_cents=structure.taxable_products_cents,
        )
        return principal_cents(request, case.tax_cents(request))


def quote_lines(case: Case, request: PriceRequest, choice: Choice | None) -> list[QuotedProduct]:
    """Return the products of a contract, each with the payment without it."""
    sold = case.inputs.products
    if not sold:
        return []
    comparison = Comparison(case, request)
    payment = comparison.payment_with(sold)
    back = _given_back(case, choice)
    lines = []
    for each, given_back in zip(sold, back, strict=True):
        without = comparison.payment_with([other for other in sold if other is not each])
        lines.append(
            QuotedProduct(
                product_id=each.product.product_id,
                kind=each.product.kind,
                name=each.product.name,
                provider=each.product.provider,
                price_cents=each.price_cents,
                term_months=each.term_months,
                payment_without_cents=without,
                adds_cents=payment - without,
                cost_cents=each.product.cost_cents,
                gross_cents=gross_cents(each),
                chargebacks_cents=msgspec.UNSET if given_back is None else given_back,
            )
        )
    return lines


def quote_menu(case: Case, request: PriceRequest, answer: QuotedStructure) -> QuoteMenu | None:
    """Return the menu beside a contract of ``case``: the products that it could have, and the packages.

    None if there is no catalogue.
    """
    menu = case.menu
    if menu is None:
        return None
    comparison, lender = Comparison(case, request), answer.lender
    sold = case.inputs.products
    taken = {each.product.product_id: each for each in sold}
    declined = set(case.inputs.structure.declined_products)
    without = comparison.payment_with([])
    payment = comparison.payment_with(sold) if sold else without
    offered = [
        OfferedProduct(
            product_id=each.product.product_id,
            kind=each.product.kind,
            name=each.product.name,
            provider=each.product.provider,
            price_cents=each.price_cents,
            term_months=each.term_months,
            adds_cents=comparison.payment_with([*sold, each]) - payment,
            declined=each.product.product_id in declined,
            accepted=each.is_accepted(lender) if isinstance(lender, str) else msgspec.UNSET,
        )
        for each in menu.retail
        if each.product.product_id not in taken
    ]
    return QuoteMenu(
        payment_without_cents=without,
        total_without_cents=comparison.total_with([]),
        offered=offered,
        packages=[
            _package(name, each, comparison, without=without, taken=set(taken), lender=lender)
            for name, each in _packages(menu, taken)
        ],
    )


def _packages(menu: Menu, taken: dict[str, SoldProduct]) -> Iterator[tuple[str, list[SoldProduct]]]:
    """Yield each package with its products: at the deal's price and term if the deal has them."""
    retail = {each.product.product_id: each for each in menu.retail}
    for name, products in menu.catalogue.packages().items():
        yield name, [taken.get(one.product_id) or retail[one.product_id] for one in products]


def _package(
    name: str,
    sold: list[SoldProduct],
    comparison: Comparison,
    *,
    without: int,
    taken: set[str],
    lender: object,
) -> MenuPackage:
    payment = comparison.payment_with(sold)
    return MenuPackage(
        name=name,
        lines=[
            PackageLine(
                product_id=each.product.product_id,
                name=each.product.name,
                price_cents=each.price_cents,
                term_months=each.term_months,
            )
            for each in sold
        ],
        price_cents=sum(each.price_cents for each in sold),
        payment_cents=payment,
        adds_cents=payment - without,
        total_of_payments_cents=comparison.total_with(sold),
        chosen={each.product.product_id for each in sold} == taken,
        accepted=all(each.is_accepted(lender) for each in sold) if isinstance(lender, str) else msgspec.UNSET,
    )


def _given_back(case: Case, choice: Choice | None) -> list[int | None]:
    """Return what each product is expected to give back in cents; None without a lender's contract."""
    if choice is None:
        return [None] * len(case.inputs.products)
    band = bands(case.model, case.inputs.structure.tier).index_at(choice.ltv_bp, choice.pti_bp)
    exact = lines_given_back(case.plan, case.model, choice.programme, band)
    return [int(cents) for cents in half_up(np.array(exact))]
