"""A deal's state machine, from the first pencil to the funded contract, with the reasons of each step.

Every change of state has an actor, a reason that its action allows, and the version that it created.
``signed`` is final for the deal. From there the contract goes on: delivered, funded, or unwound.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from protocol.records import DealState, Role


class Action(StrEnum):
    """An action that moves a deal between states; the ``type`` of its command."""

    SUBMIT = "submit"
    COUNTER = "counter"
    APPROVE = "approve"
    DECLINE = "decline"
    REOPEN = "reopen"
    SIGN = "sign"
    LOSE = "lose"
    ACCEPT = "accept"


class Reason(StrEnum):
    """The reasons for moving a deal.

    Those from ``credit_application_incomplete`` to ``collateral_insufficient`` are the principal reasons of
    the sample notice of adverse action (Regulation B, appendix C, form C-1). The server uses the last ones
    for a deal that it returned to working.
    """

    CUSTOMER_AGREES = "customer_agrees"
    CUSTOMER_WANTS_BETTER = "customer_wants_better"
    DESK_ADVICE = "desk_advice"
    GROSS_TOO_LOW = "gross_too_low"
    PAYMENT_TOO_LOW = "payment_too_low"
    CASH_TOO_LOW = "cash_too_low"
    TERM_TOO_LONG = "term_too_long"
    TRADE_OVERVALUED = "trade_overvalued"
    BETTER_PROGRAMME = "better_programme"
    OTHER_CAR = "other_car"
    MEETS_POLICY = "meets_policy"
    EXCEPTION_GRANTED = "exception_granted"
    DOCUMENTS_MISSING = "documents_missing"
    CAR_NOT_AVAILABLE = "car_not_available"
    CUSTOMER_RETURNED = "customer_returned"
    TERMS_CHANGED = "terms_changed"
    NEW_INFORMATION = "new_information"
    CUSTOMER_ACCEPTS = "customer_accepts"
    BOUGHT_ELSEWHERE = "bought_elsewhere"
    NOT_READY = "not_ready"
    PRICE_TOO_HIGH = "price_too_high"
    PAYMENT_TOO_HIGH = "payment_too_high"
    NO_SUITABLE_CAR = "no_suitable_car"
    UNRESPONSIVE = "unresponsive"
    CAR_HANDED_OVER = "car_handed_over"
    LENDER_PAID = "lender_paid"
    CUSTOMER_PAID = "customer_paid"
    FUNDING_REFUSED = "funding_refused"
    CAR_RETURNED = "car_returned"
    MUTUAL_AGREEMENT = "mutual_agreement"
    CREDIT_APPLICATION_INCOMPLETE = "credit_application_incomplete"
    INSUFFICIENT_REFERENCES = "insufficient_references"
    REFERENCES_NOT_VERIFIED = "references_not_verified"
    IRREGULAR_EMPLOYMENT = "irregular_employment"
    EMPLOYMENT_NOT_VERIFIED = "employment_not_verified"
    SHORT_EMPLOYMENT = "short_employment"
    INCOME_INSUFFICIENT = "income_insufficient"
    EXCESSIVE_OBLIGATIONS = "excessive_obligations"
    INCOME_NOT_VERIFIED = "income_not_verified"
    SHORT_RESIDENCE = "short_residence"
    RESIDENCE_NOT_VERIFIED = "residence_not_verified"
    NO_CREDIT_FILE = "no_credit_file"
    LIMITED_CREDIT_EXPERIENCE = "limited_credit_experience"
    POOR_PERFORMANCE_WITH_US = "poor_performance_with_us"
    DELINQUENT_OBLIGATIONS = "delinquent_obligations"
    COLLECTION_OR_JUDGMENT = "collection_or_judgment"
    GARNISHMENT = "garnishment"
    REPOSSESSION = "repossession"
    BANKRUPTCY = "bankruptcy"
    RECENT_INQUIRIES = "recent_inquiries"
    COLLATERAL_INSUFFICIENT = "collateral_insufficient"
    OFFER_CHANGED = "offer_changed"
    CAR_CHANGED = "car_changed"
    CAR_SOLD = "car_sold"
    RATES_CHANGED = "rates_changed"
    LENDER_CHANGED = "lender_changed"
    LENDER_EXPIRED = "lender_expired"
    EDITION_CHANGED = "edition_changed"
    CUSTOMER_CHANGED = "customer_changed"
    DAY_CHANGED = "day_changed"


_ALL: Final = tuple(Reason)
_FIRST_CREDIT, _LAST_CREDIT = Reason.CREDIT_APPLICATION_INCOMPLETE, Reason.COLLATERAL_INSUFFICIENT
CREDIT_REASONS: Final = _ALL[_ALL.index(_FIRST_CREDIT) : _ALL.index(_LAST_CREDIT) + 1]
"""Credit reasons: a refusal with one of them requires an adverse action notice."""

MAX_REASONS: Final = 4
"""The most principal reasons in an adverse action notice."""

NOTICE_DAYS: Final = 30
"""The days within which the customer must get the notice (Regulation B, 12 CFR 1002.9)."""


@dataclass(frozen=True, slots=True)
class Transition:
    """One action: from where, to where, who may, and why."""

    sources: tuple[DealState, ...]
    target: DealState
    roles: tuple[Role, ...]
    reasons: tuple[Reason, ...]


_STAFF: Final = (Role.SALESPERSON, Role.DESK_MANAGER)
_DESK: Final = (Role.DESK_MANAGER,)
_OPEN: Final = tuple(state for state in DealState if state not in {DealState.SIGNED, DealState.LOST})
_WEAK_OFFER: Final = (
    Reason.GROSS_TOO_LOW,
    Reason.PAYMENT_TOO_LOW,
    Reason.CASH_TOO_LOW,
    Reason.TERM_TOO_LONG,
    Reason.TRADE_OVERVALUED,
)

TRANSITIONS: Final = {
    Action.SUBMIT: Transition(
        (DealState.WORKING, DealState.COUNTERED),
        DealState.SUBMITTED,
        _STAFF,
        (Reason.CUSTOMER_AGREES, Reason.CUSTOMER_WANTS_BETTER, Reason.DESK_ADVICE),
    ),
    Action.COUNTER: Transition(
        (DealState.SUBMITTED,),
        DealState.COUNTERED,
        _DESK,
        (*_WEAK_OFFER, Reason.BETTER_PROGRAMME, Reason.OTHER_CAR),
    ),
    Action.APPROVE: Transition(
        (DealState.SUBMITTED,), DealState.APPROVED, _DESK, (Reason.MEETS_POLICY, Reason.EXCEPTION_GRANTED)
    ),
    Action.DECLINE: Transition(
        (DealState.SUBMITTED,),
        DealState.DECLINED,
        _DESK,
        (*_WEAK_OFFER, Reason.DOCUMENTS_MISSING, Reason.CAR_NOT_AVAILABLE, *CREDIT_REASONS),
    ),
    Action.REOPEN: Transition(
        (DealState.COUNTERED, DealState.APPROVED, DealState.DECLINED, DealState.LOST),
        DealState.WORKING,
        _STAFF,
        (
            Reason.CUSTOMER_RETURNED,
            Reason.TERMS_CHANGED,
            Reason.NEW_INFORMATION,
            Reason.OTHER_CAR,
            Reason.BETTER_PROGRAMME,
        ),
    ),
    Action.SIGN: Transition(
        (DealState.APPROVED,), DealState.SIGNED, _STAFF, (Reason.CUSTOMER_ACCEPTS,)
    ),
    Action.LOSE: Transition(
        _OPEN,
        DealState.LOST,
        _STAFF,
        (
            Reason.BOUGHT_ELSEWHERE,
            Reason.NOT_READY,
            Reason.PRICE_TOO_HIGH,
            Reason.PAYMENT_TOO_HIGH,
            Reason.TRADE_OVERVALUED,
            Reason.NO_SUITABLE_CAR,
            Reason.UNRESPONSIVE,
            *CREDIT_REASONS,
        ),
    ),
    Action.ACCEPT: Transition(
        (DealState.COUNTERED,),
        DealState.SUBMITTED,
        _STAFF,
        (Reason.CUSTOMER_AGREES, Reason.DESK_ADVICE),
    ),
}  # fmt: skip
"""Every transition that a person may make."""

EDITABLE: Final = (DealState.WORKING, DealState.COUNTERED)
"""States in which the structure may be changed; a countered deal then becomes working."""

APPRAISABLE: Final = (*EDITABLE, DealState.SUBMITTED)
"""States in which an appraisal of a trade may be requested."""

SELECTABLE: Final = (*EDITABLE, DealState.APPROVED)
"""States in which another offer may be selected; a countered or approved deal then becomes working."""


class Fulfilment(StrEnum):
    """The progress of a signed contract."""

    SIGNED = "signed"
    DELIVERED = "delivered"
    FUNDED = "funded"
    UNWOUND = "unwound"


class Closing(StrEnum):
    """An action that moves a signed contract; the ``type`` of its command."""

    DELIVER = "deliver"
    FUND = "fund"
    UNWIND = "unwind"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a signed contract."""

    sources: tuple[Fulfilment, ...]
    target: Fulfilment
    reasons: tuple[Reason, ...]


