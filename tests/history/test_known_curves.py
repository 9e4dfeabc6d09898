"""A history generated from a known risk model gives the model back."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from protocol.money.lending import RiskModel
from server.finance.value.curves import check_model
from server.history.aggregates.counts import History
from server.history.comparing import standard_contracts
from server.history.estimation import estimate
from server.history.intervals import wilson
from tests.history.books import LAG, LTV_EDGE, PTI_EDGE, RECOVERY, kinds_of, known_model
from tests.history.generating import Known

Shared = tuple[Path, History]


def kind_by_row(history: History, model: RiskModel) -> list[Known]:
    """Return the kind of loan that each row of the counts is of."""
    kinds = {
        (kind.tier, kind.term, kind.ltv_bp <= LTV_EDGE, kind.pti_bp <= PTI_EDGE): kind
        for kind in kinds_of(model)
    }
    counts = history.counts
    shares = zip(counts.ltv_max == LTV_EDGE, counts.pti_max == PTI_EDGE, strict=True)
    rows = zip(counts.tier.tolist(), counts.term.tolist(), shares, strict=True)
    return [kinds[tier, term, bool(ltv), bool(pti)] for tier, term, (ltv, pti) in rows]


def coverage(history: History, model: RiskModel) -> tuple[float, float]:
    """Return the share of cells and ages whose band of 95 % holds the true hazard: defaults, prepayments."""
    counts, kinds = history.counts, kind_by_row(history, model)
    early = counts.age < counts.term
    places = list(zip(kinds, counts.age.tolist(), strict=True))
    found = []
    for name, events, exposed in (
        ("default", counts.defaults, counts.loans),
        ("prepayment", counts.prepaid, counts.loans - counts.defaults),
    ):
        true = np.array([getattr(kind, name)[age - 1] for kind, age in places])
        low, high = wilson(events, exposed)
        found.append(float(((low <= true) & (true <= high))[early].mean()))
    return found[0], found[1]


def test_observed_hazards_hold_the_true_ones_in_95_of_100_bands(known_history: Shared) -> None:
    """Over more than a thousand cells by month of age, of default and of prepayment, with late updates and
    duplicates among the rows.
    """
    default, prepayment = coverage(known_history[1], known_model())
    assert 0.93 <= default <= 0.97
    assert 0.93 <= prepayment <= 0.97


def test_the_model_comes_back_within_its_bands(known_history: Shared) -> None:
    """Losses and speeds of 40 bands, of which about two may lie outside. Single speeds of a tier's term share
    their peers, so a chance deviation of one puts four outside.
    """
    known = known_model()
    found = estimate(known_history[1], known, "new")
    check_model(found.model)
    pairs = list(zip(found.bands, known.curves, strict=True))
    assert sum(band.cnl_low <= true.cnl <= band.cnl_high for band, true in pairs) >= 34
    assert sum(band.speed_low <= true.abs_speed <= band.speed_high for band, true in pairs) >= 30
    assert np.mean([band.cnl / true.cnl for band, true in pairs]) == pytest.approx(1.0, abs=0.06)
    assert np.mean([band.curve.abs_speed / true.abs_speed for band, true in pairs]) == pytest.approx(
        1.0, abs=0.03
    )


def test_severity_comes_back(known_history: Shared) -> None:
    """The recovered share to a tenth of a percent, though the youngest charge-offs are not developed."""
    for tier in estimate(known_history[1], known_model(), "new").tiers:
        assert tier.severity.recovery == pytest.approx(RECOVERY, abs=0.001)
        assert tier.severity.lag_months == pytest.approx(LAG, abs=0.01)


def test_values_of_contracts_come_back(known_history: Shared) -> None:
    """On average to $250 of $25,000 for each tier, from 8,000 loans."""
    known = known_model()
    found = estimate(known_history[1], known, "new")
    contracts = standard_contracts(known, found.model, known_history[1].counts)
    errors = {
        tier: [one.change for one in contracts if one.tier == tier]
        for tier in {one.tier for one in contracts}
    }
    assert len(contracts) == 75
    means = {tier: abs(float(np.mean(each))) for tier, each in errors.items()}
    assert max(means.values()) < 250


def test_a_young_book_takes_its_last_hazard_for_later_months(known_history: Shared) -> None:
    """Late months that nobody has lived to are not free of risk."""
    counts = known_history[1].counts
    young = replace(known_history[1], counts=counts.where(counts.age <= 15))
    found = estimate(young, known_model(), "new").hazards
    assert found.seen == 15
    assert (found.rate[:, 16:] > 0.5 * found.rate[:, 10:14].mean(axis=1, keepdims=True)).all()
