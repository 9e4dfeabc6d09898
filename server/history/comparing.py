"""Old risk model against new: values of a standard set of contracts, and each tier's curves by age."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from protocol.money.lending import RiskCurve, RiskModel
from protocol.records import Tier
from server.finance.rounding import Floats
from server.finance.rules.programmes import Whole
from server.finance.value.curves import bands
from server.finance.value.factors import contract_factors, risk_of
from server.finance.value.months import live
from server.history.aggregates.counts import Counts
from server.history.estimation import BASIS_POINTS, Estimate, band_of, scheduled_balance
from server.history.hazards import Band
from server.history.intervals import wilson

PRINCIPAL_CENTS: Final = 25_000_00
TERMS: Final = (36, 48, 60, 72, 84)
LTVS_BP: Final = (8_000.0, 10_000.0, 12_500.0)
PTI_BP: Final = 1_000.0
USUAL_RATE_BP: Final = 900.0
CENTS: Final = 100
MONTHS_TOGETHER: Final = 3
"""How many ages one observed point stands for: single months of a tier hold few charge-offs."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract and its value under the old model and the new, in dollars; for a band, with its edges."""

    tier: str
    term: int
    ltv_bp: float
    pti_bp: float
    rate_bp: float
    old: float
    new: float

    @property
    def change(self) -> float:
        """Dollars that the new model adds."""
        return self.new - self.old


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A model's curve of one tier and term, by month from 1: shape (term,).

    ``default`` and ``prepayment`` are monthly hazards, ``lost`` is the cumulative share that defaults.
    """

    default: Floats
    prepayment: Floats
    lost: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Observed hazards, by the middle of the ages that a point stands for, with bands of 95 %."""

    age: Floats
    default: Floats
    default_low: Floats
    default_high: Floats
    prepayment: Floats
    prepayment_low: Floats
    prepayment_high: Floats


@dataclass(frozen=True, slots=True, eq=False)
class TierView:
    """A tier at the term that most of its loans have: what was observed, the old and the new model.

    ``low`` and ``high`` scale the new curve of defaults to its band of 95 %.
    """

    tier: str
    term: int
    observed: Observed
    old: Curve
    new: Curve
    low: float
    high: float


def standard_contracts(old: RiskModel, new: RiskModel, counts: Counts) -> tuple[Contract, ...]:
    """Return the standard contracts: every tier, TERMS, LTVS_BP, at the tier's mean rate in the history."""
    found, curves = [], []
    for tier in dict.fromkeys(curve.tier for curve in old.curves):
        rate_bp = mean_rate_bp(counts, tier.value)
        for term, ltv in itertools.product(TERMS, LTVS_BP):
            found.append((tier.value, term, ltv, PTI_BP, rate_bp))
            curves.append((_curve(old, tier, term, ltv), _curve(new, tier, term, ltv)))
    return _contracts(found, curves)


def band_contracts(old: RiskModel, new: RiskModel, counts: Counts) -> tuple[Contract, ...]:
    """Return a contract for each band and each of TERMS that is in it: its last month, if none is.

    ``new`` has the bands of ``old``, in its order.
    """
    found, curves = [], []
    terms_of: dict[Tier, set[int]] = {}
    for curve in old.curves:
        terms_of.setdefault(curve.tier, set()).add(curve.term_max_months)
    rates = {tier: mean_rate_bp(counts, tier.value) for tier in terms_of}
    for before, after in zip(old.curves, new.curves, strict=True):
        tier, last = before.tier, before.term_max_months
        lower = max((edge for edge in terms_of[tier] if edge < last), default=0)
        for term in [term for term in TERMS if lower < term <= last] or [last]:
            found.append((tier.value, term, before.ltv_max_bp, before.pti_max_bp, rates[tier]))
            curves.append((before, after))
    return _contracts(found, curves)


def _contracts(
    found: Sequence[tuple[str, int, float, float, float]], curves: Sequence[tuple[RiskCurve, RiskCurve]]
) -> tuple[Contract, ...]:
    """Return the contracts, each with its values under two curves."""
    terms = np.array([term for _, term, *_ in found], dtype=np.int64)
    rates = np.array([[rate_bp / BASIS_POINTS] for *_, rate_bp in found])
    factors = contract_factors(rates, terms[:, None], risk_of(curves, terms), np.zeros_like(terms[:, None]))
    servicing = np.array([[float(curve.servicing_month_cents) for curve in pair] for pair in curves])
    values = (PRINCIPAL_CENTS * factors.principal - servicing * factors.servicing) / CENTS
    return tuple(Contract(*one, *pair) for one, pair in zip(found, values.tolist(), strict=True))


