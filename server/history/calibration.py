"""From a folder of history to a new risk model beside the old one, without a database."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from protocol.money.lending import RiskModel
from server.finance.value.curves import check_model
from server.history.aggregates.aggregation import Aggregated, aggregate, edges_of
from server.history.aggregates.counts import History, read_history
from server.history.aggregates.engine import MEMORY_MIB
from server.history.aggregates.files import HistoryFiles
from server.history.aggregates.manifest import alone
from server.history.comparing import band_contracts, standard_contracts, tier_views
from server.history.estimation import Estimate, estimate, keeping
from server.history.hazards import POSITIONS
from server.history.judging import crossed_tiers, doubts, missing_bands, objections, thin_tiers
from server.history.monthly import monthly
from server.history.report.page import Calibrated
from server.history.severity import LONGEST_LAG

MOST_CHANGE: Final = 500.0
"""Dollars by which the value of a contract of $25,000 may change without being confirmed: 2 % of it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be calibrated: payments due before the month of ``as_of``, as ``version``."""

    version: str
    effective: dt.date
    as_of: dt.date
    fill_missing: bool = False
    keep_thin: bool = False
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
    with alone(folder):
        done = aggregate(HistoryFiles(folder), edges_of(old), memory_mib=wish.memory_mib, progress=progress)
        history = read_history(folder, f"{wish.as_of:%Y-%m}", wish.memory_mib)
    new = estimate(history, old, wish.version)
    tiers = tuple(dict.fromkeys(curve.tier.value for curve in old.curves))
    thin = thin_tiers(new) if wish.keep_thin else {}
    # If every tier is thin, nothing would be new.
    kept = thin if len(thin) < len(tiers) else {}
    new = keeping(new, old, kept)
    check_model(new.model)
    found = Calibrated(
        old=old,
        estimate=new,
        monthly=monthly(history.counts, new),
        views=tier_views(old, new, history.counts),
        contracts=standard_contracts(old, new.model, history.counts),
        objections=objections(new, done, fill_missing=wish.fill_missing),
        doubts=doubts(band_contracts(old, new.model, history.counts), done, wish.most_change),
        notes=(
            *(f"{reason}: it keeps its curves of {old.version}" for reason in kept.values()),
            *_notes(done, history, new, len(missing_bands(new)) if wish.fill_missing else 0),
        ),
        kept=tuple(kept),
        first_month=history.first,
        last_month=history.last,
        payment_rows=history.rows,
        loans=done.loans,
        effective=wish.effective,
        made_by=wish.made_by,
        software_version=wish.software_version,
    )
    return found, done


def _notes(done: Aggregated, history: History, new: Estimate, filled: int) -> Iterator[str]:
    tiers = [tier.tier for tier in new.tiers]
    yield from crossed_tiers(new.model, tiers)
    if new.hazards.seen < POSITIONS:
        seen = new.hazards.seen / POSITIONS
        yield f"too few loans are seen beyond {seen:.0%} of their terms: the last hazard holds on there"
    young = {tier.tier: tier.severity.lags_seen for tier in new.tiers if tier.severity.charge_offs}
    young = {tier: lags for tier, lags in young.items() if lags <= LONGEST_LAG}
    if young:
        named = ", ".join(f"{tier} {max(lags - 1, 0)} months" for tier, lags in young.items())
        yield f"recoveries are seen only so long after a charge-off, and later ones count as none: {named}"
    if filled:
        yield f"{filled} bands have no loan and take their tier's curve"
    if done.left_out:
        yield f"{done.left_out:,} loans are left out: tier, term, amount or rate cannot be used"
    if done.orphans:
        yield f"{done.orphans:,} loan-months are left out: the history lacks their loans"
    if history.begun_before:
        yield (
            f"{history.begun_before:,} charge-offs are left out: their loans are older than the history, and"
            " were not seen alive in its first month"
        )
    if done.moved:
        yield f"about {done.moved:,} payments are in more than one month, and count in each"
