"""What a store knows of a customer and a co-buyer: who they are, what they earn and owe, and their scores."""

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from protocol.deal.structure import TierSource
from protocol.records import Cents, Record
from protocol.texts import ONE_LINE

PersonName = Annotated[str, Meta(min_length=1, max_length=100, pattern=ONE_LINE)]
Words = Annotated[str, Meta(max_length=100, pattern=ONE_LINE)]
Phone = Annotated[str, Meta(max_length=32, pattern=ONE_LINE)]
UsState = Annotated[str, Meta(min_length=2, max_length=2, pattern=ONE_LINE)]
CreditScore = Annotated[int, Meta(ge=250, le=900)]
MonthsLeft = Annotated[int, Meta(ge=0, le=240)]


class CustomerFacts(Record, frozen=True):
    """A customer, with the co-buyer if ``co_name`` is set. Amounts are per month; None: not known.

    ``state`` and ``postal_code`` are where the car will be registered. A score has its source and date.
    ``current_payment_cents`` is what the customer pays for the present car, for ``remaining_months`` more.
    """

    name: PersonName
    state: UsState
    phone: Phone = ""
    address_line: Words = ""
    city: Words = ""
    postal_code: Words = ""
    monthly_income_cents: Cents | None = None
    other_debt_cents: Cents = 0
    score: CreditScore | None = None
    score_source: TierSource | None = None
    score_date: dt.date | None = None
    current_payment_cents: Cents | None = None
    remaining_months: MonthsLeft | None = None
    co_name: PersonName | None = None
    co_monthly_income_cents: Cents | None = None
    co_other_debt_cents: Cents | None = None
    co_score: CreditScore | None = None
    co_score_source: TierSource | None = None
    co_score_date: dt.date | None = None

    @property
    def income_cents(self) -> int | None:
        """The monthly income of both; None if neither is known."""
        known = [
            each for each in (self.monthly_income_cents, self.co_monthly_income_cents) if each is not None
        ]
        return sum(known) if known else None

    @property
    def debt_cents(self) -> int:
        """The other debts of both, per month."""
        return self.other_debt_cents + (self.co_other_debt_cents or 0)


class CustomerChanges(Record, frozen=True):
    """Partial ``CustomerFacts``: a field that is ``UNSET`` stays as it was."""

    name: PersonName | UnsetType = UNSET
    state: UsState | UnsetType = UNSET
    phone: Phone | UnsetType = UNSET
    address_line: Words | UnsetType = UNSET
    city: Words | UnsetType = UNSET
    postal_code: Words | UnsetType = UNSET
    monthly_income_cents: Cents | UnsetType | None = UNSET
    other_debt_cents: Cents | UnsetType = UNSET
    score: CreditScore | UnsetType | None = UNSET
    score_source: TierSource | UnsetType | None = UNSET
    score_date: dt.date | UnsetType | None = UNSET
    current_payment_cents: Cents | UnsetType | None = UNSET
    remaining_months: MonthsLeft | UnsetType | None = UNSET
    co_name: PersonName | UnsetType | None = UNSET
    co_monthly_income_cents: Cents | UnsetType | None = UNSET
    co_other_debt_cents: Cents | UnsetType | None = UNSET
    co_score: CreditScore | UnsetType | None = UNSET
    co_score_source: TierSource | UnsetType | None = UNSET
    co_score_date: dt.date | UnsetType | None = UNSET

    def items(self) -> Iterator[tuple[str, Any]]:
        """Yield ``(field, value)`` of the fields that are set."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is not UNSET:
                yield name, value


SCORES: Final = tuple(name for name in CustomerFacts.__struct_fields__ if "score" in name)
"""The credit scores, with their sources and dates: the desk's."""

TAXED: Final = frozenset({"state", "postal_code"})
"""The facts that taxes and fees depend on."""

COUNTED: Final = TAXED | {
    *("monthly_income_cents", "other_debt_cents", "score", "co_name"),
    *("co_monthly_income_cents", "co_other_debt_cents"),
}
"""The facts that offers depend on: taxes go by the address, limits by income, debts and score."""


class CustomerError(ValueError):
    """Facts that contradict each other. ``field`` names the one to correct."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(field, expected)
        self.field = field
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.field}: {self.expected}"


def with_facts(facts: CustomerFacts, changes: CustomerChanges) -> CustomerFacts:
    """Return ``facts`` with ``changes``. Without a co-buyer there are none of its facts.

    Raises CustomerError if the result contradicts itself.
    """
    after = msgspec.structs.replace(facts, **dict(changes.items()))
    if changes.co_name is None:
        theirs = (name for name in CustomerFacts.__struct_fields__ if name.startswith("co_"))
        after = msgspec.structs.replace(after, **dict.fromkeys(theirs))
    check_facts(after)
    return after


def check_facts(facts: CustomerFacts) -> None:
    """Raise CustomerError for facts that contradict each other, a blank name, or a state that is
    none.
    """
    for name in ("name", "co_name"):
        text = getattr(facts, name)
        if text is not None and not text.strip():
            raise CustomerError(name, "expected at least one word")
    if not (facts.state.isascii() and facts.state.isalpha() and facts.state.isupper()):
        raise CustomerError("state", "expected two capital letters, such as OH")
    for score in ("score", "co_score"):
        known = [getattr(facts, f"{score}{part}") is not None for part in ("", "_source", "_date")]
        if any(known) and not all(known):
            missing = (score, f"{score}_source", f"{score}_date")[known.index(False)]
            raise CustomerError(missing, "expected a score with its source and date")
    if (facts.current_payment_cents is None) != (facts.remaining_months is None):
        missing = "remaining_months" if facts.remaining_months is None else "current_payment_cents"
        raise CustomerError(missing, "expected the present payment with the months that are left")
    if facts.co_name is None:
        theirs = (name for name in CustomerFacts.__struct_fields__ if name.startswith("co_"))
        lone = next((name for name in theirs if getattr(facts, name) is not None), None)
        if lone is not None:
            raise CustomerError("co_name", "expected the co-buyer's name")
