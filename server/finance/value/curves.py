"""A risk model's curves by band: which curve holds for a term, a loan-to-value and a payment-to-income.

Shares are compared in hundredths of a basis point as products of whole numbers, so that an inclusive upper
edge holds to the cent.
"""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, product

import numpy as np

from protocol.money.lending import NO_EDGE_BP, NO_EDGE_MONTHS, RiskCurve, RiskModel
from protocol.records import Tier
from server.finance.rounding import HUNDREDTHS, WHOLE, Cents, hundredths_of_bp
from server.finance.rules.programmes import Whole

NO_EDGE = hundredths_of_bp(NO_EDGE_BP)
"""The upper edge of the last band, and the value of an unknown share."""


class RiskModelError(ValueError):
    """A risk model that cannot be used. ``curve`` names the faulty curve and ``field`` the faulty field."""

    def __init__(self, curve: str, field: str, expected: str) -> None:
        super().__init__(curve, field, expected)
        self.curve = curve
        self.field = field
        self.expected = expected

    def __str__(self) -> str:
        return f"{self.curve}: {self.field}: {self.expected}"


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """The curves of one tier, a full grid.

    ``term_edges`` are months, ``ltv_edges`` and ``pti_edges`` hundredths of a basis point; all are ascending,
    inclusive, and end with no edge. A band is numbered ``ltv band * pti bands + pti band``, from 0 to B - 1.
    """

    term_edges: Whole
    ltv_edges: Whole
    pti_edges: Whole
    grid: tuple[tuple[RiskCurve, ...], ...]

    def __len__(self) -> int:
        return len(self.ltv_edges) * len(self.pti_edges)

    def index_of(self, principal: Cents, basis: Cents, payment: Cents, income: Cents) -> Whole:
        """Return band numbers; all broadcast. Without a basis or an income, the share passes every edge."""
        ltv_band = _passed(self.ltv_edges, principal, basis)
        return np.asarray(ltv_band * len(self.pti_edges) + _passed(self.pti_edges, payment, income))

    def index_at(self, ltv_bp: float | None, pti_bp: float | None) -> int:
        """Return the band number of one structure; None is an unknown share, in the last band."""
        ltv_band = np.searchsorted(self.ltv_edges[:-1], _rounded_up(ltv_bp), side="left")
        pti_band = np.searchsorted(self.pti_edges[:-1], _rounded_up(pti_bp), side="left")
        return int(ltv_band * len(self.pti_edges) + pti_band)

    def curves_at(self, term_months: int) -> tuple[RiskCurve, ...]:
        """Return the B curves that hold for contracts of a term, by band number."""
        return self.grid[int(np.searchsorted(self.term_edges[:-1], term_months, side="left"))]


def _passed(edges: Whole, amount: Cents, base: Cents) -> Whole:
    """Return how many edges ``amount`` passes as a share of ``base``; all but the last if the base is 0.

    Amounts are at most MAX_CENTS and edges below NO_EDGE, so the products fit 64 bits. A division would take
    several times as long.
    """
    inner, known = edges[:-1].tolist(), base > 0
    whole = amount * WHOLE
    passed = np.zeros(np.broadcast_shapes(amount.shape, base.shape), dtype=np.int64)
    for edge in inner:
        passed += whole > base * edge
    return passed if known.all() else np.where(known, passed, len(inner))


def bands(model: RiskModel, tier: Tier) -> Bands:
    """Return the grid of a tier's curves; the same object for the same curves.

    Raises:
        RiskModelError: the model lacks the tier, a field of its curves is out of range, or they are not a
            full grid.
    """
    curves = tuple(curve for curve in model.curves if curve.tier == tier)
    if not curves:
        raise RiskModelError(f"risk model {model.version}", "tier", f"has no curve of {Tier(tier).value}")
    return _bands(curves)


def check_model(model: RiskModel) -> None:
    """Check every curve and the grid of every tier.

    Raises:
        RiskModelError: a field is out of range, or a tier's edges are not a full grid.
    """
    for tier in dict.fromkeys(curve.tier for curve in model.curves):
        bands(model, tier)


