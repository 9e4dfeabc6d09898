"""Offers for the borrowers of a real pool, each priced again by the exact engine."""

from collections.abc import Sequence
from typing import Any

from protocol.money.inputs import DealInputs
from protocol.money.pricing import PriceRequest
from protocol.records import BasisPoints
from server.finance.exact.price import price_contract
from tests.finance import customers
from tests.finance.tape import Loan


def same_car(loans: Sequence[Loan]) -> int:
    """Return how many borrowers get an offer who want the same amount for the same car again.

    Each of them gets an offer, which costs to the cent what the exact engine says, or the limit that refuses.
    """
    taken = 0
    for loan in loans:
        inputs, car = customers.again(loan), customers.car(loan)
        taken += sum(_is_right(inputs, [car], customers.offers(inputs, [car])))
    return taken


def trade_in(loans: Sequence[Loan]) -> int:
    """Return how many offers there are if each borrower trades the car in, for one of three cars of others.

    No offer passes the payment or the cash that the customer set, and each is right to the cent. A car
    without one has the limit that refuses.
    """
    offered = 0
    for number, loan in enumerate(loans):
        inputs = customers.back(loan)
        cars = [customers.car(loans[(number + 947 * step) % len(loans)]) for step in range(3)]
        offered += sum(_is_right(inputs, cars, customers.offers(inputs, cars)))
    return offered


def _is_right(inputs: DealInputs, cars: Sequence[dict[str, int]], offers: dict[str, list[Any]]) -> list[bool]:
    """Return which cars have an offer, having priced each of those again."""
    structure, found = inputs.structure, []
    rows = [dict(zip(offers, values, strict=True)) for values in zip(*offers.values(), strict=True)]
    for car, offer in zip(cars, rows, strict=True):
        found.append(offer["payment_cents"] is not None)
        if not found[-1]:
            assert offer["binding"] is not None
            continue
        contract = price_contract(
            PriceRequest(
                price_cents=car["price_cents"],
                discount_cents=offer["discount_cents"],
                trade_allowance_cents=structure.trade_allowance_cents,
                payoff_cents=structure.payoff_cents,
                cash_down_cents=offer["cash_down_cents"],
                rate_bp=BasisPoints(offer["rate_bp"]),
                term_months=offer["term_months"],
                contract_date=structure.contract_date,
                first_payment_date=structure.first_payment_date,
            )
        )
        assert offer["payment_cents"] == contract.payment_cents
        assert structure.payment_max_cents is None or contract.payment_cents <= structure.payment_max_cents
        assert offer["cash_down_cents"] <= (structure.cash_down_max_cents or 0)
    return found
