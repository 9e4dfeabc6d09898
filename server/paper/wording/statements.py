"""What must be said beside a car's figures, on paper and on screens alike."""

from protocol import disclosures
from server.paper.cars import AnyCar, CashCar, LeaseCar
from server.paper.wording.words import day, dollars


def estimate_of(car: AnyCar) -> str:
    """Return what kind of estimate a car's figures are."""
    if isinstance(car, LeaseCar):
        return disclosures.LEASE
    return disclosures.CASH if isinstance(car, CashCar) else disclosures.ESTIMATE


def assumption(car: AnyCar) -> str:
    """Return what a car's figure assumes."""
    trade = None
    if car.allowance_cents or car.payoff_cents:
        trade = disclosures.trade_words(
            allowance=dollars(car.allowance_cents),
            payoff=dollars(car.payoff_cents) if car.payoff_cents else None,
            contract_date=day(car.contract_date),
        )
    if isinstance(car, CashCar):
        return disclosures.price_assumption(trade=trade)
    return disclosures.assumption(cash=dollars(car.cash_down_cents), trade=trade)


def lease_statements(car: AnyCar) -> list[str]:
    """Return what must be said of a lease; nothing for any other car."""
    if not isinstance(car, LeaseCar):
        return []
    limit, each = f"{car.miles_per_year:,}", dollars(car.excess_mile_cents)
    return [disclosures.mileage(limit=limit, each=each), disclosures.LEASE_END]
