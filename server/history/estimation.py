"""Risk curves from a history: what valuation takes, with the figures and bands that they come from."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import numpy as np

from protocol.money.lending import RiskCurve, RiskModel
from server.finance.payment import MONTHS_PER_YEAR
from server.finance.rounding import Floats
from server.history.aggregates.counts import Counts, History
from server.history.credibility import Believed, believe
from server.history.hazards import (
    POSITIONS,
    Band,
    DefaultHazards,
    band_numbers,
    default_hazards,
    position,
)
from server.history.prepayment import expected_prepaid, single_month_mortality, speed_for
from server.history.severity import Severity, severity

BASIS_POINTS: Final = 10_000.0
LOSS_DIGITS: Final = 6
HIGHEST_LOSS: Final = 0.99
FEWEST_PEERS: Final = 50
"""Prepayments from which on a tier's loans of one band of terms are what its bands are compared with."""


@dataclass(frozen=True, slots=True, eq=False)
class BandEstimate:
    """What a band's curve rests on: counts, Z of its level of default and of prepayment, CNL and its band.

    A curve that is ``kept`` is the old one: its Z are 0, and its figures are their own bands.
    """

    curve: RiskCurve
    loan_months: float
    defaults: float
    prepaid: float
    default_z: float
    prepaid_z: float
    cnl_low: float
    cnl_high: float
    speed_low: float
    speed_high: float
    kept: bool = False

    @property
    def cnl(self) -> float:
        """The cumulative net loss, of principal."""
        return self.curve.cnl


@dataclass(frozen=True, slots=True, eq=False)
class TierEstimate:
    """What a tier's curves share. ``balance_ratio`` is the defaulted balance over the one that hazards and
    schedules say; ``net_loss_rate`` the charge-offs less recoveries of a year, as a share of the balances.
    """

    tier: str
    severity: Severity
    balance_ratio: float
    net_loss_rate: float


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """A new model, and what it was made from, in the order of the old model's curves."""

    model: RiskModel
    bands: tuple[BandEstimate, ...]
    tiers: tuple[TierEstimate, ...]
    hazards: DefaultHazards


def estimate(history: History, old: RiskModel, version: str) -> Estimate:
    """Return the model that ``history`` supports, in the bands of ``old``.

    Funding and servicing are no part of a history: each curve keeps those of the old one.
    """
    counts, bands = history.counts, tuple(band_of(curve) for curve in old.curves)
    hazards = default_hazards(counts, bands)
    speeds, prepaid = _speeds(counts, bands)
    tiers = {name: _tier(history, hazards, name) for name in dict.fromkeys(band[0] for band in bands)}
    number = band_numbers(counts, bands)
    found = []
    for place, curve in enumerate(old.curves):
        mine, tier = counts.where(number == place), tiers[bands[place][0]]
        low, speed, high = (float(each[place]) for each in speeds)
        gross, timing = _losses(
            mine if len(mine.age) else _whole(counts, bands[place]), hazards.rate[place], speed
        )
        cnl = min(gross * tier.balance_ratio * (1.0 - tier.severity.recovery), HIGHEST_LOSS)
        cnl_low, cnl_high = _loss_band(cnl, hazards.level, place, tier.severity)
        found.append(
            BandEstimate(
                curve=msgspec.structs.replace(
                    curve,
                    cnl=round(cnl, LOSS_DIGITS),
                    loss_timing=timing,
                    recovery=round(tier.severity.recovery, LOSS_DIGITS),
                    recovery_lag_months=round(tier.severity.lag_months),
                    abs_speed=round(speed, LOSS_DIGITS),
                ),
                loan_months=float(mine.loans.sum()),
                defaults=float(mine.defaults.sum()),
                prepaid=float(mine.prepaid.sum()),
                default_z=float(hazards.level.z[place]),
                prepaid_z=float(prepaid.z[place]),
                cnl_low=cnl_low,
                cnl_high=cnl_high,
                speed_low=low,
                speed_high=high,
            )
        )
    model = RiskModel(version=version, curves=tuple(band.curve for band in found))
    return Estimate(model=model, bands=tuple(found), tiers=tuple(tiers.values()), hazards=hazards)


def keeping(found: Estimate, old: RiskModel, tiers: Collection[str]) -> Estimate:
    """Return the estimate with the old curves of some tiers."""
    bands = tuple(
        _kept(band, curve) if curve.tier.value in tiers else band
        for band, curve in zip(found.bands, old.curves, strict=True)
    )
    model = RiskModel(version=found.model.version, curves=tuple(band.curve for band in bands))
    return replace(found, model=model, bands=bands)


def _kept(band: BandEstimate, curve: RiskCurve) -> BandEstimate:
    return replace(
        band,
        curve=curve,
        default_z=0.0,
        prepaid_z=0.0,
        cnl_low=curve.cnl,
        cnl_high=curve.cnl,
        speed_low=curve.abs_speed,
        speed_high=curve.abs_speed,
        kept=True,
    )


def band_of(curve: RiskCurve) -> Band:
    """Return the band of a curve."""
    return curve.tier.value, curve.term_max_months, curve.ltv_max_bp, curve.pti_max_bp


def surviving(hazard: Floats, mortality: Floats) -> Floats:
    """Return the share alive at the start of each month, shape (n + 1,): defaults come before prepayments."""
    return np.concatenate([[1.0], np.cumprod((1.0 - hazard) * (1.0 - mortality))])


