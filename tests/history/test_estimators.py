"""The estimators against examples that can be computed by hand."""

import numpy as np
import pytest

from server.history.aggregates.counts import Recoveries
from server.history.credibility import believe
from server.history.intervals import gamma_band, wilson
from server.history.prepayment import single_month_mortality, speed_for
from server.history.severity import severity


def test_wilson_as_published() -> None:
    """Newcombe (1998): 15 of 148 is 0.0624 to 0.1605, 0 of 20 is 0 to 0.1611."""
    low, high = wilson(np.array([15.0, 0.0]), np.array([148.0, 20.0]))
    assert low == pytest.approx([0.0624, 0.0], abs=5e-5)
    assert high == pytest.approx([0.1605, 0.1611], abs=5e-5)


def test_gamma_band_as_the_exact_poisson_limits() -> None:
    """Chi-square quantiles: shape 10 is 4.795 to 17.085, shape 100 is 81.36 to 120.53."""
    low, high = gamma_band(np.array([10.0, 100.0]), np.ones(2))
    assert low == pytest.approx([4.795, 81.36], rel=0.002)
    assert high == pytest.approx([17.085, 120.53], rel=0.002)


def test_credibility_by_hand() -> None:
    """Two cells where 100 were expected, and 150 and 50 were."""
    believed = believe(np.array([150.0, 50.0]), np.array([100.0, 100.0]), np.array([1e9, 1e9]))
    # sum w (x - m)² = 50, less (n - 1) m = 1, over w - sum w² / w = 100: t² = 0.49.
    assert believed.k == pytest.approx(1 / 0.49)
    z = 100 / (100 + 1 / 0.49)
    assert believed.z == pytest.approx([z, z])
    assert believed.ratio == pytest.approx([1 + z / 2, 1 - z / 2])


def test_cells_that_differ_by_chance_only_are_one() -> None:
    """Each takes the whole's ratio."""
    believed = believe(np.array([11.0, 9.0, 0.0]), np.array([10.0, 10.0, 0.0]), np.full(3, 20.0))
    assert believed.ratio == pytest.approx([1.0, 1.0, 1.0])
    assert believed.z == pytest.approx([0.0, 0.0, 0.0], abs=1e-6)


def test_a_thin_cell_is_near_the_whole_and_a_thick_one_near_itself() -> None:
    """Both have twice what was expected."""
    believed = believe(np.array([2.0, 2_000.0, 500.0]), np.array([1.0, 1_000.0, 1_000.0]), np.full(3, 1e9))
    assert believed.z[0] < 0.9
    assert believed.z[1] > 0.99


def test_the_speed_gives_back_what_prepaid() -> None:
    """Of 10,000 loans 1.5 % of the original ones prepay each month."""
    age = np.arange(1, 60)
    alive = 10_000 * (1 - 0.015 * (age - 1))
    assert (alive * single_month_mortality(0.015, age))[:3] == pytest.approx([150.0, 150.0, 150.0])
    assert speed_for(150.0 * 59, age, alive) == pytest.approx(0.015)


def test_young_charge_offs_do_not_lower_the_recovery() -> None:
    """Half comes back after 6 months; 30 charge-offs are too young to show it."""
    old, young = 20, 30
    rows = Recoveries(
        tier=np.array(["prime"] * (old + young)),
        charge_off=np.arange(old + young),
        owed=np.full(old + young, 1_000.0),
        seen_for=np.array([24] * old + [3] * young),
        lag=np.array([6] * old + [-1] * young),
        amount=np.array([500.0] * old + [0.0] * young),
    )
    found = severity(rows, "prime")
    assert (found.recovery, found.lag_months, found.charge_offs) == (
        pytest.approx(0.5),
        pytest.approx(6.0),
        50,
    )
    assert severity(rows, "subprime").charge_offs == 0


@pytest.mark.parametrize("charge_offs", [1, 9, 60])
def test_charge_offs_of_which_nothing_was_recovered(charge_offs: int) -> None:
    """A warehouse may have no recoveries, and a tier few charge-offs: nothing is known to come back."""
    rows = Recoveries(
        tier=np.full(charge_offs, "prime"),
        charge_off=np.arange(charge_offs),
        owed=np.full(charge_offs, 1_000.0),
        seen_for=np.full(charge_offs, 24),
        lag=np.full(charge_offs, -1),
        amount=np.zeros(charge_offs),
    )
    found = severity(rows, "prime")
    assert (found.recovery, found.low, found.high, found.charge_offs) == (0.0, 0.0, 0.0, charge_offs)
    assert found.lags_seen == (25 if charge_offs >= 10 else 0)


@pytest.mark.parametrize("shares", [(1.0,), (0.8, 0.2), (0.4, 0.3, 0.2, 0.05, 0.05)])
def test_believed_bands_hold_the_true_ratio_whatever_the_shares(shares: tuple[float, ...]) -> None:
    """Cells that do not differ, alone or of unequal size: what each takes from the whole is partly its own.
    The expectation is the whole's own. That K is an estimate too costs up to 3 of 100 bands.
    """
    draw = np.random.default_rng(1)
    true = 200.0 * np.array(shares)
    held = []
    for _ in range(1_000):
        actual = draw.poisson(true).astype(float)
        expected = true * actual.sum() / 200.0
        low, high = believe(actual, expected, np.full(len(true), actual.sum())).band
        ratio = true / expected
        held.append((low <= ratio) & (ratio <= high))
    assert 0.92 <= np.mean(held, axis=0).min() <= np.mean(held, axis=0).max() <= 0.975


def test_the_error_of_a_recovery_is_that_of_a_mean() -> None:
    """If all is in, the delta method is the standard error of the ratio."""
    draw = np.random.default_rng(1).uniform(0, 1, 400)
    rows = Recoveries(
        tier=np.full(400, "prime"),
        charge_off=np.arange(400),
        owed=np.ones(400),
        seen_for=np.full(400, 99),
        lag=np.zeros(400, dtype=np.int64),
        amount=draw,
    )
    found = severity(rows, "prime")
    assert found.high - found.low == pytest.approx(2 * 1.96 * draw.std() / 20, rel=1e-3)
