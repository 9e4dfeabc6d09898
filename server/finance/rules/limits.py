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
    PRODUCTS = 9  # the lender refuses a product, or its price
    MILEAGE = 10
    MODEL_YEAR = 11
    LTV_BASIS = 12  # the car lacks the book value that the programme lends against
    NEW_USED = 13
    DISCOUNT = 14  # larger than the price
    RATE = 15  # the structure's rate lies outside every programme's buy rate and markup
    TERM = 16  # no programme has an offered term
    SCORE = 17  # no programme takes the customer's score
    TIER = 18  # no programme is for the customer's tier
    DOWN_MIN = 19  # the lender's minimum down, in cash and trade equity
    NEGATIVE_EQUITY = 20  # the negative equity that a programme finances
    LTV_MIN = 21  # the programme's band of LTV begins above the deal
    MILEAGE_MIN = 22  # the programme's band of mileage begins above the car's
    MODEL_YEAR_MAX = 23  # the car is newer than the programme's model years
    FIRST_PAYMENT = 24  # no programme takes so early or so late a first payment
    SERVICE_CONTRACT_MAX = 25  # no programme finances so dear a service contract
    GAP_MAX = 26  # no programme finances GAP at this price
    BACKEND_MAX = 27  # no programme finances all of the products together
    STATE_RATE = 28  # above the state's highest contract rate
    STATE_MARKUP = 29  # above the state's highest markup over the buy rate
    STATE_DOC_FEE = 30  # above the state's highest doc fee
    LEASE_CAP = 31  # the lessor's largest cap cost, as a share of the MSRP
    LEASE_RESIDUAL = 32  # the cap cost falls below the residual, so that nothing is leased
    LEASE_MSRP = 33  # the car has no MSRP, of which a residual is a share
    LEASE_CAR = 34  # no lease programme names this car
    LEASE_MILES = 35  # no lease programme allows as many miles a year
    CASH_MAX = 36  # the price out the door, against the most that the customer pays in cash

    @property
    def wire(self) -> str | None:
        """The name on the wire; None for NONE."""
        return self.name.lower() if self else None
