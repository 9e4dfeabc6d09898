"""The page: self-contained HTML, without scripts, light and dark."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jinja2
import numpy as np

from protocol.money.lending import NO_EDGE_BP, NO_EDGE_MONTHS, RiskModel
from server.history.comparing import LTVS_BP, TERMS, Contract, TierView
from server.history.estimation import Estimate
from server.history.monthly import Monthly
from server.history.report.plots import Line, Points, Ribbon, plot

TEMPLATE: Final = Path(__file__).parent / "page.html"
SHOWN_LTV_BP: Final = LTVS_BP[1]


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """Everything that a calibration found. ``notes``, ``objections`` and ``doubts`` are sentences: the
    objections are to a thin history, and ``--yes`` overrules doubts. ``kept`` tiers keep their old curves.
    """

    old: RiskModel
    estimate: Estimate
    monthly: Monthly
    views: tuple[TierView, ...]
    contracts: tuple[Contract, ...]
    objections: tuple[str, ...]
    doubts: tuple[str, ...]
    notes: tuple[str, ...]
    kept: tuple[str, ...]
    first_month: str
    last_month: str
    payment_rows: int
    loans: int
    effective: dt.date
    made_by: str
    software_version: str


def write_page(found: Calibrated, file: Path) -> None:
    """Write the report. Raises OSError if the file cannot be written."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    file.write_text(template.render(**_values(found)), encoding="utf-8")


def _values(found: Calibrated) -> dict[str, Any]:
    return {
        "found": found,
        "tiers": [_tier(found, view) for view in found.views],
        "severities": found.estimate.tiers,
        "terms": TERMS,
        "ltv": SHOWN_LTV_BP / 100,
        "values": [
            (tier, [one for one in found.contracts if one.tier == tier and one.ltv_bp == SHOWN_LTV_BP])
            for tier in dict.fromkeys(one.tier for one in found.contracts)
        ],
        "bands": [
            (band, old, _edge(band.curve.term_max_months, NO_EDGE_MONTHS, 1), *_shares(band.curve))
            for band, old in zip(found.estimate.bands, found.old.curves, strict=True)
        ],
        "words": lambda text: text.replace("_", " "),
    }


def _shares(curve: Any) -> tuple[str, str]:
    return _edge(curve.ltv_max_bp, NO_EDGE_BP, 100, " %"), _edge(curve.pti_max_bp, NO_EDGE_BP, 100, " %")


def _edge(value: float, none: float, unit: int, suffix: str = "") -> str:
    return "above" if value >= none else f"to {value / unit:g}{suffix}"


def _tier(found: Calibrated, view: TierView) -> dict[str, Any]:
    months = np.arange(1, view.term + 1, dtype=np.float64)
    seen = view.observed
    default = plot(
        f"{view.tier}: monthly hazard of default",
        view.term,
        [Line(months, view.old.default, "old"), Line(months, view.new.default, "new")],
        points=Points(seen.age, seen.default, seen.default_low, seen.default_high),
    )
    lost = plot(
        f"{view.tier}: cumulative defaults",
        view.term,
        [Line(months, view.old.lost, "old"), Line(months, view.new.lost, "new")],
        ribbon=Ribbon(months, view.new.lost * view.low, view.new.lost * view.high),
    )
    early = months[:-1]
    prepaid = plot(
        f"{view.tier}: monthly prepayment",
        view.term,
        [Line(early, view.old.prepayment[:-1], "old"), Line(early, view.new.prepayment[:-1], "new")],
        points=Points(seen.age, seen.prepayment, seen.prepayment_low, seen.prepayment_high),
    )
    return {"view": view, "plots": (default, lost, prepaid), "lost": (view.old.lost[-1], view.new.lost[-1])}
