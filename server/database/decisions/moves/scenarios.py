"""A scenario becomes the deal's, and the figures of scenarios grow old."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import UNSET

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.agreed import FiguresChange, figures_of
from protocol.deal.deal_parts import DealOffer
from protocol.deal.scenarios import Scenario
from protocol.deal.structure import Structure, StructureChanges
from protocol.deal.workflow import EDITABLE, SELECTABLE, Reason
from protocol.events import ScenarioUsed
from protocol.records import Actor, DealState
from server.clock import wire_time
from server.database.core.pool import Database
from server.database.core.scope import RowScope
from server.database.decisions.agreement.agreed import agreed_of, fall, require_seen
from server.database.decisions.agreement.offers import adopt_offer, is_same, selected_offer
from server.database.decisions.deciding import SYSTEM, Asked, Decided, LockedDeal, deciding
from server.database.decisions.edits import kept_scenarios as kept
from server.database.decisions.edits.kept_scenarios import Priced
from server.database.decisions.edits.scenario_plans import Plan, plan_of, usable
from server.database.decisions.edits.terms import (
    Step,
    check_unlocked,
    fields_set,
    move,
    replace_structure,
    wrong_state,
)
from server.database.decisions.moves.conditions import conflict

# Deals with a scenario whose figures may be different today. $1 is the cars to look at; null for all cars
# and the sheets.
_DUE: Final = """
SELECT DISTINCT d.deal_id::text
  FROM deals d CROSS JOIN LATERAL jsonb_array_elements(d.scenarios) AS s
  LEFT JOIN vehicles v ON v.vehicle_id = (s->>'vehicle_id')::bigint
 WHERE d.scenarios IS NOT NULL AND d.state NOT IN ('signed', 'lost')
   AND jsonb_typeof(s->'offer') = 'object' AND jsonb_typeof(s->'outdated') = 'null'
   AND (($1::bigint[] IS NULL
         AND CASE WHEN s->'offer' ? 'cash' THEN false
                  WHEN s->'offer' ? 'lease' THEN s->'offer'->'versions'->>'leases' IS DISTINCT FROM $3
                  ELSE s->'offer'->'versions'->>'rates' <> $2 END)
        OR (($1::bigint[] IS NULL OR v.vehicle_id = ANY ($1))
            AND (v.status IS DISTINCT FROM 'available' OR v.rev <> (s->'offer'->>'rev')::bigint)))
