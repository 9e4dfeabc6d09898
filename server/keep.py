"""How long records are kept: settings that a store's law or lender may ask to be longer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

ReadNumber = Callable[[str, int, int, int], int]
"""Returns the number of a variable: its name, its default, the least and the most that it may be."""

YEARS: Final = 12
MOST_MONTHS: Final = 50 * YEARS
APPLICATION_MONTHS: Final = 25
"""Regulation B, 12 CFR 1002.12(b): 25 months after a creditor notified an applicant of its decision."""

DISCLOSURE_MONTHS: Final = 2 * YEARS
"""Regulation Z, 12 CFR 1026.25(a), and Regulation M, 12 CFR 1013.8: evidence of compliance for two years."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How many months each kind of record is kept, counted from what happened last to it.

    ``contracts``: deals that were signed. ``applications``: deals on which a lender decided, or that were
    refused for a credit reason. ``lost``: customers whose deals are all lost. ``security``: security events.
    ``links``: a customer's links after they ended.
    """

    contracts: int = 7 * YEARS
    applications: int = APPLICATION_MONTHS
    lost: int = 7 * YEARS
    security: int = 7 * YEARS
    links: int = 3

    @classmethod
    def read(cls, number: ReadNumber) -> "Keep":
        """Return the periods of the environment. Raises what ``number`` raises."""
        standard = cls()
        return cls(
            contracts=number("DEAL_KEEP_CONTRACTS", standard.contracts, DISCLOSURE_MONTHS, MOST_MONTHS),
            applications=number(
                "DEAL_KEEP_APPLICATIONS", standard.applications, APPLICATION_MONTHS, MOST_MONTHS
            ),
            lost=number("DEAL_KEEP_LOST", standard.lost, 1, MOST_MONTHS),
            security=number("DEAL_KEEP_SECURITY", standard.security, 1, MOST_MONTHS),
            links=number("DEAL_KEEP_LINKS", standard.links, 1, MOST_MONTHS),
        )

    def environment(self) -> dict[str, str]:
        """Return the variables that reproduce these periods."""
        return {
            "DEAL_KEEP_CONTRACTS": str(self.contracts),
            "DEAL_KEEP_APPLICATIONS": str(self.applications),
            "DEAL_KEEP_LOST": str(self.lost),
            "DEAL_KEEP_SECURITY": str(self.security),
            "DEAL_KEEP_LINKS": str(self.links),
        }
