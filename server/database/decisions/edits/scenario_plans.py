"""What a scenario is priced from, and how it becomes a deal's. Pure."""

from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from protocol import codec
from protocol.deal.deal_parts import DealOffer
from protocol.deal.product_lines import FLAT_FIELDS as PRODUCT_SUMS
from protocol.deal.scenarios import Scenario
from protocol.deal.structure import Structure, StructureChanges, still_pertinent, with_trades
from protocol.deal.trades import FLAT_FIELDS as TRADE_SUMS
from server.database.decisions.edits.terms import revise

_TOGETHER: Final = (
    frozenset({"term_months", "terms_months"}),
    frozenset({"cash_down_cents", "cash_down_max_cents"}),
    frozenset({"discount_cents", "payment_max_cents"}),
    frozenset({"products", "declined_products", *PRODUCT_SUMS}),
    frozenset({"trades", *TRADE_SUMS}),
    frozenset({"kind", "lease_miles_per_year"}),
)
"""Groups of fields: what one of them states replaces what the offer asked for in the others."""

_OF_PROGRAMME: Final = frozenset({"kind", "tier", "term_months", "terms_months", "rate_bp"})
"""Fields that decide which programmes there are: after a change of one, the best programme is found anew."""

NO_CHANGES: Final = StructureChanges()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a scenario is priced from: a whole structure, a car, and what its offer ``asks`` for on top."""

    structure: Structure
    vehicle_id: str | None = None
    asks: StructureChanges = NO_CHANGES
    programme_id: str | None = None

    def changed(self, changes: StructureChanges, vehicle_id: str | UnsetType | None = UNSET) -> "Plan":
        """Return the plan with changes of its structure, and for another car.

        The offer no longer asks for a field that the changes state; a discount that they state is the whole
        discount.
        Raises CommandError(invalid).
        """
        named = {name for name, _ in changes.items()}
        stale = named.union(*(fields for fields in _TOGETHER if not fields.isdisjoint(named)))
        left = {name: value for name, value in self.asks.items() if name not in stale}
        if changes.discount_cents is not UNSET:
            left["discount_cents"] = changes.discount_cents
        car = self.vehicle_id if vehicle_id is UNSET else vehicle_id
        kept = car == self.vehicle_id and _OF_PROGRAMME.isdisjoint(named)
        return Plan(
            revise(self.structure, changes) if named else self.structure,
            car,
            StructureChanges(**left),
            self.programme_id if kept else None,
        )


def plan_of(scenario: Scenario) -> Plan:
    """Return the plan of a scenario."""
    return Plan(
        codec.convert_known(Structure, scenario.structure),
        scenario.vehicle_id,
        codec.convert_known(StructureChanges, scenario.changes),
        scenario.programme_id,
    )


def plan_of_deal(structure: Structure, selected: DealOffer | None) -> Plan:
    """Return the plan of a deal as it stands."""
    if selected is None:
        return Plan(structure)
    asks = still_pertinent(codec.convert(StructureChanges, selected.changes), structure)
    programme_id = selected.asked_programme_id or None
    return Plan(structure, selected.vehicle_id, asks, programme_id)


def usable(structure: Structure, deal: Structure, *, hides: bool) -> Structure:
    """Return a scenario's structure as it is put on a deal.

    What the desk has found out about a trade stays: a scenario is no appraisal. If the person's view
    ``hides`` what the desk alone sets, the deal's own stays too.
    """
    theirs = {trade.id: trade.acv_cents for trade in deal.trades}
    trades = [
        msgspec.structs.replace(trade, acv_cents=theirs.get(trade.id) if hides else theirs[trade.id])
        if hides or theirs.get(trade.id) is not None
        else trade
        for trade in structure.trades
    ]
    if trades:
        structure = with_trades(structure, trades)
    elif hides or structure.trade_acv_cents is None:
        own = None if deal.trades else deal.trade_acv_cents
        structure = msgspec.structs.replace(structure, trade_acv_cents=own)
    if hides and not structure.products:
        structure = msgspec.structs.replace(structure, products_cost_cents=deal.products_cost_cents)
    return structure
