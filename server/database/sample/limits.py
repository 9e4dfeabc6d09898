"""Sample state limits: invented round figures that show every kind. None of them is a state's law.

They cover the states of the sample stores and customers, and are marked as a sample in the database.
"""

import datetime as dt

from protocol.money.lending import StateLimit

SOURCE = "Invented for the sample; replace it with the statute or the regulator's notice"
SOURCE_DATE = dt.date(2026, 1, 2)
LIMITS = (
    StateLimit(
        state="IN",
        rate_max_bp=2_100.0,
        doc_fee_max_cents=450_00,
        source=SOURCE,
        source_date=SOURCE_DATE,
    ),
    StateLimit(state="KY", markup_max_bp=200.0, source=SOURCE, source_date=SOURCE_DATE),
    StateLimit(
        state="OH",
        rate_max_bp=2_500.0,
        doc_fee_max_cents=400_00,
        markup_max_bp=250.0,
        source=SOURCE,
        source_date=SOURCE_DATE,
    ),
)
