"""Handlers for salesperson and desk on one deal. Each decides in Postgres and publishes what it wrote."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from protocol import codec, commands
from protocol.closing import CommandError, ErrorCode
from protocol.commands.desk import Decision
from protocol.deal.agreed import AgreedFigures, figures_of
from protocol.deal.deal_parts import DealOffer
from protocol.deal.workflow import Action, Closing
from server.clock import utc_now
from server.database.core.scope import StoreScopes
from server.database.decisions.edits import locks_and_notes as remarks
from server.database.decisions.edits import tasks, trades
from server.database.decisions.moves import assigning, customers, workflow
from server.database.editions.rates import NotInForce
from server.database.people.users import Account
from server.hub.channels.live_deal import HeldDeal
from server.hub.commands.desk_answers import DeskAnswers
from server.hub.commands.offer_pricing import Repricing
from server.hub.commands.registration import handles
from server.hub.connections.authority import Authority, actor_of, view_of
from server.hub.connections.connection import Connection
from server.hub.sight.asking import not_here, unsettable_facts
from server.hub.sight.questions import check_visible
from server.work.editions import Editions


class DeskHandlers:
    """The handlers of the desk's commands."""

    def __init__(
        self,
        *,
        stores: StoreScopes,
        authority: Authority,
        answers: DeskAnswers,
        repricing: Repricing,
        editions: Editions,
        today: Callable[[], dt.date] = lambda: utc_now().date(),
    ) -> None:
        self._stores = stores
        self._authority = authority
        self._answers = answers
        self._editions = editions
        self._repricing = repricing
        self._today = today

    @handles(commands.Lock)
    async def lock(self, connection: Connection, command: commands.Lock) -> None:
        """Lock a field for the desk."""
        await self._answers.decide(connection, command, remarks.lock_field, command.field)

    @handles(commands.Unlock)
    async def unlock(self, connection: Connection, command: commands.Unlock) -> None:
        """Unlock a field."""
        await self._answers.decide(connection, command, remarks.unlock_field, command.field)

    @handles(commands.Note)
    async def note(self, connection: Connection, command: commands.Note) -> None:
        """Add a note."""
        if not command.text.strip():
            raise CommandError(ErrorCode.INVALID, "text: expected at least one word", field="text")
        await self._answers.decide(connection, command, remarks.add_note, command.text)

    @handles(commands.Assign)
    async def assign(self, connection: Connection, command: commands.Assign) -> None:
        """Give the deal to another salesperson."""
        deal = await self._authority.deal(connection.account, command)
        decided = await assigning.assign_deal(
            self._stores.of(deal.store_id),
            deal.id,
            command.salesperson_id,
            based_on=command.version,
            op=command.op,
            actor=actor_of(connection.account),
        )
        await self._answers.tell(connection, command, decided)

    @handles(commands.FinishTask)
    async def finish_task(self, connection: Connection, command: commands.FinishTask) -> None:
        """Mark a task as done."""
        await self._answers.decide(connection, command, tasks.finish_task, command.task_id)

    @handles(commands.ChangeCustomer)
    async def customer(self, connection: Connection, command: commands.ChangeCustomer) -> None:
        """Change what the store knows of the customer; all open deals of the customer hear it."""
        held = await self._authority.held(connection.account, command)
        refused = unsettable_facts(command.changes, view_of(connection, command.channel))
        if refused:
            raise not_here(refused[0])
        decided, others = await customers.change_customer(
            self._stores.of(held.deal.store_id),
            held.deal.id,
            command.changes,
            based_on=command.version,
            op=command.op,
            actor=actor_of(connection.account),
            priced=await self._repricing.with_new_facts(held, command.changes),
        )
        await self._answers.tell(connection, command, decided, others)

    @handles(commands.RequestAppraisal)
    async def request_appraisal(self, connection: Connection, command: commands.RequestAppraisal) -> None:
        """Ask the desk to appraise a trade."""
        deal = await self._authority.deal(connection.account, command)
        decided = await trades.request_appraisal(
            self._stores.of(deal.store_id),
            deal.id,
            command.trade_id,
            op=command.op,
            actor=actor_of(connection.account),
            today=self._today(),
        )
        await self._answers.tell(connection, command, decided)

    @handles(
        *(commands.Submit, commands.Counter, commands.Approve, commands.Decline, commands.Reopen),
        *(commands.Sign, commands.Lose, commands.Accept),
    )
    async def act(self, connection: Connection, command: Decision) -> None:
        """Move the deal to another state."""
        held = await self._authority.held(connection.account, command)
        action = Action(commands.tag_of(type(command)))
        asked = workflow.asked_for(action, self._move(connection, command))
        pricing = self._step(connection, command, held, action)
        step = await self._answers.unless_answered(connection, command, held.deal, asked, pricing)
        if step is None:
            return
        scope = self._stores.of(held.deal.store_id)
        decided = await workflow.take_action(scope, held.deal.id, action, step)
        await self._answers.tell(connection, command, decided)

    @handles(commands.Deliver, commands.Fund, commands.Unwind)
    async def close(self, connection: Connection, command: Decision) -> None:
        """Deliver, fund or unwind a signed deal."""
        held = await self._authority.held(connection.account, command)
        closing = Closing(commands.tag_of(type(command)))
        step = await self._step(connection, command, held, None)
        scope = self._stores.of(held.deal.store_id)
        decided = await workflow.take_closing_step(scope, held.deal.id, closing, step)
        await self._answers.tell(connection, command, decided)

    async def _step(
        self, connection: Connection, command: Decision, held: HeldDeal, action: Action | None
    ) -> workflow.Move:
        """Return a step with the inputs that are needed before the deal is locked: the rates and today's
        price.
        """
        account, move = connection.account, self._move(connection, command)
        if isinstance(command, commands.Counter):
            check_visible(command.changes, view_of(connection, command.channel))
        priced = await self._priced(held, account, command, action)
        try:
            in_force = await self._editions.in_force(self._today())
        except NotInForce as error:
            raise CommandError(ErrorCode.DEGRADED, f"No decision is possible: {error}.") from error
        return replace(
            move,
            rates=in_force.rates,
            priced=priced,
            discount_authority_cents=account.discount_authority_cents,
            product_cost_share_bp=held.deal.product_cost_share_bp,
        )

    async def _priced(
        self, held: HeldDeal, account: Account, command: Decision, action: Action | None
    ) -> DealOffer | None:
        """Return what a step is about, as it is priced today."""
        if isinstance(command, commands.Counter):
            return await self._repricing.counter(held, account, command.changes, command.programme_id)
        match action:
            case Action.SUBMIT:
                return await self._submitted(held, account, command)
            case Action.APPROVE:
                return await self._repricing.agreed(held, account)
            case Action.ACCEPT:
                return await self._repricing.proposal(held, account)
            case _:
                return None

    async def _submitted(self, held: HeldDeal, account: Account, command: Decision) -> DealOffer | None:
        """Return the offer to submit: what the person saw, if it still has those figures, else what is
        best today.
        """
        seen = _seen(command)
        if seen is not None:
            shown = await self._repricing.agreed(held, account)
            if shown is not None and figures_of(shown) == seen:
                return shown
        return await self._repricing.selected(held, account)

    def _move(self, connection: Connection, command: Decision) -> workflow.Move:
        """Return what a command asks for."""
        asks = {} if not isinstance(command, commands.Counter) else _proposed(command)
        return workflow.Move(
            op=command.op,
            version=command.version,
            reason=command.reason,
            more_reasons=command.more_reasons,
            actor=actor_of(connection.account),
            today=self._today(),
            rates="",
            seen=_seen(command),
            **asks,
        )


def _seen(command: Decision) -> AgreedFigures | None:
    """Return the figures that a person saw when they decided; None if the command has none."""
    if not isinstance(command, commands.FiguresDecision) or command.figures is None:
        return None
    return codec.convert(AgreedFigures, codec.plain(command.figures))


def _proposed(command: commands.Counter) -> dict[str, Any]:
    return {"changes": command.changes, "programme_id": command.programme_id}
