"""Over several generated histories, bands of 95 % hold what they should as often as they say."""

from pathlib import Path

import numpy as np
import pytest

from server.history.aggregates.aggregation import aggregate, edges_of
from server.history.aggregates.counts import read_history
from server.history.estimation import estimate
from tests.history.books import LONG, RECOVERED, kinds_of, known_model
from tests.history.generating import Plan, generate
from tests.history.test_known_curves import coverage

HISTORIES = 6


@pytest.mark.long
def test_bands_hold_the_true_figure_19_times_of_20(tmp_path: Path) -> None:
    """Hazards of 13,000 cells by age; losses and speeds of 240 bands; 3 million payments in all."""
    model = known_model(LONG)
    hazards, losses, speeds = [], [], []
    for seed in range(1, HISTORIES + 1):
        plan = Plan(loans=16_000, origination_months=30, seen_to=66, seed=seed, recovered=RECOVERED)
        files = generate(tmp_path / str(seed), kinds_of(model), plan)
        aggregate(files, edges_of(model))
        history = read_history(files.folder, "2100-01")
        hazards.append(coverage(history, model))
        pairs = list(zip(estimate(history, model, "new").bands, model.curves, strict=True))
        losses += [band.cnl_low <= true.cnl <= band.cnl_high for band, true in pairs]
        speeds += [band.speed_low <= true.abs_speed <= band.speed_high for band, true in pairs]
    default, prepayment = np.mean(hazards, axis=0)
    assert 0.94 <= default <= 0.96
    assert 0.94 <= prepayment <= 0.965
    assert 0.92 <= np.mean(losses) <= 0.99
    # Bands of a tier's term that do not differ share a speed, so chance has 60 draws, not 240.
    assert 0.9 <= np.mean(speeds) <= 1.0
