"""Manufacturers' rebates: what a customer gets on a car, and which rebates of a sheet can apply.

Amounts are whole cents. Stackable rebates add up; one that is not stackable excludes every other, so the best
permitted combination is either all stackable ones or the single best of the rest. A rebate whose conditions
the customer does not meet is ignored.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from protocol.money.lending import MOST_EXCLUSIONS, Programme, RateSheet, Rebate


def rebates_open_to(
    rebates: Iterable[Rebate], eligibilities: Collection[str], on: dt.date
) -> tuple[Rebate, ...]:
    """Return the rebates that run on the day and whose every requirement the customer meets."""
    met = set(eligibilities)
    return tuple(
        one for one in rebates if one.starts_on <= on <= one.ends_on and met.issuperset(one.requires)
    )


def rebate_for(  # noqa: PLR0917 - the car's four words, then the customer's
    rebates: Iterable[Rebate],
    make: str,
    model: str,
    year: int,
    is_new: bool,
    eligibilities: Collection[str],
    on: dt.date,
) -> int:
    """Return the best permitted combination for a car, in cents; 0 if none applies."""
    return _best(
        [
            one
            for one in rebates_open_to(rebates, eligibilities, on)
            if one.make == make
            and one.model in {None, model}
            and one.year_min <= year <= one.year_max
            and (is_new or not one.new_only)
        ]
    )


def largest_rebate_cents(rebates: Iterable[Rebate]) -> int:
    """Return an upper bound of any car's combination of ``rebates``."""
    by_make: defaultdict[str, list[Rebate]] = defaultdict(list)
    for one in rebates:
        by_make[one.make].append(one)
    return max((_best(group) for group in by_make.values()), default=0)


def _best(applicable: Sequence[Rebate]) -> int:
    together = sum(one.amount_cents for one in applicable if one.stackable)
    alone = max((one.amount_cents for one in applicable if not one.stackable), default=0)
    return max(together, alone)


def exclusions_of(sheet: RateSheet) -> tuple[tuple[str, ...], ...]:
    """Return the different lists of excluded rebates of a sheet's rows, in a fixed order.

    A car's numbers hold its rebate without each of them, in this order.
    """
    found = {tuple(sorted(row.excluded_rebates)) for row in sheet.programmes if row.excluded_rebates}
    return tuple(sorted(found))


def check_exclusions(programmes: Sequence[Programme]) -> None:
    """Raise ValueError if a sheet's rows have too many different lists of excluded rebates."""
    found = exclusions_of(RateSheet(version="", programmes=tuple(programmes)))
    if len(found) > MOST_EXCLUSIONS:
        raise ValueError(f"{len(found)} different lists of excluded_rebates, at most {MOST_EXCLUSIONS}")


def without(rebates: Iterable[Rebate], excluded: Collection[str]) -> tuple[Rebate, ...]:
    """Return the rebates whose id or programme is not excluded."""
    return tuple(one for one in rebates if one.rebate_id not in excluded and one.programme not in excluded)
