"""Prices a scenario as an offer of its deal, by the one engine; where there is none, it says why."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from msgspec import UNSET

from protocol.closing import CommandError, ErrorCode
from protocol.deal.scenarios import ScenarioRefusal
from protocol.deal.structure import StructureChanges, StructureError
from protocol.records import DealKind
from server.clock import utc_now
from server.database.core.catalogue import with_catalogue
from server.database.core.scope import StoreScopes
from server.database.decisions.edits.kept_scenarios import Priced
from server.database.decisions.edits.scenario_plans import Plan
from server.database.decisions.edits.scenarios import Edit
from server.database.people.users import Account
from server.hub.channels.live_deal import HeldDeal
from server.hub.commands.offer_pricing import NO_PROGRAMME
from server.hub.commands.quoting.quotes import Quotes
from server.hub.sight.questions import Questions
from server.hub.sight.sight import Sight


@dataclass(frozen=True, slots=True)
class ScenarioPricing:
    """Prices scenarios for the person who asks. Methods raise CommandError as ``Quotes.offer``."""

    quotes: Quotes
    questions: Questions
    stores: StoreScopes

    async def priced(self, held: HeldDeal, base: Plan, edit: Edit, account: Account, sight: Sight) -> Priced:
        """Return a plan after an edit of it, with its offer or why it has none.

        A structure above the customer's payment or cash is priced too: people ask what it would cost.
        """
        wanted = base.changed(edit.changes, edit.vehicle_id)
        plan = await self._with_catalogue(held, wanted, base)
        attempts = list(attempts_of(plan))
        return await self._first(held, wanted, attempts, account, sight, new_car=edit.vehicle_id is not UNSET)

    async def to_use(self, held: HeldDeal, wanted: Plan, account: Account, sight: Sight) -> Priced:
        """Return a scenario exactly as it stands, priced today."""
        plan = await self._with_catalogue(held, wanted, Plan(held.deal.structure))
        return await self._first(held, wanted, [plan], account, sight, new_car=False)

    async def _first(
        self,
        held: HeldDeal,
        wanted: Plan,
        attempts: list[Plan],
        account: Account,
        sight: Sight,
        *,
        new_car: bool,
    ) -> Priced:
        """Return the first of the attempts that has an offer; the first one with a refusal if none has."""
        plan = attempts[0]
        if plan.vehicle_id is None:
            return Priced(wanted, plan, held.deal.version)
        deal = replace(held.at(utc_now()), structure=plan.structure)
        await self.questions.check(deal, account, sight, plan.vehicle_id, [plan.asks, plan.programme_id])
        refusal: ScenarioRefusal | None = None
        for attempt in attempts:
            try:
                offer = await self.quotes.offer(
                    deal, plan.vehicle_id, attempt.asks, attempt.programme_id, account, sight=sight
                )
            except CommandError as error:
                if error.code not in NO_PROGRAMME or (new_car and error.code is ErrorCode.NOT_FOUND):
                    raise
                refusal = _refusal(error)
            else:
                return Priced(wanted, attempt, held.deal.version, offer)
        return Priced(wanted, plan, held.deal.version, refusal=refusal)

    async def _with_catalogue(self, held: HeldDeal, plan: Plan, base: Plan) -> Plan:
        """Return a plan with the sums of its product lines, if they differ. Raises CommandError(invalid)."""
        new, old = plan.structure, base.structure
        if (new.products, new.declined_products) == (old.products, old.declined_products):
            return plan
        async with self.stores.of(held.deal.store_id).acquire() as database:
            try:
                structure = await with_catalogue(database, new, held.deal.customer.state, old)
            except StructureError as error:
                raise CommandError(
                    ErrorCode.INVALID, str(error), field=error.field, expected=error.expected
                ) from None
        return replace(plan, structure=structure)


def attempts_of(plan: Plan) -> Iterator[Plan]:
    """Yield what to price until there is an offer: the plan, then with any programme, then above the
    customer's limits.
    """
    asks = dict(plan.asks.items())
    limits: dict[str, Any] = {"payment_max_cents": None}
    if asks.get("kind", plan.structure.kind) is DealKind.CASH:
        limits["cash_down_max_cents"] = None
    # What an earlier attempt lifted holds again, if it can.
    within = {name: value for name, value in asks.items() if not (name in limits and value is None)}
    for given in (within, within | limits):
        for programme_id in dict.fromkeys((plan.programme_id, None)):
            yield replace(plan, asks=StructureChanges(**given), programme_id=programme_id)


def _refusal(error: CommandError) -> ScenarioRefusal:
    binding = error.detail.get("value")
    return ScenarioRefusal(message=error.message, binding=binding if isinstance(binding, str) else None)
