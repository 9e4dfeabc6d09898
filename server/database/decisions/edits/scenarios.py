"""Scenarios of a deal under its row lock: added, changed, removed. The deal itself stays as it is."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.deal_parts import DealOffer
from protocol.deal.scenarios import (
    MAX_SCENARIOS,
    Scenario,
    name_key,
    next_name,
    tidy_name,
)
from protocol.deal.structure import StructureChanges
from protocol.events import ScenarioAdded, ScenarioChanged, ScenarioRemoved, kind_of
from protocol.records import Actor
from server.clock import wire_time
from server.database.core.scope import RowScope
from server.database.decisions.deciding import Asked, Decided, LockedDeal, deciding
from server.database.decisions.edits.kept_scenarios import (
    Priced,
    find,
    record_scenarios,
    require_fresh,
    require_open,
    scenarios_of,
)
from server.database.decisions.edits.scenario_plans import NO_CHANGES, plan_of, plan_of_deal

_CHANGED_SINCE: Final = """
SELECT body, at FROM deal_events
 WHERE deal_id = $1 AND kind = $2 AND body->>'scenario_id' = $3 AND (body->>'scenario_version')::bigint > $4
 ORDER BY no DESC
"""


@dataclass(frozen=True, slots=True)
class Edit:
    """How a person changes a scenario: its name, its terms, its car. UNSET leaves it as it is."""

    name: str | UnsetType | None = UNSET
    changes: StructureChanges = NO_CHANGES
    vehicle_id: str | UnsetType | None = UNSET

    @property
    def asked(self) -> tuple[object, ...]:
        """The edit as the content of a command."""
        car = {} if self.vehicle_id is UNSET else {"vehicle_id": self.vehicle_id}
        name = {} if self.name is UNSET else {"name": self.name}
        return codec.plain(self.changes), car, name

    @property
    def prices(self) -> bool:
        """Whether the scenario is to be priced: after any edit but that of its name, and without any."""
        return not isinstance(self.name, str) or self.vehicle_id is not UNSET or any(self.changes.items())


def asked_to_add(source: str | None, edit: Edit) -> Asked:
    """Return the content of a ``scenario_add``."""
    return ("scenario_add", source, *edit.asked)


def asked_to_change(scenario_id: str, edit: Edit) -> Asked:
    """Return the content of a ``scenario_change``."""
    return ("scenario_change", scenario_id, *edit.asked)


async def add_scenario(
    scope: RowScope,
    deal_id: str,
    source: str | None,
    edit: Edit,
    *,
    op: uuid.UUID,
    priced: Priced,
    actor: Actor,
) -> Decided:
    """Add a scenario that duplicates the deal or its scenario ``source``; its answer is ``{scenario_id}``.

    Raises StaleScenario; CommandError: not_found; conflict for a deal that is over, or a name that another
    scenario has; too_large beyond MAX_SCENARIOS.
    """
    async with deciding(scope, deal_id, op, actor, asked_to_add(source, edit)) as deal:
        if deal.repeated is not None:
            return deal.again()
        require_open(deal, "add scenarios to")
        known = await scenarios_of(deal)
        model = None if source is None else find(known, source)
        base = plan_of_deal(deal.structure, await _selected(deal)) if model is None else plan_of(model)
        await require_fresh(deal, priced, base.changed(edit.changes, edit.vehicle_id))
        if len(known) >= MAX_SCENARIOS:
            raise CommandError(
                ErrorCode.TOO_LARGE,
                f"A deal can have {MAX_SCENARIOS} scenarios. Remove one first.",
                field="scenario_id",
            )
        taken = [each.name for each in known]
        scenario = Scenario(
            id=str(uuid.uuid4()),
            name=free_name(edit.name, known) if isinstance(edit.name, str) else next_name(taken),
            version=1,
            vehicle_id=priced.plan.vehicle_id,
            structure=codec.plain(priced.plan.structure),
            changes=codec.plain(priced.plan.asks),
            programme_id=priced.plan.programme_id,
            offer=priced.offer,
            refusal=priced.refusal,
            by=actor,
            at=deal.at,
        )
        copied = None if model is None else model.name
        await record_scenarios(deal, known, ScenarioAdded, scenario=codec.plain(scenario), source=copied)
        return deal.answered({"scenario_id": scenario.id})


async def change_scenario(
    scope: RowScope,
    deal_id: str,
    scenario_id: str,
    edit: Edit,
    *,
    op: uuid.UUID,
    based_on: int,
    priced: Priced | None,
    actor: Actor,
) -> Decided:
    """Change a scenario, based on its version; its answer is ``{scenario_version}``.

    Without ``priced`` only its name changes. Raises StaleScenario; CommandError: not_found; invalid for a
    version ahead of the scenario; conflict for a deal that is over, a name that another scenario has, or a
    field that someone else set since; too_large.
    """
    async with deciding(scope, deal_id, op, actor, asked_to_change(scenario_id, edit)) as deal:
        if deal.repeated is not None:
            return deal.again()
        require_open(deal, "change scenarios of")
        known = await scenarios_of(deal)
        scenario = find(known, scenario_id)
        if based_on > scenario.version:
            raise CommandError(
                ErrorCode.INVALID, f"version: expected at most {scenario.version}", field="version"
            )
        told: dict[str, Any] = {}
        if isinstance(edit.name, str):
            name = free_name(edit.name, [each for each in known if each.id != scenario_id])
            told |= {} if name == scenario.name else {"name": name}
        if priced is not None:
            await require_fresh(deal, priced, plan_of(scenario).changed(edit.changes, edit.vehicle_id))
            told |= difference(scenario, priced)
        if based_on < scenario.version:
            await _check_unchanged(deal, scenario, based_on, edit, told)
        if told:
            version = scenario.version + 1
            await record_scenarios(
                deal,
                known,
                ScenarioChanged,
                scenario_id=scenario_id,
                scenario_version=version,
                title=scenario.name,
                **told,
            )
            return deal.answered({"scenario_version": version})
        return deal.answered({"scenario_version": scenario.version})


async def remove_scenario(
    scope: RowScope, deal_id: str, scenario_id: str, *, op: uuid.UUID, actor: Actor
) -> Decided:
    """Remove a scenario; if there is none of that id, nothing happens.

    Raises CommandError: not_found for no such deal, conflict for a deal that is over.
    """
    async with deciding(scope, deal_id, op, actor, ("scenario_remove", scenario_id)) as deal:
        if deal.repeated is not None:
            return deal.again()
        require_open(deal, "remove scenarios of")
        known = await scenarios_of(deal)
        scenario = next((each for each in known if each.id == scenario_id), None)
        if scenario is not None:
            await record_scenarios(deal, known, ScenarioRemoved, scenario_id=scenario_id, title=scenario.name)
        return deal.answered({})


def free_name(name: str, others: Sequence[Scenario]) -> str:
    """Return a name as it is stored. Raises CommandError: invalid for spaces, conflict if it is taken."""
    tidy = tidy_name(name)
    if not tidy:
        raise CommandError(ErrorCode.INVALID, "name: expected at least one word", field="name")
    same = next((each for each in others if name_key(each.name) == name_key(tidy)), None)
    if same is not None:
        raise CommandError(
            ErrorCode.CONFLICT,
            f"This deal already has a scenario named {same.name}. Choose another name.",
            field="name",
            value=same.name,
            by=codec.plain(same.by),
        )
    return tidy


def difference(scenario: Scenario, priced: Priced) -> dict[str, Any]:
    """Return how a scenario differs as it is priced now, as the fields of its event."""
    plan = priced.plan
    before, after = scenario.structure, codec.plain(plan.structure)
    new = {name: value for name, value in after.items() if before.get(name) != value}
    told: dict[str, Any] = {}
    if new:
        told = {"changes": new, "before": {name: before.get(name) for name in new}}
    others = {
        "vehicle_id": (scenario.vehicle_id, plan.vehicle_id),
        "asked": (scenario.changes, codec.plain(plan.asks)),
        "programme_id": (scenario.programme_id, plan.programme_id),
        "refusal": (scenario.refusal, priced.refusal),
        "outdated": (scenario.outdated, None),
    }
    told |= {name: _plain(now) for name, (was, now) in others.items() if was != now}
    if told or _worth(scenario.offer) != _worth(priced.offer):
        told["offer"] = _plain(priced.offer)
    return told


def _plain(value: Any) -> Any:
    return codec.plain(value) if isinstance(value, Struct) else value


def _worth(offer: DealOffer | None) -> object:
    """Return an offer without what is new each time that it is priced."""
    return None if offer is None else replace(offer, offer_id="", pencil_id="", deal_version=0)


async def _selected(deal: LockedDeal) -> DealOffer | None:
    if deal.selected_offer is None:
        return None
    body = await deal.database.fetchval("SELECT body FROM offers WHERE offer_id = $1", deal.selected_offer)
    return codec.convert(DealOffer, body)


async def _check_unchanged(
    deal: LockedDeal, scenario: Scenario, based_on: int, edit: Edit, told: dict[str, Any]
) -> None:
    """Raise CommandError(conflict) if a field of the edit was set to another value since ``based_on``."""
    asked = {name for name, _ in edit.changes.items()} & told.get("changes", {}).keys()
    asked |= {name for name in ("name", "vehicle_id") if name in told and getattr(edit, name) is not UNSET}
    since = await deal.database.fetch(
        _CHANGED_SINCE, deal.key, kind_of(ScenarioChanged), scenario.id, based_on
    )
    for row in since:
        body = row["body"]
        theirs = {
            **body.get("changes", {}),
            **{name: body[name] for name in ("name", "vehicle_id") if name in body},
        }
        taken = next((name for name in sorted(asked) if name in theirs), None)
        if taken is not None:
            raise CommandError(
                ErrorCode.CONFLICT,
                f"{body['by']['name']} changed {taken} in the meantime.",
                field=taken,
                value=theirs[taken],
                by=body["by"],
                at=wire_time(row["at"]),
                version=body["scenario_version"],
            )
