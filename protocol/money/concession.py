"""What the store gives away in an offer, regardless of the field that carries it.

A dollar off the price, a dollar of discount, a dollar of allowance above the trade's cash value and a dollar
of rebate that no manufacturer pays cost the store the same. A person's authority covers their sum.
"""

from dataclasses import dataclass

from protocol.deal.structure import Structure


@dataclass(frozen=True, slots=True)
class Concession:
    """The parts of a concession in cents, none of them negative.

    ``price_cut_cents`` is how far the stated price is below the advertised one, ``over_allowance_cents`` how
    far the trade allowance is above the cash value (ACV); of two trades, their sums count. The value of a
    trade that was not appraised is its allowance, as in the NPV: no over-allowance is known.
    ``rebate_cents`` are the structure's rebates, which come on top of those of the rebate
    sheet.
    """

    price_cut_cents: int
    discount_cents: int
    over_allowance_cents: int
    rebate_cents: int

    @property
    def total_cents(self) -> int:
        """The whole concession, which the decider's authority must cover."""
        return self.shown_cents + self.over_allowance_cents

    @property
    def shown_cents(self) -> int:
        """The concession without the over-allowance, which would reveal the ACV to a salesperson."""
        return self.price_cut_cents + self.discount_cents + self.rebate_cents

    def describe(self) -> str:
        """Return the total with its parts in words, such as ``$1,200.00 (discount $200.00, ...)``."""
        named = (
            ("price cut", self.price_cut_cents),
            ("discount", self.discount_cents),
            ("allowance above ACV", self.over_allowance_cents),
            ("deal-specific rebate", self.rebate_cents),
        )
        parts = ", ".join(f"{name} ${cents / 100:,.2f}" for name, cents in named if cents)
        total = f"${self.total_cents / 100:,.2f}"
        return f"{total} ({parts})" if parts else total


def concession_of(
    structure: Structure, *, advertised_cents: int, discount_cents: int | None = None
) -> Concession:
    """Return what is given away on a car that is advertised at ``advertised_cents``.

    ``discount_cents`` is the whole discount of an offer, including what the search added; None means the
    structure's.
    """
    stated = advertised_cents if structure.price_cents is None else structure.price_cents
    return Concession(
        price_cut_cents=max(0, advertised_cents - stated),
        discount_cents=structure.discount_cents if discount_cents is None else discount_cents,
        over_allowance_cents=max(0, structure.trade_allowance_cents - structure.trade_value_cents),
        rebate_cents=structure.rebate_cents,
    )


def lacks_appraisal(structure: Structure) -> bool:
    """Return whether something is allowed for a trade whose cash value nobody stated."""
    if structure.trades:
        return any(trade.allowance_cents and trade.acv_cents is None for trade in structure.trades)
    return structure.trade_allowance_cents > 0 and structure.trade_acv_cents is None


def lacks_product_cost(structure: Structure, usual_share_bp: float) -> bool:
    """Return whether products are sold whose cost is 0, stated or by the store's usual share.

    Then their whole price would count as gross, and raise the NPV dollar for dollar. Products of the
    catalogue have a cost.
    """
    if structure.products or not structure.products_cents:
        return False
    stated = structure.products_cost_cents
    usual = structure.products_cents * usual_share_bp / 10_000
    return usual < 0.5 if stated is None else stated == 0
