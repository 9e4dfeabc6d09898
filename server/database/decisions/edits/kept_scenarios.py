"""The scenarios of a locked deal: as they are stored, and as they were priced before the lock."""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from msgspec.structs import replace

from protocol import codec
from protocol.closing import CommandError, ErrorCode
from protocol.deal.deal_parts import DealOffer
from protocol.deal.scenarios import SCENARIOS_BYTES, Scenario, ScenarioRefusal
from protocol.deal.workflow import Reason
from protocol.events import Event, ScenarioChanged, kind_of
from protocol.fold_parts.scenarios import marked, scenarios_after
from protocol.records import DealState
from server.database.core.one_row import one_row
from server.database.decisions.deciding import LockedDeal
from server.database.decisions.edits.scenario_plans import Plan
from server.database.decisions.edits.terms import wrong_state

_NEW_FACTS: Final = """
SELECT EXISTS (SELECT FROM deal_events WHERE deal_id = $1 AND (body->>'version')::bigint > $2
                  AND kind IN ('lender_decided', 'customer_changed'))
"""

WhyOutdated = Callable[[Scenario, DealOffer], Awaitable[Reason | None]]
"""Says of a scenario and its offer why its figures may be others; None: they are not."""


class StaleScenario(Exception):
    """The deal, or the scenario, changed between pricing and storing: price again."""


@dataclass(frozen=True, slots=True)
class Priced:
    """A plan as it was priced at ``deal_version``: its offer, else why there is none.

    ``plan`` is what was priced in the end: it differs from ``wanted`` if that had no offer.
    """

    wanted: Plan
    plan: Plan
    deal_version: int
    offer: DealOffer | None = None
    refusal: ScenarioRefusal | None = None


async def scenarios_of(deal: LockedDeal) -> list[Scenario]:
    """Return the scenarios of a locked deal."""
    stored, used = await one_row(
        deal.database, "SELECT scenarios, used_scenario::text FROM deals WHERE deal_id = $1", deal.key
    )
    return marked(codec.convert(list[Scenario], stored or []), used)


async def keep_scenarios(deal: LockedDeal, scenarios: Sequence[Scenario]) -> None:
    """Store the scenarios of a locked deal, and which of them is on it."""
    used = next((uuid.UUID(each.id) for each in scenarios if each.of_the_deal), None)
    await deal.database.execute(
        "UPDATE deals SET scenarios = $2, used_scenario = $3 WHERE deal_id = $1",
        deal.key,
        [codec.plain(replace(each, of_the_deal=False)) for each in scenarios] or None,
        used,
    )


def find(scenarios: Sequence[Scenario], scenario_id: str) -> Scenario:
    """Return the scenario of an id. Raises CommandError(not_found)."""
    found = next((each for each in scenarios if each.id == scenario_id), None)
    if found is None:
        raise CommandError(
            ErrorCode.NOT_FOUND, "This scenario is no longer in the deal.", field="scenario_id"
        )
    return found


def require_open(deal: LockedDeal, what: str) -> None:
    """Raise CommandError(conflict) for a deal that is signed or lost."""
    if deal.state in {DealState.SIGNED, DealState.LOST}:
        raise wrong_state(deal, what)


async def require_fresh(deal: LockedDeal, priced: Priced, wanted: Plan) -> None:
    """Raise StaleScenario if what was priced is not ``wanted`` now, or lacks newer facts."""
    if priced.wanted != wanted:
        raise StaleScenario
    if priced.deal_version < deal.version and await deal.database.fetchval(
        _NEW_FACTS, deal.key, priced.deal_version
    ):
        raise StaleScenario


async def outdate(deal: LockedDeal, why: WhyOutdated) -> None:
    """Mark the scenarios of a locked deal whose figures may be others from now on.

    A scenario that is marked keeps its first reason. Those of a deal that is signed or lost stay as they are.
    A mark takes a few bytes: it is set however full the scenarios are, as it refuses nobody's command.
    """
    if deal.state in {DealState.SIGNED, DealState.LOST}:
        return
    known = await scenarios_of(deal)
    for scenario in known:
        reason = None
        if scenario.offer is not None and scenario.outdated is None:
            reason = await why(scenario, scenario.offer)
        if reason is not None:
            named = {"scenario_id": scenario.id, "scenario_version": scenario.version + 1}
            mark = {**named, "title": scenario.name, "outdated": reason}
            known = _after(deal, known, ScenarioChanged, mark)
            deal.remark(ScenarioChanged, **mark)
            await keep_scenarios(deal, known)


async def record_scenarios(deal: LockedDeal, known: list[Scenario], kind: type[Event], **body: Any) -> None:
    """Record an event, and store the scenarios as everybody's fold of it has them.

    Raises CommandError(too_large) if they would not fit a snapshot.
    """
    after = _after(deal, known, kind, body)
    if len(codec.encode(after)) > max(SCENARIOS_BYTES, len(codec.encode(known))):
        raise CommandError(
            ErrorCode.TOO_LARGE,
            "The scenarios of this deal hold too much. Remove one first.",
            field="scenario_id",
        )
    deal.remark(kind, **body)
    await keep_scenarios(deal, after)


def _after(
    deal: LockedDeal, known: list[Scenario], kind: type[Event], body: Mapping[str, Any]
) -> list[Scenario]:
    envelope = {"channel": "", "seq": 0, "at": deal.at, "by": codec.plain(deal.actor)}
    event = codec.convert(kind, {"type": kind_of(kind), **envelope, **body})
    return scenarios_after(known, event, deal.version)
