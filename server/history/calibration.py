"""From a folder of history to a new risk model beside the old one, without a database."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from protocol.money.lending import RiskModel
from server.finance.value.curves import check_model
from server.history.aggregation import Aggregated, aggregate, edges_of
from server.history.comparing import standard_contracts, tier_views
from server.history.counts import read_history
from server.history.engine import MEMORY_MIB
from server.history.estimation import Estimate, estimate
from server.history.files import HistoryFiles
from server.history.hazards import POSITIONS
from server.history.judging import crossed_tiers, missing_bands, objections, too_far
from server.history.report.page import Calibrated

MOST_CHANGE: Final = 500.0
"""Dollars by which a standard contract's value may change without being confirmed: 2 % of its principal."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be calibrated: payments due before the month of ``as_of``, as ``version``."""

    version: str
    effective: dt.date
    as_of: dt.date
    fill_missing: bool = False
    most_change: float = MOST_CHANGE
    memory_mib: int = MEMORY_MIB
    made_by: str = "unknown"
    software_version: str = "unknown"


def calibrate(
    folder: Path, old: RiskModel, wish: Wish, progress: Callable[[Sequence[str]], Iterable[str]] = iter
) -> tuple[Calibrated, Aggregated]:
    """Aggregate what changed, estimate the model in the bands of ``old``, and compare the two.

    Raises HistoryUnusable, EngineMissing; RiskModelError if the estimate is no valid model.
    """
    done = aggregate(HistoryFiles(folder), edges_of(old), memory_mib=wish.memory_mib, progress=progress)
    history = read_history(folder, f"{wish.as_of:%Y-%m}", wish.memory_mib)
    new = estimate(history, old, wish.version)
    check_model(new.model)
    contracts = standard_contracts(old, new.model, history.counts)
    tiers = tuple(dict.fromkeys(curve.tier.value for curve in old.curves))
    found = Calibrated(
        old=old,
        estimate=new,
        views=tier_views(old, new, history.counts),
        contracts=contracts,
        objections=objections(new, done, fill_missing=wish.fill_missing),
        too_far=too_far(contracts, wish.most_change),
        notes=_notes(done, new, tiers, len(missing_bands(new)) if wish.fill_missing else 0),
        first_month=history.first,
        last_month=history.last,
        payments=done.rows,
        loans=done.loans,
        effective=wish.effective,
        made_by=wish.made_by,
        software_version=wish.software_version,
    )
    return found, done


def _notes(done: Aggregated, new: Estimate, tiers: Sequence[str], filled: int) -> tuple[str, ...]:
    notes = [*crossed_tiers(new.model, tiers)]
    if new.hazards.seen < POSITIONS:
        seen = new.hazards.seen / POSITIONS
        notes.append(
            f"too few loans are seen beyond {seen:.0%} of their terms: the last hazard holds on there"
        )
    if filled:
        notes.append(f"{filled} bands have no loan and take their tier's curve")
    if done.left_out:
        notes.append(f"{done.left_out:,} loans are left out: tier, term, amount or rate cannot be used")
    if done.orphans:
        notes.append(f"{done.orphans:,} payments are left out: the history lacks their loans")
    if done.moved:
        notes.append(f"about {done.moved:,} payments are in more than one month, and count in each")
    return tuple(notes)
