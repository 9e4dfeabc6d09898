"""The figures of a whole deal before it is submitted: the best car, lease beside finance, cash, products."""

import asyncio
from decimal import Decimal

from msgspec import UNSET, UnsetType

from protocol import codec
from protocol.deal.deal_parts import DealOffer
from protocol.deal.structure import StructureChanges
from protocol.records import EndReason
from tests.flow.deals.by_hand import Lease, Sale, cents, tax_cents
from tests.flow.deals.whole_deal import (
    ALLOWANCE_CENTS,
    CONTRACT,
    GAP,
    OHIO_BP,
    PAYOFF_CENTS,
    ROOM_CENTS,
    TARGET_CENTS,
    USED_MILES,
    check_contract,
    loan_of,
    sale_of,
)
from tests.flow.desk import Both, valued
from tests.flow.shop import events_until


async def the_best_car_of_all(both: Both) -> str:
    """The whole stock in reach is valued; return the used car that is worth most to the house among those
    that leave the customer some room below the target payment.
    """
    await both.sales.search()
    heard, _ = await asyncio.gather(events_until(both.sales, valued), events_until(both.manager, valued))
    search = both.manager.search_state
    assert search is not None and heard
    assert search.ended is EndReason.COMPLETE
    rows = both.manager.rows
    assert search.valued == search.matched == len(rows)
    offered = {car: row.offer for car, row in rows.items() if row.offer and row.offer["payment_cents"]}
    assert len(offered) > 20
    assert all(offer["payment_cents"] <= TARGET_CENTS for offer in offered.values())
    roomy = [
        car
        for car, offer in offered.items()
        if offer["payment_cents"] <= TARGET_CENTS - ROOM_CENTS and rows[car].match["mileage"] > USED_MILES
    ]
    assert all("npv_cents" in row.offer for row in both.sales.rows.values() if row.offer)
    assert not any("cost_cents" in row.match for row in both.sales.rows.values())
    return max(roomy, key=lambda car: offered[car]["npv_cents"])


async def a_lease_beside_finance(both: Both) -> None:
    """The customer looks at a new car first: its lease stands beside its loan, in the grid and in the quote.
    What is owed on the trade is in both.
    """
    rows = both.sales.rows
    leased = [
        car
        for car, row in rows.items()
        if row.offer and row.offer["lease_payment_cents"] and row.offer["payment_cents"]
    ]
    assert leased
    quote = await both.sales.quote(leased[0])
    told = rows[leased[0]].offer
    assert told and quote.lease and quote.lease.best
    best, sale = quote.lease.best, sale_of(both, quote, discount_cents=quote.lease.best.discount_cents)
    check_contract(quote, sale_of(both, quote))
    assert told["lease_payment_cents"] == best.payment_with_tax_cents
    own_fees = best.upfront_fees_cents == sale.fees_cents
    capitalised = best.acquisition_fee_cents if own_fees else 0
    negative_equity = PAYOFF_CENTS - ALLOWANCE_CENTS
    gross = sale.price_cents - sale.discount_cents + capitalised + negative_equity
    assert best.gross_cap_cents == gross
    assert best.adjusted_cap_cents == gross - best.cash_down_cents - quote.rebate_cents
    assert best.residual_cents == cents(best.msrp_cents * Decimal(str(best.residual_bp)) / 10_000)
    lease = Lease(
        best.adjusted_cap_cents, best.residual_cents, Decimal(str(best.money_factor)), best.term_months
    )
    tax = tax_cents(lease.payment_cents, OHIO_BP)
    assert best.payment_cents == lease.payment_cents
    assert best.payment_with_tax_cents == lease.payment_cents + tax <= TARGET_CENTS
    assert best.total_of_payments_cents == best.term_months * (lease.payment_cents + tax)
    fees_and_tax = best.upfront_fees_cents + best.tax_at_signing_cents
    cash = best.cash_down_cents + best.security_deposit_cents
    assert best.due_at_signing_cents == best.payment_cents + fees_and_tax + cash
    assert best.value is UNSET and best.buy_factor is UNSET


async def finance_beside_cash(both: Both, car: str) -> None:
    """The quote of the car: a financed contract, and beside it what it costs paid in full."""
    quote = await both.sales.quote(car)
    assert quote.eligible
    sale = sale_of(both, quote)
    check_contract(quote, sale)
    assert quote.payoff_cents == PAYOFF_CENTS
    row = both.sales.rows[car].offer
    assert row and row["payment_cents"] == quote.payment_cents
    assert not isinstance(quote.cash, UnsetType)
    paid = sale_of(both, quote, discount_cents=quote.cash.discount_cents)
    assert quote.cash.out_the_door_cents == paid.out_the_door_cents
    assert quote.cash.covered is False
    # More cash never costs more a month.
    for payments in quote.grid.payment_cents:
        shown = [payment for payment in payments if payment is not None]
        assert shown == sorted(shown, reverse=True)


async def products_are_chosen_and_declined(both: Both, car: str) -> tuple[DealOffer, Sale]:
    """The customer takes two products, and declines tire and wheel. Each says what it adds to the payment."""
    lines = [{"product_id": name, "price_cents": price} for name, price, _ in (GAP, CONTRACT)]
    taken = {"products": lines, "declined_products": ["tire-wheel"]}
    await both.sales.terms(codec.convert(StructureChanges, taken))
    await both.caught_up()
    quote = await both.sales.quote(car)
    sale = sale_of(both, quote)
    assert (sale.products_cents, sale.taxable_products_cents) == (2_890_00, 1_995_00)
    check_contract(quote, sale)
    assert isinstance(quote.products, list) and isinstance(quote.payment_cents, int)
    for line, (name, price, taxable) in zip(quote.products, (GAP, CONTRACT), strict=True):
        without = loan_of(quote, sale.without(price, taxable=taxable)).payment_cents
        assert (line.product_id, line.payment_without_cents) == (name, without)
        assert line.adds_cents == quote.payment_cents - without > 0
        assert line.optional and line.cost_cents is UNSET
    await both.sales.desk.select(car)
    state = await both.agree(lambda deal: deal.selected is not None and not deal.selected_outdated)
    offer = state.selected
    assert offer and offer.payment_cents == quote.payment_cents
    return offer, sale
