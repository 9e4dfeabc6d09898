"""The paper of a cash deal: the price out the door with its parts. No lender and no APR are part of it."""

from collections.abc import Sequence

import msgspec
from msgspec import UnsetType

from protocol.deal.deal_parts import OfferedCar, OfferedCash
from protocol.deal.structure import StructureError
from protocol.money.products import SoldProduct
from server.database.deals.pencils import StoredPencil
from server.finance.exact.cash import cash_price
from server.finance.products import with_products
from server.paper.cars import CashCar, Line, ProductLine
from server.paper.credit import unvalued
from server.paper.lines import facts_of, fee_lines, price_lines, tax_lines


def cash_figures(pencil: StoredPencil, car: OfferedCar) -> CashCar:
    """Return the figures of a car paid in full; its lines add up to the price out the door.

    Raises StructureError if the pencil has no such price.
    """
    cash = pencil.answer.cash
    if isinstance(cash, UnsetType):
        raise StructureError(
            "vehicle_id", f"expected a car with a price out the door: {car.stock_no} has none"
        )
    s = pencil.inputs.structure
    return CashCar(
        **facts_of(pencil, car),
        lines=(
            *price_lines(pencil, cash.discount_cents, cash.rebate_cents),
            *fee_lines(s),
            *tax_lines(pencil, cash.tax_cents),
            Line("Optional products", cash.products_cents),
            Line("Trade-in allowance", -cash.trade_allowance_cents),
            Line("Trade-in payoff", cash.payoff_cents),
        ),
        out_the_door_cents=cash.out_the_door_cents,
        products=_products(pencil, cash),
    )


def _products(pencil: StoredPencil, cash: OfferedCash) -> tuple[ProductLine, ...]:
    """Return each product with the price out the door without it; a sum of products is one line."""
    if not cash.products_cents:
        return ()
    sold = pencil.inputs.products
    if not sold:
        return (ProductLine("Optional products", cash.products_cents, _without(pencil, cash, ())),)
    return tuple(
        ProductLine(
            each.product.name,
            each.price_cents,
            _without(pencil, cash, [other for other in sold if other is not each]),
        )
        for each in sold
    )


def _without(pencil: StoredPencil, cash: OfferedCash, left: Sequence[SoldProduct]) -> int:
    """Return the price out the door if only these products are ``left``: their tax goes with the others."""
    case = unvalued(with_products(pencil.inputs, left), pencil.car)
    request = msgspec.structs.replace(case.cash_request(cash.discount_cents), rebate_cents=cash.rebate_cents)
    return cash_price(request, case.tax_cents).out_the_door_cents
