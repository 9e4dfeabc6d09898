"""The inputs of a deal's computations, from the stored deal and the tax table in force."""

import datetime as dt

from protocol.closing import CommandError, ErrorCode
from protocol.deal.structure import StructureError
from protocol.money.inputs import AuthorityCovers, DealInputs, RowRule
from protocol.money.lending import LimitTable, StateLimit, TaxTable
from protocol.money.products import Catalogue, sold_products
from server.database.deals.deals import Deal
from server.finance.calendar import with_dates


def deal_inputs(
    deal: Deal,
    tax_table: TaxTable | None,
    today: dt.date,
    *,
    limits: LimitTable | None = None,
    catalogue: Catalogue | None = None,
) -> DealInputs:
    """Return the inputs of a deal; missing dates are filled in from ``today``.

    The taxes are those of the customer's address in ``tax_table``, the limits those of the store's state, the
    products those of ``catalogue``; None: none is in force. Raises CommandError (invalid) if the deal's dates
    contradict ``today``, if no tax rule applies to the address and the deal states no tax rate, or if the
    catalogue lacks a product of the deal.
    """
    from server.finance.products import with_products
    from server.finance.rules.taxes import check_taxable, rules_for

    customer = deal.customer
    rules = () if tax_table is None else rules_for(tax_table, customer.state, customer.postal_code)
    try:
        structure = with_dates(deal.structure, today)
        check_taxable(structure, rules, f"{customer.state} {customer.postal_code}".strip())
        sold = sold_products(structure.products, catalogue, customer.state)
    except StructureError as error:
        raise CommandError(
            ErrorCode.INVALID, str(error), field=error.field, expected=error.expected
        ) from None
    cap = deal.markup_cap_bp
    inputs = DealInputs(
        structure=structure,
        monthly_income_cents=customer.monthly_income_cents,
        other_debt_cents=customer.other_debt_cents,
        score=customer.score,
        standard_markup_bp=deal.standard_markup_bp if cap is None else min(deal.standard_markup_bp, cap),
        npv_floor_cents=deal.npv_floor_cents,
        discount_max_cents=deal.discount_authority_cents,
        authority_covers=AuthorityCovers.CONCESSION,
        product_cost_share_bp=deal.product_cost_share_bp,
        # A stated rate needs no rules. Without them, a newer table does not change what the rate computed.
        tax_rules=rules if structure.tax_rate_bp is None else (),
        lender_terms=deal.live_lenders,
        row_rule=RowRule.CHEAPEST,
        state_limit=_limit_of(deal.store_state, limits),
        cash_step_cents=deal.cash_step_cents,
        grid_step_cents=deal.grid_step_cents,
        all_kinds=True,
    )
    return with_products(inputs, sold) if sold else inputs


def _limit_of(state: str, limits: LimitTable | None) -> StateLimit | None:
    return next((one for one in (limits.limits if limits else ()) if one.state == state), None)