STEPS: Final = {
    Closing.DELIVER: Step((Fulfilment.SIGNED,), Fulfilment.DELIVERED, (Reason.CAR_HANDED_OVER,)),
    Closing.FUND: Step(
        (Fulfilment.DELIVERED,), Fulfilment.FUNDED, (Reason.LENDER_PAID, Reason.CUSTOMER_PAID)
    ),
    Closing.UNWIND: Step(
        (Fulfilment.SIGNED, Fulfilment.DELIVERED),
        Fulfilment.UNWOUND,
        (
            Reason.FUNDING_REFUSED,
            Reason.CAR_RETURNED,
            Reason.DOCUMENTS_MISSING,
            Reason.MUTUAL_AGREEMENT,
            *CREDIT_REASONS,
        ),
    ),
}
"""What may happen after ``signed``. A funded contract is final; an unwound one's car is for sale again."""


class LenderStatus(StrEnum):
    """What a lender decided about an application."""

    APPROVED = "approved"
    CONDITIONAL = "conditional"  # approved once its stipulations are cleared
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"  # an earlier decision counts no longer


LIVE_STATUSES: Final = (LenderStatus.APPROVED, LenderStatus.CONDITIONAL)


class TaskKind(StrEnum):
    """The kinds of tasks on a deal, by law or by promise."""

    ADVERSE_ACTION_NOTICE = "adverse_action_notice"
    APPRAISAL = "appraisal"
