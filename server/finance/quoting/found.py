"""The best offers of cars that somebody looked for, or why they have none."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from protocol.events import Fix, FixKind
from protocol.money.inputs import CarName, DealInputs
from protocol.money.leasing import LeaseSheet
from protocol.money.lending import RateSheet, RiskModel
from protocol.records import DealKind
from server.finance.architect import best_offers, price_plan
from server.finance.cars import Cars
from server.finance.leasing.names import CarNames
from server.finance.offers import offers_of
from server.finance.plan import plan_deal
from server.finance.rules.limits import Limit


def offers_found(
    inputs: DealInputs,
    numbers: Mapping[str, Sequence[int]],
    sheet: RateSheet,
    model: RiskModel,
    *,
    leases: LeaseSheet | None = None,
    named: Sequence[CarName] = (),
) -> dict[str, list[Any]]:
    """Return ``events.OFFER_COLUMNS`` but ``vehicle_id`` and ``rev``, as a search has them for these cars.

    ``numbers`` has a sequence per ``jobs.NUMBER_COLUMNS``; ``named`` has what ``leases`` name the cars by. If
    no programme is left for the deal, every car names the limit that excluded the last one. Raises
    StructureError and RiskModelError.
    """
    plan, cars = plan_deal(inputs, sheet, leases=leases), Cars.of(numbers)
    names = CarNames.each(named) if named else None
    if len(plan.programmes):
        return offers_of(plan, price_plan(plan, model), cars, names)
    offers = offers_of(plan, None, cars, names)
    if inputs.structure.kind is not DealKind.FINANCE:
        return offers
    fixes = _fixes(plan.empty, inputs, cars, sheet, model)
    offered = [kind is not None for kind in offers["kind"]]
    return offers | {"fix": [None if has else fix for has, fix in zip(offered, fixes, strict=True)]}


def _fixes(
    empty: Limit, inputs: DealInputs, cars: Cars, sheet: RateSheet, model: RiskModel
) -> list[dict[str, Any] | None]:
    """Return the term, or the lender at its own rate, that brings a programme back for each car."""
    if empty is Limit.TERM:
        every = sorted({row.term_months for row in sheet.programmes})
        changes: dict[str, Any] = {"term_months": None, "terms_months": every}
    elif empty is Limit.RATE:
        changes = {"rate_bp": None, "rate_reason": None}
    else:
        return [None] * len(cars)
    structure = msgspec.structs.replace(inputs.structure, **changes)
    wide = plan_deal(msgspec.structs.replace(inputs, structure=structure), sheet)
    if not len(wide.programmes):
        return [None] * len(cars)
    offers = best_offers(price_plan(wide, model), cars)
    fixes: list[dict[str, Any] | None] = []
    for term, lender in zip(offers["term_months"], offers["lender"], strict=True):
        if term is None:
            fix = None
        elif empty is Limit.TERM:
            fix = Fix(kind=FixKind.TERM, term_months=term)
        else:
            fix = Fix(kind=FixKind.PROGRAMME, lender=lender)
        fixes.append(None if fix is None else msgspec.to_builtins(fix))
    return fixes
