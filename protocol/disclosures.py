"""What customers' paper says besides its figures.

``TEXT_VERSION`` names the wording: whoever accepts a paper accepts this version of it. A change of any
sentence is a new version.
"""

from typing import Final

TEXT_VERSION: Final = "2026-11.2"

ESTIMATE: Final = "Estimate, subject to credit approval; not a Truth in Lending disclosure."
LEASE: Final = "Estimate, subject to credit approval; not a Consumer Leasing Act disclosure."
CASH: Final = "Estimate of a cash price. No credit is part of it."
SEVERAL: Final = (
    "Estimates, subject to credit approval; neither Truth in Lending nor Consumer Leasing Act disclosures."
)
SIGNED: Final = "Summary of a signed deal. Its contract and the disclosures that came with it apply."
OPTIONAL: Final = (
    "Products are optional. They are not required for the credit or for the car. Each can be declined."
)
LEASE_END: Final = (
    "A lease that ends early may cost a substantial charge, the earlier the more. Excessive wear and use is"
    " charged at its end."
)
LONGER_TERM: Final = "A longer term lowers the payment and raises the total cost."
TAXES: Final = "Taxes follow the registration address and the contract date."


def assumption(*, cash: str, trade: str | None) -> str:
    """Return the sentence on what a payment assumes. Both are as printed; ``trade`` None: none."""
    if trade is None:
        return f"This payment assumes {cash} cash down and no trade-in."
    return f"This payment assumes {cash} cash down and {trade}."


def price_assumption(*, trade: str | None) -> str:
    """Return the sentence on what a price out the door assumes; ``trade`` as ``assumption``."""
    return f"This price assumes {trade or 'no trade-in'}."


def mileage(*, limit: str, each: str) -> str:
    """Return the sentence on the miles of a lease. Both are as printed."""
    return f"The lease allows {limit} miles a year. Each mile beyond costs {each} at its end."


def trade_words(*, allowance: str, payoff: str | None, contract_date: str) -> str:
    """Return a trade-in in words. All are as printed; ``payoff`` is None if nothing is owed."""
    if payoff is None:
        return f"a trade-in allowance of {allowance}"
    return f"a trade-in allowance of {allowance} with a payoff of {payoff} on {contract_date}"


def validity(until: str) -> str:
    """Return the sentence on how long the figures stand."""
    return f"Valid until {until}, as long as the car is available."
