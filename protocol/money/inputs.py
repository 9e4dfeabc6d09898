"""A deal's inputs to every structure: searches, workers, quotes and stored pencils compute from them."""

from enum import StrEnum

import msgspec

from protocol.deal.deal_parts import LenderTerms
from protocol.deal.structure import Structure
from protocol.money.lending import StateLimit, TaxRule
from protocol.money.products import SoldProduct

CarName = tuple[str, str, str]
"""Make, model and body of a car: lease programmes name it by these."""

ENGINE = 4
"""The version of the engine's rules. It changes whenever the same inputs would give a different cent."""


class AuthorityCovers(StrEnum):
    """What the seller's authority must cover. Pencils older than the concession rules have no value here."""

    DISCOUNT = "discount"
    CONCESSION = "concession"


class RowRule(StrEnum):
    """Which rows of a lender may be offered. Pencils older than the rule have no value here."""

    EVERY = "every"
    CHEAPEST = "cheapest"


class DealInputs(msgspec.Struct, frozen=True, kw_only=True):
    """The inputs of pricing other than cars, rate sheet and risk model. ``structure`` has its dates.

    ``monthly_income_cents`` and ``score`` are None if they are not known: then no limit on them applies.
    ``other_debt_cents`` is per month; all three are of customer and co-buyer together. ``standard_markup_bp``
    (within the cap of the store's state) and ``npv_floor_cents`` are the store's, as is
    ``product_cost_share_bp``, which replaces a missing ``products_cost_cents``. ``discount_max_cents`` is the
    seller's authority; if it covers the concession, a price cut and deal-specific rebates leave less of it
    for a discount. ``discount_fixed``: the structure's discount is the whole discount, none is found beyond
    it. ``tax_rules`` are those of the registration address, used where the structure states no
    tax rate. ``lender_terms`` are lenders' live decisions about this customer; they override the sheet.
    ``row_rule``: only the cheapest row of a lender that fits may be offered. ``state_limit`` is that of the
    store's state; None: no limit is known there. ``products`` are the structure's product lines with their
    rows of the catalogue.
    Found amounts of cash are rounded up to whole ``cash_step_cents``; a grid's columns are
    ``grid_step_cents`` apart. ``engine`` is the version of the rules
    to compute by: a replayed pencil is computed by those of its own version. ``all_kinds``: leases and cash
    are considered beside finance, which pencils from before them are not.
    """

    structure: Structure
    monthly_income_cents: int | None
    other_debt_cents: int
    score: int | None
    standard_markup_bp: float
    npv_floor_cents: int
    discount_max_cents: int = 0
    authority_covers: AuthorityCovers = AuthorityCovers.DISCOUNT
    product_cost_share_bp: float = 10_000.0
    tax_rules: tuple[TaxRule, ...] = ()
    lender_terms: tuple[LenderTerms, ...] = ()
    row_rule: RowRule = RowRule.EVERY
    state_limit: StateLimit | None = None
    products: tuple[SoldProduct, ...] = ()
    cash_step_cents: int = 1
    grid_step_cents: int = 500_00
    engine: int = ENGINE
    all_kinds: bool = False
    discount_fixed: bool = False

    @property
    def discount_limit_cents(self) -> int:
        """The largest discount on a car at its advertised price: the rest of the seller's authority, or more
        if it was granted; the structure's own one if it is fixed.
        """
        if self.discount_fixed:
            return self.structure.discount_cents
        left = self.discount_max_cents
        if self.authority_covers is AuthorityCovers.CONCESSION:
            left -= self.structure.rebate_cents
        return max(left, self.structure.discount_cents)


class PencilInputs(DealInputs, frozen=True, kw_only=True):
    """The inputs of a pencil other than its car's numbers: a deal's inputs, the requested programme, None if
    all of the sheet were, and what lease programmes name the car by.
    """

    programme_id: str | None = None
    car_name: CarName | None = None
