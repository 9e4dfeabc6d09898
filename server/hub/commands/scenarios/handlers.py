"""Handlers of a deal's scenarios: each is priced first, then decided in Postgres, and told."""

from collections.abc import Awaitable, Callable

from msgspec import UNSET

from protocol import commands
from protocol.closing import CommandError, ErrorCode
from protocol.commands import ChangeCommand
from protocol.deal.scenarios import Scenario
from protocol.deal.structure import StructureChanges
from protocol.records import View
from server.database.core.scope import StoreScopes
from server.database.decisions.deciding import Asked, Decided
from server.database.decisions.edits import scenarios as edits
from server.database.decisions.edits.kept_scenarios import Priced, StaleScenario, find
from server.database.decisions.edits.scenario_plans import Plan, plan_of, plan_of_deal
from server.database.decisions.edits.scenarios import Edit
from server.database.decisions.edits.terms import differences
from server.database.decisions.moves import scenarios as moves
from server.hub.channels.live_deal import HeldDeal
from server.hub.commands.desk_answers import DeskAnswers
from server.hub.commands.registration import handles
from server.hub.commands.scenarios.pricing import ScenarioPricing
from server.hub.connections.authority import Authority, actor_of, view_of
from server.hub.connections.connection import Connection
from server.hub.sight.questions import check_conceded, check_visible
from server.hub.sight.sight import Sight, sight_of

PRICING_ATTEMPTS = 3

Decide = Callable[[HeldDeal, Priced], Awaitable[Decided]]
Price = Callable[[HeldDeal], Awaitable[Priced]]
ScenarioCommand = (
    commands.ScenarioAdd | commands.ScenarioChange | commands.ScenarioRemove | commands.ScenarioUse
)


class ScenarioHandlers:
    """What the commands about scenarios do."""

    def __init__(
        self, *, stores: StoreScopes, authority: Authority, answers: DeskAnswers, pricing: ScenarioPricing
    ) -> None:
        self._stores = stores
        self._authority = authority
        self._answers = answers
        self._pricing = pricing

    @handles(commands.ScenarioAdd)
    async def add(self, connection: Connection, command: commands.ScenarioAdd) -> None:
        """Duplicate the deal, or one of its scenarios."""
        sight = _sight(connection, command)
        edit = Edit(command.name, command.changes, command.vehicle_id)

        async def price(held: HeldDeal) -> Priced:
            base = _base(held, command.source)
            _check_edit(edit, base, sight, held)
            return await self._pricing.priced(held, base, edit, connection.account, sight)

        async def decide(held: HeldDeal, priced: Priced) -> Decided:
            return await edits.add_scenario(
                self._stores.of(held.deal.store_id),
                held.deal.id,
                command.source,
                edit,
                op=command.op,
                priced=priced,
                actor=actor_of(connection.account),
            )

        await self._decide(connection, command, edits.asked_to_add(command.source, edit), price, decide)

    @handles(commands.ScenarioChange)
    async def change(self, connection: Connection, command: commands.ScenarioChange) -> None:
        """Change a scenario, and price it again unless only its name changes."""
        sight = _sight(connection, command)
        edit = Edit(command.name, command.changes, command.vehicle_id)
        asked = edits.asked_to_change(command.scenario_id, edit)

        async def store(held: HeldDeal, priced: Priced | None) -> Decided:
            return await edits.change_scenario(
                self._stores.of(held.deal.store_id),
                held.deal.id,
                command.scenario_id,
                edit,
                op=command.op,
                based_on=command.version,
                priced=priced,
                actor=actor_of(connection.account),
            )

        async def price(held: HeldDeal) -> Priced:
            base = _base(held, command.scenario_id)
            _check_edit(edit, base, sight, held)
            return await self._pricing.priced(held, base, edit, connection.account, sight)

        if edit.prices:
            await self._decide(connection, command, asked, price, store)
            return
        held = await self._authority.held(connection.account, command)
        await self._answers.tell(connection, command, await store(held, None))

    @handles(commands.ScenarioRemove)
    async def remove(self, connection: Connection, command: commands.ScenarioRemove) -> None:
        """Remove a scenario."""
        _sight(connection, command)
        await self._answers.decide(connection, command, edits.remove_scenario, command.scenario_id)

    @handles(commands.ScenarioUse)
    async def use(self, connection: Connection, command: commands.ScenarioUse) -> None:
        """Make a scenario the deal's."""
        sight = _sight(connection, command)
        hides = sight.view is not View.MANAGER

        async def price(held: HeldDeal) -> Priced:
            scenario = _find(held, command.scenario_id)
            plan = moves.plan_to_use(scenario, held.deal.structure, hides=hides)
            _check_use(plan, sight, held)
            return await self._pricing.to_use(held, plan, connection.account, sight)

        async def decide(held: HeldDeal, priced: Priced) -> Decided:
            return await moves.use_scenario(
                self._stores.of(held.deal.store_id),
                held.deal.id,
                moves.Use(command.scenario_id, command.version, priced, hides),
                op=command.op,
                actor=actor_of(connection.account),
            )

        await self._decide(connection, command, moves.asked_to_use(command.scenario_id), price, decide)

    async def _decide(
        self, connection: Connection, command: ChangeCommand, asked: Asked, price: Price, decide: Decide
    ) -> None:
        """Price what a command is about, decide and tell it; again if the deal changed in between."""
        for _ in range(PRICING_ATTEMPTS):
            held = await self._authority.held(connection.account, command)
            priced = await self._answers.unless_answered(connection, command, held.deal, asked, price(held))
            if priced is None:
                return
            try:
                decided = await decide(held, priced)
            except StaleScenario:
                continue
            await self._answers.tell(connection, command, decided)
            return
        raise CommandError(ErrorCode.BUSY, "The deal keeps changing while it is being priced. Try again.")


def _sight(connection: Connection, command: ScenarioCommand) -> Sight:
    """Return how the sender sees the deal. Raises CommandError(forbidden) in the customer's view."""
    view = view_of(connection, command.channel)
    if view is View.CUSTOMER:
        raise CommandError(ErrorCode.FORBIDDEN, "The customer view has no scenarios.", field="channel")
    return sight_of(view, connection.account)


def _find(held: HeldDeal, scenario_id: str) -> Scenario:
    known = held.whole.scenarios
    return find([] if known is UNSET else known, scenario_id)


def _base(held: HeldDeal, scenario_id: str | None) -> Plan:
    """Return the plan of a scenario, or of the deal."""
    if scenario_id is None:
        return plan_of_deal(held.deal.structure, held.whole.selected)
    return plan_of(_find(held, scenario_id))


def _check_edit(edit: Edit, base: Plan, sight: Sight, held: HeldDeal) -> None:
    """Raise CommandError(forbidden) for changes that the person could not make of the deal's terms."""
    check_visible(edit.changes, sight.view)
    check_conceded(edit.changes, sight, held.deal.discount_authority_cents, base.structure)


def _check_use(plan: Plan, sight: Sight, held: HeldDeal) -> None:
    """Raise CommandError(forbidden) for a scenario that the person could not bring about by terms."""
    deal = held.deal.structure
    names = differences(deal, plan.structure).keys() - {"trades", "trade_acv_cents", "products_cost_cents"}
    stated = StructureChanges(**{name: getattr(plan.structure, name) for name in names})
    for changes in (stated, plan.asks):
        check_visible(changes, sight.view)
        check_conceded(changes, sight, held.deal.discount_authority_cents, deal)
