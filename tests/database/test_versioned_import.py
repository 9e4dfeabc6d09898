"""Import of versioned tables, the pure part: rows, and what rows must hold together."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec import NODEFAULT

from protocol.money.lending import (
    NO_EDGE_BP,
    Disposition,
    Programme,
    Rebate,
    ReserveMethod,
    RiskCurve,
    TaxRule,
)
from protocol.records import Tier
from server.database.importing import (
    CATALOGUE,
    CURVES,
    LEASE_PROGRAMMES,
    PROGRAMMES,
    REBATE_PROGRAMMES,
    RULES,
    STATE_LIMITS,
    amounts,
)
from server.database.importing.table_layout import TableLayout
from server.database.importing.versioned import read_table
from server.database.sample import leases, lenders, limits, rebates, taxes
from tests.database.tables import CURVE, LEASE, LIMIT, PROGRAMME, REBATE, RULE, places, read

OLD_FIELDS = Programme.__struct_fields__[: Programme.__struct_fields__.index("term_min_months")]
"""The fields of a programme before bands had two edges."""


def as_cells(record: Any, layout: TableLayout) -> dict[str, str]:
    """Return a record as a person would write it."""
    cells = {}
    for column in layout.columns:
        value = getattr(record, column.field)
        if column.field == "loss_timing":
            text = " ".join(f"{term * 100:.4f}:{loss * 100:.4f}" for term, loss in value)
        elif isinstance(value, tuple):
            text = "; ".join(value)
        elif value is None or value == NO_EDGE_BP:
            text = ""
        elif isinstance(value, bool):
            text = "yes" if value else "no"
        elif column.field.endswith("_cents"):
            text = f"{value / 100:,.2f}"
        elif column.field.endswith("_bp"):
            text = f"{value / 100:.4f}"
        elif column.read is amounts.fraction:
            text = f"{value * 100:.6f}"
        else:
            text = str(value)
        cells[column.name] = text
    return cells


@pytest.mark.parametrize(
    ("layout", "records"),
    [
        (PROGRAMMES, tuple(lenders.sample_programmes(2026))),
        (CURVES, lenders.CURVES),
        (RULES, taxes.RULES),
        (REBATE_PROGRAMMES, tuple(rebates.sample_rebates(2026))),
        (STATE_LIMITS, limits.LIMITS),
        (LEASE_PROGRAMMES, tuple(leases.sample_leases(2026))),
    ],
)
def test_a_table_that_was_written_reads_back(
    layout: TableLayout, records: tuple[Any, ...], tmp_path: Path
) -> None:
    """Every sample record comes back equal from dollars, percent and lists."""
    found, faults = read(tmp_path, layout, *(as_cells(one, layout) for one in records))
    assert faults == []
    assert found == list(records)


def test_a_programme_needs_little_and_the_rest_has_its_usual_value(tmp_path: Path) -> None:
    """Percent become basis points, dollars cents; what is left out limits nothing."""
    (row,), faults = read(tmp_path, PROGRAMMES, PROGRAMME)
    assert faults == []
    assert isinstance(row, Programme)
    assert (row.buy_rate_bp, row.amount_min_cents, row.amount_max_cents) == (634.75, 5_000_00, 100_000_00)
    assert (row.score_min, row.score_max, row.stipulations) == (250, 900, ())
    assert (row.disposition, row.reserve_method) == (Disposition.SOLD, ReserveMethod.FINANCE_CHARGE)


def test_every_wrong_cell_of_every_row_is_told_at_once(tmp_path: Path) -> None:
    """Line, column, what was expected and what stands there; nobody has to mend a file twice."""
    _, faults = read(
        tmp_path,
        PROGRAMMES,
        PROGRAMME | {"tier": "best", "buy_rate_percent": "eight"},
        PROGRAMME | {"term_months": "60"},
        PROGRAMME | {"term_months": "72.5", "lender": "", "amount_max": "1.005"},
    )
    assert places(faults) == [
        (2, "tier"),
        (2, "buy_rate_percent"),
        (4, "lender"),
        (4, "term_months"),
        (4, "amount_max"),
    ]
    assert str(faults[1]) == ("line 2, buy_rate_percent: expected a percentage from 0 to 100, found 'eight'")
    assert str(faults[2]) == "line 4, lender: expected a value, found ''"


@pytest.mark.parametrize(
    ("layout", "row", "column"),
    [
        (PROGRAMMES, PROGRAMME | {"score_min": "700", "score_max": "650"}, "score_max"),
        (PROGRAMMES, PROGRAMME | {"new_cars": "no"}, "used_cars"),
        (PROGRAMMES, PROGRAMME | {"ltv_total_max_percent": "110"}, "ltv_total_max_percent"),
        (PROGRAMMES, PROGRAMME | {"amount_max": "5,000"}, "amount_max"),
        (
            PROGRAMMES,
            PROGRAMME | {"reserve_method": "flat", "reserve_share_percent": "1"},
            "reserve_share_percent",
        ),
        (PROGRAMMES, PROGRAMME | {"reserve_flat": "100"}, "reserve_flat"),
        (PROGRAMMES, PROGRAMME | {"term_min_months": "61"}, "term_min_months"),
        (PROGRAMMES, PROGRAMME | {"year_min": "2020", "year_max": "2019"}, "year_max"),
        (PROGRAMMES, PROGRAMME | {"mileage_min": "10", "mileage_max": "9"}, "mileage_max"),
        (PROGRAMMES, PROGRAMME | {"ltv_min_percent": "131"}, "ltv_min_percent"),
        (
            PROGRAMMES,
            PROGRAMME | {"first_payment_days_min": "46", "first_payment_days_max": "45"},
            "first_payment_days_max",
        ),
        (PROGRAMMES, PROGRAMME | {"excluded_rebates": "Cash"}, "excluded_rebates"),
        (PROGRAMMES, PROGRAMME | {"advance_rule": "everything"}, "advance_rule"),
        (STATE_LIMITS, LIMIT | {"rate_max_percent": ""}, "rate_max_percent"),
        (STATE_LIMITS, LIMIT | {"source": ""}, "source"),
        (STATE_LIMITS, LIMIT | {"state": "oh"}, "state"),
        (CURVES, CURVE | {"loss_timing": "0:0 50:75 100:90"}, "loss_timing"),
        (CURVES, CURVE | {"loss_timing": "50:75 40:80 100:100"}, "loss_timing"),
        (CURVES, CURVE | {"loss_timing": "half"}, "loss_timing"),
        (CURVES, CURVE | {"recovery_percent": "100"}, "recovery_percent"),
        (RULES, RULE | {"base": "full_price", "credit_cap": "10000"}, "credit_cap"),
        (RULES, RULE | {"state": "Ohio"}, "state"),
        (RULES, RULE | {"postal_prefix": "45-4"}, "postal_prefix"),
        (REBATE_PROGRAMMES, REBATE | {"ends_on": "2025-12-31"}, "ends_on"),
        (LEASE_PROGRAMMES, LEASE | {"score_min": "700", "score_max": "650"}, "score_max"),
        (LEASE_PROGRAMMES, LEASE | {"new_cars": "no"}, "used_cars"),
        (LEASE_PROGRAMMES, LEASE | {"used_cars": "yes"}, "make"),
        (LEASE_PROGRAMMES, LEASE | {"model": "Civic"}, "make"),
        (LEASE_PROGRAMMES, LEASE | {"money_factor": "0.0000001"}, "money_factor"),
        (LEASE_PROGRAMMES, LEASE | {"money_factor": "3"}, "money_factor"),
        (LEASE_PROGRAMMES, LEASE | {"residual_percent": "0"}, "residual_percent"),
        (REBATE_PROGRAMMES, REBATE | {"ends_on": "01/31/2026"}, "ends_on"),
        (REBATE_PROGRAMMES, REBATE | {"year_min": "2026", "year_max": "2025"}, "year_max"),
        (REBATE_PROGRAMMES, REBATE | {"amount": "0"}, "amount"),
        (REBATE_PROGRAMMES, REBATE | {"make": "Hon\x00da"}, "make"),
    ],
)
def test_a_row_that_contradicts_itself_is_refused(
    layout: TableLayout, row: Mapping[str, str], column: str, tmp_path: Path
) -> None:
    """The column to mend is named."""
    records, faults = read(tmp_path, layout, row)
    assert column in {fault.column for fault in faults}
    assert records == []


def test_a_row_that_repeats_another_is_refused(tmp_path: Path) -> None:
    """Programme, tier and all bands once; the error names both lines."""
    _, faults = read(tmp_path, PROGRAMMES, PROGRAMME, PROGRAMME | {"term_months": "72"}, PROGRAMME)
    assert places(faults) == [(4, "programme, tier and bands")]
    assert "line 2 has the same" in str(faults[0])
    assert "'harbor-new, Harbor, prime, 60'" in str(faults[0])


def test_rows_of_one_programme_may_overlap(tmp_path: Path) -> None:
    """Another edge of any band is another row, in the order of the file."""
    edges = {
        "term_min_months": "36",
        "year_max": "2024",
        "mileage_min": "10",
        "ltv_min_percent": "90",
        "amount_max": "50,000",
        "score_min": "700",
    }
    rows = [PROGRAMME, *(PROGRAMME | {name: text} for name, text in edges.items())]
    found, faults = read(tmp_path, PROGRAMMES, *rows)
    assert faults == []
    assert [row.ltv_min_bp for row in found] == [0.0, 0.0, 0.0, 0.0, 9_000.0, 0.0, 0.0]


def test_rows_of_a_lease_differ_by_their_cars(tmp_path: Path) -> None:
    """A make, a model and a body style of one program stand side by side; the same cars twice do not."""
    rows = [LEASE | {"make": "Honda"} | more for more in ({}, {"model": "Civic"}, {"segment": "SUV"})]
    found, faults = read(tmp_path, LEASE_PROGRAMMES, *rows)
    assert (len(found), faults) == (3, [])
    _, faults = read(tmp_path, LEASE_PROGRAMMES, *rows, rows[1])
    assert [fault.line for fault in faults] == [5]


def test_a_rule_that_is_left_out_limits_nothing(tmp_path: Path) -> None:
    """An old file means what it meant; a new one states rules in dollars, days and names."""
    (old,), _ = read(tmp_path, PROGRAMMES, PROGRAMME)
    assert old == Programme(**{name: getattr(old, name) for name in OLD_FIELDS})
    rules = {
        "advance_rule": "price_ttl",
        "gap_max": "900",
        "first_payment_days_max": "45",
        "reserve_max": "2,500.00",
        "subvented": "yes",
        "excluded_rebates": "Customer cash; r7",
    }
    (new,), faults = read(tmp_path, PROGRAMMES, PROGRAMME | rules)
    assert faults == []
    assert (new.advance_rule, new.gap_max_cents, new.first_payment_days_max) == ("price_ttl", 900_00, 45)
    assert (new.reserve_max_cents, new.excluded_rebates) == (2_500_00, ("Customer cash", "r7"))


def test_a_risk_model_is_a_full_grid_of_every_tier(tmp_path: Path) -> None:
    """A missing band, a last band with an edge and a missing tier are each told, with the band in words."""
    tiers = [CURVE | {"tier": tier} for tier in Tier if tier is not Tier.PRIME]
    banded = [
        CURVE | {"ltv_max_percent": "100", "pti_max_percent": "10"},
        CURVE | {"ltv_max_percent": "100"},
        CURVE | {"ltv_max_percent": ""},
    ]
    _, faults = read(tmp_path, CURVES, *tiers, *banded)
    assert places(faults) == [(8, "the grid")]
    assert "a curve of prime for term to 120 months, LTV to 10000 %, PTI to 10 %" in str(faults[0])
    _, faults = read(tmp_path, CURVES, *tiers, CURVE | {"term_max_months": "60"})
    assert places(faults) == [(6, "term_max_months")]
    _, faults = read(tmp_path, CURVES, *tiers)
    assert [fault.expected for fault in faults] == ["curves of every tier, also of prime"]


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("jurisdiction,state\nOhio,OH\n", "rate_percent"),
        ("jurisdiction,state,rate_percent,colour\nOhio,OH,1,red\n", "colour"),
        ("jurisdiction,state,state,rate_percent\nOhio,OH,OH,1\n", "state"),
        ("jurisdiction,state,rate_percent,\nOhio,OH,1,\n", "column 4"),
        ("jurisdiction,state,rate_percent\nOhio,OH\n", "the row"),
        ("jurisdiction,state,rate_percent\n", "the row"),
    ],
)
def test_a_file_of_another_shape_is_refused(text: str, column: str, tmp_path: Path) -> None:
    """A column that is missing, unknown or twice there; a row of another length; no row at all."""
    path = tmp_path / "rules.csv"
    path.write_text(text, encoding="utf-8")
    rows, faults = read_table(path, RULES)
    assert rows == []
    assert [fault.column for fault in faults] == [column]


def test_each_record_is_of_its_kind(tmp_path: Path) -> None:
    """One row of each table, with dates and defaults."""
    (rule,), _ = read(tmp_path, RULES, RULE)
    (rebate,), _ = read(tmp_path, REBATE_PROGRAMMES, REBATE | {"requires": "military; loyalty"})
    assert rule == TaxRule(jurisdiction="Ohio", state="OH", rate_bp=575.0)
    assert isinstance(rebate, Rebate)
    assert (rebate.ends_on, rebate.requires) == (dt.date(2026, 1, 31), ("military", "loyalty"))
    curves, faults = read(tmp_path, CURVES, *(CURVE | {"tier": tier} for tier in Tier))
    assert faults == []
    assert isinstance(curves[0], RiskCurve)
    assert curves[0].ltv_max_bp == NO_EDGE_BP


@pytest.mark.parametrize(
    "layout", [PROGRAMMES, CURVES, RULES, REBATE_PROGRAMMES, STATE_LIMITS, CATALOGUE, LEASE_PROGRAMMES]
)
def test_the_page_on_importing_names_every_column(layout: TableLayout) -> None:
    """In bold where a cell is needed, plain where it may be left out."""
    page = (Path(__file__).parents[2] / "docs/importing.md").read_text(encoding="utf-8")
    for column in layout.columns:
        needed = column.absent is NODEFAULT
        assert (f"**`{column.name}`**" if needed else f"`{column.name}`") in page, column.name