def scheduled_balance(rate_bp: float, term: int) -> Floats:
    """Return the balance at the start of months 1 to ``term``, per unit of principal."""
    i, paid = rate_bp / BASIS_POINTS / MONTHS_PER_YEAR, np.arange(term, dtype=np.float64)
    if i == 0:
        return 1.0 - paid / term
    growth = (1.0 + i) ** term
    left: Floats = (growth - (1.0 + i) ** paid) / (growth - 1.0)
    return left


def _tier(history: History, hazards: DefaultHazards, name: str) -> TierEstimate:
    """Return what a tier's bands share."""
    counts = history.counts.where(history.counts.tier == name)
    rows = history.recoveries
    place = position(counts.age, counts.term)
    expected = hazards.rate[band_numbers(counts, hazards.bands), place] / counts.term * counts.scheduled
    total, owed = float(expected.sum()), float(counts.owed.sum())
    recovered = float(rows.amount[rows.tier == name].sum())
    defaulted = float(counts.defaulted.sum())
    return TierEstimate(
        tier=name,
        severity=severity(rows, name),
        balance_ratio=defaulted / total if total > 0 else 1.0,
        net_loss_rate=MONTHS_PER_YEAR * (defaulted - recovered) / owed if owed > 0 else 0.0,
    )


def _speeds(counts: Counts, bands: tuple[Band, ...]) -> tuple[tuple[Floats, Floats, Floats], Believed]:
    """Return lowest, believed and highest speed of each band, and how far each band's own is believed.

    What a band is compared with is its tier's loans of its band of terms, which prepay alike; all of its
    tier's if too few of those prepaid. A loan in its last month ends anyway: that month counts for nothing.
    """
    early = counts.where(counts.age < counts.term)
    exposed = early.loans - early.defaults
    number = band_numbers(early, bands)
    peers = {band[:2]: (early.tier == band[0]) & (early.term_max == band[1]) for band in bands}
    for (tier, term), mine in peers.items():
        if early.prepaid[mine].sum() < FEWEST_PEERS:
            peers[tier, term] = early.tier == tier
    prepaid = {key: float(early.prepaid[mine].sum()) for key, mine in peers.items()}
    usual = {key: speed_for(prepaid[key], early.age[mine], exposed[mine]) for key, mine in peers.items()}
    of_band = [(early.age[number == place], exposed[number == place]) for place in range(len(bands))]
    expected = np.array(
        [expected_prepaid(usual[band[:2]], *months) for band, months in zip(bands, of_band, strict=True)]
    )
    actual = np.bincount(number, weights=early.prepaid, minlength=len(bands)).astype(np.float64)
    believed = believe(actual, expected, np.array([prepaid[band[:2]] for band in bands]))
    low, high = believed.band

    def speeds(ratio: Floats) -> Floats:
        return np.array(
            [
                speed_for(float(share * events), *months) if events > 0 else usual[band[:2]]
                for band, months, share, events in zip(bands, of_band, ratio, expected, strict=True)
            ]
        )

    return (speeds(low), speeds(believed.ratio), speeds(high)), believed


def _losses(counts: Counts, rate: Floats, speed: float) -> tuple[float, tuple[tuple[float, float], ...]]:
    """Return gross defaults per unit of principal and their timing, over the terms of the band's loans.

    Each term weighs as many loans as it has in the counts. No loans lose nothing.
    """
    if not len(counts.age):
        return 0.0, ((1.0, 1.0),)
    terms, gross, timing, weights = np.unique(counts.term), [], [], []
    points = np.arange(1, POSITIONS + 1) / POSITIONS
    for term in terms.tolist():
        mine = counts.term == term
        loans = float(counts.loans[mine].sum())
        age = np.arange(1, term + 1)
        hazard = np.minimum(rate[position(age, np.full(term, term))] / term, 1.0)
        mortality = np.where(age < term, single_month_mortality(speed, age), 0.0)
        balance = scheduled_balance(float(counts.rates[mine].sum()) / loans, term)
        lost = np.cumsum(surviving(hazard, mortality)[:-1] * hazard * balance)
        gross.append(lost[-1])
        timing.append(np.interp(points, np.arange(term + 1) / term, np.concatenate([[0.0], lost])))
        weights.append(loans / term)
    total = float(np.average(gross, weights=weights))
    if total <= 0:
        return 0.0, ((1.0, 1.0),)
    laid = np.average(timing, axis=0, weights=weights) / total
    shares = [round(min(share, 1.0), LOSS_DIGITS) for share in laid.tolist()]
    ends = [round(point, LOSS_DIGITS) for point in points.tolist()]
    return total, (*zip(ends[:-1], shares[:-1], strict=True), (1.0, 1.0))


def _whole(counts: Counts, band: Band) -> Counts:
    """Return the counts of a band's tier, for a band without any: with the tier's longest term."""
    tier = counts.where(counts.tier == band[0])
    if not len(tier.age):
        return tier
    return replace(tier, term=np.full_like(tier.term, int(np.max(tier.term))))


def _loss_band(cnl: float, level: Believed, place: int, losses: Severity) -> tuple[float, float]:
    """Return the band of 95 % of a loss: relative errors of frequency and of severity, independent."""
    ratio = float(level.ratio[place])
    low, high = (float(each[place]) / ratio for each in level.band)
    lost = 1.0 - losses.recovery
    spread = (losses.high - losses.low) / 2 / lost if lost > 0 else 0.0
    down = np.hypot(1.0 - low, spread)
    up = np.hypot(high - 1.0, spread)
    return max(cnl * (1.0 - float(down)), 0.0), min(cnl * (1.0 + float(up)), 1.0)
