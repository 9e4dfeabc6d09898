"""What customers' paper says besides its figures.

``TEXT_VERSION`` names the wording: whoever accepts a paper accepts this version of it. A change of any
sentence is a new version.
"""

from typing import Final

TEXT_VERSION: Final = "2026-11"

ESTIMATE: Final = "Estimate, subject to credit approval; not a Truth in Lending disclosure."
OPTIONAL: Final = (
    "Products are optional. They are not required for the credit or for the car. Each can be declined."
)
LONGER_TERM: Final = "A longer term lowers the payment and raises the total cost."
TAXES: Final = "Taxes follow the registration address and the contract date."


def assumption(*, cash: str, trade: str | None) -> str:
    """Return the sentence on what a payment assumes. Both are as printed; ``trade`` None: none."""
    if trade is None:
        return f"This payment assumes {cash} cash down and no trade-in."
    return f"This payment assumes {cash} cash down and {trade}."


def trade_words(*, allowance: str, payoff: str | None, contract_date: str) -> str:
    """Return a trade-in in words. All are as printed; ``payoff`` is None if nothing is owed."""
    if payoff is None:
        return f"a trade-in allowance of {allowance}"
    return f"a trade-in allowance of {allowance} with a payoff of {payoff} on {contract_date}"


def validity(until: str) -> str:
    """Return the sentence on how long the figures stand."""
    return f"Valid until {until}, as long as the car is available."
