"""Handlers for salesperson and desk on one deal. Each decides in Postgres and publishes what it wrote."""

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import TypeVar

from protocol import codec, commands
from protocol.closing import CommandError, ErrorCode
from protocol.commands import ChangeCommand
from protocol.commands.desk import Decision
from protocol.deal_parts import DealOffer
from protocol.records import StructureChanges
from protocol.workflow import Action, Closing, LenderStatus
from server.database.core.scope import Scope, Stores
from server.database.deals.deals import Deal
from server.database.decisions import claims, lenders, offers, overrides, tasks, workflow
from server.database.decisions import locks_and_notes as remarks
from server.database.decisions.deciding import Asked, Decided, answered_before
from server.database.editions.rates import NotInForce
from server.database.people.users import Account
from server.hub.channels.live_deal import HeldDeal
from server.hub.commands.lender_terms import as_terms, terms_of
from server.hub.commands.offer_pricing import Repricing
from server.hub.commands.quotes import Quotes, vehicle_number
from server.hub.commands.stock_handlers import check_visible
from server.hub.connections.authority import Authority, actor_of, view_of
from server.hub.connections.connection import Connection
from server.hub.sight.questions import Questions, check_conceded
from server.hub.sight.sight import Sight, sight_of
from server.hub.sight.views import not_here, unaskable_fields
from server.hub.upkeep.relay import Relay
from server.log.channel_log import utc_now
from server.work.editions import Editions

PRICING_ATTEMPTS = 3
Store = Callable[..., Awaitable[Decided]]
Priced = TypeVar("Priced")


