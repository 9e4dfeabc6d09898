"""Monthly hazards of default, from the whole book's curve down to each band's, by credibility.

The curve is taken by position in the term (POSITIONS of them), because the risk model's timing is, and as a
rate for a whole term: a month of an n-month contract is 1/n of it.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from server.finance.rounding import Floats
from server.finance.rules.programmes import Whole
from server.history.aggregates.counts import Counts
from server.history.credibility import Believed, believe
from server.history.intervals import gamma_band

POSITIONS: Final = 24
FEWEST_EXPECTED: Final = 5
"""Charge-offs that a position must be expected to show, before what it shows is taken for its rate."""

Band = tuple[str, int, float, float]
"""A tier, and the upper edges of term, LTV and PTI."""


def position(age: Whole, term: Whole) -> Whole:
    """Return the position in the term, from 0, of months by age."""
    place: Whole = np.clip(-(-age * POSITIONS // term) - 1, 0, POSITIONS - 1)
    return place


@dataclass(frozen=True, slots=True, eq=False)
class DefaultHazards:
    """Rates of default for a whole term, shape (bands, POSITIONS); a month's is ``rate / term``.

    ``low`` and ``high`` are bands of 95 %; ``level`` says how a band as a whole compares with its tier;
    ``seen`` is the number of positions from the first that the book has loans at.
    """

    bands: tuple[Band, ...]
    rate: Floats
    low: Floats
    high: Floats
    level: Believed
    actual: Floats
    exposed: Floats
    seen: int


def default_hazards(counts: Counts, bands: tuple[Band, ...]) -> DefaultHazards:
    """Return the hazards of ``bands``, whose counts may be none.

    Four levels: the book's shape; a tier's level (its own) and shape; a band's level; a band's shape.
    """
    number = band_numbers(counts, bands)
    place = position(counts.age, counts.term)
    actual, exposed = np.zeros((len(bands), POSITIONS)), np.zeros((len(bands), POSITIONS))
    np.add.at(actual, (number, place), counts.defaults)
    np.add.at(exposed, (number, place), counts.loans / counts.term)
    book, seen = _book(actual.sum(axis=0), exposed.sum(axis=0))
    names = [band[0] for band in bands]
    tiers = list(dict.fromkeys(names))
    of_tier = np.array([tiers.index(name) for name in names])
    tier_actual, tier_exposed = np.zeros((len(tiers), POSITIONS)), np.zeros((len(tiers), POSITIONS))
    np.add.at(tier_actual, of_tier, actual)
    np.add.at(tier_exposed, of_tier, exposed)
    expected = tier_exposed * book
    own = (tier_actual.sum(axis=1) / np.maximum(expected.sum(axis=1), 1e-9))[:, None]
    shape = believe(tier_actual, expected * own, actual.sum(axis=0))
    prior = (book * own * shape.ratio)[of_tier]
    behind = tier_actual.sum(axis=1)[of_tier]
    level = believe(actual.sum(axis=1), (exposed * prior).sum(axis=1), behind)
    prior = prior * level.ratio[:, None]
    whole = believe(actual, exposed * prior, shape.events[of_tier])
    rate = np.maximum(prior * whole.ratio, 1e-12)
    # Relative variances add: of the band's level, and of its shape.
    events = 1.0 / (1.0 / whole.events + 1.0 / level.events[:, None])
    low, high = gamma_band(events, events / rate)
    return DefaultHazards(
        bands=bands,
        rate=rate,
        low=low,
        high=high,
        level=level,
        actual=actual,
        exposed=exposed,
        seen=seen,
    )


def _book(actual: Floats, exposed: Floats) -> tuple[Floats, int]:
    """Return the book's rate by position, and how many positions it is seen at.

    A young book has no loans late in their terms: there the last rate that is known holds on.
    """
    usual = float(actual.sum()) / max(float(exposed.sum()), 1e-9)
    seen = np.flatnonzero(exposed * usual >= FEWEST_EXPECTED)
    last = int(seen[-1]) if len(seen) else POSITIONS - 1
    rate = actual / np.maximum(exposed, 1e-9)
    late = slice(max(last - 1, 0), last + 1)
    rate[last + 1 :] = float(actual[late].sum()) / max(float(exposed[late].sum()), 1e-9)
    return rate, last + 1


def band_numbers(counts: Counts, bands: tuple[Band, ...]) -> NDArray[np.int64]:
    """Return the number of each row's band."""
    numbers = {band: number for number, band in enumerate(bands)}
    rows = zip(
        counts.tier.tolist(),
        counts.term_max.tolist(),
        counts.ltv_max.tolist(),
        counts.pti_max.tolist(),
        strict=True,
    )
    return np.array([numbers[row] for row in rows], dtype=np.int64)
