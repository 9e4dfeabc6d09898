"""Whether a calibration may come into force: what speaks against it, in sentences."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from protocol.money.lending import NO_EDGE_BP, RiskModel
from server.errors import UserError
from server.history.aggregates.aggregation import Aggregated
from server.history.comparing import Contract
from server.history.estimation import Estimate, band_of
from server.history.hazards import Band

FEWEST_CHARGE_OFFS: Final = 50
"""Of a tier. With 50 the frequency is known to within about 28 %."""

FEWEST_PREPAYMENTS: Final = 50
MOST_UNKNOWN: Final = 0.01
"""The share of loan-months whose loans may be missing."""

MOST_LEFT_OUT: Final = 0.01
"""The share of loans that may have no usable tier, term, amount or rate."""

MOST_MOVED: Final = 0.01
"""The share of payments that may be in more than one month."""

MOST_NAMED: Final = 5


class CalibrationRefused(UserError):
    """The history does not support a model, or the model may not come into force; nothing was stored."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(reasons)
        self.reasons = tuple(reasons)

    def __str__(self) -> str:
        return f"nothing was stored: {'; '.join(self.reasons)}"


def objections(estimate: Estimate, done: Aggregated, *, fill_missing: bool) -> tuple[str, ...]:
    """Return why the history is too thin for its model, none if it is not.

    ``fill_missing``: a band without loans may have its tier's curve.
    """
    missing = () if fill_missing else _missing(estimate)
    thin = (
        f"{reason}: --keep-thin keeps its curves"
        for tier, reason in thin_tiers(estimate).items()
        if not any(band.kept for band in estimate.bands if band.curve.tier.value == tier)
    )
    return (*thin, *_unknown(done), *_moved(done), *missing)


def thin_tiers(estimate: Estimate) -> dict[str, str]:
    """Return the tiers with too few charge-offs or prepayments, with the reason in words."""
    found = {}
    for tier in estimate.tiers:
        bands = [band for band in estimate.bands if band.curve.tier.value == tier.tier]
        counts = (
            ("charge-offs", sum(band.defaults for band in bands), FEWEST_CHARGE_OFFS),
            ("prepayments", sum(band.prepaid for band in bands), FEWEST_PREPAYMENTS),
        )
        lacking = [
            f"{seen:,.0f} {what} (at least {fewest} are needed)"
            for what, seen, fewest in counts
            if seen < fewest
        ]
        if lacking:
            found[tier.tier] = f"{tier.tier} has {' and '.join(lacking)}"
    return found


def doubts(contracts: Sequence[Contract], done: Aggregated, most_dollars: float) -> tuple[str, ...]:
    """Return what speaks against the model unless a person has looked at it: contracts whose value changes by
    more than a bound, and many loans that cannot be used.
    """
    return (*_too_far(contracts, most_dollars), *_left_out(done))


def _too_far(contracts: Sequence[Contract], most_dollars: float) -> Iterator[str]:
    far = [one for one in contracts if abs(one.change) > most_dollars]
    if far:
        worst = max(far, key=lambda one: abs(one.change))
        where = f"{worst.tier}, {worst.term} months, LTV {_edge(worst.ltv_bp)}, PTI {_edge(worst.pti_bp)}"
        yield (
            f"the NPV of {len(far)} of {len(contracts)} contracts, one for each band and term, changes by"
            f" over ${most_dollars:,.0f} (the most: {worst.change:+,.0f} dollars, {where}); look at the"
            " report, then use --yes"
        )


def _edge(value_bp: float) -> str:
    return "above the last edge" if value_bp >= NO_EDGE_BP else f"to {value_bp / 100:g} %"


def _left_out(done: Aggregated) -> Iterator[str]:
    loans = done.loans + done.left_out
    if done.left_out > MOST_LEFT_OUT * loans:
        yield (
            f"{done.left_out:,} of {loans:,} loans cannot be used: their tier is not in the risk model, or"
            " their term, amount or rate is none; correct them, or use --yes"
        )


def missing_bands(estimate: Estimate) -> tuple[Band, ...]:
    """Return the bands without a loan, but for those that keep their curves."""
    return tuple(band_of(band.curve) for band in estimate.bands if band.loan_months == 0 and not band.kept)


def crossed_tiers(model: RiskModel, order: Sequence[str]) -> tuple[str, ...]:
    """Return notes where a weaker tier's mean loss is below a better one's: nothing forces an order."""
    means = {}
    for tier in order:
        losses = [curve.cnl for curve in model.curves if curve.tier.value == tier]
        means[tier] = sum(losses) / len(losses)
    return tuple(
        f"{weaker} has a lower mean loss ({means[weaker]:.2%}) than {better} ({means[better]:.2%})"
        for better, weaker in pairwise(order)
        if means[weaker] < means[better]
    )


def _unknown(done: Aggregated) -> Iterator[str]:
    if done.orphans > MOST_UNKNOWN * done.loan_months:
        yield (
            f"{done.orphans:,} of {done.loan_months:,} loan-months are of loans that the history lacks:"
            " export the loans"
        )


def _moved(done: Aggregated) -> Iterator[str]:
    if done.moved > MOST_MOVED * done.rows:
        yield (
            f"about {done.moved:,} of {done.rows:,} rows of payments are in more than one month and count in"
            " each: due_on of a payment must not change (docs/operations/warehouse.md)"
        )


def _missing(estimate: Estimate) -> Iterator[str]:
    missing = missing_bands(estimate)
    if missing:
        named = ", ".join(
            f"{tier} to {term} months, LTV {ltv / 100:g} %, PTI {pti / 100:g} %"
            for tier, term, ltv, pti in missing[:MOST_NAMED]
        )
        more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
        yield (
            f"{len(missing)} of {len(estimate.bands)} bands have no loan ({named}{more});"
            " --fill-missing gives them their tier's curve"
        )
