"""Sample sales tax: invented round figures that show every kind of rule. None of them is a state's law.

They cover the addresses of the sample customers, and are marked as a sample in the database.
"""

from protocol.money.lending import Rounding, TaxBase, TaxRule

STATE_RULES = (
    TaxRule(jurisdiction="Indiana (sample)", state="IN", rate_bp=700.0, credit_cap_cents=12_000_00),
    TaxRule(jurisdiction="Kentucky (sample)", state="KY", rate_bp=600.0, base=TaxBase.FULL_PRICE),
    TaxRule(jurisdiction="Ohio (sample)", state="OH", rate_bp=600.0),
)
LOCAL_RULES = (
    TaxRule(jurisdiction="District 452 (sample)", state="OH", postal_prefix="452", rate_bp=75.0),
    TaxRule(jurisdiction="District 454 (sample)", state="OH", postal_prefix="454", rate_bp=125.0),
    TaxRule(
        jurisdiction="District 455 (sample)",
        state="OH",
        postal_prefix="455",
        rate_bp=100.0,
        base_cap_cents=50_000_00,
        rounding=Rounding.UP,
    ),
)
RULES = (*STATE_RULES, *LOCAL_RULES)