class DeskHandlers:
    """The handlers of the desk's commands."""

    def __init__(
        self,
        *,
        stores: Stores,
        system: Scope,
        authority: Authority,
        relay: Relay,
        quotes: Quotes,
        editions: Editions,
        questions: Questions,
        today: Callable[[], dt.date] = lambda: utc_now().date(),
    ) -> None:
        self._stores = stores
        self._system = system
        self._authority = authority
        self._relay = relay
        self._quotes = quotes
        self._editions = editions
        self._questions = questions
        self._repricing = Repricing(quotes)
        self._today = today

    async def select(self, connection: Connection, command: commands.Select) -> None:
        """Make an offer the deal's."""
        await self._give_offer(connection, command, offers.select_offer)

    async def pin(self, connection: Connection, command: commands.Pin) -> None:
        """Pin an offer."""
        await self._give_offer(connection, command, offers.pin_offer)

    async def unpin(self, connection: Connection, command: commands.Unpin) -> None:
        """Unpin an offer."""
        await self._about_car(connection, command, offers.unpin_offer)

    async def hold(self, connection: Connection, command: commands.Hold) -> None:
        """Hold a car."""
        await self._about_car(connection, command, claims.hold_vehicle)

    async def release(self, connection: Connection, command: commands.Release) -> None:
        """Release a car; a manager may also release one of their store that another deal holds."""
        try:
            await self._about_car(connection, command, claims.release_vehicle)
            return
        except claims.HeldElsewhere:
            deal = await self._authority.deal(connection.account, command)
        decided, others = await overrides.end_other_holds(
            self._system,
            deal.id,
            vehicle_number(command.vehicle_id),
            op=command.op,
            actor=actor_of(connection.account),
        )
        for changed in (decided, *others):
            await self._relay.tell(changed)
        connection.reply(command.ref, decided.reply)

    async def lock(self, connection: Connection, command: commands.Lock) -> None:
        """Lock a field for the desk."""
        await self._simply(connection, command, remarks.lock_field, command.field)

    async def unlock(self, connection: Connection, command: commands.Unlock) -> None:
        """Unlock a field."""
        await self._simply(connection, command, remarks.unlock_field, command.field)

    async def note(self, connection: Connection, command: commands.Note) -> None:
        """Add a note."""
        if not command.text.strip():
            raise CommandError(ErrorCode.INVALID, "text: expected at least one word", field="text")
        await self._simply(connection, command, remarks.add_note, command.text)

    async def clear_stipulation(self, connection: Connection, command: commands.ClearStipulation) -> None:
        """Mark a stipulation as met."""
        await self._simply(connection, command, lenders.clear_stipulation, command.stipulation_id)

    async def finish_task(self, connection: Connection, command: commands.FinishTask) -> None:
        """Mark a task as done."""
        await self._simply(connection, command, tasks.finish_task, command.task_id)

    async def act(self, connection: Connection, command: Decision) -> None:
        """Move the deal to another state."""
        held = await self._authority.held(connection.account, command)
        action = Action(commands.tag_of(type(command)))
        changes = command.changes if isinstance(command, commands.Counter) else StructureChanges()
        asked = workflow.asked_for(action, command.reason, command.more_reasons, changes)
        pricing = self._step(connection, command, held, action)
        step = await self._unless_answered(connection, command, held.deal, asked, pricing)
        if step is None:
            return
        scope = self._stores.of(held.deal.store_id)
        decided = await workflow.take_action(scope, held.deal.id, action, step)
        await self._relay.tell(decided)
        connection.reply(command.ref, decided.reply)

    async def close(self, connection: Connection, command: Decision) -> None:
        """Deliver, fund or unwind a signed deal."""
        held = await self._authority.held(connection.account, command)
        closing = Closing(commands.tag_of(type(command)))
        step = await self._step(connection, command, held, None)
        scope = self._stores.of(held.deal.store_id)
        decided = await workflow.take_closing_step(scope, held.deal.id, closing, step)
        await self._relay.tell(decided)
        connection.reply(command.ref, decided.reply)

    async def lender_decision(self, connection: Connection, command: commands.LenderDecision) -> None:
        """Record a lender's decision, with the selected offer repriced."""
        held = await self._authority.held(connection.account, command)
        asked = lenders.asked_for(as_terms(command))
        pricing = self._lender_decision(connection, command, held)
        decision = await self._unless_answered(connection, command, held.deal, asked, pricing)
        if decision is None:
            return
        decided = await lenders.record_lender_decision(
            self._stores.of(held.deal.store_id),
            held.deal.id,
            op=command.op,
            version=command.version,
            decision=decision,
            actor=actor_of(connection.account),
            today=self._today(),
        )
        await self._relay.tell(decided)
        connection.reply(command.ref, decided.reply)

    async def _lender_decision(
        self, connection: Connection, command: commands.LenderDecision, held: HeldDeal
    ) -> lenders.NewDecision:
        terms = terms_of(command)
        others = [each for each in held.at(utc_now()).live_lenders if each.lender != terms.lender]
        counts = terms.status is not LenderStatus.WITHDRAWN
        live = [*others, terms] if counts else others
        return lenders.NewDecision(
            terms, await self._repricing.selected(held, connection.account, lenders=live)
        )

    async def _give_offer(
        self, connection: Connection, command: commands.Select | commands.Pin, store: Store
    ) -> None:
        """Price a car and store it as an offer; again if the deal changed in between."""
        account = connection.account
        sight = sight_of(view_of(connection, command.channel), account)
        refused = unaskable_fields(command.changes, sight.view)
        if refused:
            raise not_here(refused[0])
        asked = offers.asked_for(
            commands.tag_of(type(command)),
            command.vehicle_id,
            codec.plain(command.changes),
            command.programme_id,
        )
        for _ in range(PRICING_ATTEMPTS):
            deal = await self._authority.deal(account, command)
            pricing = self._offer(command, deal, account, sight)
            offer = await self._unless_answered(connection, command, deal, asked, pricing)
            if offer is None:
                return
            try:
                decided = await store(
                    self._stores.of(deal.store_id),
                    deal.id,
                    op=command.op,
                    offer=offer,
                    actor=actor_of(account),
                )
            except offers.StaleOffer:
                continue
            await self._relay.tell(decided)
            connection.reply(command.ref, decided.reply)
            return
        raise CommandError(ErrorCode.BUSY, "The deal keeps changing while it is being priced. Try again.")

    async def _offer(
        self, command: commands.Select | commands.Pin, deal: Deal, account: Account, sight: Sight
    ) -> DealOffer:
        check_conceded(command.changes, sight, deal.discount_authority_cents, deal.structure)
        probed = [command.changes, command.programme_id]
        await self._questions.check(deal, account, sight, command.vehicle_id, probed)
        return await self._quotes.offer(
            deal, command.vehicle_id, command.changes, command.programme_id, account, sight=sight
        )

    async def _about_car(
        self,
        connection: Connection,
        command: commands.Unpin | commands.Hold | commands.Release,
        store: Store,
    ) -> None:
        await self._simply(connection, command, store, vehicle_number(command.vehicle_id))

    async def _simply(
        self, connection: Connection, command: ChangeCommand, store: Store, what: str | int
    ) -> None:
        deal = await self._authority.deal(connection.account, command)
        actor = actor_of(connection.account)
        decided = await store(self._stores.of(deal.store_id), deal.id, what, op=command.op, actor=actor)
        await self._relay.tell(decided)
        connection.reply(command.ref, decided.reply)

    async def _unless_answered(
        self,
        connection: Connection,
        command: ChangeCommand,
        deal: Deal,
        asked: Asked,
        pricing: Awaitable[Priced],
    ) -> Priced | None:
        """Return the inputs that are needed before the deal is locked; None if the command was already
        executed and gets its first answer, even if it could not be priced today.

        Raises what pricing raises.
        """
        try:
            return await pricing
        except CommandError:
            if await self._answer_again(connection, command, deal, asked):
                return None
            raise

    async def _answer_again(
        self, connection: Connection, command: ChangeCommand, deal: Deal, asked: Asked
    ) -> bool:
        """Answer an op that was already executed; return whether it was.

        Work that it left undone, because its process died, is done now. Raises CommandError(conflict) for an
        op of someone else, or of another command.
        """
        actor = actor_of(connection.account)
        async with self._stores.of(deal.store_id).acquire() as connected:
            reply = await answered_before(connected, deal.id, command.op, actor, asked)
        if reply is None:
            return False
        await self._relay.publish(deal.id)
        connection.reply(command.ref, reply)
        return True

    async def _step(
        self, connection: Connection, command: Decision, held: HeldDeal, action: Action | None
    ) -> workflow.Move:
        """Return a step with the inputs that are needed before the deal is locked: the rates and today's
        price.
        """
        account, today = connection.account, self._today()
        changes = command.changes if isinstance(command, commands.Counter) else None
        if changes is not None:
            check_visible(changes, view_of(connection, command.channel))
        priced: DealOffer | None = None
        if action in {Action.SUBMIT, Action.COUNTER, Action.APPROVE}:
            priced = await self._repricing.selected(held, account, changes=changes)
        try:
            in_force = await self._editions.in_force(today)
        except NotInForce as error:
            raise CommandError(ErrorCode.DEGRADED, f"No decision is possible: {error}.") from error
        step = workflow.Move(
            op=command.op,
            version=command.version,
            reason=command.reason,
            more_reasons=command.more_reasons,
            actor=actor_of(account),
            today=today,
            rates=in_force.rates,
            priced=priced,
            discount_authority_cents=account.discount_authority_cents,
            product_cost_share_bp=held.deal.product_cost_share_bp,
        )
        return step if changes is None else workflow.with_changes(step, changes)