def mean_rate_bp(counts: Counts, tier: str) -> float:
    """Return the mean rate of a tier's loans, to a whole basis point; the usual one if it has none."""
    mine = counts.tier == tier
    loans = float(counts.loans[mine].sum())
    return float(round(counts.rates[mine].sum() / loans)) if loans > 0 else USUAL_RATE_BP


def observed(counts: Counts) -> Observed:
    """Return the hazards by age of all the counts, cause by cause: defaults of those at risk in the month,
    prepayments of those who did not default. The last month of a term is left out: every loan ends in it.
    """
    early = counts.where(counts.age < counts.term)
    group = (early.age - 1) // MONTHS_TOGETHER
    size = int(group.max(initial=-1)) + 1

    def summed(values: Floats) -> Floats:
        return np.bincount(group, weights=values, minlength=size).astype(np.float64)

    loans, defaults, prepaid = summed(early.loans), summed(early.defaults), summed(early.prepaid)
    there = loans > 0
    exposed = loans - defaults
    default_low, default_high = wilson(defaults, loans)
    low, high = wilson(prepaid, exposed)
    age: Floats = np.arange(size, dtype=np.float64) * MONTHS_TOGETHER + (MONTHS_TOGETHER + 1) / 2
    columns: tuple[Floats, ...] = (
        age,
        defaults / np.maximum(loans, 1.0),
        default_low,
        default_high,
        prepaid / np.maximum(exposed, 1.0),
        low,
        high,
    )
    return Observed(*(column[there] for column in columns))


def tier_views(old: RiskModel, estimate: Estimate, counts: Counts) -> tuple[TierView, ...]:
    """Return each tier that has loans, at the term that most of them have; bands weigh as they are."""
    views = []
    for tier in dict.fromkeys(curve.tier.value for curve in old.curves):
        mine = counts.where(counts.tier == tier)
        if not len(mine.age):
            continue
        terms, place = np.unique(mine.term, return_inverse=True)
        term = int(terms[np.bincount(place, weights=mine.loans).argmax()])
        there = mine.where(mine.term == term)
        weights = _weights(there)
        rate_bp = mean_rate_bp(counts, tier)
        found = {band_of(band.curve): band for band in estimate.bands}
        low, mean, high = (
            sum(weight * getattr(found[band], name) for band, weight in weights.items())
            for name in ("cnl_low", "cnl", "cnl_high")
        )
        views.append(
            TierView(
                tier=tier,
                term=term,
                observed=observed(there),
                old=model_curve(old, weights, term, rate_bp),
                new=model_curve(estimate.model, weights, term, rate_bp),
                low=low / mean if mean > 0 else 0.0,
                high=high / mean if mean > 0 else 0.0,
            )
        )
    return tuple(views)


def model_curve(model: RiskModel, weights: dict[Band, float], term: int, rate_bp: float) -> Curve:
    """Return what a model expects of contracts of one term, in bands of these weights."""
    curves = {band_of(curve): curve for curve in model.curves}
    balance = scheduled_balance(rate_bp, term)
    columns = np.zeros((3, term))
    for band, weight in weights.items():
        risk = risk_of([[curves[band]]], np.array([term], dtype=np.int64))
        for month in live(_rate(rate_bp), _term(term), risk):
            index = month.number - 1
            opening, default = float(month.opening[0, 0]), float(month.default[0, 0])
            paying = opening - default / balance[index]
            columns[0, index] += weight * (default / (opening * balance[index]) if opening > 0 else 0.0)
            columns[1, index] += weight * (1.0 - float(month.alive[0, 0]) / paying if paying > 0 else 0.0)
            columns[2, index] += weight * default
    return Curve(default=columns[0], prepayment=columns[1], lost=np.cumsum(columns[2]))


def _weights(counts: Counts) -> dict[Band, float]:
    rows = zip(
        counts.tier.tolist(),
        counts.term_max.tolist(),
        counts.ltv_max.tolist(),
        counts.pti_max.tolist(),
        counts.loans.tolist(),
        strict=True,
    )
    weights: dict[Band, float] = {}
    for *band, loans in rows:
        key: Band = (band[0], band[1], band[2], band[3])
        weights[key] = weights.get(key, 0.0) + loans
    total = sum(weights.values())
    return {band: loans / total for band, loans in weights.items()}


def _curve(model: RiskModel, tier: Tier, term: int, ltv_bp: float) -> RiskCurve:
    grid = bands(model, tier)
    curve: RiskCurve = grid.curves_at(term)[grid.index_at(ltv_bp, PTI_BP)]
    return curve


def _rate(rate_bp: float) -> Floats:
    return np.array([[rate_bp / BASIS_POINTS]])


def _term(months: int) -> Whole:
    return np.array([[months]], dtype=np.int64)
