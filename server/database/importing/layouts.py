"""The columns of versioned tables in a CSV file."""

from protocol.money.leasing import LeaseProgramme
from protocol.money.lending import (
    NO_EDGE_BP,
    NO_EDGE_DAYS,
    NO_EDGE_MONTHS,
    AdvanceRule,
    Disposition,
    LeaseTaxMethod,
    LtvBasis,
    Programme,
    Rebate,
    ReserveMethod,
    RiskCurve,
    Rounding,
    StateLimit,
    TaxBase,
    TaxRule,
)
from protocol.money.products import Earning, Product, ProductKind
from protocol.records import Tier
from server.database.editions.writing import LEASES, LIMITS, PRODUCTS, RATES, REBATES, RISK, TAXES
from server.database.importing import amounts
from server.database.importing.contradictions import (
    of_curve,
    of_lease,
    of_limit,
    of_product,
    of_programme,
    of_rebate,
    of_rule,
)
from server.database.importing.table_layout import TableLayout, columns_of

WIDEST_PERCENT = 10_000
YEAR, MONTHS, SCORE = amounts.whole(1900, 2100), amounts.whole(1, NO_EDGE_MONTHS), amounts.whole(250, 900)
EDGE = amounts.percent(WIDEST_PERCENT, above_zero=True)
DAYS = amounts.whole(0, NO_EDGE_DAYS)
STATE = amounts.matching("[A-Z]{2}", "a state as two capital letters, such as OH")

BANDS = (
    "programme_id", "lender", "tier", "term_min_months", "term_months", "score_min", "score_max", "new_cars",
    "used_cars", "year_min", "year_max", "mileage_min", "mileage_max", "ltv_min_bp", "ltv_total_max_bp",
    "amount_min_cents", "amount_max_cents", "subvented",
)  # fmt: skip
"""The bands of a programme's row. Bands may overlap; two rows with the same bands are a mistake."""

PROGRAMMES = TableLayout(
    RATES,
    Programme,
    columns_of(
        Programme,
        {
            "programme_id": amounts.words,
            "lender": amounts.words,
            "tier": amounts.one_of(Tier),
            "term_months": MONTHS,
            "score_min": SCORE,
            "score_max": SCORE,
            "new_cars": amounts.yes_or_no,
            "used_cars": amounts.yes_or_no,
            "year_min": YEAR,
            "mileage_max": amounts.whole(0, 2_000_000),
            "new_ltv_basis": amounts.one_of(LtvBasis),
            "used_ltv_basis": amounts.one_of(LtvBasis),
            "ltv_front_max_bp": EDGE,
            "ltv_total_max_bp": EDGE,
            "amount_min_cents": amounts.dollars(),
            "amount_max_cents": amounts.dollars(),
            "pti_max_bp": amounts.percent(),
            "dti_max_bp": amounts.percent(),
            "buy_rate_bp": amounts.percent(),
            "markup_max_bp": amounts.percent(),
            "reserve_method": amounts.one_of(ReserveMethod),
            "reserve_share_bp": amounts.percent(),
            "reserve_flat_cents": amounts.dollars(),
            "chargeback_months": amounts.whole(0, NO_EDGE_MONTHS),
            "term_min_months": MONTHS,
            "year_max": YEAR,
            "mileage_min": amounts.whole(0, 2_000_000),
            "ltv_min_bp": amounts.percent(WIDEST_PERCENT),
            "advance_rule": amounts.one_of(AdvanceRule),
            "service_contract_max_cents": amounts.dollars(),
            "gap_max_cents": amounts.dollars(),
            "backend_max_cents": amounts.dollars(),
            "negative_equity_max_cents": amounts.dollars(),
            "down_min_cents": amounts.dollars(),
            "first_payment_days_min": DAYS,
            "first_payment_days_max": DAYS,
            "reserve_max_cents": amounts.dollars(),
            "subvented": amounts.yes_or_no,
            "excluded_rebates": amounts.several,
            "lender_fee_cents": amounts.dollars(),
            "acquisition_cents": amounts.dollars(),
            "stipulations": amounts.several,
            "disposition": amounts.one_of(Disposition),
        },
        {
            "score_min": 250,
            "score_max": 900,
            "year_min": 1900,
            "mileage_max": 2_000_000,
            "reserve_share_bp": 0.0,
            "lender_fee_cents": 0,
            "acquisition_cents": 0,
            "stipulations": (),
        },
    ),
    BANDS,
    of_programme,
    "programme, tier and bands",
)