"""


@dataclass(frozen=True, slots=True)
class Sheets:
    """The sheets in force from which scenarios are priced; ``leases`` is None without one."""

    rates: str
    leases: str | None


@dataclass(frozen=True, slots=True)
class Use:
    """One request to put a scenario on the deal. ``hides``: the person does not see what the desk alone sets.

    ``priced`` is the scenario as it is priced today on the deal.
    """

    scenario_id: str
    version: int
    priced: Priced
    hides: bool


def asked_to_use(scenario_id: str) -> Asked:
    """Return the content of a ``scenario_use``."""
    return ("scenario_use", scenario_id)


def plan_to_use(scenario: Scenario, deal: Structure, *, hides: bool) -> Plan:
    """Return what a scenario is priced from when it is put on the deal."""
    plan = plan_of(scenario)
    return Plan(usable(plan.structure, deal, hides=hides), plan.vehicle_id, plan.asks, plan.programme_id)


async def use_scenario(scope: RowScope, deal_id: str, use: Use, *, op: uuid.UUID, actor: Actor) -> Decided:
    """Make a scenario's structure and car the deal's, in one decision; its answer is the deal's version.

    Each of the two is refused as ``terms`` and ``select`` are, and then nothing changes. Raises
    StaleScenario; CommandError: not_found, locked; conflict for another version of the scenario, for figures
    that are not those of today, and for a state in which the deal cannot be changed like that.
    """
    async with deciding(scope, deal_id, op, actor, asked_to_use(use.scenario_id)) as deal:
        if deal.repeated is not None:
            return deal.again()
        kept.require_open(deal, "use scenarios in")
        known = await kept.scenarios_of(deal)
        scenario = kept.find(known, use.scenario_id)
        _require_version(scenario, use.version)
        wanted = plan_to_use(scenario, deal.structure, hides=use.hides)
        await kept.require_fresh(deal, use.priced, wanted)
        offer = _offered(scenario, use.priced)
        await _restructure(deal, use.priced.plan.structure, offer)
        if offer is not None:
            await _select(deal, offer)
        stored = await kept.scenarios_of(deal)
        await kept.record_scenarios(
            deal,
            stored,
            ScenarioUsed,
            scenario_id=scenario.id,
            scenario_version=scenario.version,
            deal_version=deal.version,
            title=scenario.name,
        )
        return deal.decided()


async def outdate_scenarios(scope: RowScope, deal_id: str, sheets: Sheets) -> Decided:
    """Mark the scenarios of a deal whose figures may be others today: their car changed, or the rates did.

    Raises CommandError(not_found).
    """
    async with deciding(scope, deal_id, uuid.uuid4(), SYSTEM, ("outdate",)) as deal:
        await kept.outdate(deal, lambda scenario, offer: _why_outdated(deal, offer, sheets))
        return deal.answered({})


async def deals_to_outdate(
    database: Database, vehicle_ids: Sequence[str] | None, sheets: Sheets
) -> list[str]:
    """Return the deals with scenarios whose car changed, or that are priced from other rates.

    ``vehicle_ids`` are the cars to look at; None: all, and the rates. Runs in the system's scope.
    """
    cars = None if vehicle_ids is None else [int(car) for car in vehicle_ids]
    rows = await database.fetch(_DUE, cars, sheets.rates, sheets.leases)
    return [row["deal_id"] for row in rows]


async def _why_outdated(deal: LockedDeal, offer: DealOffer, sheets: Sheets) -> Reason | None:
    car = await deal.database.fetchrow(
        "SELECT rev, status FROM vehicles WHERE vehicle_id = $1", int(offer.vehicle_id)
    )
    if car is None or car["status"] != "available":
        return Reason.CAR_SOLD
    if car["rev"] != offer.rev:
        return Reason.CAR_CHANGED
    if offer.cash is not UNSET or not offer.versions:
        return None
    versions = offer.versions
    same = versions.rates == sheets.rates
    if offer.lease is not UNSET:
        same = (versions.leases or None) == sheets.leases
    return None if same else Reason.RATES_CHANGED


def _require_version(scenario: Scenario, version: int) -> None:
    if version == scenario.version:
        return
    raise CommandError(
        ErrorCode.CONFLICT,
        f"{scenario.by.name} changed this scenario in the meantime. Review it and try again.",
        field="version",
        value=scenario.version,
        by=codec.plain(scenario.by),
        at=wire_time(scenario.at),
    )


def _offered(scenario: Scenario, priced: Priced) -> DealOffer | None:
    """Return the offer to select: none for a scenario without a car. Raises CommandError(conflict)."""
    if scenario.vehicle_id is None:
        return None
    if priced.offer is None:
        message = "This scenario has no offer today." if priced.refusal is None else priced.refusal.message
        raise conflict(message, "vehicle_id", None if priced.refusal is None else priced.refusal.binding)
    if scenario.offer is None:
        raise conflict("This scenario has no price yet. Price it first.", "figures", None)
    require_seen(figures_of(scenario.offer), figures_of(priced.offer))
    return priced.offer


async def _restructure(deal: LockedDeal, after: Structure, offer: DealOffer | None) -> None:
    """Give the deal the scenario's structure, as ``terms`` does. Raises CommandError."""
    if after == deal.structure:
        return
    if deal.state not in EDITABLE:
        raise wrong_state(deal, "edit")
    await replace_structure(deal, after)
    if deal.state is DealState.COUNTERED:
        new = None if offer is None else figures_of(offer)
        changed = None if deal.agreed is None else FiguresChange(old=deal.agreed, new=new)
        await move(deal, DealState.WORKING, Reason.TERMS_CHANGED, Step(figures=changed))


async def _select(deal: LockedDeal, offer: DealOffer) -> None:
    """Make the scenario's offer the deal's, as ``select`` does. Raises CommandError."""
    before = await selected_offer(deal)
    if before is not None and is_same(before, offer):
        return
    if deal.state not in SELECTABLE:
        raise wrong_state(deal, "select another offer for")
    asked = codec.convert_known(StructureChanges, offer.changes)
    check_unlocked(deal, fields_set(deal.structure, asked))
    if deal.state is not DealState.WORKING and before is not None:
        await fall(deal, Reason.OFFER_CHANGED, agreed_of(deal, before), figures_of(offer))
    await adopt_offer(deal, offer)