def _check_curve(curve: RiskCurve) -> None:
    shares = [share for share, _ in curve.loss_timing]
    losses = [loss for _, loss in curve.loss_timing]
    rules = (
        ("funding_rate", "is a fraction from 0 to 1", 0 <= curve.funding_rate <= 1),
        ("recovery", "is at least 0 and below 1", 0 <= curve.recovery < 1),
        ("cnl", "is a fraction from 0 to 1", 0 <= curve.cnl <= 1),
        ("recovery_lag_months", "is at least 0", curve.recovery_lag_months >= 0),
        ("abs_speed", "is a fraction from 0 to 1", 0 <= curve.abs_speed <= 1),
        ("servicing_month_cents", "is at least 0", curve.servicing_month_cents >= 0),
        ("loss_timing", "has shares of the term from 0 to 1 that never decrease", _accumulates(shares)),
        ("loss_timing", "has shares of the loss that never decrease and end at 1", losses[-1:] == [1]),
        ("loss_timing", "has shares of the loss that never decrease and end at 1", _accumulates(losses)),
        ("term_max_months", f"is from 1 to {NO_EDGE_MONTHS}", 1 <= curve.term_max_months <= NO_EDGE_MONTHS),
        ("ltv_max_bp", f"is above 0 and at most {NO_EDGE_BP:.0f}", 0 < curve.ltv_max_bp <= NO_EDGE_BP),
        ("pti_max_bp", f"is above 0 and at most {NO_EDGE_BP:.0f}", 0 < curve.pti_max_bp <= NO_EDGE_BP),
    )
    for field, expected, holds in rules:
        if not holds:
            raise RiskModelError(_label(curve), field, expected)


def _accumulates(shares: list[float]) -> bool:
    return all(low <= high for low, high in pairwise([0.0, *shares, 1.0]))


@lru_cache(maxsize=64)
def _bands(curves: tuple[RiskCurve, ...]) -> Bands:
    for curve in curves:
        _check_curve(curve)
    by_edges = {_edges(curve): curve for curve in curves}
    terms, ltvs, ptis = (sorted(set(edges)) for edges in zip(*by_edges, strict=True))
    _check_grid(curves, terms, ltvs, ptis)
    return Bands(
        term_edges=np.array(terms, dtype=np.int64),
        ltv_edges=np.array(ltvs, dtype=np.int64),
        pti_edges=np.array(ptis, dtype=np.int64),
        grid=tuple(tuple(by_edges[term, *shares] for shares in product(ltvs, ptis)) for term in terms),
    )


def _check_grid(curves: tuple[RiskCurve, ...], terms: list[int], ltvs: list[int], ptis: list[int]) -> None:
    count = Counter(map(_edges, curves))
    for curve in curves:
        if count[_edges(curve)] > 1:
            raise RiskModelError(_label(curve), "ltv_max_bp", "appears only once in the model")
    tier = Tier(curves[0].tier).value
    ends = (
        ("term_max_months", terms, NO_EDGE_MONTHS),
        ("ltv_max_bp", ltvs, NO_EDGE),
        ("pti_max_bp", ptis, NO_EDGE),
    )
    for field, edges, end in ends:
        if edges[-1] != end:
            raise RiskModelError(tier, field, f"has a last band without an edge ({end})")
    for term, ltv, pti in product(terms, ltvs, ptis):
        if (term, ltv, pti) not in count:
            place = f"{tier}, term to {term}, LTV to {ltv / HUNDREDTHS:g} bp, PTI to {pti / HUNDREDTHS:g} bp"
            raise RiskModelError(place, "ltv_max_bp", "has a curve: the bands of a tier are a full grid")


def _edges(curve: RiskCurve) -> tuple[int, int, int]:
    return curve.term_max_months, hundredths_of_bp(curve.ltv_max_bp), hundredths_of_bp(curve.pti_max_bp)


def _label(curve: RiskCurve) -> str:
    bands = f"LTV to {curve.ltv_max_bp:g} bp, PTI to {curve.pti_max_bp:g} bp"
    return f"{Tier(curve.tier).value}, term to {curve.term_max_months}, {bands}"


def _rounded_up(share_bp: float | None) -> Whole:
    # A share exactly on an edge stays there, whatever its last binary digits are.
    hundredths = NO_EDGE if share_bp is None else np.ceil(round(share_bp * HUNDREDTHS, 5))
    return np.asarray(hundredths, dtype=np.int64)