CURVES = TableLayout(
    RISK,
    RiskCurve,
    columns_of(
        RiskCurve,
        {
            "tier": amounts.one_of(Tier),
            "term_max_months": MONTHS,
            "ltv_max_bp": EDGE,
            "pti_max_bp": EDGE,
            "funding_rate": amounts.fraction,
            "cnl": amounts.fraction,
            "loss_timing": amounts.loss_timing,
            "recovery": amounts.fraction,
            "recovery_lag_months": amounts.whole(0, NO_EDGE_MONTHS),
            "abs_speed": amounts.fraction,
            "servicing_month_cents": amounts.dollars(),
        },
        {"term_max_months": NO_EDGE_MONTHS, "ltv_max_bp": NO_EDGE_BP, "pti_max_bp": NO_EDGE_BP},
    ),
    ("tier", "term_max_months", "ltv_max_bp", "pti_max_bp"),
    of_curve,
)

RULES = TableLayout(
    TAXES,
    TaxRule,
    columns_of(
        TaxRule,
        {
            "jurisdiction": amounts.words,
            "state": STATE,
            "postal_prefix": amounts.matching("[0-9]{1,5}", "up to five leading digits of a ZIP code"),
            "rate_bp": amounts.percent(),
            "base": amounts.one_of(TaxBase),
            "base_cap_cents": amounts.dollars(),
            "credit_cap_cents": amounts.dollars(),
            "rebate_reduces_tax": amounts.yes_or_no,
            "rounding": amounts.one_of(Rounding),
            "lease_method": amounts.one_of(LeaseTaxMethod),
            "lease_capitalised": amounts.yes_or_no,
            "lease_reduction_taxed": amounts.yes_or_no,
        },
        {},
    ),
    ("state", "postal_prefix", "jurisdiction"),
    of_rule,
)

REBATE_PROGRAMMES = TableLayout(
    REBATES,
    Rebate,
    columns_of(
        Rebate,
        {
            "rebate_id": amounts.words,
            "programme": amounts.words,
            "make": amounts.words,
            "model": amounts.words,
            "year_min": YEAR,
            "year_max": YEAR,
            "new_only": amounts.yes_or_no,
            "starts_on": amounts.date,
            "ends_on": amounts.date,
            "amount_cents": amounts.dollars(least=1),
            "requires": amounts.several,
            "stackable": amounts.yes_or_no,
        },
        {},
    ),
    ("rebate_id",),
    of_rebate,
)

STATE_LIMITS = TableLayout(
    LIMITS,
    StateLimit,
    columns_of(
        StateLimit,
        {
            "state": STATE,
            "rate_max_bp": amounts.percent(),
            "doc_fee_max_cents": amounts.dollars(),
            "markup_max_bp": amounts.percent(),
            "source": amounts.words,
            "source_date": amounts.date,
        },
        {},
    ),
    ("state",),
    of_limit,
)

CATALOGUE = TableLayout(
    PRODUCTS,
    Product,
    columns_of(
        Product,
        {
            "product_id": amounts.identifier,
            "kind": amounts.one_of(ProductKind),
            "name": amounts.words,
            "provider": amounts.words,
            "retail_cents": amounts.dollars(least=1),
            "cost_cents": amounts.dollars(least=1),
            "taxable_in": amounts.several,
            "term_months": MONTHS,
            "earning": amounts.one_of(Earning),
            "lenders": amounts.caps,
            "packages": amounts.several,
        },
        {},
    ),
    ("product_id",),
    of_product,
)

LEASE_PROGRAMMES = TableLayout(
    LEASES,
    LeaseProgramme,
    columns_of(
        LeaseProgramme,
        {
            "programme_id": amounts.words,
            "lender": amounts.words,
            "tier": amounts.one_of(Tier),
            "term_months": MONTHS,
            "miles_per_year": amounts.whole(1_000, 100_000),
            "make": amounts.words,
            "model": amounts.words,
            "segment": amounts.words,
            "new_cars": amounts.yes_or_no,
            "used_cars": amounts.yes_or_no,
            "year_min": YEAR,
            "mileage_max": amounts.whole(0, 2_000_000),
            "score_min": SCORE,
            "score_max": SCORE,
            "residual_bp": amounts.percent(above_zero=True),
            "money_factor": amounts.factor,
            "factor_markup_max": amounts.factor,
            "cap_max_bp": amounts.percent(1_000),
            "pti_max_bp": amounts.percent(),
            "acquisition_fee_cents": amounts.dollars(),
            "acquisition_capitalised": amounts.yes_or_no,
            "fees_capitalised": amounts.yes_or_no,
            "disposition_fee_cents": amounts.dollars(),
            "security_deposit_cents": amounts.dollars(),
            "excess_mile_cents": amounts.dollars(),
            "reserve_share_bp": amounts.percent(),
            "reserve_flat_cents": amounts.dollars(),
            "chargeback_bp": amounts.percent(),
            "stipulations": amounts.several,
        },
        {},
    ),
    (
        *("programme_id", "tier", "term_months", "miles_per_year", "make", "model", "segment", "year_min"),
        *("score_min", "new_cars", "used_cars"),
    ),
    of_lease,
    "programme, tier, term, miles and cars",
)
