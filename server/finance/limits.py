"""The limits that shape or refuse a structure. Their names are on the wire (``binding``, ``rejected``): never
rename one.
"""

from enum import IntEnum


class Limit(IntEnum):
    """The limits, from the easiest to the hardest to fix; ``name`` in lower case is the name on the wire.

    A feasible offer names the limit that requires more cash than the customer wants to pay (NONE if no limit
    does). A car without a feasible structure names the limit of the programme that comes nearest.
    """

    NONE = 0
    PAYMENT_MAX = 1  # the customer's highest payment
    PTI = 2  # payment to income
    DTI = 3  # payment and other debt to income
    LTV_FRONT = 4  # principal without products, against the programme's book value
    LTV_TOTAL = 5  # principal against the programme's book value
    AMOUNT_MAX = 6  # the lender's largest loan
    AMOUNT_MIN = 7  # the lender's smallest loan; also a deal that needs no loan
    NPV_FLOOR = 8  # feasible, but worth less to the group than the store accepts
    MILEAGE = 9
    MODEL_YEAR = 10
    LTV_BASIS = 11  # the car lacks the book value that the programme lends against
    NEW_USED = 12
    DISCOUNT = 13  # larger than the price
    RATE = 14  # the structure's rate lies outside every programme's buy rate and markup
    TERM = 15  # no programme has an offered term
    SCORE = 16  # no programme takes the customer's score
    TIER = 17  # no programme is for the customer's tier
    DOWN_MIN = 18  # the lender's minimum down, in cash and trade equity
    NEGATIVE_EQUITY = 19  # the negative equity that a programme finances
    LTV_MIN = 20  # the programme's band of LTV begins above the deal
    MILEAGE_MIN = 21  # the programme's band of mileage begins above the car's
    MODEL_YEAR_MAX = 22  # the car is newer than the programme's model years
    FIRST_PAYMENT = 23  # no programme takes so early or so late a first payment
    SERVICE_CONTRACT_MAX = 24  # no programme finances so dear a service contract
    GAP_MAX = 25  # no programme finances GAP at this price
    BACKEND_MAX = 26  # no programme finances all of the products together
    STATE_RATE = 27  # above the state's highest contract rate
    STATE_MARKUP = 28  # above the state's highest markup over the buy rate
    STATE_DOC_FEE = 29  # above the state's highest doc fee

    @property
    def wire(self) -> str | None:
        """The name on the wire; None for NONE."""
        return self.name.lower() if self else None
